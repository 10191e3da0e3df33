import type { Move } from './keys/scroll.ts';
import { bodyRows } from './layout.ts';
import { helpRows } from './rows/help.ts';
import { rollbackRows } from './rows/rollback.ts';
import type { Row } from './rows/row.ts';
import { warningRows } from './rows/warnings.ts';
import type { Screen } from './screen.ts';
import { inputMode } from './state/selectors.ts';
import type { ConsoleState } from './state/state.ts';
import type { Theme } from './theme.ts';

/** A text that lies over all panes and scrolls. */
export interface Overlay {
  readonly text: readonly Row[];
  /** So many rows of it are visible at once, below its title. */
  readonly height: number;
}

/** The overlay that is open, in this room between header and footer; null: none. */
export const overlayOf = (
  state: ConsoleState,
  { columns, rows }: { readonly columns: number; readonly rows: number },
  theme: Theme,
): Overlay | null => {
  switch (inputMode(state)) {
    case 'help':
      return { text: helpRows(state.view.verdict, columns, theme), height: rows - 1 };
    case 'warnings':
      return { text: warningRows(state.view, columns), height: rows - 1 };
    case 'rollback':
      // What Enter does has a line of its own below it.
      return { text: rollbackRows(state, columns, theme), height: rows - 2 };
    default:
      return null;
  }
};

/** Moves in the text that lies over all panes; never past its end. */
export const scrollOverlay = (
  { state, store, layout, theme }: Screen,
  move: Move,
  direction: 1 | -1,
): void => {
  const rows = bodyRows(layout.rows, state.staged !== null);
  const overlay = overlayOf(state, { columns: layout.columns, rows }, theme);
  if (overlay === null) return;
  const { text, height } = overlay;
  const last = Math.max(0, text.length - height);
  // The window may have grown since.
  const top = Math.min(state.helpTop, last);
  const distance = move === 'line' ? 1 : move === 'page' ? Math.max(1, height - 1) : last;
  store.go.setHelpTop(Math.max(0, Math.min(top + direction * distance, last)));
};
