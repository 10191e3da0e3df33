import type { Recorded } from './entry.ts';

const hostOfStep = (step: string): string | undefined => /^[A-Z]\.(.+?)\.[^.]+$/.exec(step)?.[1];

/**
 * When this machine's consoles last heard each host, as the journal has it: milliseconds since the epoch, by alias. A command that
 * ended with an exit code was heard of; where a run went on without a host, it wrote down since when that had been silent.
 */
export const heardIn = (records: readonly Recorded[]): ReadonlyMap<string, number> => {
  const heard = new Map<string, number>();
  for (const record of records) {
    if (!('entry' in record)) continue;
    const { entry, at } = record;
    const host =
      (entry.kind === 'ended' && entry.exitCode !== null) || (entry.kind === 'done' && entry.by === 'run')
        ? hostOfStep(entry.step)
        : entry.kind === 'without'
          ? entry.host
          : undefined;
    const when = Date.parse(entry.kind === 'without' ? entry.since : at);
    if (host !== undefined && when > (heard.get(host) ?? 0)) heard.set(host, when);
  }
  return heard;
};
