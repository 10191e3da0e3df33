import type { NodeFacts } from '../../cluster/facts.ts';
import type { Majors, PgUpgradeKind } from '../../cluster/parse/pg-upgrade-output.ts';

/** Where it can be read how far a step is. */
export type Gauge =
  /** The lines with a result that pg_upgrade prints. */
  | { readonly kind: 'pg_upgrade'; readonly run: PgUpgradeKind; readonly majors: Majors }
  /** The databases that `vacuumdb --all` names, so many times over. */
  | { readonly kind: 'vacuumdb'; readonly rounds: number }
  /** The bytes that `from` sends to a standby of this name; pg_autoctl takes the copy by itself and prints no number. */
  | { readonly kind: 'base-backup'; readonly from: NodeFacts['alias']; readonly standby: string };

/** What pg_autoctl calls a node where it connects to the primary. Source: pg_auto_failover, REPLICATION_APPLICATION_NAME_PREFIX. */
export const standbyPrefix = 'pgautofailover_standby_';

/** The base backup of one node from another. */
export const backupGauge = (from: NodeFacts, to: NodeFacts): Gauge => ({
  kind: 'base-backup',
  from: from.alias,
  standby: `${standbyPrefix}${to.nodeId}`,
});
