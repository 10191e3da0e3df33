import type { RunFile } from '../../inspect/lock/parse.ts';
import type { Writes } from '../../runbook/verdict/writes.ts';
import type { Downtime, EngineView } from './controller.ts';

/** What the downtime was expected to be, in milliseconds; null where nothing was measured, and in a rollback, which the estimate is not of. */
export const downtimeExpected = ({ direction, expectedDowntimeMs }: EngineView): number | null =>
  direction === 'upgrade' ? expectedDowntimeMs : null;

/** What the run has cost before a downtime that begins now: what it had cost, and the one that is over. */
export const earlierDowntime = ({ downtime, earlierDowntimeMs = 0 }: EngineView): number =>
  earlierDowntimeMs +
  (downtime.kind === 'over' && downtime.since !== null ? downtime.until - downtime.since : 0);

/**
 * What is known of the downtime, brought to what the servers show. Where this console has begun it, it ends with its own step;
 * where it was found, it ends when a server is seen to take writes again. `now`: milliseconds since the epoch.
 */
export const downtimeSeen = (known: Downtime, writes: Writes, now: number): Downtime => {
  switch (writes.kind) {
    case 'up':
      if (known.kind === 'unknown') return { kind: 'not-started' };
      return known.kind === 'down' && known.seen === true
        ? { kind: 'over', since: known.since, until: now }
        : known;
    case 'down': {
      if (known.kind === 'down') return known;
      const since = Date.parse(writes.since ?? '');
      return { kind: 'down', since: Number.isNaN(since) ? null : since, seen: true };
    }
    case 'unknown':
      return known.kind === 'not-started' ? { kind: 'unknown' } : known;
  }
};

/** What another console of the same run has told the host of its last downtime, in ISO 8601; `until` null: it is not over. */
export type SharedDowntime = NonNullable<RunFile['downtime']>;

/** What is known of the downtime here, with what the run's other consoles know: whoever has seen its begin and its end has the number that counts for all. */
export const downtimeShared = (known: Downtime, shared: SharedDowntime | null): Downtime => {
  if (shared === null) return known;
  const from = Date.parse(shared.from);
  const until = Date.parse(shared.until ?? '');
  const began = known.kind === 'down' || known.kind === 'over' ? known.since : null;
  if (Number.isNaN(until)) {
    // What has ended here, or has been begun here, the host has not heard of yet.
    const own = known.kind === 'over' || (known.kind === 'down' && known.seen !== true);
    return own || began === from ? known : { kind: 'down', since: from, seen: true };
  }
  const later = began !== null && began > until;
  const same = known.kind === 'over' && known.since === from && known.until === until;
  return later || same ? known : { kind: 'over', since: from, until };
};
