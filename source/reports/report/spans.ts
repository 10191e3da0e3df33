import type { Attempt } from './story.ts';

/** Times of steps that may have run side by side: neither lengths nor estimates may simply be added up. Pure. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** When it was over by what the journal knows; null: nobody saw an end. */
export const endOf = (one: Attempt): number | null =>
  one.end?.at ?? one.cancelled?.at ?? one.command?.at ?? null;

/** How much of the clock lies in at least one of the spans; what overlaps counts once. */
export const covered = (spans: readonly Span[]): number => {
  let [total, until] = [0, Number.NEGATIVE_INFINITY];
  for (const { from, to } of spans.toSorted((one, other) => one.from - other.from)) {
    total += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return total;
};

/**
 * What the steps were estimated at together, those side by side that ran so: the longest chain of estimates in which each
 * began when the one before it was over. Null where one has no estimate.
 */
export const expectedTogether = (attempts: readonly Attempt[]): number | null => {
  const ends: { readonly at: number; readonly expected: number }[] = [];
  for (const one of attempts.toSorted((a, b) => a.at - b.at)) {
    if (one.expectedMs === null) return null;
    const before = ends.filter(({ at }) => at <= one.at).map(({ expected }) => expected);
    ends.push({
      at: endOf(one) ?? Number.POSITIVE_INFINITY,
      expected: Math.max(0, ...before) + one.expectedMs,
    });
  }
  return Math.max(0, ...ends.map(({ expected }) => expected));
};

/** Rows in which nothing overlaps, each filled from the left; as many as ran at the same time. */
export const rowsOf = <One extends Span>(spans: readonly One[]): readonly (readonly One[])[] => {
  const rows: One[][] = [];
  for (const one of spans.toSorted((a, b) => a.from - b.from)) {
    const free = rows.find((row) => (row.at(-1)?.to ?? 0) <= one.from);
    if (free === undefined) rows.push([one]);
    else free.push(one);
  }
  return rows;
};
