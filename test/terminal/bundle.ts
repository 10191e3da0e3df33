import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Bundles a program of the tests or the benches; gives the file. Below node_modules, so that node finds the packages. */
export const bundleOf = async (source: string, name: string): Promise<string> => {
  const outfile = `${root}node_modules/.cache/pgaf-upgrade/${name}-${process.pid}.mjs`;
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
