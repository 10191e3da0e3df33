import type { StepView } from '../../engine/view/controller.ts';
import { tame } from '../../wording/text.ts';
import { listedSteps } from '../state/navigation.ts';
import { countInView, currentStep, shownStep, stepNumber } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';
import type { Theme } from '../theme.ts';
import { phaseTitle, statusMark } from './marks.ts';
import { proseRows } from './prose.ts';
import { cutRow, highlighted, type Row, span } from './row.ts';
import { dangerAhead, dangerRow, type StepRoom, stepRoom, stepRow } from './step-row.ts';

type Entry =
  | { readonly step: StepView }
  /** Below its step. */
  | { readonly danger: Row }
  | { readonly heading: string };

const entriesOf = (state: ConsoleState, headings: boolean, room: StepRoom): readonly Entry[] => {
  const steps = listedSteps(state);
  const entries = (step: StepView): readonly Entry[] => {
    const danger = dangerRow(state, step, room);
    return danger === null ? [{ step }] : [{ step }, { danger }];
  };
  if (!headings) return steps.flatMap(entries);
  return steps.flatMap((step, at): readonly Entry[] => {
    if (steps[at - 1]?.phase === step.phase) return entries(step);
    const same = steps.filter((other) => other.phase === step.phase);
    return [
      { heading: `${phaseTitle(step.phase)}  ${countInView(same).done}/${same.length}` },
      ...entries(step),
    ];
  });
};

/** The first entry shown, so that the selected one is in the middle where there is room. */
const windowStart = (count: number, at: number, rows: number): number =>
  Math.max(0, Math.min(at - Math.floor((rows - 1) / 2), count - rows));

/**
 * The checklist below its title, in at most `rows` lines, around the selected step.
 * The engine's step is always visible: where it is out of the window, the last line names it.
 */
export const checklistRows = (
  state: ConsoleState,
  columns: number,
  rows: number,
  theme: Theme,
): readonly Row[] => {
  const steps = listedSteps(state);
  if (steps.length === 0) {
    const none =
      state.hostFilter === null
        ? 'The list of steps is made once the servers have been inspected.'
        : 'No steps on this host.';
    return proseRows(none, columns, 'dim');
  }
  const room = stepRoom(state, columns, theme, state.hostFilter === null);
  const entries = entriesOf(state, rows >= 8, room);
  const shown = shownStep(state);
  const current = currentStep(state.view);
  const indexOf = (step: StepView | null) =>
    entries.findIndex((entry) => 'step' in entry && entry.step.id === step?.id);
  const at = Math.max(0, indexOf(shown));
  const fits = (start: number, height: number) => {
    const index = indexOf(current);
    return index >= start && index < start + height;
  };
  const pinned = current !== null && !fits(windowStart(entries.length, at, rows), rows);
  const height = pinned ? rows - 1 : rows;
  const start = windowStart(entries.length, at, height);
  const lines = entries.slice(start, start + height).map((entry): Row => {
    if ('heading' in entry) return cutRow([span(entry.heading, 'strong')], columns);
    if ('danger' in entry) return cutRow(entry.danger, columns);
    const chosen = entry.step.id === shown?.id;
    const row = stepRow(state, entry.step, chosen, room);
    const focused = chosen && state.focus === 'checklist' && !row.some((part) => part.spins);
    return focused ? highlighted(row, columns, 'selected') : row;
  });
  if (!pinned || current === null) return lines;
  const arrow = indexOf(current) >= 0 && indexOf(current) < start ? theme.glyphs.up : theme.glyphs.down;
  const place = `${stepNumber(state.view, current.id)} ${current.host}`;
  const word = dangerAhead(current);
  const danger = word === null ? [] : [span(` ${theme.glyphs.danger} ${word}`, 'bad')];
  return [
    ...lines,
    cutRow(
      [
        span(arrow, 'warn'),
        statusMark(current.status, theme),
        span(` ${place} ${tame(current.title)}`, 'warn'),
        ...danger,
      ],
      columns,
    ),
  ];
};
