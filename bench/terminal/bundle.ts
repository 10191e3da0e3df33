import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** What the first line of the built console tells node: the benches' consoles run as it does. */
export const nodeFlags = (): readonly string[] => {
  const built = `${root}dist/cli.js`;
  const [line = ''] = existsSync(built) ? readFileSync(built, 'utf8').split('\n', 1) : [];
  return line.split(' ').filter((word) => word.startsWith('--'));
};

const made: string[] = [];

/** Takes every bundle away again. */
export const removeBundles = (): void => {
  for (const file of made.splice(0)) rmSync(file, { force: true });
};

/** Bundles a program of the benches; gives the file. Below node_modules, so that node finds the packages. */
export const bundled = async (source: string, name: string): Promise<string> => {
  const outfile = `${root}node_modules/.cache/pgaf-upgrade/bench-${name}-${process.pid}.mjs`;
  made.push(outfile);
  await build({
    entryPoints: [`${root}${source}`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    jsx: 'automatic',
    logLevel: 'error',
  });
  return outfile;
};
