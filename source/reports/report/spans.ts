import type { TimeSpan } from '../../runbook/timing/schedule.ts';
import type { Attempt } from './story.ts';

/** Times of steps that may have run side by side: their lengths may not simply be added up. Pure. */

/** When it was over by what the journal knows; null: nobody saw an end. */
export const endOf = (one: Attempt): number | null =>
  one.end?.at ?? one.cancelled?.at ?? one.command?.at ?? null;

/** How much of the clock lies in at least one of the spans; what overlaps counts once. */
export const covered = (spans: readonly TimeSpan[]): number => {
  let [total, until] = [0, Number.NEGATIVE_INFINITY];
  for (const { from, to } of spans.toSorted((one, other) => one.from - other.from)) {
    total += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return total;
};

/** Rows in which nothing overlaps, each filled from the left; as many as ran at the same time. */
export const barRows = <One extends TimeSpan>(spans: readonly One[]): readonly (readonly One[])[] => {
  const rows: One[][] = [];
  for (const one of spans.toSorted((a, b) => a.from - b.from)) {
    const free = rows.find((row) => (row.at(-1)?.to ?? 0) <= one.from);
    if (free === undefined) rows.push([one]);
    else free.push(one);
  }
  return rows;
};
