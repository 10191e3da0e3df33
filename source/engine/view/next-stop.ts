import type { StepId } from '../../runbook/language/step.ts';
import type { EngineView, StepView } from './controller.ts';

/**
 * The next step behind this one that wants its own name typed: there a run to the next stop ends at the latest. What is confirmed with
 * the step before it wants none. Null: nothing does.
 */
export const nextStop = (view: EngineView, from: StepId): StepView | null => {
  const at = view.steps.findIndex(({ id }) => id === from);
  return (
    view.steps.find(
      ({ status, asksName, shownDone }, index) =>
        index > at &&
        view.steps[index - 1]?.leadsOn !== true &&
        asksName !== null &&
        !shownDone &&
        !['done', 'skipped'].includes(status.kind),
    ) ?? null
  );
};
