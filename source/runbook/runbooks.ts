import type { ClusterFacts } from '../cluster/facts.ts';
import type { Observations } from '../cluster/observations.ts';
import { cleanupRunbook } from './cleanup.ts';
import type { Step } from './language/step.ts';
import { callOffRunbook, prepareRunbook } from './online.ts';
import { rehearsalRunbook } from './rehearsal.ts';
import { rollbackRunbook } from './rollback.ts';
import { upgradeRunbook } from './upgrade.ts';

/** `prepare` and `call-off`: of the online method, days before the window. */
export const directions = ['upgrade', 'rollback', 'cleanup', 'rehearse', 'prepare', 'call-off'] as const;
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
    case 'prepare':
      return prepareRunbook(facts, world);
    case 'call-off':
      return callOffRunbook(facts, world);
  }
};
