import type { ClusterFacts } from '../cluster/facts.ts';
import type { Observations } from '../cluster/observations.ts';
import { cleanupRunbook } from './cleanup.ts';
import type { Step } from './language/step.ts';
import { rehearsalRunbook } from './rehearsal.ts';
import { rollbackRunbook } from './rollback.ts';
import { upgradeRunbook } from './upgrade.ts';

export const directions = ['upgrade', 'rollback', 'cleanup', 'rehearse'] as const;
export type Direction = (typeof directions)[number];

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
    case 'rehearse':
      return rehearsalRunbook(facts, world);
  }
};
