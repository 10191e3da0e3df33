import type { MonitorEvent, MonitorNode, MonitorState } from '../../source/cluster/monitor-state.ts';
import type { NodeState } from '../../source/cluster/states.ts';
import type { RollbackVerdict } from '../../source/engine/view/controller.ts';
import { word } from '../runbook/word.ts';
import type { FakeStep } from './fake-steps.ts';

/** The cluster before the window. */
export const healthyNodes: readonly MonitorNode[] = ['node_1', 'node_2', 'node_3'].map((name, at) => ({
  id: at + 1,
  name: word(name),
  host: word(`10.0.0.${11 + at}`),
  port: 5432,
  group: 0,
  systemIdentifier: word('7312345678901234567'),
  reported: at === 0 ? ('primary' as const) : ('secondary' as const),
  assigned: at === 0 ? ('primary' as const) : ('secondary' as const),
  health: 1,
  priority: 50,
  quorum: true,
  timeline: 3,
  lsn: word(at === 2 ? '0/59FFC000' : '0/5A000060'),
  reportAge: 0.4,
}));

/** The monitor's answer with these nodes. */
export const monitorState = (
  nodes: readonly MonitorNode[],
  events: readonly MonitorEvent[] = [],
): MonitorState => ({
  formation: word('default'),
  numberSyncStandbys: 1,
  serverVersion: word('15.20'),
  extensionVersion: word('2.0'),
  defaultExtensionVersion: word('2.0'),
  listening: true,
  nodes: [...nodes],
  others: [],
  events: [...events],
});

/** What a step makes of its node on the monitor: first assigned, then reported. */
export const stateAfter = (step: FakeStep): { readonly node: string; readonly state: NodeState } | null => {
  if (step.title === 'Enter maintenance') return { node: step.host, state: 'maintenance' };
  if (step.title.startsWith('Start the primary')) return { node: step.host, state: 'wait_primary' };
  if (step.title.startsWith('Leave maintenance')) return { node: step.host, state: 'secondary' };
  if (step.title.startsWith('Ask for one')) return { node: 'node_1', state: 'primary' };
  if (step.title.startsWith('Ask for no')) return { node: 'node_1', state: 'wait_primary' };
  return null;
};

/** The way back after a step, roughly as the real engine would judge it. */
export const verdictAfter = (step: FakeStep, was: RollbackVerdict): RollbackVerdict => {
  if (step.phase === 'B')
    return { kind: 'safe', says: 'safe, nothing lost: 15 starts again where it stands' };
  if (step.title.startsWith('Upgrade the primary'))
    return { kind: 'safe', says: 'safe, nothing lost: 17 has never been started' };
  if (step.title.startsWith('Start 17'))
    return {
      kind: 'safe-through',
      node: 'node_2',
      says: 'safe through node_2’s image, nothing lost',
    };
  if (step.title.startsWith('Start the primary'))
    return {
      kind: 'loses-new-writes',
      says: 'possible through node_2, but what 17 wrote since 03:12 UTC is lost',
    };
  if (step.phase === 'H' && step.danger === 'point-of-no-return')
    return { kind: 'backup-only', says: 'only from a backup' };
  return was;
};
