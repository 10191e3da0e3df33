import type { MonitorAssets } from './monitor/assets.ts';
import { provideMonitorAssets, templateName } from './monitor/assets.ts';

type Sea = typeof import('node:sea');

// Node has it; its types name the namespace only.
declare global {
  namespace WebAssembly {
    const compile: (bytes: ArrayBuffer) => Promise<WebAssembly.Module>;
  }
}

/** Null where node is too old to be in an executable. */
const sea = async (): Promise<Sea | null> => {
  try {
    return await import('node:sea');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_UNKNOWN_BUILTIN_MODULE')
      return null;
    throw thrown;
  }
};

const from =
  ({ getAsset }: Sea) =>
  async (): Promise<MonitorAssets> => ({
    program: {
      pgliteWasmModule: await WebAssembly.compile(getAsset('pglite.wasm')),
      initdbWasmModule: await WebAssembly.compile(getAsset('initdb.wasm')),
      fsBundle: new Blob([getAsset('pglite.data')]),
    },
    template: async () => new Uint8Array(getAsset(templateName)),
    keep: async () => undefined,
  });

/** The single-file executable carries what the demo's database needs in itself (scripts/executable.mjs). */
export const useExecutableAssets = async (): Promise<void> => {
  const found = await sea();
  if (found?.isSea() === true) provideMonitorAssets(from(found));
};
