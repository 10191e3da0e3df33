import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PGliteOptions } from '@electric-sql/pglite';
import { functionsSql } from './functions.ts';
import { schemaSql } from './schema.ts';

/** What PGlite loads beside its code, and the monitor's database as it is at first: a start without it runs initdb for seconds. */
export interface MonitorAssets {
  /** PGlite's own files, when they are not where its package has them. */
  readonly program: Pick<PGliteOptions, 'pgliteWasmModule' | 'initdbWasmModule' | 'fsBundle'>;
  /** A gzipped tar of a data directory with the schema; null when there is none yet. */
  template(): Promise<Uint8Array | null>;
  /** Offers the template that was made because there was none. */
  keep(template: Uint8Array): Promise<void>;
}

/** Names the template that belongs to this schema. */
export const templateName = `monitor-${createHash('sha256').update(schemaSql).update(functionsSql).digest('hex').slice(0, 12)}.tgz`;

const readOrNull = async (file: string): Promise<Uint8Array | null> => {
  try {
    return await readFile(file);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null;
    throw thrown;
  }
};

/** Null where the packages are in the bundle: the template is then beside it. */
const cacheOfModules = (): string | null => {
  try {
    const pglite = fileURLToPath(import.meta.resolve('@electric-sql/pglite'));
    const modules = pglite.slice(0, pglite.lastIndexOf('node_modules') + 'node_modules'.length);
    return join(modules, '.cache', 'pgaf-upgrade', templateName);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_MODULE_NOT_FOUND') return null;
    throw thrown;
  }
};

/** From the installed package; the template beside the bundle, or in the cache that a first start leaves in node_modules. */
const installed = (): MonitorAssets => {
  const bundle = dirname(fileURLToPath(import.meta.url));
  const cache = cacheOfModules();
  return {
    program: {},
    template: async () =>
      (await readOrNull(join(bundle, templateName))) ?? (cache === null ? null : readOrNull(cache)),
    keep: async (template) => {
      if (cache === null) return;
      await mkdir(dirname(cache), { recursive: true });
      const fresh = `${cache}.${process.pid}`;
      await writeFile(fresh, template);
      await rename(fresh, cache);
    },
  };
};

let provide: () => MonitorAssets | Promise<MonitorAssets> = installed;

export const monitorAssets = async (): Promise<MonitorAssets> => provide();

/** For an executable that carries the files in itself. To be called before the first monitor starts. */
export const provideMonitorAssets = (provider: () => MonitorAssets | Promise<MonitorAssets>): void => {
  provide = provider;
};
