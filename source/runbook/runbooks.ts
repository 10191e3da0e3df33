import type { ClusterFacts } from '../cluster/facts.ts';
import type { Observations } from '../cluster/observations.ts';
import { cleanupRunbook } from './cleanup.ts';
import type { Step } from './language/step.ts';
import { rollbackRunbook } from './rollback.ts';
import { upgradeRunbook } from './upgrade.ts';

export type Direction = 'upgrade' | 'rollback' | 'cleanup';

/** The runbook for a direction; the rollback is made from where the cluster stands. */
export const runbookFor = (
  facts: ClusterFacts,
  world: Observations,
  direction: Direction,
): readonly Step[] => {
  switch (direction) {
    case 'upgrade':
      return upgradeRunbook(facts, world);
    case 'rollback':
      return rollbackRunbook(facts, world).steps;
    case 'cleanup':
      return cleanupRunbook(facts, world);
  }
};
