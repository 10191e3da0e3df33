import { type ClusterFacts, primaryOf } from '../cluster/facts.ts';
import type { Direction } from '../runbook/runbooks.ts';
import type { RollbackVerdict } from '../runbook/verdict.ts';

/** What is true at the end of a runbook. */
export const finalWords = (
  facts: ClusterFacts,
  direction: Direction,
  steps: number,
  verdict: RollbackVerdict,
): string => {
  const primary = primaryOf(facts);
  switch (direction) {
    case 'upgrade':
      return `every node runs PostgreSQL ${primary.newVersion}`;
    case 'cleanup':
      return 'the old clusters are removed';
    case 'rollback':
      return steps > 0
        ? `every node runs PostgreSQL ${primary.oldVersion} again`
        : `no step to take back: ${verdict.says}`;
  }
};
