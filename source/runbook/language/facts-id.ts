import { createHash } from 'node:crypto';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { type Label, plainName } from '../../cluster/words.ts';

/** Keys in one order: facts that were read back from the record have the schema's, those just discovered another. */
const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const idsKnown = new WeakMap<ClusterFacts, Label>();

/** Eight hex digits that stay the same while what the runbook is built on does: positions and clocks left out, and what the cluster file may say otherwise at any time. */
export const factsId = (facts: ClusterFacts): Label => {
  const known = idsKnown.get(facts);
  if (known !== undefined) return known;
  const {
    readAt: _readAt,
    accept: _accept,
    root: _root,
    formations: _formations,
    custom: _custom,
    outside: _outside,
    others,
    before,
    method,
    largeObjects: _largeObjects,
    copyFrom: _copyFrom,
    copyRate: _copyRate,
    keepWal: _keepWal,
    ...stable
  } = facts;
  const rows = before.map(({ lsn: _lsn, reportAge: _age, health: _health, ...row }) => row);
  const id = plainName(
    createHash('sha256')
      .update(
        JSON.stringify(
          [stable, rows, ...(others.length > 0 ? [others] : []), ...(method === 'online' ? [method] : [])],
          inOrder,
        ),
      )
      .digest('hex')
      .slice(0, 8),
  );
  idsKnown.set(facts, id);
  return id;
};
