import type { Step, StepId } from '../../runbook/language/step.ts';
import type { EngineView } from './controller.ts';

/**
 * What a view shows of the steps that run now, in the order in which they were begun. The step that the stage names stays
 * the same until it has ended; of the others the one that will take longest comes next. Between two steps of the last lane
 * the stage stays as it was: null.
 */
export const runningStage = (
  view: EngineView,
  running: readonly Step[],
): Pick<EngineView, 'stage' | 'phase'> | null => {
  const { stage } = view;
  const expected = (id: StepId): number => view.steps.find((one) => one.id === id)?.expectedMs ?? 0;
  const before = stage.kind === 'running' ? running.find(({ id }) => id === stage.step) : undefined;
  const [longest] = running.toSorted((one, other) => expected(other.id) - expected(one.id));
  const shown = before ?? longest;
  if (shown === undefined) return null;
  const beside = running.flatMap(({ id }) => (id === shown.id ? [] : [id]));
  return {
    stage: { kind: 'running', step: shown.id, ...(beside.length === 0 ? {} : { beside }) },
    phase: shown.phase,
  };
};
