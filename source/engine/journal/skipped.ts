import type { StepId } from '../../runbook/language/step.ts';
import type { Recorded } from './entry.ts';

/** How a step was skipped, by a run's journal, if nothing was done about it since; null: it was not. */
export const skippedIn = (
  records: readonly Recorded[],
  id: StepId,
): { readonly reason: string; readonly absent: boolean } | null => {
  for (const record of records.toReversed()) {
    if (!('entry' in record)) continue;
    const { entry } = record;
    if (entry.kind === 'skipped' && entry.step === id)
      return { reason: entry.reason, absent: entry.absent === true };
    if ((entry.kind === 'confirmed' || entry.kind === 'done') && entry.step === id) return null;
  }
  return null;
};
