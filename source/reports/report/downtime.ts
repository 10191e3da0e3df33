import type { ClusterFacts } from '../../cluster/facts.ts';
import { downtimesIn } from '../../engine/journal/downtimes.ts';
import type { Recorded } from '../../engine/journal/entry.ts';
import type { ExpectedDowntime } from '../../runbook/timing/estimates.ts';
import type { NamedStep, StepNames } from './steps.ts';

/** A time in which the application could not write, with its steps by name. Milliseconds since the epoch. */
export interface ReportedDowntime {
  readonly from: number;
  /** Null: it had begun before this journal, as the servers showed. */
  readonly begins: NamedStep | null;
  /** Null: it is not over by what the journal knows. */
  readonly over: { readonly at: number; readonly ends: NamedStep } | null;
  /** What was shown before it; null: nothing, or the journal is older. */
  readonly expected: ExpectedDowntime | null;
}

export const reportedDowntimes = (
  records: readonly Recorded[],
  facts: ClusterFacts | null,
  names: StepNames,
): readonly ReportedDowntime[] =>
  downtimesIn(records, facts, (id) => names.of(id)).map((one) => ({
    ...one,
    begins: one.begins === null ? null : names.of(one.begins),
    over: one.over === null ? null : { at: one.over.at, ends: names.of(one.over.ends) },
  }));
