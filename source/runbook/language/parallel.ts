import type { Step } from './step.ts';

/**
 * Steps that may run at the same time. A parallel group is a row of neighbors in the runbook; those of one track follow each
 * other, the tracks do not wait for one another. The whole group is over before the step behind it begins.
 */

/** Puts steps into a track of a group; it begins when the tracks `after` have come to their end. */
export const inParallel = (
  group: string,
  track: string,
  steps: readonly Step[],
  after: readonly string[] = [],
): Step[] => steps.map((step): Step => ({ ...step, parallel: { group, track, after } }));

/** The neighbors of a step that belong to its group, itself included, in the order of the runbook. */
export const parallelGroup = (steps: readonly Step[], step: Step): readonly Step[] => {
  const at = steps.indexOf(step);
  const name = step.parallel?.group;
  if (at < 0 || name === undefined) return [step];
  const inside = (index: number): boolean => steps[index]?.parallel?.group === name;
  let [from, to] = [at, at];
  while (inside(from - 1)) from -= 1;
  while (inside(to + 1)) to += 1;
  return steps.slice(from, to + 1);
};

/** A group's tracks, each in the order of the runbook. */
export const tracksOf = (group: readonly Step[]): readonly (readonly Step[])[] => {
  const tracks = new Map<string, Step[]>();
  for (const step of group) {
    const name = step.parallel?.track ?? step.id;
    tracks.set(name, [...(tracks.get(name) ?? []), step]);
  }
  return [...tracks.values()];
};

/** A runbook as groups, one behind the other; most of them are a single step. */
export const parallelGroups = (steps: readonly Step[]): readonly (readonly Step[])[] => {
  const groups: (readonly Step[])[] = [];
  for (let at = 0; at < steps.length; at += groups.at(-1)?.length ?? 1) {
    const step = steps[at];
    if (step !== undefined) groups.push(parallelGroup(steps, step));
  }
  return groups;
};
