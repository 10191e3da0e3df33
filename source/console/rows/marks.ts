import type { StepStatus, StepView } from '../../engine/view/controller.ts';
import type { PhaseId } from '../../runbook/language/step.ts';
import { phases } from '../../runbook/language/step.ts';
import { nameAskedWords } from '../../wording/danger.ts';
import { took } from '../../wording/text.ts';
import type { Theme } from '../theme.ts';
import type { Span, Tone } from './row.ts';

const tones: Readonly<Record<StepStatus['kind'], Tone>> = {
  waiting: 'dim',
  next: 'strong',
  running: 'strong',
  settling: 'strong',
  done: 'good',
  failed: 'bad',
  skipped: 'warn',
};

/** The sign of a step's state: each has a form of its own, never a color alone. The help says what they mean. */
export const statusMark = (status: StepStatus, theme: Theme): Span => {
  const tone = tones[status.kind];
  return status.kind === 'running'
    ? { text: '*', tone, spins: true }
    : { text: theme.glyphs[status.kind], tone };
};

/** ` ~12 s`: how long a step should take, where that is known. */
export const about = (step: StepView, before: string): string =>
  step.expectedMs === null ? '' : `${before}~${took(step.expectedMs)}`;

/** What is dangerous about a step, in words that are found nowhere else on the screen; null: nothing. */
export const dangerWord = (step: StepView): string | null =>
  step.asksName === null ? null : nameAskedWords[step.asksName];

export const phaseTitle = (id: PhaseId): string => {
  const phase = phases.find((other) => other.id === id);
  return phase === undefined ? id : `${phase.id} ${phase.title}: ${phase.says}`;
};
