import type { Layout } from './layout.ts';
import { cardRows, failureRows } from './rows/card.ts';
import { rowHolds } from './rows/found.ts';
import { type VisibleOutput, visibleOutput } from './rows/output.ts';
import { progressRows } from './rows/progress.ts';
import type { Row } from './rows/row.ts';
import { searchRow } from './rows/search-line.ts';
import { silenceRows } from './rows/silence.ts';
import type { ConsoleStore } from './state/console-store.ts';
import { needleOf, shownFace, shownStep } from './state/selectors.ts';
import type { ConsoleState } from './state/state.ts';
import type { Theme } from './theme.ts';

/** What a command may look at and use: one moment of the screen. */
export interface Screen {
  readonly state: ConsoleState;
  readonly store: ConsoleStore;
  readonly layout: Layout;
  readonly theme: Theme;
  /** Gives the terminal to a pager with the log of the step shown, until it is left. */
  readonly openLog: () => void;
  /** Sends a text to the terminal's clipboard; false: it is too long for that. */
  readonly copy: (text: string) => boolean;
  /** Draws everything anew, whatever else wrote to the terminal. */
  readonly redraw: () => void;
  /** Leaves the console. */
  readonly leave: () => void;
}

/** How many lines of the output shown, or rows of the card or failure, hold what is typed. */
const placesOf = (screen: Pick<Screen, 'state' | 'store' | 'layout' | 'theme'>, needle: string): number => {
  const { state, store } = screen;
  const step = shownStep(state);
  if (step === null) return 0;
  return shownFace(state) === 'output'
    ? store.finder.lines(store.controller.output(step.id), needle).length
    : faceRows(screen).filter((row) => rowHolds(row, needle)).length;
};

/** The line in which one types what to look for; null while nobody does. */
export const findRow = (screen: Pick<Screen, 'state' | 'store' | 'layout' | 'theme'>): Row | null =>
  screen.state.dialog?.kind === 'search'
    ? searchRow(screen.state, placesOf(screen, screen.state.typed), screen.layout.areas.output.columns)
    : null;

/** What stands below the output and does not scroll: what one types to look for, how far the step is, why it is silent. */
export const pinnedRows = (
  screen: Pick<Screen, 'state' | 'store' | 'layout' | 'theme'>,
  now: number,
): readonly Row[] => {
  const { state, layout, theme } = screen;
  const { columns } = layout.areas.output;
  const step = shownStep(state);
  if (step === null) return [];
  const search = findRow(screen);
  return [
    ...progressRows(state.view.progress[step.id], step, columns, now, theme),
    ...silenceRows(state.view, step, columns, now),
    ...(search === null ? [] : [search]),
  ];
};

/** The third pane's room for text: below its title, and above the line that tells what Enter does. */
export const outputRoom = (screen: Pick<Screen, 'state' | 'store' | 'layout' | 'theme'>) => {
  const { columns, rows } = screen.layout.areas.output;
  const pinned = shownFace(screen.state) === 'output' ? pinnedRows(screen, 0).length : 1;
  return { columns, rows: Math.max(1, rows - 1 - pinned) };
};

/** The whole text of the card or failure shown; empty for the output face. */
export const faceRows = (screen: Pick<Screen, 'state' | 'store' | 'layout' | 'theme'>): readonly Row[] => {
  const { state, theme } = screen;
  const step = shownStep(state);
  if (step === null) return [];
  const { columns } = outputRoom(screen);
  const face = shownFace(state);
  if (face === 'failure' && step.status.kind === 'failed') {
    return failureRows(state.view, step, step.status.failure, columns, theme);
  }
  return face === 'card' ? cardRows(state.view, step, columns, theme) : [];
};

/** Where a card's scrolling is kept. */
export const cardKey = (state: ConsoleState): string => `${shownFace(state)}:${shownStep(state)?.id ?? ''}`;

/** What would be visible of the shown step's output with this line as the first, null: at its end. Null where another face is shown. */
export const outputAt = (
  screen: Pick<Screen, 'state' | 'store' | 'layout' | 'theme'>,
  top: number | null,
): VisibleOutput | null => {
  const { state, store, theme } = screen;
  const step = shownStep(state);
  if (step === null || shownFace(state) !== 'output') return null;
  const found = state.found?.step === step.id ? state.found.line : null;
  return visibleOutput(
    store.controller.output(step.id),
    { top, ...outputRoom(screen), wrap: state.wrap, needle: needleOf(state), found },
    theme,
  );
};

/** What is visible of the shown step's output; null where another face is shown. */
export const outputWindow = (
  screen: Pick<Screen, 'state' | 'store' | 'layout' | 'theme'>,
): VisibleOutput | null => {
  const step = shownStep(screen.state);
  return step === null ? null : outputAt(screen, screen.state.outputTop[step.id] ?? null);
};
