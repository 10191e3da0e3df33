import { z } from 'zod';

/**
 * The states a node can report or be assigned, as the monitor spells them.
 * In the order of pg_autoctl’s enum: its state file holds a state by its place in it.
 * Source: pg_auto_failover, src/monitor/replication_state.c, docs/failover-state-machine.rst; src/bin/pg_autoctl/state.h, NodeState.
 */
export const nodeStates = [
  'unknown',
  'init',
  'single',
  'primary',
  'wait_primary',
  'wait_standby',
  'demoted',
  'demote_timeout',
  'draining',
  'secondary',
  'catchingup',
  'prepare_promotion',
  'stop_replication',
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

/** Whether a node is its group’s primary, at rest or alone, by the state that it reports. */
export const isPrimaryState = (state: NodeState): boolean =>
  state === 'primary' || state === 'wait_primary' || state === 'single';

/** States in which a node accepts writes from the application. */
export const isWritable = (state: NodeState): boolean =>
  isPrimaryState(state) || state === 'join_primary' || state === 'apply_settings';
