import type { ConsoleStore } from '../store/console-store.ts';
import { shownFace, shownStep } from '../store/selectors.ts';
import type { ConsoleState } from '../store/state.ts';
import type { Layout } from './layout.ts';
import type { Row } from './row.ts';
import { cardRows, failureRows } from './rows/card.ts';
import { type VisibleOutput, visibleOutput } from './rows/output.ts';
import { quietRows } from './rows/quiet.ts';
import type { Theme } from './theme.ts';

/** What a command may look at and use: one moment of the screen. */
export interface Screen {
  readonly state: ConsoleState;
  readonly store: ConsoleStore;
  readonly layout: Layout;
  readonly theme: Theme;
  /** Draws everything anew, whatever else wrote to the terminal. */
  readonly redraw: () => void;
  /** Leaves the console. */
  readonly leave: () => void;
}

/** The third pane's room for text: below its title, and above the line that tells what Enter does. */
export const outputRoom = ({ state, layout }: Pick<Screen, 'state' | 'layout'>) => {
  const { columns, rows } = layout.areas.output;
  const step = shownStep(state);
  const quiet = step === null ? 0 : quietRows(state.view, step, columns, 0).length;
  const pinned = shownFace(state) === 'output' ? quiet : 1;
  return { columns, rows: Math.max(1, rows - 1 - pinned) };
};

/** The whole text of the card or failure shown; empty for the output face. */
export const faceRows = (screen: Pick<Screen, 'state' | 'layout' | 'theme'>): readonly Row[] => {
  const { state, theme } = screen;
  const step = shownStep(state);
  if (step === null) return [];
  const { columns } = outputRoom(screen);
  const face = shownFace(state);
  if (face === 'failure' && step.status.kind === 'failed') {
    return failureRows(step, step.status.failure, columns, theme);
  }
  return face === 'card' ? cardRows(state.view, step, columns, theme) : [];
};

/** Where a card's scrolling is kept. */
export const cardKey = (state: ConsoleState): string => `${shownFace(state)}:${shownStep(state)?.id ?? ''}`;

/** What is visible of the shown step's output; null where another face is shown. */
export const outputWindow = (
  screen: Pick<Screen, 'state' | 'store' | 'layout' | 'theme'>,
): VisibleOutput | null => {
  const { state, store, theme } = screen;
  const step = shownStep(state);
  if (step === null || shownFace(state) !== 'output') return null;
  const room = outputRoom(screen);
  const top = state.outputTop[step.id] ?? null;
  return visibleOutput(
    store.controller.output(step.id),
    { top, ...room, wrap: state.wrap, needle: state.needle },
    theme,
  );
};
