import { stepNumber } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';
import { stepAimedAt, stepsFound } from '../state/step-list.ts';
import type { Theme } from '../theme.ts';
import { field } from './field.ts';
import { cutRow, ends, highlighted, type Row, span } from './row.ts';
import { stepRoom, stepRow } from './step-row.ts';

/** The list of all steps with what was typed above it, in at most `rows` lines, around the one that Enter shows. */
export const stepListRows = (
  state: ConsoleState,
  columns: number,
  rows: number,
  theme: Theme,
): readonly Row[] => {
  const found = stepsFound(state);
  const aimed = stepAimedAt(state);
  const asked = ends(
    field('Find:', state.typed, columns - 26),
    [span(`${found.length} of ${state.view.steps.length} steps`, 'dim')],
    columns,
  );
  if (found.length === 0) return [asked, [span('No step has all of that. Ctrl-U clears it.', 'warn')]];
  const list = stepRoom(state, columns, theme, true);
  const at = Math.max(
    0,
    found.findIndex((step) => step.id === aimed?.id),
  );
  const room = Math.max(1, rows - 1);
  const start = Math.max(0, Math.min(at - Math.floor((room - 1) / 2), found.length - room));
  const lines = found.slice(start, start + room).map((step): Row => {
    const chosen = step.id === aimed?.id;
    // A spinner would draw the list for nothing.
    const row = stepRow(state, step, chosen, list).map(({ text, tone }) => span(text, tone));
    return chosen ? highlighted(row, columns, 'selected') : cutRow(row, columns);
  });
  return [asked, ...lines];
};

/** The line that never scrolls away: what Enter does here. */
export const stepListEnter = (state: ConsoleState): Row => {
  const step = stepAimedAt(state);
  return step === null
    ? [span('Enter does nothing: no step is found.', 'strong')]
    : [span(`Enter shows step ${stepNumber(state.view, step.id)}; it runs nothing.`, 'strong')];
};
