import type { Downtime, EngineView } from '../../engine/view/controller.ts';
import { phases } from '../../runbook/step.ts';
import { clock, tame } from '../../wording/text.ts';
import type { ConsoleState } from '../state/state.ts';
import type { Theme } from '../theme.ts';
import { cutRow, ends, type Row, type Span, span } from './row.ts';
import { verdictTone, verdictWords } from './verdict.ts';

const downtime = (state: Downtime, now: number): Span => {
  switch (state.kind) {
    case 'unknown':
      return span('writes: not seen', 'dim');
    case 'not-started':
      return span('writes: up', 'good');
    case 'down':
      return span(
        state.since === null
          ? 'WRITES DOWN, since when is not known here'
          : `WRITES DOWN ${clock(now - state.since)}`,
        'bad',
      );
    case 'over':
      if (state.since === null) return span('writes: up again', 'good');
      return span(`writes: up again, were down ${clock(state.until - state.since)}`, 'good');
  }
};

const phaseWords = (view: EngineView): string => {
  if (view.stage.kind === 'finished') return 'Finished';
  if (view.stage.kind === 'stopped') return 'Stopped';
  const at = phases.find((phase) => phase.id === view.phase);
  return at === undefined ? 'Connecting' : `Phase ${at.id} ${'·'} ${at.title}`;
};

/** Two lines that are always there: what, where in the run, is the application down, can we still go back. */
export const headerRowsOf = (
  view: EngineView,
  columns: number,
  now: number,
  theme: Theme,
): readonly Row[] => {
  const { name, from, to, mode } = view.cluster;
  const versions = from === '' ? `${theme.glyphs.arrow} ${to}` : `${from} ${theme.glyphs.arrow} ${to}`;
  const phase = phaseWords(view).replace('·', theme.glyphs.dot);
  const left: Row = [
    span('pgaf-upgrade', 'dim'),
    span('  '),
    ...(view.banner === undefined ? [] : [span(` ${view.banner} `, 'selected'), span(' ')]),
    span(name, 'strong'),
    span(`  ${versions} (${mode})  `),
    ...(view.stage.kind === 'watching' ? [span(' READ-ONLY ', 'selected'), span('  ')] : []),
    ...(view.direction === 'rollback' ? [span(' GOING BACK ', 'selected'), span('  ')] : []),
    span(phase, 'strong'),
  ];
  return [
    ends(left, [downtime(view.downtime, now)], columns),
    [span('Way back: '), span(verdictWords(view.verdict), verdictTone(view.verdict))],
  ];
};

/** Below the header, in the banner's own colours and nobody else's place: what a demo makes happen is no message of the product. */
export const stagedRows = ({ view, staged }: ConsoleState, columns: number): readonly Row[] =>
  staged === null ? [] : [cutRow([span(` ${view.banner ?? ''}: ${tame(staged)} `, 'selected')], columns)];
