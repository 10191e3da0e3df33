import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { hostsOf } from '../../source/cluster/facts.ts';
import type { KeptCheck } from '../../source/engine/journal/kept-check.ts';
import { makePlan } from '../../source/reports/plan/make.ts';
import type { Plan } from '../../source/reports/plan/shape.ts';
import { evidenceIn } from '../../source/runbook/checks/in-world.ts';
import { labCluster } from '../runbook/clusters.ts';
import { type Moment, worldAt } from '../runbook/worlds.ts';

// Papers have the local time of whoever makes them: the snapshots are made in UTC.
process.env.TZ = 'UTC';

/** The plan as it is made from the servers at a moment. */
export const planAt = (
  moment: Moment = 'running',
  facts: ClusterFacts = labCluster(),
  check: KeptCheck | null = null,
): Plan => {
  const world = worldAt(moment, facts);
  return makePlan({
    facts,
    fromRecord: moment !== 'running',
    world,
    evidence: evidenceIn(facts, world),
    check,
    dryRun: check?.dryRun ?? null,
    addresses: new Map(hostsOf(facts).map((host, index) => [host.alias, `10.0.0.${10 + index}`])),
    madeAt: '2026-11-23T01:48:00.000Z',
  });
};
