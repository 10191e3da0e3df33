import { type PauseMoments, pauseMomentsIn } from '../../cluster/parse/pause-moments.ts';
import type { JobOutcome } from '../../remote/host.ts';
import type { Step } from '../../runbook/language/step.ts';
import { tellsItsPause } from '../journal/downtimes.ts';
import type { StepOutput } from '../output/step-output.ts';

/** So many of a command's last lines are searched: behind its stop it prints a line a database. */
const searched = 500;

/**
 * When a command has stopped the writes, and when they went on, by its own lines. `firstLine`: its first in the step's output; null: it was begun before this console came, and
 * there may be other tries' lines in front of its own.
 */
export const pauseTold = (
  { id }: Pick<Step, 'id'>,
  outcome: JobOutcome,
  output: Pick<StepOutput, 'endLine' | 'last'>,
  firstLine: number | null,
): { readonly pause?: PauseMoments } => {
  if (outcome.kind !== 'exited' || !tellsItsPause(id)) return {};
  // it may have failed before its stop, and the lines be an earlier try's
  if (firstLine === null && outcome.code !== 0) return {};
  return {
    pause: pauseMomentsIn(
      output.last(firstLine === null ? searched : Math.min(searched, output.endLine - firstLine)),
    ),
  };
};
