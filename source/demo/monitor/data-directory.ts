import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { parseTar } from 'nanotar';
import { messageOf } from '../../cluster/result.ts';
import { type MonitorAssets, monitorAssets } from './assets.ts';
import { functionsSql } from './functions.ts';
import { monitorDatabase, schemaSql } from './schema.ts';

const started = async (assets: MonitorAssets, dataDir: string, database: string): Promise<PGlite> => {
  // The default's 16 MB are most of what a fresh directory weighs.
  const pglite = new PGlite({ ...assets.program, dataDir, database, initDbStartParams: ['--wal-segsize=1'] });
  await pglite.waitReady;
  return pglite;
};

/** PGlite could load the archive itself, in five times the time. */
const unpack = (template: Uint8Array, directory: string): void => {
  for (const { name, type, data } of parseTar(gunzipSync(template))) {
    const path = join(directory, name);
    if (type === 'directory') mkdirSync(path, { recursive: true, mode: 0o700 });
    else {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, data ?? '', { mode: 0o600 });
    }
  }
};

/** initdb, the monitor's database, the schema; what came of it is kept for the next first start. */
const make = async (assets: MonitorAssets, dataDir: string): Promise<void> => {
  const first = await started(assets, dataDir, 'postgres');
  await first.exec(`create database ${monitorDatabase}`);
  await first.close();
  const pglite = await started(assets, dataDir, monitorDatabase);
  await pglite.exec(schemaSql);
  await pglite.exec(functionsSql);
  await pglite.exec('checkpoint');
  const dump = await pglite.dumpDataDir('gzip');
  const template = new Uint8Array(await dump.arrayBuffer());
  await pglite.close();
  try {
    await assets.keep(template);
  } catch (thrown) {
    // A read-only installation: the next first start is as slow as this one was.
    process.emitWarning(`the demo monitor's template was not kept: ${messageOf(thrown)}`);
  }
};

/**
 * PGlite over this directory, which is made on first use: from the template if there is one, else by initdb. What an
 * interrupted first start left is thrown away. Errors: PGlite's and the file system's, thrown.
 */
export const openDataDirectory = async (directory: string): Promise<PGlite> => {
  const assets = await monitorAssets();
  if (!existsSync(join(directory, 'PG_VERSION'))) {
    const fresh = `${directory}.fresh`;
    await rm(fresh, { recursive: true, force: true });
    await mkdir(dirname(directory), { recursive: true });
    const template = await assets.template();
    if (template === null) await make(assets, fresh);
    else unpack(template, fresh);
    await rename(fresh, directory);
  }
  return started(assets, directory, monitorDatabase);
};
