import type { EngineView, StepView } from '../../engine/view/controller.ts';
import type { StepId } from '../../runbook/language/step.ts';
import { countSteps, type StepCount } from '../../runbook/language/step-count.ts';
import type { ConsoleState, Face } from './state.ts';

/** The step with this id; null if the runbook has none. */
export const stepOf = (view: EngineView, id: StepId | null): StepView | null =>
  id === null ? null : (view.steps.find((step) => step.id === id) ?? null);

/** `12` of step 12, as the operator counts: from 1, over all hosts. */
export const stepNumber = (view: EngineView, id: StepId): number =>
  view.steps.findIndex((step) => step.id === id) + 1;

/** How far the steps are, as `status` counts: what the servers show as done ahead of its turn counts when its turn has come. */
export const countInView = (steps: readonly StepView[]): StepCount<StepView> =>
  countSteps(steps, ({ status: { kind } }) => (kind === 'done' || kind === 'skipped' ? kind : 'open'));

/** The step that the engine is at: waiting for Enter, running, or failed. Between steps the first unfinished one. */
export const currentStep = (view: EngineView): StepView | null => {
  const { stage } = view;
  if (stage.kind === 'confirm' || stage.kind === 'running' || stage.kind === 'failed') {
    return stepOf(view, stage.step);
  }
  if (stage.kind === 'watching' && stage.step !== null) return stepOf(view, stage.step);
  return countInView(view.steps).open[0] ?? view.steps.at(-1) ?? null;
};

/** The step whose card or output the third pane shows. */
export const shownStep = (state: ConsoleState): StepView | null =>
  stepOf(state.view, state.selected) ?? currentStep(state.view);

/** The faces a step has, the natural one first. */
export const facesOf = (step: StepView): readonly Face[] => {
  switch (step.status.kind) {
    case 'waiting':
    case 'next':
      return ['card', 'output'];
    case 'running':
    case 'settling':
    case 'done':
      return ['output', 'card'];
    case 'failed':
      return ['failure', 'output', 'card'];
    case 'skipped':
      return ['card', 'output'];
  }
};

/** The face shown now: the one asked for while the step has it, else the natural one. */
export const shownFace = (state: ConsoleState): Face => {
  const step = shownStep(state);
  if (step === null) return 'card';
  const faces = facesOf(step);
  return state.face !== null && faces.includes(state.face) ? state.face : (faces[0] ?? 'card');
};

/** The step that Enter would run now, because its card is on the screen; null if there is none. */
export const confirmable = (state: ConsoleState): StepView | null => {
  const { stage } = state.view;
  if (stage.kind !== 'confirm' || state.tooSmall || state.dialog !== null) return null;
  if (state.zoom && state.focus !== 'output') return null;
  const step = shownStep(state);
  return step !== null && step.id === stage.step && shownFace(state) === 'card' ? step : null;
};

/** What takes the keys, outermost first. */
export type InputMode =
  | 'too-small'
  | 'quit'
  | 'key-question'
  | 'secret-question'
  | 'prompt-question'
  | 'help'
  | 'warnings'
  | 'rollback'
  | 'search'
  | 'steps'
  | 'text'
  | 'retry'
  | 'commands';

export const inputMode = (state: ConsoleState): InputMode => {
  const { dialog, view } = state;
  if (dialog?.kind === 'quit') return 'quit';
  if (state.tooSmall) return 'too-small';
  if (view.stage.kind === 'question') {
    const { kind } = view.stage.question;
    return kind === 'unknown-host-key'
      ? 'key-question'
      : kind === 'prompt'
        ? 'prompt-question'
        : 'secret-question';
  }
  if (dialog === null) return 'commands';
  switch (dialog.kind) {
    case 'help':
    case 'warnings':
    case 'rollback':
    case 'search':
    case 'steps':
    case 'retry':
      return dialog.kind;
    default:
      return 'text';
  }
};

/** What is looked for now: while one types, what stands there so far. */
export const needleOf = ({ dialog, typed, needle }: ConsoleState): string =>
  dialog?.kind === 'search' ? typed : needle;
