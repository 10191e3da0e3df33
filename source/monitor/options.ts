import type { Path, SqlName } from '../cluster/words.ts';
/** Where the monitor's database is, on the host that the feed was given. */
export interface FeedOptions {
  readonly port: number;
  readonly formation: string;
  readonly database: SqlName;
  /** The operating system user that psql runs as when the console may not log in as autoctl_node. */
  readonly postgresUser: string;
  /** Where psql is on the monitor's host. */
  readonly bindir: Path;
  /** Milliseconds between two readings over pg when nothing is notified. Default 2,000. */
  readonly pollMs?: number;
}

/** The role that pg_auto_failover creates for its nodes, and its only one that may read everything without being superuser. */
export const monitorRole = 'autoctl_node';
/** Milliseconds that one reading may take. */
export const readTimeoutMs = 5_000;
