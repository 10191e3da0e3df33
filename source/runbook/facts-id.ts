import { createHash } from 'node:crypto';
import type { ClusterFacts } from '../cluster/facts.ts';

/** Eight hex digits that stay the same while what the runbook is built on does: positions and clocks left out, and what the cluster file may say otherwise at any time. */
export const factsId = (facts: ClusterFacts): string => {
  const {
    readAt: _readAt,
    accept: _accept,
    root: _root,
    formations: _formations,
    others,
    before,
    ...stable
  } = facts;
  const rows = before.map(({ lsn: _lsn, reportAge: _age, health: _health, ...row }) => row);
  return createHash('sha256')
    .update(JSON.stringify([stable, rows, ...(others.length > 0 ? [others] : [])]))
    .digest('hex')
    .slice(0, 8);
};
