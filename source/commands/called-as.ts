import { basename, relative } from 'node:path';

/**
 * How this program was called, for a command that somebody is to type: its name where that is on the PATH, else the file.
 * The executable has its own path as first and second argument.
 */
export const calledAs = (
  [program = '', script = '']: readonly string[] = process.argv,
  cwd: string = process.cwd(),
): string => {
  if (script === '' || script === program) return program;
  if (basename(script) === 'pgaf-upgrade') return 'pgaf-upgrade';
  const near = relative(cwd, script);
  return `node ${near.startsWith('..') ? script : near}`;
};
