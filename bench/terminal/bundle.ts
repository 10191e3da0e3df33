import { existsSync, readFileSync, rmSync } from 'node:fs';
import { bundleOf, root } from '../../test/terminal/bundle.ts';

export { root };

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

/** Bundles a program of the benches; gives the file. */
export const bundled = async (source: string, name: string): Promise<string> => {
  const file = await bundleOf(source, `bench-${name}`);
  made.push(file);
  return file;
};
