import type { JournalDowntime } from '../../engine/journal/downtimes.ts';
import type { SharedDowntime } from '../../engine/view/downtime.ts';
import type { Writes } from '../../runbook/verdict/writes.ts';

/** ISO 8601. `by`: the run's file on the monitor's host, which each of its consoles tells and counts by; the journal of this machine, where that does not say; or the clock of the primary's host. */
export interface StatusDowntime {
  /** Null: nothing tells. */
  readonly since: string | null;
  /** Null: it goes on. */
  readonly until: string | null;
  readonly by: 'run' | 'journal' | 'servers';
}

/** The downtime as the run's consoles have told the host, or as the journal counts it, where that agrees with the servers on whether it is over; else as they do. */
export const downtimeOf = (
  writes: Writes,
  told: JournalDowntime | undefined,
  shared: SharedDowntime | null,
): StatusDowntime | null => {
  const iso = (at: number): string => new Date(at).toISOString();
  if (shared !== null && (shared.until === null) === (writes.kind === 'down'))
    return { since: shared.from, until: shared.until, by: 'run' };
  if (writes.kind === 'down')
    return told !== undefined && told.over === null
      ? { since: iso(told.from), until: null, by: 'journal' }
      : { since: writes.since, until: null, by: 'servers' };
  return told === undefined || told.over === null
    ? null
    : { since: iso(told.from), until: iso(told.over.at), by: 'journal' };
};
