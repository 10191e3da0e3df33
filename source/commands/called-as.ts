import { basename, relative } from 'node:path';

/**
 * How this program was called, for a command that somebody is to type: its name where that is on the PATH, else the file.
 * npx puts its own directory on the PATH for as long as the program runs: then it is the file as well.
 * The executable has its own path as first and second argument. `cwd`: where it will be typed; null: nobody knows, in another
 * terminal, so the path is whole.
 */
export const calledAs = (
  [program = '', script = '']: readonly string[] = process.argv,
  cwd: string | null = process.cwd(),
  byNpx: boolean = process.env.npm_command === 'exec',
): string => {
  if (script === '' || script === program) return program;
  if (basename(script) === 'pgaf-upgrade') return byNpx ? script : 'pgaf-upgrade';
  const near = cwd === null ? script : relative(cwd, script);
  return `node ${near.startsWith('..') ? script : near}`;
};
