import type { EngineView, StepView } from '../../engine/view/controller.ts';
import { bytes, clock, took } from '../../wording/text.ts';
import { stepNumber } from '../state/selectors.ts';
import type { Face } from '../state/state.ts';
import { about, phaseTitle } from './marks.ts';
import type { VisibleOutput } from './output.ts';
import { type Row, type Span, span } from './row.ts';

/** Beside the third pane's name: which step, where, in which phase. */
export const stepPlace = (view: EngineView, step: StepView): Row => [
  span(`${stepNumber(view, step.id)}/${view.steps.length} `, 'strong'),
  span(`on ${step.host}`, 'strong'),
  span(`, phase ${phaseTitle(step.phase).split(':')[0] ?? ''}`, 'dim'),
];

const progress = (step: StepView, now: number): Span | null => {
  const { status } = step;
  if (status.kind === 'running') {
    const going = `${status.ending ? 'terminating' : 'running'} ${clock(now - status.since)}${about(step, ' of ')}`;
    return status.quiet === undefined
      ? span(going, 'strong')
      : span(`${going}, no output for ${clock(now - status.quiet.since)}`, 'warn');
  }
  if (status.kind === 'settling') return span(`verifying ${clock(now - status.since)}`, 'strong');
  if (status.kind === 'done' && status.tookMs !== null)
    return span(`done in ${took(status.tookMs)}${about(step, ', expected ')}`, 'dim');
  return null;
};

/** At the right end of the third pane's title: how the step goes, and what of its text is visible. */
export const stepStanding = (
  step: StepView,
  face: Face,
  now: number,
  visible: VisibleOutput | null,
  size: { readonly lines: number; readonly bytes: number },
): Row => {
  const going = progress(step, now);
  const parts: Span[] = going === null ? [] : [going];
  if (face === 'output' && visible !== null && size.lines > 0) {
    const lines = `${size.lines} ${size.lines === 1 ? 'line' : 'lines'}`;
    const runs = step.status.kind === 'running' || step.status.kind === 'settling';
    const where = visible.atEnd
      ? `${lines}, ${runs ? 'following' : bytes(size.bytes)}`
      : `lines ${visible.first + 1}-${visible.end} of ${size.lines}`;
    parts.push(span(parts.length > 0 ? `, ${where}` : where, 'dim'));
  }
  return parts;
};
