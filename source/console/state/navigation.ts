import type { StoreApi } from 'zustand/vanilla';
import type { StepView } from '../../engine/view/controller.ts';
import type { HostAlias, StepId } from '../../runbook/language/step.ts';
import { currentStep, facesOf, shownFace, shownStep } from './selectors.ts';
import { type ConsoleState, type Dialog, type Hint, type PaneId, panes } from './state.ts';
import { stepAimedAt, stepsFound } from './step-list.ts';

/** Moves about the screen. None of it reaches a server. */
export interface Navigation {
  focus(pane: PaneId): void;
  focusNext(direction: 1 | -1): void;
  toggleZoom(): void;
  toggleWrap(): void;
  /** Selects by distance in the list as filtered. */
  selectBy(distance: number): void;
  select(step: StepId | null): void;
  /** Back to the engine's step, its card and nothing zoomed over it. */
  showCurrent(): void;
  nextFace(): void;
  filterBy(direction: 1 | -1): void;
  filter(host: HostAlias | null): void;
  setOutputTop(step: StepId, top: number | null): void;
  setCardTop(step: StepId, top: number): void;
  setHelpTop(top: number): void;
  open(dialog: Dialog): void;
  closeDialog(): void;
  type(text: string): void;
  /** What to look for from now on; '' for nothing. */
  search(needle: string): void;
  /** Shows that line of a step's output, with `top` as the first. */
  showFound(step: StepId, line: number, top: number): void;
  /** Shows that row of a card or failure, with `top` as the first. */
  showFoundRow(face: string, row: number, top: number): void;
  /** Moves in the list of steps, by distance in what is found. */
  moveCursor(distance: number): void;
  hint(hint: Hint | null): void;
  setTooSmall(tooSmall: boolean): void;
}

/** The steps that the checklist pane lists now. */
export const listedSteps = (state: ConsoleState): readonly StepView[] =>
  state.hostFilter === null
    ? state.view.steps
    : state.view.steps.filter((step) => step.host === state.hostFilter);

const around = <Value>(values: readonly Value[], at: number, direction: 1 | -1): Value | undefined =>
  values[(at + direction + values.length) % values.length];

const selectedBy = (state: ConsoleState, distance: number): Partial<ConsoleState> => {
  const steps = listedSteps(state);
  const from = shownStep(state);
  if (steps.length === 0 || from === null) return {};
  const at = steps.findIndex((step) => step.id === from.id);
  // A selection that the filter hides: start at the nearest listed step in the order of the run.
  const all = state.view.steps;
  const nearest = steps.findIndex((step) => all.indexOf(step) > all.indexOf(from));
  const start = at >= 0 ? at : nearest >= 0 ? nearest - (distance > 0 ? 1 : 0) : steps.length;
  const target = steps[Math.max(0, Math.min(steps.length - 1, start + distance))];
  if (target === undefined) return {};
  const isCurrent = target.id === currentStep(state.view)?.id;
  return { selected: isCurrent ? null : target.id, face: null, hint: null };
};

/** The navigation over a state. */
export const createNavigation = (store: StoreApi<ConsoleState>): Navigation => {
  const set = (change: (state: ConsoleState) => Partial<ConsoleState>) => store.setState(change);
  return {
    focus: (pane) => set(() => ({ focus: pane, hint: null })),
    focusNext: (direction) =>
      set(({ focus }) => ({ focus: around(panes, panes.indexOf(focus), direction) ?? focus, hint: null })),
    toggleZoom: () => set(({ zoom }) => ({ zoom: !zoom, hint: null })),
    toggleWrap: () => set(({ wrap }) => ({ wrap: !wrap })),
    selectBy: (distance) => set((state) => selectedBy(state, distance)),
    select: (step) => set(() => ({ selected: step, face: null, hint: null })),
    showCurrent: () =>
      set(({ focus }) => ({
        selected: null,
        face: null,
        zoom: false,
        hint: null,
        focus: focus === 'monitor' ? 'output' : focus,
      })),
    nextFace: () =>
      set((state) => {
        const step = shownStep(state);
        if (step === null) return {};
        const faces = facesOf(step);
        return { face: around(faces, faces.indexOf(shownFace(state)), 1) ?? null, hint: null };
      }),
    filterBy: (direction) =>
      set((state) => {
        const filters = [null, ...state.view.hosts.map((host) => host.alias)];
        const next = around(filters, filters.indexOf(state.hostFilter), direction);
        return { hostFilter: next ?? null, hint: null };
      }),
    filter: (host) => set(() => ({ hostFilter: host })),
    setOutputTop: (step, top) =>
      set(({ outputTop }) => ({ outputTop: { ...outputTop, [step]: top }, hint: null })),
    setCardTop: (step, top) => set(({ cardTop }) => ({ cardTop: { ...cardTop, [step]: top }, hint: null })),
    setHelpTop: (top) => set(() => ({ helpTop: top })),
    open: (dialog) => set(() => ({ dialog, typed: '', helpTop: 0, hint: null })),
    closeDialog: () => set(() => ({ dialog: null, typed: '', hint: null })),
    type: (text) =>
      set(({ dialog }) => ({
        typed: text,
        hint: null,
        // Another filter, another list: where one stood in the last one means nothing.
        ...(dialog?.kind === 'steps' ? { dialog: { kind: 'steps', on: null } } : {}),
      })),
    search: (needle) =>
      set(() => ({ needle, found: null, foundRow: null, dialog: null, typed: '', hint: null })),
    showFound: (step, line, top) =>
      set(({ outputTop }) => ({
        outputTop: { ...outputTop, [step]: top },
        found: { step, line },
        hint: null,
      })),
    showFoundRow: (face, row, top) =>
      set(({ cardTop }) => ({ cardTop: { ...cardTop, [face]: top }, foundRow: { face, row }, hint: null })),
    moveCursor: (distance) =>
      set((state) => {
        const found = stepsFound(state);
        const at = found.findIndex((step) => step.id === stepAimedAt(state)?.id);
        const target = found[Math.max(0, Math.min(found.length - 1, at + distance))];
        return target === undefined ? {} : { dialog: { kind: 'steps', on: target.id } };
      }),
    hint: (hint) => set(() => ({ hint })),
    setTooSmall: (tooSmall) => set((state) => (state.tooSmall === tooSmall ? state : { tooSmall })),
  };
};
