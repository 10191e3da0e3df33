import { shownFace, shownStep } from '../store/selectors.ts';
import { cardKey, faceRows, outputRoom, outputWindow, type Screen } from './screen.ts';

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

/** Lines that one search looks at: more would hold up the screen for longer than a blink. */
const searchedLines = 200_000;

/** Goes to the next line of the output, or the one before, that holds what is searched for. */
export const findNext = (screen: Screen, direction: 1 | -1): void => {
  const { state, store } = screen;
  const step = shownStep(state);
  if (step === null) return;
  const needle = state.needle.toLowerCase();
  const output = store.controller.output(step.id);
  const count = output.endLine - output.firstLine;
  const visible = outputWindow(screen);
  const top = state.outputTop[step.id];
  // While following, a search goes up from the end; later from the line found before.
  const from = top ?? (direction > 0 ? output.firstLine - 1 : output.endLine);
  for (let distance = 1; distance <= Math.min(count, searchedLines); distance += 1) {
    const offset = (from - output.firstLine + direction * distance + count * 2) % count;
    const line = output.firstLine + offset;
    if (!output.line(line).toLowerCase().includes(needle)) continue;
    store.go.setOutputTop(step.id, line);
    return;
  }
  if (visible === null) return;
  const where =
    count <= searchedLines
      ? 'in this output.'
      : `in the ${searchedLines} lines nearest: try grep on its file.`;
  store.go.hint({ text: `'${state.needle}' is not ${where}`, tone: 'warn' });
};
