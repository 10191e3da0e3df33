import type { ClusterFacts } from '../../cluster/facts.ts';
import { groupsOf, worldOf } from '../../cluster/formation.ts';
import { monitorIn, type Observations } from '../../cluster/observations.ts';
import type { Step } from '../language/step.ts';
import { suspensionIsPast } from '../language/window.ts';
import type { Direction } from '../runbooks.ts';

/** The step that starts the monitor again, and its number in the runbook, counted from 1. */
export interface MonitorAbsence {
  readonly step: Step;
  readonly number: number;
}

/**
 * Whether nobody is to expect the monitor's database now: the runbook has stopped it and not started it again. Told from
 * the servers, so that a console that was started meanwhile knows it too: on the way forward the fence must stand, because
 * a monitor that went down by itself before looks stopped as well. `passed` says what the caller itself knows of a step's
 * end; it counts while the monitor's host cannot be seen. Null: it should be up, or it answers.
 */
export const monitorAbsence = (
  facts: ClusterFacts,
  world: Observations,
  steps: readonly Step[],
  direction: Direction,
  passed: (step: Step) => boolean = () => false,
): MonitorAbsence | null => {
  const stop = steps.find((step) => step.milestone === 'monitor-stops');
  const start = steps.find((step) => step.milestone === 'monitor-starts');
  if (monitorIn(world) !== null || stop === undefined || start === undefined) return null;
  const over = (step: Step): boolean => passed(step) || step.probe(world).state === 'done';
  const suspended = (): boolean =>
    groupsOf(facts).every((group) => suspensionIsPast(group, worldOf(facts, group, world)));
  const planned = passed(stop) || direction !== 'upgrade' || suspended();
  return planned && over(stop) && !over(start) ? { step: start, number: steps.indexOf(start) + 1 } : null;
};
