import { createStore, type StoreApi } from 'zustand/vanilla';
import type { EngineController, EngineView, Stage } from '../../engine/view/controller.ts';
import type { StepId } from '../../runbook/language/step.ts';
import { coalesce } from './coalesce.ts';
import { createKeyDecisions, inspecting, type KeyDecisions } from './decisions.ts';
import { Finder } from './finder.ts';
import { defaultGuard, type GuardTimes, PressGuard } from './guard.ts';
import { createNavigation, type Navigation } from './navigation.ts';
import { onlyTimestampsChanged } from './only-timestamps-changed.ts';
import { outputPace } from './pace.ts';
import { createRollbackView, type RollbackView } from './rollback-view.ts';
import { confirmable, inputMode, stepNumber } from './selectors.ts';
import { type ConsoleState, openingState } from './state.ts';

export interface ConsoleStoreOptions {
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
  readonly guard?: GuardTimes;
  /** The shortest time between two notifications about output. */
  readonly intervalMs?: number;
  /** Shows the rollback before anything else, as soon as the servers have been inspected. */
  readonly opensWithRollback?: boolean;
  /** Where a demo tells what its scenario makes happen; gives what ends the listening. */
  readonly onStaged?: (listener: (text: string) => void) => () => void;
}

/** The one state that the screen shows, and everything that keys may do with it. */
export interface ConsoleStore {
  readonly state: StoreApi<ConsoleState>;
  readonly controller: EngineController;
  readonly go: Navigation;
  readonly decide: KeyDecisions & RollbackView;
  readonly finder: Finder;
  /** Stops listening to the engine. */
  dispose(): void;
}

const sameStage = (a: Stage, b: Stage): boolean => {
  if (a.kind !== b.kind) return false;
  // What one Enter would start is part of it.
  if (a.kind === 'confirm' && b.kind === 'confirm' && a.together?.join() !== b.together?.join()) return false;
  if ('step' in a && 'step' in b) return a.step === b.step;
  if (a.kind === 'question' && b.kind === 'question') return a.question === b.question;
  return true;
};

/** A dialog about a step that is no longer the engine's is gone with it. */
const withoutStaleDialog = (state: ConsoleState, view: EngineView): Partial<ConsoleState> => {
  const { dialog } = state;
  if (dialog?.kind === 'take-over' && view.stage.kind !== 'watching')
    return { dialog: null, typed: '', hint: { text: 'The lock is another’s no more.', tone: 'warn' } };
  if (dialog === null || !('step' in dialog)) return {};
  const { stage } = view;
  const about =
    dialog.kind === 'cancel' ? stage.kind === 'running' : stage.kind === 'confirm' || stage.kind === 'failed';
  if (about && 'step' in stage && stage.step === dialog.step) return {};
  if (about && stage.kind === 'running' && stage.beside?.includes(dialog.step)) return {};
  return {
    dialog: null,
    typed: '',
    hint: { text: 'The step has moved on meanwhile; nothing was sent.', tone: 'warn' },
  };
};

/** What the screen takes over from a new view of the engine. */
const received = (state: ConsoleState, view: EngineView): Partial<ConsoleState> => {
  if (sameStage(state.view.stage, view.stage)) {
    // What the inspection has found is the answer to whoever asked for it.
    const [before, last] = [state.view.notices.at(-1), view.notices.at(-1)];
    const answered = state.hint?.text === inspecting && last !== undefined && last !== before;
    return { view, drawn: view, ...(answered ? { hint: { text: last.text, tone: 'warn' } } : {}) };
  }
  const { stage } = view;
  const current = 'step' in stage ? stage.step : null;
  const waits = stage.kind === 'confirm' || stage.kind === 'failed';
  const elsewhere = waits && state.selected !== null && state.selected !== current;
  const hint =
    elsewhere && waits
      ? ({
          text: `Step ${stepNumber(view, stage.step)} waits for you: Enter shows it.`,
          tone: 'warn',
        } as const)
      : null;
  const arrived = state.selected === null || state.selected === current;
  return {
    view,
    drawn: view,
    hint,
    // It belongs to the step in which it happened.
    ...(stage.kind === 'confirm' || stage.kind === 'finished' ? { staged: null } : {}),
    ...(arrived ? { selected: null, face: null } : {}),
    ...(stage.kind === 'question' ? { typed: '', zoom: false } : {}),
    ...withoutStaleDialog(state, view),
  };
};

/** Creates the store over an engine. Nothing is confirmed but through `decide`. */
export const createConsoleStore = (
  controller: EngineController,
  options: ConsoleStoreOptions = {},
): ConsoleStore => {
  const now = options.now ?? (() => performance.now());
  const { intervalMs = Math.ceil(1000 / 30) } = options;
  const steady = () => intervalMs;
  const state = createStore<ConsoleState>(() => openingState(controller.view));
  const guard = new PressGuard(options.guard ?? defaultGuard, now);

  // What a press would decide now; when it changes, the wait of the guard begins again.
  let decidable = '';
  let stages = 0;
  const watchDecidable = (next: ConsoleState) => {
    const mode = inputMode(next);
    const current = `${stages}:${next.preview.kind}:${mode}:${mode === 'commands' ? (confirmable(next)?.id ?? '') : ''}`;
    if (current === decidable) return;
    decidable = current;
    guard.shown();
  };

  const views = coalesce(steady, now, () => {
    const before = state.getState();
    if (before.view === controller.view) return;
    if (!sameStage(before.view.stage, controller.view.stage)) stages += 1;
    state.setState(received(before, controller.view));
  });

  const grown = new Set<StepId>();
  const outputs = coalesce(options.intervalMs === undefined ? outputPace() : steady, now, () => {
    if (grown.size === 0) return;
    const versions = { ...state.getState().outputVersion };
    for (const step of grown) versions[step] = (versions[step] ?? 0) + 1;
    grown.clear();
    state.setState({ outputVersion: versions });
  });

  const stops = [
    state.subscribe(watchDecidable),
    controller.onChange((view) => {
      // A stage that changes is shown at once: what Enter means must never lag behind the engine.
      const { view: shown } = state.getState();
      if (!sameStage(shown.stage, view.stage)) views.flushNow();
      // An idle console is looked at for hours: each drawing that shows nothing new costs as much as any other.
      else if (onlyTimestampsChanged(shown, view)) state.setState({ view });
      else views.touch();
    }),
    controller.onOutput((step) => {
      grown.add(step);
      outputs.touch();
    }),
  ];
  const noStaged = options.onStaged?.((staged) => state.setState({ staged }));
  if (noStaged !== undefined) stops.push(noStaged);
  watchDecidable(state.getState());
  const rollback = createRollbackView(state, controller, guard);
  if (options.opensWithRollback === true) {
    const stop = controller.onChange(({ stage }) => {
      if (stage.kind !== 'confirm' && stage.kind !== 'finished') return;
      stop();
      rollback.previewRollback(true);
    });
    stops.push(stop);
  }

  return {
    state,
    controller,
    go: createNavigation(state),
    finder: new Finder(),
    decide: { ...createKeyDecisions(state, controller, guard), ...rollback },
    dispose() {
      for (const stop of stops) stop();
      views.stop();
      outputs.stop();
    },
  };
};
