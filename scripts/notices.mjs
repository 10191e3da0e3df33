// The licences of the packages that a bundle contains, as they ask to be handed on with it.
import { readdir, readFile } from 'node:fs/promises';

const packageOf = (input) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.slice(0, 2);

/** Directory and name of each package with a file in the bundle. */
export const packagesIn = (metafile) => {
  const directories = new Map();
  for (const input of Object.keys(metafile.inputs)) {
    const [directory, name] = packageOf(input) ?? [];
    if (directory !== undefined) directories.set(directory, name);
  }
  return directories;
};

/** One text for all packages with a file in the bundle. Throws where a package names no licence at all. */
export const noticesOf = async (metafile) => {
  const parts = [];
  for (const [directory, name] of [...packagesIn(metafile)].sort(([, a], [, b]) => (a < b ? -1 : 1))) {
    const { version, license } = JSON.parse(await readFile(`${directory}package.json`, 'utf8'));
    const files = (await readdir(directory)).filter((file) => /^(licen[cs]e|copying)/i.test(file));
    if (files.length === 0 && license === undefined) throw new Error(`${name} has no licence to hand on`);
    const texts = await Promise.all(files.map((file) => readFile(`${directory}${file}`, 'utf8')));
    parts.push(`${name} ${version} (${license ?? 'see below'})\n\n${texts.join('\n').trim()}\n`);
  }
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
};
