import type { EngineView, StepView } from './controller.ts';

/** What a second person may be asked about: what cannot be undone, and the opening, which by the online method is the end of the step in which writes pause. */
const isApprovable = ({ asksName, status }: StepView): boolean =>
  (asksName === 'irreversible' || asksName === 'opening' || asksName === 'pause') && status.kind !== 'done';

/**
 * The steps that a second person approves with this one: itself, and those that its confirmation leads on to, which nobody is asked for
 * any more. Empty: there is nothing to approve.
 */
export const approvedWith = ({ steps }: Pick<EngineView, 'steps'>, step: StepView): readonly StepView[] => {
  const from = steps.slice(steps.findIndex(({ id }) => id === step.id));
  const last = from.findIndex(({ leadsOn }) => !leadsOn);
  return from.slice(0, last < 0 ? from.length : last + 1).filter(isApprovable);
};
