import { createHash } from 'node:crypto';
import type { ClusterFacts } from '../cluster/facts.ts';

/** Eight hex digits that stay the same while what the runbook is built on does: positions and clocks left out, and what is accepted. */
export const factsId = (facts: ClusterFacts): string => {
  const { readAt: _readAt, accept: _accept, before, ...stable } = facts;
  const rows = before.map(({ lsn: _lsn, reportAge: _age, health: _health, ...row }) => row);
  return createHash('sha256')
    .update(JSON.stringify([stable, rows]))
    .digest('hex')
    .slice(0, 8);
};
