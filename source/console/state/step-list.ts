import type { StepView } from '../../engine/view/controller.ts';
import { stepNumber } from './selectors.ts';
import type { ConsoleState } from './state.ts';

const textOf = (state: ConsoleState, step: StepView): string =>
  [
    stepNumber(state.view, step.id),
    step.host,
    `phase ${step.phase}`,
    step.status.kind,
    step.asksName ?? step.danger,
    step.optional ? 'optional' : '',
    step.title,
  ]
    .join(' ')
    .toLowerCase();

/** The steps of the list that hold every word typed: of title, host, number, phase, state, danger. */
export const stepsFound = (state: ConsoleState): readonly StepView[] => {
  const words = state.typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return state.view.steps.filter((step) => {
    const text = textOf(state, step);
    return words.every((word) => text.includes(word));
  });
};

/** Where Enter leads: the step whose number was typed, else the one stood on, else the first found; null: none is found. */
export const stepAimedAt = (state: ConsoleState): StepView | null => {
  if (state.dialog?.kind !== 'steps') return null;
  const found = stepsFound(state);
  const { on } = state.dialog;
  const numbered = found.find((step) => String(stepNumber(state.view, step.id)) === state.typed.trim());
  return (on === null ? numbered : found.find((step) => step.id === on)) ?? numbered ?? found[0] ?? null;
};
