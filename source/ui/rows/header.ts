import type { Downtime, EngineView, RollbackVerdict } from '../../engine/controller.ts';
import { phases } from '../../runbook/step.ts';
import { ends, type Row, type Span, span, type Tone } from '../row.ts';
import { clock } from '../text.ts';
import type { Theme } from '../theme.ts';

const downtime = (state: Downtime, now: number): Span => {
  switch (state.kind) {
    case 'not-started':
      return span('writes: up', 'good');
    case 'down':
      return span(`WRITES DOWN ${clock(now - state.since)}`, 'bad');
    case 'over':
      return span(`writes: up again, were down ${clock(state.until - state.since)}`, 'good');
  }
};

const verdictWords = (verdict: RollbackVerdict): readonly [string, Tone] => {
  switch (verdict.kind) {
    case 'unknown':
      return ['not known', 'warn'];
    case 'nothing-to-undo':
      return ['nothing to undo', 'good'];
    case 'safe':
      return ['safe, nothing lost', 'good'];
    case 'safe-through':
      return [`safe, through ${verdict.node}`, 'good'];
    case 'loses-new-writes':
      return ['LOSES NEW WRITES', 'warn'];
    case 'backup-only':
      return ['FROM BACKUP ONLY', 'bad'];
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
    span(name, 'strong'),
    span(`  ${versions} (${mode})  `),
    span(phase, 'strong'),
  ];
  const [words, tone] = verdictWords(view.verdict);
  const says = view.verdict.says.trim();
  return [
    ends(left, [downtime(view.downtime, now)], columns),
    [span('Way back: '), span(words, tone), span(says === '' ? '' : `  ${says}`, 'dim')],
  ];
};
