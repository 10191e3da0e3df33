import type { ClusterFacts } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import { evidenceIn } from '../../runbook/checks/in-world.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import { type DryRun, type KeptDryRun, type TimingBasis, timingBasis } from '../../runbook/timing/dry-run.ts';
import { estimate, toldSeconds } from '../../runbook/timing/estimates.ts';

/** What a run's durations rest on now: what its checks have left on the hosts, else what `check` has left here. */
export const basisIn = (facts: ClusterFacts, world: Observations, kept: KeptDryRun | null): TimingBasis =>
  timingBasis(facts, evidenceIn(facts, world), kept);

export interface Expected {
  /** How long each step should take, in milliseconds; empty before anything was measured. */
  readonly steps: ReadonlyMap<StepId, number>;
  /** Of steps that pause the writes for a part of their time: that part, likewise. */
  readonly pauses: ReadonlyMap<StepId, number>;
  /** From the stop of the writes until applications write again, in milliseconds; null: not known. */
  readonly downtime: number | null;
  /** Whose dry run they rest on; null: none was held on every host that pg_upgrade runs on. */
  readonly dryRun: DryRun | null;
}

const nothing: Expected = { steps: new Map(), pauses: new Map(), downtime: null, dryRun: null };

const milliseconds = (seconds: ReadonlyMap<StepId, number>): ReadonlyMap<StepId, number> =>
  new Map([...seconds].map(([id, one]) => [id, Math.round(one * 1000)]));

/** What is expected of the steps, as plan and check have it; nothing of a rollback, which was not measured. */
export const stepEstimates = (
  facts: ClusterFacts,
  world: Observations,
  direction: Direction,
  steps: readonly Step[],
  kept: KeptDryRun | null,
): Expected => {
  if (direction !== 'upgrade') return nothing;
  const basis = basisIn(facts, world, kept);
  const measured = [...basis.measurements.values()].some(
    (host) => host.rehearsalMs !== null || host.rehearsed !== undefined,
  );
  if (!measured) return nothing;
  const estimates = estimate(facts, basis.measurements, steps);
  return {
    steps: milliseconds(estimates.steps),
    pauses: milliseconds(estimates.pauses),
    downtime:
      basis.dryRun === null || estimates.downtimeSeconds === 0
        ? null
        : Math.round(toldSeconds(estimates) * 1000),
    dryRun: basis.dryRun,
  };
};
