import { type Status, upgradeStatus } from '../../source/usecases/status/status.ts';
import { labCluster } from '../runbook/clusters.ts';
import { type Moment, worldAt } from '../runbook/worlds.ts';

/** What `status` knows of the lab's cluster at a moment, with nobody at work. */
export const statusAt = (moment: Moment, more: Partial<Status> = {}): Status => ({
  from: '15.20',
  to: '17.12',
  nodes: [],
  hosts: [],
  upgrade: upgradeStatus(labCluster(), worldAt(moment)),
  rollbackRun: null,
  cleanupRun: null,
  rollback: null,
  writes: { kind: 'up', node: 'node_1' },
  downtime: null,
  pauses: [],
  expectedDowntime: null,
  ticket: null,
  windowEnd: null,
  seenAt: '2026-11-27T15:00:00.000Z',
  toDo: [],
  lock: null,
  monitorStoppedUntil: null,
  problem: null,
  journal: [],
  rehearsalsLeft: [],
  ...more,
});
