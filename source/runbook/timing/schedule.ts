import { parallelGroups, tracksOf } from '../language/parallel.ts';
import type { Step, StepId } from '../language/step.ts';

/** What waits for what, and what may run at the same time, as engine/lanes.ts runs it; for papers and estimates. Pure. */
export interface Order {
  /** The steps that must be over right before this one: of its lane, of the lanes that it stands behind, or of the stage before. */
  readonly after: readonly Step[];
  /** The steps that may run while this one does, in the order of the runbook. */
  readonly alongside: readonly Step[];
}

/** Of each lane the last step: what comes behind the stage names them all, so that nobody has to follow a chain of lanes. */
const endsOf = (stage: readonly Step[]): readonly Step[] =>
  tracksOf(stage).flatMap((track) => track.at(-1) ?? []);

const awaited = (steps: readonly Step[]): ReadonlyMap<StepId, readonly Step[]> => {
  const after = new Map<StepId, readonly Step[]>();
  let ends: readonly Step[] = [];
  for (const stage of parallelGroups(steps)) {
    const tracks = tracksOf(stage);
    for (const track of tracks) {
      const behind = tracks.flatMap((one) =>
        track[0]?.parallel?.after.includes(one[0]?.parallel?.track ?? '') ? (one.at(-1) ?? []) : [],
      );
      track.forEach((step, index) => {
        const previous = track[index - 1];
        after.set(step.id, previous === undefined ? (behind.length > 0 ? behind : ends) : [previous]);
      });
    }
    ends = endsOf(stage);
  }
  return after;
};

/** The order of a runbook, by step. A point of no return is beside nothing: it is confirmed alone. */
export const orderOf = (
  steps: readonly Step[],
  alone: (step: Step) => boolean = (step) => step.danger === 'point-of-no-return',
): ReadonlyMap<StepId, Order> => {
  const after = awaited(steps);
  const ahead = new Map<StepId, ReadonlySet<StepId>>();
  // Whatever a step waits for stands before it.
  for (const step of steps) {
    const direct = after.get(step.id) ?? [];
    ahead.set(step.id, new Set(direct.flatMap((one) => [one.id, ...(ahead.get(one.id) ?? [])])));
  }
  const free = (one: Step, other: Step): boolean =>
    one !== other && ahead.get(one.id)?.has(other.id) !== true && ahead.get(other.id)?.has(one.id) !== true;
  return new Map(
    steps.map((step) => [
      step.id,
      {
        after: after.get(step.id) ?? [],
        alongside: alone(step) ? [] : steps.filter((other) => free(step, other) && !alone(other)),
      },
    ]),
  );
};

export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** When each step begins and ends if all that may run at the same time does; in the unit of `takes`, from 0. */
export const spansOf = (
  steps: readonly Step[],
  takes: (step: Step) => number,
): ReadonlyMap<StepId, TimeSpan> => {
  const after = awaited(steps);
  const spans = new Map<StepId, TimeSpan>();
  for (const step of steps) {
    const from = Math.max(0, ...(after.get(step.id) ?? []).map((one) => spans.get(one.id)?.to ?? 0));
    spans.set(step.id, { from, to: from + takes(step) });
  }
  return spans;
};

/** From the first beginning to the last end; 0 for no span. */
export const lengthOf = (spans: readonly (TimeSpan | undefined)[]): number => {
  const known = spans.filter((one) => one !== undefined);
  return known.length === 0
    ? 0
    : Math.max(...known.map((one) => one.to)) - Math.min(...known.map((one) => one.from));
};
