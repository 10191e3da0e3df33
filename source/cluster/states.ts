import { z } from 'zod';

/**
 * The states a node can report or be assigned, as the monitor spells them.
 * Source: pg_auto_failover, src/monitor/replication_state.c and docs/failover-state-machine.rst.
 */
export const nodeStates = [
  'unknown',
  'init',
  'single',
  'wait_primary',
  'primary',
  'draining',
  'demote_timeout',
  'demoted',
  'catchingup',
  'secondary',
  'prepare_promotion',
  'stop_replication',
  'wait_standby',
  'maintenance',
  'join_primary',
  'apply_settings',
  'prepare_maintenance',
  'wait_maintenance',
  'report_lsn',
  'fast_forward',
  'join_secondary',
  'dropped',
] as const;

export const nodeStateSchema = z.enum(nodeStates);
export type NodeState = z.infer<typeof nodeStateSchema>;

/** States in which a node accepts writes from the application. */
export const isWritable = (state: NodeState): boolean =>
  state === 'single' ||
  state === 'wait_primary' ||
  state === 'primary' ||
  state === 'join_primary' ||
  state === 'apply_settings';
