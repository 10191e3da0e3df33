import type { NodeState } from '../../cluster/states.ts';

/** A row of pgautofailover.node, as the state machine reads it. */
export interface Member {
  readonly id: number;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly goal: NodeState;
  readonly reported: NodeState;
  /** PostgreSQL runs, by the node's last report. */
  readonly running: boolean;
  readonly timeline: number;
  readonly lsn: bigint;
  readonly health: 'unknown' | 'bad' | 'good';
  readonly priority: number;
  readonly quorum: boolean;
  /** Demo seconds since the node reported (at most since the monitor started), and since its state changed. */
  readonly silentFor: number;
  readonly inStateFor: number;
}

export interface NodeGroup {
  readonly formation: string;
  readonly group: number;
  readonly numberSyncStandbys: number;
  readonly members: readonly Member[];
}

/** What the monitor writes. Every one is also said on the channel `log`. */
export type GoalDecision =
  | {
      readonly kind: 'assign';
      readonly changes: readonly (readonly [node: Member, goal: NodeState])[];
      readonly message: string;
    }
  | { readonly kind: 'priority'; readonly node: Member; readonly priority: number }
  | { readonly kind: 'remove'; readonly node: Member; readonly message: string }
  | { readonly kind: 'say'; readonly message: string };

/** The limits of pg_auto_failover, in seconds and bytes. Source: src/monitor/metadata.h, health_check.h; pgautofailover.* settings. */
export const limits = {
  unhealthyAfter: 20,
  drainFor: 30,
  walBehind: 16n * 1024n * 1024n,
} as const;

export const named = (node: Member): string => `node ${node.id} "${node.name}" (${node.host}:${node.port})`;

/** Reported and assigned alike, and one of these. */
export function settledIn(node: Member, ...states: readonly NodeState[]): boolean;
export function settledIn(node: Member | null, ...states: readonly NodeState[]): node is Member;
export function settledIn(node: Member | null, ...states: readonly NodeState[]): boolean {
  return node !== null && node.reported === node.goal && states.includes(node.goal);
}

export const writable = (state: NodeState): boolean =>
  ['single', 'primary', 'wait_primary', 'join_primary', 'apply_settings'].includes(state);

const primarys = (state: NodeState): boolean =>
  writable(state) || ['draining', 'demote_timeout', 'prepare_maintenance'].includes(state);

export const hasPrimarysState = (node: Member): boolean => primarys(node.reported);

export function inPrimaryState(node: Member): boolean;
export function inPrimaryState(node: Member | null): node is Member;
export function inPrimaryState(node: Member | null): boolean {
  return (
    node !== null &&
    ((node.goal === node.reported && writable(node.goal)) ||
      (['apply_settings', 'primary'].includes(node.goal) &&
        ['apply_settings', 'primary'].includes(node.reported)))
  );
}

const beingDemoted = (node: Member): boolean =>
  primarys(node.reported) && ['draining', 'demote_timeout', 'prepare_maintenance'].includes(node.goal);

const demoted = (node: Member): boolean =>
  node.goal === 'demoted' && (primarys(node.reported) || node.reported === 'demoted');

export const isOldPrimary = (node: Member): boolean => beingDemoted(node) || demoted(node);

export const inMaintenance = (node: Member): boolean =>
  ['prepare_maintenance', 'wait_maintenance', 'maintenance'].includes(node.goal);

export const beingPromoted = (node: Member): boolean => {
  const { reported, goal } = node;
  if (reported === 'report_lsn' || reported === 'fast_forward')
    return goal === 'fast_forward' || goal === 'prepare_promotion';
  if (reported === 'prepare_promotion')
    return ['prepare_promotion', 'stop_replication', 'wait_primary'].includes(goal);
  return reported === 'stop_replication' && ['stop_replication', 'wait_primary'].includes(goal);
};

export const failoverInProgress = (members: readonly Member[]): boolean =>
  members.some(
    (node) =>
      beingPromoted(node) ||
      [node.reported, node.goal].some((state) => state === 'report_lsn' || state === 'join_secondary'),
  );

/** The writable node; else the one that was. */
export const primaryOrDemoted = (members: readonly Member[]): Member | null =>
  members.find((node) => writable(node.goal)) ??
  members
    .filter(hasPrimarysState)
    .reduce<Member | null>(
      (found, node) => (found !== null && beingDemoted(found) && demoted(node) ? found : node),
      null,
    );

export const isHealthy = (node: Member | null): boolean =>
  node !== null && node.health === 'good' && node.running;

export const reporting = (node: Member): boolean => node.silentFor <= limits.unhealthyAfter;

/** Nobody there counts as unhealthy. */
export const unhealthy = (node: Member | null): boolean =>
  node === null || !node.running || (node.health === 'bad' && !reporting(node));

export const walWithin = (one: Member, other: Member | null): boolean => {
  if (other === null) return true;
  if (one.lsn === 0n || other.lsn === 0n) return false;
  const apart = one.lsn > other.lsn ? one.lsn - other.lsn : other.lsn - one.lsn;
  return apart <= limits.walBehind;
};
