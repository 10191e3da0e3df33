import { rowHolds } from '../rows/found.ts';
import type { VisibleOutput } from '../rows/output.ts';
import { windowOf } from '../rows/prose.ts';
import { cardKey, faceRows, outputAt, outputRoom, outputWindow, type Screen } from '../screen.ts';
import { searchesAll } from '../state/finder.ts';
import { shownFace, shownStep } from '../state/selectors.ts';

/** Lines above the one found, where there is room: what it belongs to often stands before it. */
const context = 2;

const show = (screen: Screen, step: string, line: number): void => {
  const { store } = screen;
  const { firstLine } = store.controller.output(step);
  const above = Math.max(firstLine, line - context);
  // Long lines above it, folded, could push it out of the pane.
  const fits = outputAt(screen, above);
  store.go.showFound(step, line, fits !== null && fits.first <= line && line + 1 < fits.end ? above : line);
};

/** Says how often it is in the file, once that was read; the pane has only the last lines of a long output. */
const tellFile = async (screen: Screen, step: string, needle: string, said: string): Promise<void> => {
  const { store } = screen;
  const wanted = needle.toLowerCase();
  let lines = 0;
  const still = () => {
    const now = store.state.getState();
    return now.needle === needle && shownStep(now)?.id === step && now.hint?.text === said;
  };
  try {
    for await (const piece of store.controller.output(step).text()) {
      lines += piece.filter((line) => line.toLowerCase().includes(wanted)).length;
      if (!still()) return;
    }
    store.go.hint({
      text: `${said.replace(/; .*/, '')}; in ${lines} lines of the whole log: v opens it`,
      tone: 'plain',
    });
  } catch {
    // The file is gone or cannot be read: v says why.
    if (still())
      store.go.hint({ text: `${said.replace(/; .*/, '')}; the log itself cannot be read`, tone: 'warn' });
  }
};

interface Place {
  readonly line: number;
  readonly wrapped: '' | ', from the top again' | ', from the end again';
}

const placeFrom = (lines: readonly number[], base: number, direction: 1 | -1): Place | null => {
  const [first, last] = [lines[0], lines.at(-1)];
  if (first === undefined || last === undefined) return null;
  if (direction > 0) {
    const next = lines.find((line) => line > base);
    return next === undefined
      ? { line: first, wrapped: ', from the top again' }
      : { line: next, wrapped: '' };
  }
  const next = lines.findLast((line) => line < base);
  return next === undefined ? { line: last, wrapped: ', from the end again' } : { line: next, wrapped: '' };
};

const go = (
  screen: Screen,
  base: (visible: VisibleOutput, found: number | null) => number,
  direction: 1 | -1,
  first: boolean,
) => {
  const { state, store } = screen;
  const step = shownStep(state);
  const visible = outputWindow(screen);
  if (step === null || visible === null || state.needle === '') return;
  const output = store.controller.output(step.id);
  const lines = store.finder.lines(output, state.needle);
  const before = state.found?.step === step.id ? state.found.line : null;
  const seen = before !== null && before >= visible.first && before < visible.end ? before : null;
  const place = placeFrom(lines, base(visible, seen), direction);
  const older = searchesAll(output) ? '' : '; what is only in the file is being read';
  const say = (text: string, tone: 'plain' | 'warn') => {
    const said = first ? `${text}${older}` : text;
    store.go.hint({ text: said, tone });
    if (first && !searchesAll(output)) void tellFile(screen, step.id, state.needle, said);
  };
  if (place === null)
    return say(
      `'${state.needle}' is not in this output${searchesAll(output) ? '.' : ' as far as it is shown here'}`,
      'warn',
    );
  show(screen, step.id, place.line);
  say(`'${state.needle}': ${lines.indexOf(place.line) + 1} of ${lines.length}${place.wrapped}`, 'plain');
};

/** The same in a card or failure, by its rows as they are folded. */
const goInRows = (screen: Screen, direction: 1 | -1, fresh: boolean): void => {
  const { state, store } = screen;
  if (state.needle === '') return;
  const [key, rows] = [cardKey(state), faceRows(screen)];
  const places = rows.flatMap((row, at) => (rowHolds(row, state.needle) ? [at] : []));
  const { first } = windowOf(rows, state.cardTop[key] ?? 0, outputRoom(screen).rows);
  const before = !fresh && state.foundRow?.face === key ? state.foundRow.row : null;
  const place = placeFrom(places, before ?? (direction > 0 ? first - 1 : first), direction);
  const name = shownFace(state) === 'card' ? 'on this card' : 'in this failure';
  if (place === null) {
    store.go.hint({ text: `'${state.needle}' is not ${name}.`, tone: 'warn' });
    return;
  }
  store.go.showFoundRow(key, place.line, Math.max(0, place.line - context));
  store.go.hint({
    text: `'${state.needle}': ${places.indexOf(place.line) + 1} of ${places.length}${place.wrapped}`,
    tone: 'plain',
  });
};

/** Goes to the next line of the output that holds what is looked for, or the one before; at an end it begins at the other one. */
export const findNext = (screen: Screen, direction: 1 | -1): void => {
  if (shownFace(screen.state) !== 'output') goInRows(screen, direction, false);
  else
    go(
      screen,
      (visible, found) => found ?? (direction > 0 ? visible.first - 1 : visible.end),
      direction,
      false,
    );
};

/** Enter in the search line: from what is visible on; while the end is followed, the newest place. */
export const findFirst = (screen: Screen): void => {
  const step = shownStep(screen.state);
  const follows = step !== null && (screen.state.outputTop[step.id] ?? null) === null;
  if (shownFace(screen.state) !== 'output') goInRows(screen, 1, true);
  else if (follows) go(screen, (visible) => visible.end, -1, true);
  else go(screen, (visible) => visible.first - 1, 1, true);
};
