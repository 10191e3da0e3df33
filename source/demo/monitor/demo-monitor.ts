import type { SqlAnswer } from './database.ts';

export interface StartOptions {
  /** What server_version says, e.g. `15.20`. */
  readonly serverVersion: string;
  /** What the programs bring: the schema's version at first start; later pg_autoctl updates the extension to it by itself. */
  readonly extensionVersion: string;
}

export interface NodeReport {
  readonly nodeId: number;
  readonly state: string;
  readonly running: boolean;
  readonly tli: number;
  readonly lsn: string;
  readonly syncState: string;
  readonly systemIdentifier: string;
}

export interface NewNode {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly candidatePriority: number;
  readonly quorum: boolean;
  readonly systemIdentifier: string;
  readonly initialState: string;
}

export interface OrderOutcome {
  readonly ok: boolean;
  readonly error?: string;
}

/** The monitor of the demo: a PostgreSQL with what a client of pg_auto_failover sees of its extension. */
export interface DemoMonitor {
  /** Brings PGlite up over its directory (state survives a restart of the process), with the extension's schema at `extensionVersion` on first start. */
  start(options: StartOptions): Promise<void>;
  /** The server is down: connections are closed and refused. The directory stays. */
  stop(): Promise<void>;
  readonly running: boolean;
  /** TCP on 127.0.0.1, a free port chosen at first start and kept: what the SSH tunnel forwards `pgport` to. */
  readonly port: number;
  /** What `psql -X -A -t …` stand-ins ask, as superuser: SQL in, rows as text out (all columns as PostgreSQL prints them), or PostgreSQL's error. */
  sql(text: string): Promise<SqlAnswer>;
  /** A keeper's call of node_active: stores what is reported, runs the state machine, returns what is assigned. */
  nodeActive(
    report: NodeReport,
  ): Promise<{ assigned: string; prioritiesChanged?: boolean } | { error: string }>;
  registerNode(node: NewNode): Promise<{ nodeId: number; assigned: string } | { error: string }>;
  dropNode(node: { host: string; port: number; force: boolean }): Promise<OrderOutcome>;
  startMaintenance(nodeId: number): Promise<OrderOutcome>;
  stopMaintenance(nodeId: number): Promise<OrderOutcome>;
  /** While stopped: keeps a copy of the database under this name (what pg_upgrade in copy mode leaves behind), in place of an earlier one. */
  keepCopy(name: string): Promise<void>;
  /** While stopped: the copy becomes the database, and is gone as a copy. False when there is none of this name. */
  bringBack(name: string): Promise<boolean>;
  /** Every state change, as NOTIFY state / log have it. */
  onNotification(listener: (channel: 'state' | 'log', payload: string) => void): () => void;
}

export interface DemoMonitorOptions {
  /** The data directory's parent: PGlite's files and the port. May be copied while the monitor is stopped. */
  readonly directory: string;
  /** Milliseconds of one demo second, for time-outs and health. Default 1,000. */
  readonly secondMs?: number;
}
