import type { StepView } from '../../engine/view/controller.ts';
import { padLeft, padRight, tame, took, widthOf } from '../../wording/text.ts';
import { stepNumber } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';
import type { Theme } from '../theme.ts';
import { dangerWord, statusMark } from './marks.ts';
import { inShort } from './progress.ts';
import { ends, type Row, rowWidth, type Span, span } from './row.ts';

/** How much room a list of steps has, and what stands in it besides the titles. */
export interface StepRoom {
  readonly columns: number;
  readonly theme: Theme;
  /** 0 where all steps are of one host. */
  readonly hostWidth: number;
  readonly numberWidth: number;
}

/** The widths of a list of this run's steps. */
export const stepRoom = (state: ConsoleState, columns: number, theme: Theme, hosts: boolean): StepRoom => ({
  columns,
  theme,
  hostWidth: hosts ? Math.min(12, Math.max(4, ...state.view.hosts.map(({ alias }) => widthOf(alias)))) : 0,
  numberWidth: String(state.view.steps.length).length,
});

/** From here on a step took so much longer or shorter than expected that somebody will ask. */
const farOff = { times: 2, ms: 5_000 };

const isFarOff = (tookMs: number, expectedMs: number): boolean =>
  Math.abs(tookMs - expectedMs) > farOff.ms &&
  (tookMs > expectedMs * farOff.times || expectedMs > tookMs * farOff.times);

const expected = ({ expectedMs }: StepView): string => (expectedMs === null ? '' : `~${took(expectedMs)}`);

/** What stands at the right of a step, where there is room: how long it took, should take, or how it stands; `short`: without what was expected. */
export const tailOf = (step: StepView, short = false): string => {
  const { status } = step;
  switch (status.kind) {
    case 'done':
      if (status.by === 'found') return 'already done';
      if (status.by === 'hand') return 'by hand';
      if (status.tookMs === null) return '';
      return !short && step.expectedMs !== null && isFarOff(status.tookMs, step.expectedMs)
        ? `${took(status.tookMs)}, expected ${expected(step)}`
        : took(status.tookMs);
    case 'running':
      return 'running';
    case 'settling':
      return 'verifying';
    case 'failed':
    case 'skipped':
      return status.kind;
    default:
      return expected(step);
  }
};

const isPast = ({ status }: StepView): boolean => status.kind === 'done' || status.kind === 'skipped';

/** The danger that is ahead in this step, in a word; null: none, it is past, or the servers show the step as done. */
export const dangerAhead = (step: StepView): string | null =>
  isPast(step) || step.shownDone ? null : dangerWord(step);

/** Everything of a step before what may be left out: mark, number, host, danger, title. */
const head = (state: ConsoleState, step: StepView, chosen: boolean, room: StepRoom): Row => {
  const { theme, hostWidth, numberWidth } = room;
  const waits = step.status.kind === 'waiting';
  const dangerous = dangerAhead(step) !== null;
  const parts: Span[] = [
    span(chosen ? theme.glyphs.cursor : ' ', 'strong'),
    statusMark(step.status, theme),
    span(` ${padLeft(String(stepNumber(state.view, step.id)), numberWidth)} `, 'dim'),
  ];
  if (hostWidth > 0) parts.push(span(`${padRight(step.host, hostWidth)} `, waits ? 'dim' : 'plain'));
  parts.push(span(dangerous ? padRight(theme.glyphs.danger, 2) : '  ', 'bad'));
  const tone = dangerous ? 'bad' : waits ? 'plain' : isPast(step) ? 'dim' : 'strong';
  parts.push(span(tame(step.title), tone));
  return parts;
};

/** Where the danger's word stands: behind the title where it fits there whole, else in a line of its own. */
const wordFits = (title: Row, word: string, columns: number): boolean =>
  rowWidth(title) + 2 + widthOf(word) <= columns;

const tailFits = (left: Row, tail: string, columns: number): boolean =>
  rowWidth(left) + 1 + widthOf(tail) <= columns;

/** Whether a step ahead would be over behind the end of the window. */
const isLate = ({ view }: ConsoleState, step: StepView): boolean =>
  !isPast(step) && view.deadline?.late.has(step.id) === true;

/**
 * A step in a list. What gives way first where room is short is the time; a danger's word never does: where it does not fit behind
 * the title it stands below, see {@link dangerRow}.
 */
export const stepRow = (state: ConsoleState, step: StepView, chosen: boolean, room: StepRoom): Row => {
  const { columns } = room;
  const start = head(state, step, chosen, room);
  const word = dangerAhead(step);
  const left: Row =
    word !== null && wordFits(start, word, columns)
      ? [...start, span(': ', 'bad'), span(word, 'bad')]
      : start;
  const running = step.status.kind === 'running' || step.status.kind === 'settling';
  const progress = running ? inShort(state.view.progress[step.id]) : '';
  const late = isLate(state, step);
  const told = late ? `${tailOf(step)} late`.trimStart() : tailOf(step);
  const whole = progress === '' ? told : progress;
  const tail =
    progress === '' && !tailFits(left, whole, columns) ? (late ? 'late' : tailOf(step, true)) : whole;
  const fits = tailFits(left, tail, columns);
  // How far it is, and that it has failed, are worth more than the end of a long title.
  const matters = progress !== '' || late || ['settling', 'failed', 'skipped'].includes(step.status.kind);
  const tone = step.status.kind === 'failed' ? 'bad' : late ? 'warn' : 'dim';
  return ends(left, tail !== '' && (fits || matters) ? [span(tail, tone)] : [], columns);
};

/** The danger's word in a line of its own, below its step; null where it stands behind the title, or there is none. */
export const dangerRow = (state: ConsoleState, step: StepView, room: StepRoom): Row | null => {
  const word = dangerAhead(step);
  const title = head(state, step, false, room);
  if (word === null || wordFits(title, word, room.columns)) return null;
  const indent = 4 + room.numberWidth + (room.hostWidth > 0 ? room.hostWidth + 1 : 0) + 2;
  // Where the title leaves no room for the time it stands here.
  const time = tailFits(title, expected(step), room.columns) ? '' : expected(step);
  return [
    span(' '.repeat(Math.min(indent, Math.max(0, room.columns - widthOf(word))))),
    span(word, 'bad'),
    ...(time === '' ? [] : [span(` ${time}`, 'dim')]),
  ];
};
