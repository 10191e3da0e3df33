import { z } from 'zod';
import { archivingSchema } from './archiving.ts';
import type { HostChecks } from './checks/evidence.ts';
import type { MonitorNode, MonitorState } from './monitor-state.ts';
import type { Problem } from './result.ts';
import type { ToDo } from './to-do.ts';
import * as words from './words.ts';

/**
 * What the servers say now. Probes, conditions and the rollback verdict are pure functions of it.
 * Every field comes from one look at a host (engine/look/script.ts makes the script, engine/look/parse.ts reads it).
 */

/** What pg_controldata says of a data directory; the fields that tell one cluster and moment from another. */
export const controlSchema = z.object({
  systemIdentifier: words.systemIdentifier,
  /** `shut down`, `in production`, `shut down in recovery`, … */
  state: z.string(),
  checkpoint: z.string(),
  /** Where recovery would begin; that of a shutdown is the checkpoint itself. Absent: kept by an earlier version. */
  redo: z.string().optional(),
  timeline: z.number().int(),
  /** As printed: only ever compared for equality. */
  modified: z.string(),
  /** The next transaction id, epoch included, as a number in text. */
  nextXid: z.string(),
  /** wal_log_hints or data checksums: without one of them pg_rewind refuses, and pg_autoctl copies everything. */
  rewindable: z.boolean(),
});
export type Control = z.infer<typeof controlSchema>;

export type DirectoryView =
  | { readonly kind: 'absent' }
  /** There, but no PG_VERSION in it (or not readable): `entries` counts what is in it. */
  | { readonly kind: 'not-a-cluster'; readonly entries: number }
  | {
      readonly kind: 'cluster';
      readonly major: number;
      readonly control: Control | null;
      /** pg_upgrade --link has renamed global/pg_control to pg_control.old. */
      readonly controlRenamed: boolean;
      /** Its pg_control was moved away for good: the files are shared with a new cluster that has run. */
      readonly madeUnstartable: boolean;
      /** Files of users' relations have a second name (a hard link): asked of old directories only. */
      readonly hasHardLinks: boolean;
      /** A postmaster.pid whose process is alive. */
      readonly running: boolean;
      readonly standby: boolean;
      /** Databases that are not initdb's own: a cluster with data. */
      readonly databases: number;
      /** pg_auto_failover's included file is there: the configuration has been carried. */
      readonly hasConfiguration: boolean;
      /** Where its pg_wal leads, which is a symbolic link. Absent: it is a directory. */
      readonly wal?: string;
      /** Of the old directory: names at its top that the one in its place does not have, the server's own left out. Absent: none. */
      readonly only?: readonly string[];
      /** Of the directory in its place: there are files of prepared transactions, which pg_upgrade refuses. Absent: none, or not asked. */
      readonly prepared?: true;
      /** Where the links in its pg_tblspc lead. */
      readonly tablespaces: readonly string[];
      /** Which run of ours has made it, for the cluster of which system identifier (runbook/ownership.ts). Absent: none says so. */
      readonly mark?: { readonly run: string; readonly system: string };
    };

/** `unknown`: it cannot be seen, and nothing may rest on it. */
export type Liveness = 'runs' | 'stopped' | 'unknown';

export interface UnitView {
  readonly loaded: boolean;
  readonly active: boolean;
  readonly enabled: boolean;
  readonly killMode: string;
  /** The program that ExecStart names. */
  readonly program: string;
  readonly dropIns: readonly string[];
  /** When systemd has started it last, in its own words (`Wed 2026-11-25 20:03:46 UTC`); '' while it has not. */
  readonly activeSince: string;
  /** Starts are held off: the file is there that our drop-in's condition asks for (runbook/phases/service.ts). */
  readonly held: boolean;
}

const senderSchema = z.object({
  name: z.string(),
  state: z.string(),
  sync: z.string(),
  flushed: z.string().nullable(),
  /** Up to where the standby has replayed; null: it does not say. */
  replayed: z.string().nullable().default(null),
  /** Where the connection comes from; null: from the host itself. */
  address: words.address.nullable().default(null),
});

/** What the running server says of itself. */
export const serverSchema = z.object({
  version: z.string(),
  inRecovery: z.boolean(),
  /** Current WAL position on a primary, received position on a standby. */
  lsn: z.string().nullable(),
  synchronousStandbyNames: z.string(),
  listenAddresses: z.string(),
  socketDirectories: z.string(),
  readOnly: z.boolean(),
  nextXid: z.string(),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  senders: z.array(senderSchema),
  /** Transactions that are prepared, neither committed nor rolled back yet, the oldest first and no more than 20; `seconds`: since when. */
  prepared: z.array(z.object({ gid: z.string(), database: z.string(), seconds: z.number() })).default([]),
});
export type ServerView = z.infer<typeof serverSchema>;

/** What a host says of the transfer by which a secondary takes over the primary's links (runbook/hard-link). */
export interface TransferView {
  /** On the secondary: the public half of the run's key, `ssh-ed25519 AAAA…`. */
  readonly publicKey: string | null;
  /** On the secondary: the commands that its rsync would have the primary's sshd run. */
  readonly lines: readonly string[];
  /** On the secondary: the primary was reached by this key, and rsync ran there. */
  readonly tried: boolean;
  /** The public keys of this host's sshd. */
  readonly hostKeys: readonly string[];
  /** On the primary: the lines of authorized_keys that are ours. */
  readonly authorized: readonly string[];
}

/** One tablespace's directory on a host, and the place beside it (runbook/tablespaces/names.ts). */
export interface TablespaceView {
  readonly location: string;
  /** The place beside it is there, and postgres may write in it. */
  readonly hasAside: boolean;
  /** Postgres may write in the directory above: it makes the place itself. Elsewhere root does. */
  readonly mayMake: boolean;
  /** Each cluster's part (`PG_15_202209061`): `aside` is '' in the directory itself, else a name below the place beside it. */
  readonly parts: readonly { readonly aside: string; readonly major: number }[];
}

/** What the server that serves says of the online method, in one document. */
export const onlineServerViewSchema = z.object({
  walLevel: z.string(),
  /** What its files say: it counts from the next start on. */
  nextWalLevel: z.string().nullable(),
  /** max_slot_wal_keep_size in megabytes; -1: none. */
  keepMb: z.number().int().nullish(),
  /** Bytes of WAL that were ever written: two looks have the rate. Null: a standby. */
  written: z.number().nullish(),
  timeline: z.number().int(),
  /** The timeline that this one branched off from; null: it is its first. */
  parent: z.number().int().nullish(),
  archiving: archivingSchema.nullish(),
  slots: z.array(
    z.object({
      name: z.string(),
      database: z.string().nullable(),
      active: z.boolean(),
      /** Up to where its reader has everything. */
      confirmed: z.string().nullable(),
      /** Bytes that are written and not confirmed; null: a standby. */
      behind: z.number().nullable(),
      /** Seconds by which what its reader has confirmed last was late; 0: nothing is on its way. Null: nobody reads it. */
      seconds: z.number().nullable(),
      /** Bytes of WAL that are kept for it. */
      kept: z.number().nullable(),
      /** reserved, extended, unreserved, lost. */
      status: z.string().nullable(),
      /** Bytes that may be written before it is given up for its WAL (max_slot_wal_keep_size); null: there is no bound. */
      left: z.number().nullish(),
    }),
  ),
});

/** What one of its databases says. */
export const onlineDatabaseViewSchema = z.object({
  name: z.string(),
  oid: z.number().int(),
  /** Tables of anybody's: so many are replicated. */
  tables: z.number().int(),
  /** And as many places of sequences carried. */
  sequences: z.number().int().default(0),
  /** Tables of these without a replica identity. */
  lacking: z.number().int(),
  frozen: z.boolean(),
  published: z.boolean(),
  /** A subscription by which it followed the old version is there still. */
  forward: z.boolean().default(false),
  /** Of the newest preparation: its run, and on which timeline the server was. */
  run: z.string().nullable(),
  timeline: z.number().int().nullable(),
});

/** What the private server that follows says. */
export const followerSchema = z.object({
  version: z.string(),
  /** Its own WAL that physical slots keep: of the old version behind the cut-over for its secondaries, to stream on in a rollback. */
  keepers: z
    .array(
      z.object({
        name: z.string(),
        /** reserved, extended, unreserved, lost; null: it has never been read. */
        status: z.string().nullable(),
        bytes: z.number().nullable(),
        left: z.number().nullish(),
      }),
    )
    .default([]),
  subscriptions: z.array(
    z.object({
      name: z.string(),
      enabled: z.boolean(),
      /** A worker is at it, for a second or longer: one that an error ends is begun again several times in one. */
      worker: z.boolean(),
      /** The publisher's position behind the last transaction that arrived whole. */
      reached: z.string().nullable(),
      errors: z.number().int(),
    }),
  ),
});

/** How far the online method has come on a node: as the disks and the catalogs tell it. */
export interface OnlineView {
  readonly server: z.infer<typeof onlineServerViewSchema> | null;
  readonly databases: readonly z.infer<typeof onlineDatabaseViewSchema>[];
  readonly copy: DirectoryView;
  /** The end of the last record that the copy has replayed, by its own timeline's history file; null: it was not promoted. */
  readonly copyEnd: string | null;
  readonly follower: z.infer<typeof followerSchema> | null;
  /** Behind the cut-over: the old version, on its own socket, and its subscriptions. Absent: it does not answer. */
  readonly back?: z.infer<typeof followerSchema>;
  /** A unit of ours for a private server is there, and enabled. */
  readonly units: readonly string[];
  /** What max_slot_wal_keep_size was in postgresql.auto.conf before `upgrade.keepWal` was set: a size, or '' for nothing. Absent: none was set. */
  readonly keepWalWas?: string;
  /** What a change of places does before its stop was done, for the servers that run: for which one, and how many seconds ago by the host's clock. Absent: not, or too long ago. */
  readonly ready?: { readonly what: 'cut-over' | 'way-back'; readonly seconds: number };
  /** Tables of the follower have statistics: names in our own directory. */
  readonly files: readonly string[];
}

export interface HostObservation {
  readonly alias: string;
  readonly data: DirectoryView;
  readonly newData: DirectoryView;
  readonly backupData: DirectoryView;
  readonly tablespaces: readonly TablespaceView[];
  readonly unit: UnitView | null;
  /** Whether this directory's pg_autoctl runs. What means “stopped” asks for `stopped`, what means “runs” for `runs`. */
  readonly pgAutoctl: Liveness;
  /** postgresql.pg_ctl in pg_autoctl.cfg. */
  readonly pgCtl: string | null;
  /** system_identifier in pg_autoctl.state. */
  readonly stateIdentifier: string | null;
  /** pg_autoctl.state: maintenance is the node's state, and the one that the monitor has assigned last. */
  readonly inMaintenance: boolean;
  readonly server: ServerView | null;
  /** pg_controldata of the new cluster as pg_upgrade left it. */
  readonly fingerprint: Control | null;
  /** pg_controldata of the old cluster as pg_upgrade left it: any difference, and it has run since. */
  readonly oldFingerprint: Control | null;
  /** The verified new cluster as it was handed to pg_autoctl, and when (ISO 8601): what is written since is the application's. */
  readonly handedOver: { readonly control: Control; readonly at: string } | null;
  /** pg_controldata of the old primary as it was stopped; pg_upgrade starts it again and moves its checkpoint on. */
  readonly stopped: Control | null;
  /**
   * Of what phase A has saved: which files are others by now, and whether it was saved more than a day ago. Absent: nothing to say.
   */
  readonly saved?: { readonly differs: readonly string[]; readonly old: boolean };
  /** When it was stopped (ISO 8601, by the host's clock). */
  readonly stoppedAt: string | null;
  /** When the data directory's pg_control was written last (likewise), while no server runs on it. */
  readonly controlWritten: string | null;
  /** Names in workDir/done: what was finished and cannot be seen otherwise. */
  readonly markers: readonly string[];
  /** What steps have left undone here, so that nothing held up the opening. Absent: nothing. */
  readonly toDo?: readonly ToDo[];
  /** Subscriptions that received from another server before the stop, `s in app`, on the old primary. Absent: none, or none was noted. */
  readonly receiving?: readonly string[];
  readonly transfer: TransferView;
  /** Absent: another method. */
  readonly online?: OnlineView;
  /** Directories that a rollback has left aside, under names of their own. */
  readonly abandoned: readonly words.Path[];
  /** What may be left of a killed step: directories beside the cluster's under a name with something behind it, and the keys' directory. */
  readonly leftovers: readonly words.Path[];
  /** A delete_old_cluster.sh that would still run. */
  readonly deleteScripts: readonly string[];
  /** Something listens on pg_upgrade's port 50432. */
  readonly upgradePortBusy: boolean;
  /** What the checks of the last day have found here; null: none were made. */
  readonly checks: HostChecks | null;
  /** The monitor's database, where this is the monitor and it answers. */
  readonly monitor: MonitorState | null;
  /** Why what the monitor's database has answered counts for nothing: the field, and what is in it. Absent: it fits, or there is none. */
  readonly misfit?: string;
}

export type Observation =
  | { readonly kind: 'seen'; readonly at: number; readonly host: HostObservation }
  | { readonly kind: 'unseen'; readonly at: number; readonly problem: Problem };

export interface Observations {
  readonly hosts: Readonly<Record<string, Observation>>;
  /** Hosts that do not answer and that the run goes on without: nothing waits for them. Absent: none. */
  readonly leftOut?: readonly string[];
  /** Steps that were skipped with a reason, by id: what they would have brought about is not asked for at the end. Absent: none. */
  readonly skipped?: readonly string[];
  /** What a rehearsal was asked for. Absent: there is none. */
  readonly rehearsal?: RehearsalAsked;
}

export interface RehearsalAsked {
  /** The node on whose host the copy is made. */
  readonly on: words.Alias;
  /** Of the base backup, as pg_basebackup takes it. */
  readonly rate: words.Label;
  /** Only what an earlier one has left is removed. */
  readonly only?: 'remove';
}

export const isSkipped = (world: Observations, step: string): boolean =>
  world.skipped?.includes(step) === true;

export const isLeftOut = (world: Observations, alias: string): boolean =>
  world.leftOut?.includes(alias) === true;

export const hostIn = (world: Observations, alias: string): HostObservation | null => {
  const observation = world.hosts[alias];
  return observation?.kind === 'seen' ? observation.host : null;
};

export const monitorIn = (world: Observations): MonitorState | null =>
  hostIn(world, 'monitor')?.monitor ?? null;

/** Why nothing is known of the monitor's state: its database does not answer, or what it answers cannot be. */
export const whyNoMonitor = (world: Observations): string =>
  hostIn(world, 'monitor')?.misfit ?? 'the monitor’s database does not answer';

export const nodeIn = (world: Observations, name: string): MonitorNode | null =>
  monitorIn(world)?.nodes.find((node) => node.name === name) ?? null;

export const isDataDirectory = (
  directory: DirectoryView,
): directory is Extract<DirectoryView, { kind: 'cluster' }> => directory.kind === 'cluster';
