import type { StepView } from '../../engine/view/controller.ts';
import { padLeft, padRight, tame, widthOf } from '../../wording/text.ts';
import { listedSteps } from '../state/navigation.ts';
import { currentStep, numberOf, shownStep } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';
import type { Theme } from '../theme.ts';
import { markOf, phaseTitle, tailOf } from './marks.ts';
import { inShort } from './progress.ts';
import { cutRow, ends, highlighted, type Row, type Span, span } from './row.ts';

interface Look {
  readonly columns: number;
  readonly theme: Theme;
  readonly hostWidth: number;
  readonly numberWidth: number;
}

const stepRow = (state: ConsoleState, step: StepView, selected: boolean, look: Look): Row => {
  const { columns, theme, hostWidth, numberWidth } = look;
  const [glyph, word] = markOf(step.status, theme);
  const waits = step.status.kind === 'waiting';
  const danger = step.danger === 'point-of-no-return' && step.status.kind !== 'done';
  const left: Span[] = [
    span(selected ? `${theme.glyphs.cursor}` : ' ', 'strong'),
    glyph,
    span(' '),
    word,
    span(` ${padLeft(String(numberOf(state.view, step.id)), numberWidth)} `, 'dim'),
  ];
  if (hostWidth > 0) left.push(span(`${padRight(step.host, hostWidth)} `, waits ? 'dim' : 'plain'));
  if (danger) left.push(span(`${theme.glyphs.danger} `, 'bad'));
  left.push(span(tame(step.title), waits ? 'plain' : step.status.kind === 'done' ? 'dim' : 'strong'));
  const progressing =
    step.status.kind === 'running' || step.status.kind === 'settling'
      ? inShort(state.view.progress[step.id])
      : '';
  const wordy = columns >= 66 || step.status.kind === 'done';
  const tail = span(wordy || progressing !== '' ? progressing || tailOf(step) : '', danger ? 'bad' : 'dim');
  const row = ends(left, [tail], columns);
  const focused = selected && state.focus === 'checklist' && !row.some((part) => part.spins);
  return focused ? highlighted(row, columns, 'selected') : row;
};

type Entry = { readonly step: StepView } | { readonly heading: string };

const entriesOf = (state: ConsoleState, headings: boolean): readonly Entry[] => {
  const steps = listedSteps(state);
  if (!headings) return steps.map((step) => ({ step }));
  return steps.flatMap((step, at): readonly Entry[] => {
    if (steps[at - 1]?.phase === step.phase) return [{ step }];
    const same = steps.filter((other) => other.phase === step.phase);
    const done = same.filter(
      (other) => other.status.kind === 'done' || other.status.kind === 'skipped',
    ).length;
    return [{ heading: `${phaseTitle(step.phase)}  ${done}/${same.length}` }, { step }];
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
        ? 'The checklist is made once the servers have been looked at.'
        : 'No steps on this host.';
    return [[span(none, 'dim')]];
  }
  const entries = entriesOf(state, rows >= 8);
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
  const look: Look = {
    columns,
    theme,
    hostWidth:
      state.hostFilter === null
        ? Math.min(12, Math.max(4, ...state.view.hosts.map((host) => widthOf(host.alias))))
        : 0,
    numberWidth: String(state.view.steps.length).length,
  };
  const lines = entries
    .slice(start, start + height)
    .map(
      (entry): Row =>
        'heading' in entry
          ? cutRow([span(entry.heading, 'strong')], columns)
          : stepRow(state, entry.step, entry.step.id === shown?.id, look),
    );
  if (!pinned || current === null) return lines;
  const [glyph, word] = markOf(current.status, theme);
  const arrow = indexOf(current) >= 0 && indexOf(current) < start ? theme.glyphs.up : theme.glyphs.down;
  const place = `${numberOf(state.view, current.id)} ${current.host}`;
  return [
    ...lines,
    cutRow(
      [span(`${arrow}`, 'warn'), glyph, span(' '), word, span(` ${place} ${tame(current.title)}`, 'warn')],
      columns,
    ),
  ];
};
