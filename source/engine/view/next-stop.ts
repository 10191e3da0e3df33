import type { StepId } from '../../runbook/language/step.ts';
import type { EngineView, StepView } from './controller.ts';

/** The next step behind this one that wants its own name typed: there a run to the next stop ends at the latest. Null: nothing does. */
export const nextStop = (view: EngineView, from: StepId): StepView | null => {
  const at = view.steps.findIndex(({ id }) => id === from);
  return (
    view.steps
      .slice(at + 1)
      .find(
        ({ status, asksName, shownDone }) =>
          asksName !== null && !shownDone && !['done', 'skipped'].includes(status.kind),
      ) ?? null
  );
};
