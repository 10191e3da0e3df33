import { cardKey, faceRows, outputRoom, outputWindow, type Screen } from '../screen.ts';
import { shownFace, shownStep } from '../state/selectors.ts';

export type Move = 'line' | 'page' | 'edge';

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

const scrollCard = (screen: Screen, move: Move, direction: 1 | -1) => {
  const { state, store } = screen;
  const room = outputRoom(screen).rows;
  const last = Math.max(0, faceRows(screen).length - room);
  const top = clamp(state.cardTop[cardKey(state)] ?? 0, 0, last);
  const distance = move === 'line' ? 1 : move === 'page' ? Math.max(1, room - 1) : last;
  store.go.setCardTop(cardKey(state), clamp(top + direction * distance, 0, last));
};

const scrollOutput = (screen: Screen, move: Move, direction: 1 | -1) => {
  const { state, store } = screen;
  const step = shownStep(state);
  const visible = outputWindow(screen);
  if (step === null || visible === null) return;
  if (move === 'edge') {
    return store.go.setOutputTop(step.id, direction > 0 ? null : store.controller.output(step.id).firstLine);
  }
  // A page is what is visible, less one line to keep the thread: folded lines take more than one row.
  const page = Math.max(1, visible.end - visible.first - 1);
  const distance = move === 'line' ? 1 : page;
  if (direction > 0 && visible.atEnd) return store.go.setOutputTop(step.id, null);
  const first = store.controller.output(step.id).firstLine;
  store.go.setOutputTop(step.id, Math.max(first, visible.first + direction * distance));
};

/** Moves in the focused pane: selects in the checklist, scrolls elsewhere. */
export const scroll = (screen: Screen, move: Move, direction: 1 | -1): void => {
  const { state, store, layout } = screen;
  if (state.focus === 'checklist') {
    const page = Math.max(1, layout.areas.checklist.rows - 3);
    const distance = move === 'line' ? 1 : move === 'page' ? page : state.view.steps.length * 2;
    store.go.selectBy(direction * distance);
  } else if (state.focus === 'output') {
    if (shownFace(state) === 'output') scrollOutput(screen, move, direction);
    else scrollCard(screen, move, direction);
  }
};
