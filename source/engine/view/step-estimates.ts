import type { ClusterFacts } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import { evidenceIn } from '../../runbook/checks/in-world.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { Step, StepId } from '../../runbook/step.ts';
import { estimate } from '../../runbook/timing/estimates.ts';
import { measurementsOf } from '../../runbook/timing/measurements.ts';

/** In milliseconds, by what was measured on the hosts. */
export interface Expected {
  readonly steps: ReadonlyMap<StepId, number>;
  /** From the stop of the writes until applications write again; null: not known. */
  readonly downtime: number | null;
}

/**
 * How long each step is expected to take, and the downtime, from what the window's checks have measured on the hosts.
 * Empty before they have, and for a rollback, which was not measured.
 */
export const stepEstimates = (
  facts: ClusterFacts,
  world: Observations,
  direction: Direction,
  steps: readonly Step[],
): Expected => {
  const measurements = measurementsOf(evidenceIn(facts, world));
  const measured = [...measurements.values()].some((host) => host.rehearsalMs !== null);
  if (direction !== 'upgrade' || !measured) return { steps: new Map(), downtime: null };
  const estimates = estimate(facts, measurements, steps);
  return {
    steps: new Map([...estimates.steps].map(([id, seconds]) => [id, Math.round(seconds * 1000)])),
    downtime: estimates.downtimeSeconds === 0 ? null : Math.round(estimates.downtimeSeconds * 1000),
  };
};
