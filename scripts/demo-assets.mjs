// What the demo's database needs beside the bundle: PGlite's own files, and the monitor's database as it is at first
// (without it a first start runs initdb for seconds).
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));
const pglite = dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'));

/** The names of PGlite's files, which it looks for beside its code. */
export const pgliteFiles = ['pglite.wasm', 'pglite.data', 'initdb.wasm'];

/** Starts the demo's monitor once from its sources, so that its template lies in the cache; gives the template's path. */
const template = async () => {
  const cache = join(root, 'node_modules/.cache/pgaf-upgrade');
  await mkdir(cache, { recursive: true });
  const script = join(cache, `monitor-template-${process.pid}.mjs`);
  const directory = await mkdtemp(join(tmpdir(), 'pgaf-template-'));
  try {
    await build({
      stdin: {
        contents: `import { templateName } from './source/demo/monitor/assets.ts';
import { openDataDirectory } from './source/demo/monitor/data-directory.ts';
import { existsSync } from 'node:fs';
export const name = templateName;
export const make = async (cache, directory) => {
  if (!existsSync(cache + '/' + name)) await (await openDataDirectory(directory + '/pglite')).close();
};`,
        resolveDir: root,
        loader: 'ts',
      },
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'warning',
    });
    const { name, make } = await import(pathToFileURL(script).href);
    await make(cache, directory);
    return join(cache, name);
  } finally {
    await rm(script, { force: true });
    await rm(directory, { recursive: true, force: true });
  }
};

/** Every file: its name beside the bundle, and where it is now. */
export const demoAssets = async () => {
  const made = await template();
  const there = await readdir(pglite);
  const missing = pgliteFiles.filter((name) => !there.includes(name));
  if (missing.length > 0)
    throw new Error(`PGlite has no ${missing.join(', ')} any more: see scripts/demo-assets.mjs`);
  return [
    ...pgliteFiles.map((name) => ({ name, path: join(pglite, name) })),
    { name: made.slice(made.lastIndexOf('/') + 1), path: made },
  ];
};

export const copyDemoAssets = async (to) => {
  for (const { name, path } of await demoAssets()) await copyFile(path, join(to, name));
};
