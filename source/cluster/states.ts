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

/**
 * What the monitor says of a node: one of the states, or one that a release after 2.2 has brought. That one is shown, and is none in
 * which anything may be begun.
 */
export const reportedStateSchema = z.union([
  nodeStateSchema,
  z
    .string()
    .regex(/^[a-z][a-z_]{0,31}$/)
    .brand<'UnfamiliarState'>(),
]);
export type ReportedState = z.infer<typeof reportedStateSchema>;

/** Whether it is a state of pg_auto_failover up to 2.2, whose meaning is known here. */
export const isFamiliar = (state: ReportedState): state is NodeState =>
  nodeStateSchema.safeParse(state).success;

/** Whether a node is its group’s primary, at rest or alone, by the state that it reports. */
export const isPrimaryState = (state: ReportedState): boolean =>
  state === 'primary' || state === 'wait_primary' || state === 'single';

/** States in which a node accepts writes from the application. */
export const isWritable = (state: ReportedState): boolean =>
  isPrimaryState(state) || state === 'join_primary' || state === 'apply_settings';
