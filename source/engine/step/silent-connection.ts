import { present } from '../../cluster/present.ts';
import type { RemoteHost } from '../../remote/host.ts';

/** Resolves once a host's connection has been down for so long, in milliseconds, without a break; `forget` ends the watch. */
export const untilSilent = (
  host: RemoteHost,
  ms: number,
): { readonly silent: Promise<number>; readonly forget: () => void } => {
  let timer: NodeJS.Timeout | undefined;
  let resolve: (since: number) => void;
  const silent = new Promise<number>((resolved) => {
    resolve = resolved;
  });
  const watch = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (host.line !== 'reconnecting') return;
    const since = present();
    timer = setTimeout(() => resolve(since), ms);
  };
  const stop = host.onLine(watch);
  watch();
  return {
    silent,
    forget: () => {
      clearTimeout(timer);
      stop();
    },
  };
};
