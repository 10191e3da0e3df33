import type { ClusterFacts } from '../../cluster/facts.ts';
import type { ExpectedDowntime } from '../../runbook/timing/estimates.ts';
import { type JournaledStep, ofKind, type Recorded } from './entry.ts';

/**
 * The times in which the application could not write, as a run's journal has them: one rule for header, status and report.
 * From the moment at which a stop's command was confirmed (where another operator stopped the writes: that the servers
 * named) to the moment at which the servers were seen to take writes again.
 */

/** Milliseconds since the epoch; steps by their id. */
export interface JournalDowntime {
  readonly from: number;
  /** Null: it had begun before this journal, as the servers showed. */
  readonly begins: string | null;
  /** Null: it is not over by what the journal knows. */
  readonly over: { readonly at: number; readonly ends: string } | null;
  /** What was shown before it; null: nothing, or the journal is older. */
  readonly expected: ExpectedDowntime | null;
}

export type FeltStep = Pick<JournaledStep, 'id' | 'phase' | 'host' | 'writes'>;

/** In a rollback the new version's primary is stopped: the application feels that as well. */
const stopsWrites = (step: FeltStep, facts: ClusterFacts | null): boolean =>
  step.writes === 'stop' ||
  (step.phase === 'R' &&
    step.id.endsWith('.stop') &&
    facts?.nodes.some((node) => node.alias === step.host && node.role === 'primary') === true);

/** `stepOf`: what a step's name in the journal means; undefined: nobody knows. */
export const downtimesIn = (
  records: readonly Recorded[],
  facts: ClusterFacts | null,
  stepOf: (id: string) => FeltStep | undefined,
): readonly JournalDowntime[] => {
  const found: JournalDowntime[] = [];
  const open = (): JournalDowntime | undefined => {
    const last = found.at(-1);
    return last?.over === null ? last : undefined;
  };
  for (const record of records) {
    if (!('entry' in record)) continue;
    const { entry } = record;
    const at = Date.parse(record.at);
    if (Number.isNaN(at)) continue;
    const down = open();
    if (entry.kind === 'writes-down' && down === undefined)
      found.push({
        from: entry.since === null ? at : Date.parse(entry.since),
        begins: null,
        over: null,
        expected: null,
      });
    if (entry.kind === 'writes-up' && down !== undefined)
      found[found.length - 1] = { ...down, over: { at: Date.parse(entry.at), ends: entry.step } };
    if (entry.kind !== 'confirmed' && entry.kind !== 'done') continue;
    const step = stepOf(entry.step);
    if (step === undefined) continue;
    if (entry.kind === 'confirmed' && down === undefined && stopsWrites(step, facts))
      found.push({ from: at, begins: step.id, over: null, expected: entry.expectedDowntime ?? null });
    if (entry.kind === 'done' && down !== undefined && step.writes === 'resume')
      found[found.length - 1] = { ...down, over: { at, ends: step.id } };
  }
  return found;
};

/** A switchover that was run: writes paused somewhere within it, so that its length is the most that the pause can have been. */
export interface WritePause {
  readonly step: string;
  /** Milliseconds, from its confirmation to its end; a switchover that failed counts too. */
  readonly ms: number;
}

/** The pauses in a journal, oldest first; what has no end there is not counted. */
export const pausesIn = (
  records: readonly Recorded[],
  stepOf: (id: string) => Pick<FeltStep, 'writes'> | undefined,
): readonly WritePause[] => {
  const begun = new Map<string, number>();
  return records.flatMap((record): readonly WritePause[] => {
    if (!('entry' in record)) return [];
    const { entry } = record;
    const at = Date.parse(record.at);
    if (entry.kind === 'confirmed' && stepOf(entry.step)?.writes === 'pause') begun.set(entry.step, at);
    if (entry.kind !== 'done' && entry.kind !== 'failed') return [];
    const from = begun.get(entry.step);
    begun.delete(entry.step);
    return from === undefined || Number.isNaN(at - from) ? [] : [{ step: entry.step, ms: at - from }];
  });
};

/** What the runbooks in a journal say of a step's name. */
export const stepsIn = (records: readonly Recorded[]): ((id: string) => JournaledStep | undefined) => {
  const steps = new Map(
    ofKind(records, 'runbook').flatMap((entry) => entry.steps.map((step) => [step.id, step])),
  );
  return (id) => steps.get(id);
};
