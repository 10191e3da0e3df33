/** How one step of a runbook stands for whoever counts; `skipped`: by decision, and not done since. */
export type CountedAs = 'done' | 'skipped' | 'open';

/** How far a runbook is; `total` has every step, the optional ones too. */
export interface StepCount<Counted> {
  readonly done: number;
  readonly skipped: number;
  readonly total: number;
  /** Neither done nor skipped, in the order of the runbook. */
  readonly open: readonly Counted[];
}

/** One way to count for console, closing card, `status` and report: optional steps count like any other, and a skipped one is over, not done. */
export const countSteps = <Counted>(
  steps: readonly Counted[],
  standing: (step: Counted) => CountedAs,
): StepCount<Counted> => {
  const counted = steps.map((step) => ({ step, as: standing(step) }));
  const of = (kind: CountedAs): readonly Counted[] =>
    counted.flatMap(({ step, as }) => (as === kind ? [step] : []));
  return { done: of('done').length, skipped: of('skipped').length, total: steps.length, open: of('open') };
};
