import { type ClusterFacts, hostsOf, primaryOf } from '../cluster/facts.ts';
import { hostIn, type World } from '../cluster/world.ts';
import type { Direction } from '../runbook/runbooks.ts';
import type { RollbackVerdict } from '../runbook/verdict.ts';

/** Directories that a way back has left aside, host by host; '' where there are none. */
const keptAside = (facts: ClusterFacts, world: World): string => {
  const kept = hostsOf(facts).flatMap((host) =>
    (hostIn(world, host.alias)?.abandoned ?? []).map((path) => `${host.alias}:${path}`),
  );
  return kept.length === 0 ? '' : `; kept aside, until pgaf-upgrade cleanup: ${kept.join(', ')}`;
};

/** What is true at the end of a runbook. */
export const finalWords = (
  facts: ClusterFacts,
  direction: Direction,
  steps: number,
  verdict: RollbackVerdict,
  world: World,
  /** A step was run, or done by hand, and not all of them found done. */
  ran: boolean,
): string => {
  const primary = primaryOf(facts);
  switch (direction) {
    case 'upgrade':
      return `${ran ? '' : 'nothing to do: '}every node runs PostgreSQL ${primary.newVersion}`;
    case 'cleanup':
      return 'the old clusters are removed';
    case 'rollback':
      return steps > 0
        ? `every node runs PostgreSQL ${primary.oldVersion} again${keptAside(facts, world)}`
        : `no step to take back: ${verdict.says}`;
  }
};
