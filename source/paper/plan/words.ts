import type { Plan, PlannedStep } from './shape.ts';

/** Sentences that the plan says on every paper that it is written on. */

export const dangerWords: Readonly<Record<PlannedStep['danger'], string>> = {
  reads: 'reads only',
  changes: 'changes the host',
  'point-of-no-return': 'POINT OF NO RETURN',
};

export const writesWords: Readonly<Record<PlannedStep['writes'], string | null>> = {
  stop: 'the application cannot write from here on: the downtime begins',
  resume: 'the application can write again: the downtime ends',
  unchanged: null,
};

export const waitsWords = ({ number, waitsFor }: PlannedStep): string | null =>
  waitsFor === null
    ? null
    : `before step ${number} here, step ${waitsFor.number} on ${waitsFor.host} must be done`;

export const guideWords = ({ guide }: PlannedStep): string =>
  `${guide.step ?? 'not in it'}${guide.differs === null ? '' : `; here differently: ${guide.differs}`}`;

/** What a script that cannot be made yet is waiting for, and how to have it made. */
export const unresolvedWords = (needs: string): string =>
  `Not known yet: ${needs}. Once the steps before it are done, pgaf-upgrade plan writes this step with it; pgaf-upgrade run makes it by itself.`;

export const downtimeSteps = (
  plan: Plan,
): { readonly from: PlannedStep; readonly to: PlannedStep } | null => {
  const from = plan.steps.find((step) => step.writes === 'stop');
  const to = plan.steps.find((step) => step.writes === 'resume');
  return from === undefined || to === undefined ? null : { from, to };
};

export const pointsOfNoReturn = (plan: Plan): readonly PlannedStep[] =>
  plan.steps.filter((step) => step.danger === 'point-of-no-return');
