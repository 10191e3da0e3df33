import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { messageOf } from '../../cluster/result.ts';
import { type MonitorAssets, monitorAssets } from './assets.ts';
import { functionsSql } from './functions.ts';
import { monitorDatabase, schemaSql } from './schema.ts';

const started = async (assets: MonitorAssets, dataDir: string, database: string, loadDataDir?: Blob) => {
  const pglite = new PGlite({
    ...assets.program,
    dataDir,
    database,
    ...(loadDataDir === undefined ? {} : { loadDataDir }),
  });
  await pglite.waitReady;
  return pglite;
};

/** initdb, the monitor's database, the schema; what came of it is kept for the next first start. */
const make = async (assets: MonitorAssets, dataDir: string): Promise<void> => {
  const first = await started(assets, dataDir, 'postgres');
  await first.exec(`create database ${monitorDatabase}`);
  await first.close();
  const pglite = await started(assets, dataDir, monitorDatabase);
  await pglite.exec(schemaSql);
  await pglite.exec(functionsSql);
  const template = await pglite.dumpDataDir('gzip');
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
    else await (await started(assets, fresh, monitorDatabase, template)).close();
    await rename(fresh, directory);
  }
  return started(assets, directory, monitorDatabase);
};
