import type { Step } from './step.ts';

/**
 * Steps that may run at the same time. A stage is a row of neighbours in the runbook; those of one lane follow each
 * other, the lanes do not wait for one another. The whole stage is over before the step behind it begins.
 */

/** Puts steps into a lane of a stage. */
export const beside = (
  stage: string,
  lane: string,
  steps: readonly Step[],
  behind: readonly string[] = [],
): Step[] => steps.map((step) => ({ ...step, together: { stage, lane, behind } }));

/** The neighbours of a step that belong to its stage, itself included, in the order of the runbook. */
export const stageOf = (steps: readonly Step[], step: Step): readonly Step[] => {
  const at = steps.indexOf(step);
  const name = step.together?.stage;
  if (at < 0 || name === undefined) return [step];
  const inside = (index: number): boolean => steps[index]?.together?.stage === name;
  let [from, to] = [at, at];
  while (inside(from - 1)) from -= 1;
  while (inside(to + 1)) to += 1;
  return steps.slice(from, to + 1);
};

/** A stage's lanes, each in the order of the runbook. */
export const lanesOf = (stage: readonly Step[]): readonly (readonly Step[])[] => {
  const lanes = new Map<string, Step[]>();
  for (const step of stage) {
    const name = step.together?.lane ?? step.id;
    lanes.set(name, [...(lanes.get(name) ?? []), step]);
  }
  return [...lanes.values()];
};

/** A runbook as stages, one behind the other; most of them are a single step. */
export const stagesOf = (steps: readonly Step[]): readonly (readonly Step[])[] => {
  const stages: (readonly Step[])[] = [];
  for (let at = 0; at < steps.length; at += stages.at(-1)?.length ?? 1) {
    const step = steps[at];
    if (step !== undefined) stages.push(stageOf(steps, step));
  }
  return stages;
};
