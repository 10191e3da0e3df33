import { present } from '../../cluster/present.ts';
import type { JobEvents, JobOutcome, JobSpec, RemoteHost } from '../../remote/host.ts';

/** Resolves once a host's connection has been down for so long, in milliseconds, without a break; `forget` ends the watch. */
const untilSilent = (
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

/**
 * A job to its end. Where `patienceMs` is given and the connection is down for so long, it is let go: what `onSilent` makes of the
 * moment since when the host gives no answer is the outcome then, and no event comes any more.
 */
export const followJob = async (
  host: RemoteHost,
  job: JobSpec,
  events: JobEvents,
  patienceMs: number | null,
  onSilent: (since: number) => JobOutcome,
): Promise<JobOutcome> => {
  let over = false;
  const outcome = host.job(job, {
    onBytes: (chunk, offset) => {
      if (!over) events.onBytes(chunk, offset);
    },
    onLine: (line) => {
      if (!over) events.onLine?.(line);
    },
  });
  if (patienceMs === null) return outcome;
  const watch = untilSilent(host, patienceMs);
  const end = await Promise.race([outcome, watch.silent.then(onSilent)]);
  over = true;
  watch.forget();
  return end;
};
