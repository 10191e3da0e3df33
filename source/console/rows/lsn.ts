import type { MonitorNode } from '../../cluster/monitor-state.ts';
import { isWritable } from '../../cluster/states.ts';

const pattern = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i;

/** The bytes before a WAL position; null if the text is none, or nothing was reported yet (0/0). */
export const lsnBytes = (lsn: string): bigint | null => {
  const [, high, low] = pattern.exec(lsn) ?? [];
  if (high === undefined || low === undefined) return null;
  const value = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
  return value === 0n ? null : value;
};

/** How far each node is behind the one that takes writes, in bytes; null where that cannot be told. */
export const lagOf = (node: MonitorNode, nodes: readonly MonitorNode[]): bigint | null => {
  const head = nodes.find((other) => other.group === node.group && isWritable(other.reported));
  if (head === undefined || head.id === node.id || head.timeline !== node.timeline) return null;
  const [ahead, behind] = [lsnBytes(head.lsn), lsnBytes(node.lsn)];
  if (ahead === null || behind === null) return null;
  // A standby may have reported after the primary did: that is no lag.
  return ahead > behind ? ahead - behind : 0n;
};
