// Builds release/pgaf-upgrade-VERSION-PLATFORM-ARCH: the console and its Node in one file, for bastion hosts without Node.
//   node scripts/executable.mjs      for the platform it runs on
// Beside it NAME.sha256, for `sha256sum -c` where it was carried to, and NAME.cdx.json, what it is made of (CycloneDX).
// https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inject } from 'postject';
import { bundleOptions, nodeOptions, version } from './bundle.mjs';
import { demoAssets } from './demo-assets.mjs';
import { noticesOf } from './notices.mjs';
import { sbomOf } from './sbom.mjs';

// Both are for this major version of Node: the flag's name, and the code cache.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) throw new Error(`it needs Node 24, this is ${process.version}: npm run executable finds it`);

const execArgv = [...nodeOptions, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const makeCache = `
  const { readFileSync, writeFileSync } = require('node:fs');
  const { SourceTextModule } = require('node:vm');
  const [bundle, cache] = process.argv.slice(1);
  const module = new SourceTextModule(readFileSync(bundle, 'utf8'), { identifier: 'pgaf-upgrade' });
  writeFileSync(cache, module.createCachedData());
`;

const release = fileURLToPath(new URL('../release/', import.meta.url));
const name = `pgaf-upgrade-${version}-${process.platform}-${process.arch}`;
const work = await mkdtemp(join(tmpdir(), 'pgaf-executable-'));
try {
  const { metafile } = await build({
    ...bundleOptions,
    outdir: work,
    target: 'node24',
    minify: true,
    keepNames: true,
  });
  // By a node that runs as the executable will: with other options the cache is refused.
  execFileSync(process.execPath, [
    ...execArgv,
    '-e',
    makeCache,
    join(work, 'cli.js'),
    join(work, 'cli.cache'),
  ]);
  const docsDirectory = fileURLToPath(new URL('../docs/', import.meta.url));
  const docs = (await readdir(docsDirectory)).filter((page) => page.endsWith('.md'));
  const config = {
    main: fileURLToPath(new URL('executable/main.cjs', import.meta.url)),
    output: join(work, 'blob'),
    disableExperimentalSEAWarning: true,
    execArgv,
    assets: {
      'cli.js': join(work, 'cli.js'),
      'cli.cache': join(work, 'cli.cache'),
      ...Object.fromEntries(docs.map((page) => [`docs/${page}`, join(docsDirectory, page)])),
      ...Object.fromEntries((await demoAssets()).map(({ name, path }) => [name, path])),
    },
  };
  await writeFile(join(work, 'sea.json'), JSON.stringify(config));
  execFileSync(process.execPath, ['--experimental-sea-config', join(work, 'sea.json')], { stdio: 'pipe' });
  const executable = join(work, name);
  await copyFile(process.execPath, executable);
  if (process.platform === 'darwin') execFileSync('codesign', ['--remove-signature', executable]);
  await inject(executable, 'NODE_SEA_BLOB', await readFile(config.output), {
    sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
    ...(process.platform === 'darwin' ? { machoSegmentName: 'NODE_SEA' } : {}),
  });
  if (process.platform === 'darwin') execFileSync('codesign', ['--sign', '-', executable]);
  await mkdir(release, { recursive: true });
  await copyFile(executable, join(release, name));
  await chmod(join(release, name), 0o755);
  const node = `Node.js ${process.version} (MIT and others: https://github.com/nodejs/node/blob/${process.version}/LICENSE)\n`;
  await writeFile(join(release, 'THIRD-PARTY-NOTICES.txt'), `${node}\n${await noticesOf(metafile)}`);
  await writeFile(join(release, `${name}.cdx.json`), await sbomOf(metafile));
  const bytes = await readFile(join(release, name));
  const checksum = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(release, `${name}.sha256`), `${checksum}  ${name}\n`);
  process.stdout.write(`${(bytes.length / 1e6).toFixed(0)} MB, sha256 ${checksum}\nrelease/${name}\n`);
} finally {
  await rm(work, { recursive: true, force: true });
}
