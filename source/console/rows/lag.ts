import type { MonitorNode } from '../../cluster/monitor-state.ts';
import { lsnDistance, parseLsn } from '../../cluster/parse/lsn.ts';
import { isWritable } from '../../cluster/states.ts';

/** Before its first report a node's position is 0/0 on the monitor. */
const isReported = ({ lsn }: MonitorNode): boolean => parseLsn(lsn) !== 0n;

/** How far each node is behind the one that takes writes, in bytes; null where that cannot be told. */
export const lagOf = (node: MonitorNode, nodes: readonly MonitorNode[]): bigint | null => {
  const head = nodes.find((other) => other.group === node.group && isWritable(other.reported));
  if (head === undefined || head.id === node.id || head.timeline !== node.timeline) return null;
  if (!isReported(head) || !isReported(node)) return null;
  const distance = lsnDistance(head.lsn, node.lsn);
  // A standby may have reported after the primary did: that is no lag.
  return distance === null || distance > 0n ? distance : 0n;
};
