import type { StepStatus, StepView } from '../../engine/view/controller.ts';
import type { Danger, PhaseId } from '../../runbook/step.ts';
import { phases } from '../../runbook/step.ts';
import { took } from '../../wording/text.ts';
import type { Theme } from '../theme.ts';
import type { Span, Tone } from './row.ts';

const words: Readonly<Record<StepStatus['kind'], readonly [string, Tone]>> = {
  waiting: ['waiting', 'dim'],
  next: ['next', 'strong'],
  running: ['running', 'strong'],
  settling: ['settles', 'strong'],
  done: ['done', 'good'],
  failed: ['failed', 'bad'],
  skipped: ['skipped', 'warn'],
};

/** Glyph and word of a step's state: never colour alone. */
export const markOf = (status: StepStatus, theme: Theme): readonly [Span, Span] => {
  const [word, tone] = words[status.kind];
  const glyph: Span =
    status.kind === 'running' ? { text: '*', tone, spins: true } : { text: theme.glyphs[status.kind], tone };
  return [glyph, { text: word.padEnd(7), tone }];
};

/** ` ~12 s`: how long a step should take, where that is known. */
export const about = (step: StepView, before: string): string =>
  step.expectedMs === null ? '' : `${before}~${took(step.expectedMs)}`;

/** What stands at the right of a step: how long it took, or what it will do. */
export const tailOf = (step: StepView): string => {
  if (step.status.kind === 'done') {
    if (step.status.by === 'found') return 'was done';
    if (step.status.by === 'hand') return 'by hand';
    return step.status.tookMs === null ? '' : `${took(step.status.tookMs)}${about(step, ' of ')}`;
  }
  return step.status.kind === 'skipped' ? '' : `${dangerWord(step.danger)}${about(step, ' ')}`;
};

export const dangerWord = (danger: Danger): string =>
  danger === 'point-of-no-return' ? 'NO RETURN' : danger;

export const phaseTitle = (id: PhaseId): string => {
  const phase = phases.find((other) => other.id === id);
  return phase === undefined ? id : `${phase.id} ${phase.title}: ${phase.says}`;
};
