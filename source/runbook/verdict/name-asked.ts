import type { Observations } from '../../cluster/observations.ts';
import { dangerNow, type Step } from '../language/step.ts';
import type { Direction } from '../runbooks.ts';

/**
 * Why the host's name is typed before a step runs. `downtime`: the application’s writes stop with it; `irreversible`: it cannot be undone;
 * `downtime-irreversible`: both, as a rollback stops the server whose writes it gives up; `opening`: applications write again, and from
 * there a rollback loses what they write; `pause`: the application waits in the middle of it, and writes on at its end.
 */
export type NameAsked = 'downtime' | 'irreversible' | 'downtime-irreversible' | 'opening' | 'pause';

/** Whether the host's name must be typed for a step now, and why; null: a key is enough. Nothing else is typed. */
export const nameAskedFor = (step: Step, world: Observations, direction: Direction): NameAsked | null => {
  if (dangerNow(step, world) === 'point-of-no-return')
    return step.writes === 'stop' ? 'downtime-irreversible' : 'irreversible';
  if (step.writes === 'stop') return 'downtime';
  if (step.writes === 'pause' && !step.optional) return 'pause';
  // The rollback opens the old version: nothing is lost behind that which was not given up before.
  return step.writes === 'resume' && direction === 'upgrade' ? 'opening' : null;
};
