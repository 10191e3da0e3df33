// Bundles source/ into dist/: one file a command needs is one file less to open at 3 a.m.
import { chmod, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { bundleOptions } from './bundle.mjs';
import { noticesOf } from './notices.mjs';

await rm('dist', { recursive: true, force: true });
const { metafile } = await build({
  ...bundleOptions,
  outdir: 'dist',
  splitting: true,
  sourcemap: 'linked',
});
await chmod('dist/cli.js', 0o755);
await writeFile('dist/THIRD-PARTY-NOTICES.txt', await noticesOf(metafile));
