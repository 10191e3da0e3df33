import type { ClusterFacts } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import { evidenceIn } from '../../runbook/checks/in-world.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { Step, StepId } from '../../runbook/step.ts';
import { estimate } from '../../runbook/timing/estimates.ts';
import { measurementsOf } from '../../runbook/timing/measurements.ts';

/**
 * How long each step is expected to take, in milliseconds, from what the window's checks have measured on the hosts.
 * Empty before they have, and for a way back, which was not measured.
 */
export const stepEstimates = (
  facts: ClusterFacts,
  world: Observations,
  direction: Direction,
  steps: readonly Step[],
): ReadonlyMap<StepId, number> => {
  const measurements = measurementsOf(evidenceIn(facts, world));
  const measured = [...measurements.values()].some((host) => host.rehearsalMs !== null);
  if (direction !== 'upgrade' || !measured) return new Map();
  const estimates = estimate(facts, measurements, steps);
  return new Map([...estimates.steps].map(([id, seconds]) => [id, Math.round(seconds * 1000)]));
};
