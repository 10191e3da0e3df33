import { localDay } from '../../cluster/times.ts';
import type { Downtime, EngineView } from '../../engine/view/controller.ts';
import { deadlineState, rollBackBy, underWayMs } from '../../engine/view/deadline-view.ts';
import { downtimeExpected } from '../../engine/view/downtime.ts';
import { phases } from '../../runbook/language/step.ts';
import { clock, hoursAndMinutes, tame, timeWithZone, took, widthOf } from '../../wording/text.ts';
import { currentStep, stepNumber } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';
import type { Theme } from '../theme.ts';
import { cutRow, ends, type Row, rowWidth, type Span, span } from './row.ts';
import { verdictTone, verdictWithin } from './verdict.ts';

/** Whether the application can write, and since when not; `short` where there is no room for more. */
export const writes = (view: EngineView, now: number, short: boolean): Span => {
  const state: Downtime = view.downtime;
  switch (state.kind) {
    case 'unknown':
      return span('writes: not seen', 'dim');
    case 'not-started':
      return span('writes: up', 'good');
    case 'down': {
      if (state.since === null)
        return span(short ? 'WRITES DOWN' : 'WRITES DOWN, since when is not known here', 'bad');
      const expected = downtimeExpected(view);
      const of = expected === null ? '' : ` of ~${took(expected)}`;
      return span(`WRITES DOWN ${clock(now - state.since)}${of}`, 'bad');
    }
    case 'over':
      return span(
        short || state.since === null
          ? 'writes: up'
          : `writes: up (downtime ${took(state.until - state.since)})`,
        'good',
      );
  }
};

/** What stands in the first line; each of these is left out where the window is too narrow for it. */
interface Parts {
  readonly program: boolean;
  readonly window: boolean;
  readonly mode: boolean;
  readonly longStep: boolean;
  readonly longPhase: boolean;
  readonly longWrites: boolean;
  readonly zone: boolean;
  readonly versions: boolean;
}

const all: Parts = {
  program: true,
  window: true,
  mode: true,
  longStep: true,
  longPhase: true,
  longWrites: true,
  zone: true,
  versions: true,
};
/** In this order they go. What stays: the cluster's name, where the run is, the clock, the writes. */
const givenUp: readonly (keyof Parts)[] = [
  'program',
  'window',
  'mode',
  'longStep',
  'longWrites',
  'longPhase',
  'zone',
  'versions',
];

const phaseWords = (view: EngineView, long: boolean): string => {
  if (view.stage.kind === 'finished') return 'Finished';
  if (view.stage.kind === 'stopped') return 'Stopped';
  const at = phases.find((phase) => phase.id === view.phase);
  if (at === undefined) return 'Connecting';
  // ROLLING BACK stands before it.
  const title = at.title.replace(/^Rollback: ./, (named) => named.slice(-1).toUpperCase());
  return long ? `${at.id} ${title}` : `Phase ${at.id}`;
};

const stepWords = (view: EngineView, long: boolean): string => {
  const step = view.stage.kind === 'finished' ? null : currentStep(view);
  if (step === null) return '';
  const [number, count] = [stepNumber(view, step.id), view.steps.length];
  return long ? `step ${number} of ${count}` : `${number}/${count}`;
};

/** `window 0:12`: since this run was begun, in hours and minutes. */
const windowWords = (view: EngineView, now: number): string =>
  view.begunAt === null ? '' : `window ${hoursAndMinutes(now - view.begunAt)}`;

const firstLine = (view: EngineView, now: number, theme: Theme, parts: Parts): readonly [Row, Row] => {
  const { name, from, to, mode } = view.cluster;
  // While connecting neither version is known.
  const versions = [from, to].filter((version) => version !== '').join(` ${theme.glyphs.arrow} `);
  const change = versions === '' || !parts.versions ? '' : `  ${versions}${parts.mode ? ` (${mode})` : ''}`;
  const step = stepWords(view, parts.longStep);
  const window = windowWords(view, now);
  const left: Row = [
    ...(parts.program ? [span('pgaf-upgrade', 'dim'), span('  ')] : []),
    ...(view.banner === undefined ? [] : [span(` ${view.banner} `, 'selected'), span(' ')]),
    span(name, 'strong'),
    span(`${change}  `),
    ...(view.stage.kind === 'watching' ? [span(' READ-ONLY ', 'selected'), span('  ')] : []),
    ...(view.direction === 'rollback'
      ? [span(view.stage.kind === 'finished' ? ' ROLLED BACK ' : ' ROLLING BACK ', 'selected'), span('  ')]
      : []),
    span(phaseWords(view, parts.longPhase), 'strong'),
    ...(step === '' ? [] : [span('  '), span(step)]),
    ...(parts.window && window !== '' ? [span('  '), span(window)] : []),
  ];
  const right: Row = [span(timeWithZone(now, parts.zone)), span('  '), writes(view, now, !parts.longWrites)];
  return [left, right];
};

/** What the window's end leaves, from the whole of it to what must be there. */
const deadlineWords = (view: EngineView, now: number): readonly Row[] => {
  const { deadline, direction } = view;
  if (deadline === undefined || view.stage.kind === 'finished' || view.stage.kind === 'stopped') return [];
  const minute = (at: number): string => timeWithZone(at, false);
  const day = deadline.at - now < 86_400_000 ? '' : `${localDay(deadline.at)} `;
  const end = span(`end ${day}${minute(deadline.at)}`, 'strong');
  const between = span(', ', 'dim');
  const over = now + deadline.aheadSeconds * 1000 - underWayMs(view, now);
  // Less than a minute is nothing to reckon with, and is told only where it is too much.
  const ahead =
    over - now < 60_000 && over <= deadline.at
      ? []
      : [between, span(`~${hoursAndMinutes(over - now)} ahead`, over > deadline.at ? 'warn' : 'plain')];
  const by = rollBackBy(deadline);
  const state = deadlineState(deadline, now);
  if (state === 'over') return [[span(`WINDOW ENDED ${day}${minute(deadline.at)}`, 'bad')]];
  if (direction === 'rollback' || by === null) {
    const short = state === 'near' ? { ...end, tone: 'warn' as const } : end;
    return [[short, ...ahead], [short]];
  }
  const left = Math.max(1, Math.ceil((by - now) / 60_000));
  const back =
    state === 'rollback-late'
      ? span(`a rollback ends ~${minute(now + (deadline.rollbackSeconds ?? 0) * 1000)}`, 'bad')
      : span(
          `roll back by ${minute(by)}${state === 'near' ? ` (${left} min)` : ''}`,
          state === 'near' ? 'warn' : 'strong',
        );
  return [[end, ...ahead, between, back], [end, between, back], [back]];
};

/** Two lines that are always there: what, where in the run, what time it is, is the application down, can we still roll back. */
export const headerRowsOf = (
  view: EngineView,
  columns: number,
  now: number,
  theme: Theme,
): readonly Row[] => {
  let parts = all;
  let [left, right] = firstLine(view, now, theme, parts);
  for (const part of givenUp) {
    if (rowWidth(left) + 1 + rowWidth(right) <= columns) break;
    parts = { ...parts, [part]: false };
    [left, right] = firstLine(view, now, theme, parts);
  }
  const label = span('Rollback: ');
  const verdictIn = (room: number): Row => [
    label,
    span(verdictWithin(view.verdict, room - widthOf(label.text)), verdictTone(view.verdict)),
  ];
  const window = parts.window ? '' : windowWords(view, now);
  const ofDeadline = deadlineWords(view, now);
  const lags = (view.follows?.lag ?? []).map(
    (text): Row => [span(text, view.follows?.falls === true ? 'warn' : 'plain')],
  );
  const least = ofDeadline.at(-1) ?? lags.at(-1);
  const wordings: readonly Row[] = [
    // Both, where there is room; else when the window ends, for the monitor's pane has the lag as well.
    ...(ofDeadline.length === 0
      ? lags
      : lags.flatMap((lag) => ofDeadline.slice(0, 1).map((one) => [...lag, span(', ', 'dim'), ...one]))),
    ...ofDeadline,
    // What there is room for behind the verdict.
    ...(window === '' || least !== undefined ? [] : [[span(window)]]),
  ];
  const verdict = verdictIn(columns);
  const beside = wordings.find((row) => rowWidth(verdict) + 2 + rowWidth(row) <= columns);
  const second =
    beside !== undefined
      ? ends(verdict, beside, columns)
      : least === undefined
        ? verdict
        : // The end of the verdict gives way; that something is lost is said first then.
          ends(
            cutRow(verdictIn(columns - 2 - rowWidth(least)), columns - 2 - rowWidth(least)),
            least,
            columns,
          );
  return [ends(left, right, columns), second];
};

/** Below the header, in the banner's own colors and nobody else's place: what a demo makes happen is no message of the product. */
export const stagedRows = ({ view, staged }: ConsoleState, columns: number): readonly Row[] =>
  staged === null ? [] : [cutRow([span(` ${view.banner ?? ''}: ${tame(staged)} `, 'selected')], columns)];
