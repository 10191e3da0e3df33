import { z } from 'zod';
import { archivingSchema } from '../archiving.ts';
import type { ClusterFacts, HostFacts } from '../facts.ts';
import type { MonitorState } from '../monitor-state.ts';
import type { ControlData } from '../parse/control-data.ts';
import type { Unit } from '../parse/unit.ts';
import type { Problem } from '../result.ts';
import type { AutoctlVersion } from '../version.ts';
import type { Alias } from '../words.ts';
import type { Sections } from './sections.ts';

/**
 * What the hosts said when they were inspected before the window. The checks are pure functions of it. What a host
 * sends passes a schema first (engine/checks/parse.ts).
 */

const settingAt = z.object({
  name: z.string(),
  value: z.string().nullable(),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
});

/** A line of pg_hba.conf for replication over the local socket that is the superuser's, or may be. */
const replicationLineSchema = z.object({
  line: z.number().int(),
  method: z.string(),
  /** It names the role, or all; else a group or a pattern, whose meaning is the server's. */
  sure: z.boolean(),
});
export type ReplicationLine = z.infer<typeof replicationLineSchema>;

/** What the online method asks the server besides. */
const onlineServerSchema = z.object({
  settings: z.record(z.string(), z.string().nullable()),
  /** Connections that send WAL now. */
  senders: z.number().int(),
  /** Transactions that have written something and are open for longer than a minute: a logical slot waits for them. */
  writing: z.array(
    z.object({
      pid: z.number().int(),
      user: z.string().nullable(),
      database: z.string().nullable(),
      seconds: z.number(),
    }),
  ),
  archiving: archivingSchema.nullish(),
  /** In their order; `errors`: lines that cannot be read, so that the server may go by an earlier file. */
  replicationLines: z.object({ errors: z.number().int(), lines: z.array(replicationLineSchema) }).nullish(),
});
export type OnlineServer = z.infer<typeof onlineServerSchema>;

/** One look at how much is written. Seconds since the epoch, bytes of WAL that were ever written, rows that were ever changed, by database. */
export const onlineCheckLookSchema = z.object({
  at: z.number(),
  written: z.number(),
  changes: z.record(z.string(), z.number()),
});

/** What is written now on the primary. */
export interface WrittenNow {
  /** For so many seconds it was looked at. */
  readonly seconds: number;
  /** Bytes of WAL a second. */
  readonly walPerSecond: number;
  /** Rows that were inserted, updated or deleted, a second, by database. */
  readonly changesPerSecond: ReadonlyMap<string, number>;
}

/** What stands in a database that logical replication does not carry, or not as it is: how many, and some of their names as SQL writes them. */
export const onlineKinds = [
  /** Tables whose rows UPDATE and DELETE could not name. */
  'noIdentity',
  /** Columns of tables that are named by all their columns, whose type has no equality: `public.js.j json`. */
  'unequal',
  /** Large tables of which each changed row is searched for from one end to the other. */
  'scanned',
  /** Triggers that fire once more where rows arrive. */
  'always',
  /** Functions of roles that are no superusers, which run where rows arrive: `public.f(integer) of app`. */
  'functions',
  'materialized',
  'publications',
  'eventTriggers',
] as const;
export type OnlineKind = (typeof onlineKinds)[number];
const onlineDatabaseSchema = z.object({
  /** Tables that it would carry. */
  tables: z.number().int(),
  /** And as many places of sequences carried. */
  sequences: z.number().int().default(0),
  found: z.partialRecord(
    z.enum(onlineKinds),
    z.object({ count: z.number().int(), names: z.array(z.string()) }),
  ),
});
export type OnlineDatabase = z.infer<typeof onlineDatabaseSchema>;

/** What the running server says of the whole cluster. Source: PostgreSQL, 54 System Views. */
export const serverEvidenceSchema = z.object({
  version: z.string(),
  inRecovery: z.boolean(),
  settings: z.record(z.string(), z.string().nullable()),
  /** Settings that the target does not know any more and that are set to something somewhere. */
  removed: z.array(settingAt),
  /** The same, given to a role or a database: `role in database: name=value`. */
  removedForRoles: z.array(
    z.object({ setting: z.string(), role: z.string().nullable(), database: z.string().nullable() }),
  ),
  prepared: z.array(
    z.object({ gid: z.string(), database: z.string(), owner: z.string(), seconds: z.number() }),
  ),
  slots: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      plugin: z.string().nullable(),
      database: z.string().nullable(),
      active: z.boolean(),
      /** What its consumer has not confirmed yet; null for a physical one, and on a standby. */
      behindBytes: z.number().nullable().default(null),
    }),
  ),
  longTransactions: z.array(
    z.object({
      pid: z.number().int(),
      user: z.string().nullable(),
      database: z.string().nullable(),
      state: z.string().nullable(),
      seconds: z.number(),
    }),
  ),
  /** A standby was told to replay nothing. */
  replayPaused: z.boolean().default(false),
  senders: z.array(
    z.object({ name: z.string(), state: z.string().nullable(), lagBytes: z.number().nullable() }),
  ),
  /** Of pg_stat_activity, those that are not PostgreSQL's own. */
  workers: z.array(z.string()),
  tablespaces: z.array(z.object({ name: z.string(), location: z.string(), bytes: z.number() })),
  /** Lines of pg_hba.conf that want RADIUS. */
  radiusLines: z.array(z.number().int()).default([]),
  md5Roles: z.array(z.string()).default([]),
  /** Roles with a line break in their name. */
  brokenRoles: z.array(z.string()).default([]),
  /** Roles that are superusers and may log in; null: not asked. */
  superusers: z.array(z.string()).nullable().default(null),
  /** Every row of pg_database. A limit of -2 marks one whose DROP DATABASE was interrupted. Source: PostgreSQL, 51.15 pg_database. */
  catalog: z
    .array(z.object({ name: z.string(), connections: z.boolean(), limit: z.number().int() }))
    .default([]),
  /** Null: another method. */
  online: onlineServerSchema.nullable().default(null),
});
export type ServerEvidence = z.infer<typeof serverEvidenceSchema>;

export const databaseEvidenceSchema = z.object({
  name: z.string(),
  bytes: z.number(),
  /** Of the system catalogs, without the content of large objects: about what pg_upgrade writes anew. */
  catalogBytes: z.number(),
  relations: z.number().int(),
  /** Of them, those that pg_dump locks, and holds locked to its end. */
  locked: z.number().int().default(0),
  largeObjects: z.number().int(),
  unlogged: z.number().int(),
  /** Some of their names. */
  unloggedNames: z.array(z.string()),
  /** To another server; `copying`: tables whose first copy has begun and is not over. Source: PostgreSQL, pg_subscription_rel.srsubstate. */
  subscriptions: z
    .array(z.object({ name: z.string(), tables: z.number().int(), copying: z.number().int() }))
    .default([]),
  extensions: z.array(z.object({ name: z.string(), version: z.string() })),
  /** Those with btree_gist's operator classes for inet and cidr, with their schema, as SQL writes them. */
  inetIndexes: z.array(z.string()).default([]),
  /** Null: another method. */
  online: onlineDatabaseSchema.nullable().default(null),
});
export type DatabaseEvidence = z.infer<typeof databaseEvidenceSchema>;

/** A database that a session of ours could not be opened in, or whose answer could not be read. */
export interface SilentDatabase {
  readonly name: string;
  /** The server's words, on one line. */
  readonly said: string;
}

export interface Place {
  readonly path: string;
  /** The file system's device number; '' when the path is not there. */
  readonly device: string;
  readonly mountPoint: string;
  readonly freeBytes: number;
}

export type NewDirectory =
  | { readonly kind: 'absent' }
  | { readonly kind: 'not-a-cluster'; readonly entries: number }
  | {
      readonly kind: 'cluster';
      readonly major: number;
      readonly databases: number;
      readonly running: boolean;
      readonly control: ControlData | null;
      /** By its mark: the system identifier of the cluster that a run of ours has made it for. Absent: it carries none. */
      readonly madeFor?: string;
    };

/** What a secondary that takes over links, and the primary, have for it. */
export interface TransferInspection {
  /** `3.5.0`; null: there is no rsync. */
  readonly rsync: string | null;
  /** ssh and ssh-keygen that are missing; on the primary none is needed. */
  readonly missing: readonly string[];
  /** What ssh said of the primary's sshd, host keys left unknown on purpose; null: not asked here. */
  readonly sshd: string | null;
}

/** One read-only look at a host as postgres. */
export interface CheckInspection {
  readonly missingTools: readonly string[];
  readonly newAutoctl: AutoctlVersion | null;
  /** Names of *.control files in the new version's directory; null: the directory was not found. */
  readonly offeredExtensions: readonly string[] | null;
  readonly data: Place;
  /** As stat names its file system: `xfs`, `ext2/ext3` (ext4, too); absent: it does not. */
  readonly fileSystem?: string;
  readonly parent: Place;
  /** The new data directory; its file system is that of the nearest directory that is there. */
  readonly newPlace: Place;
  readonly wal: Place;
  readonly parentWritable: boolean;
  /** pg_autoctl's state file: the version of its layout, and its size. Null: not read; the monitor has none. */
  readonly stateFile: { readonly layout: number; readonly bytes: number } | null;
  /** Where something is mounted, the data directory itself and what is below it; the server's own mounts as well. */
  readonly mountPoints: readonly string[];
  /** What lies at the top of the data directory and is no directory of the server's; bytes where they could be counted. Absent: not asked. */
  readonly entries?: readonly { readonly name: string; readonly bytes: number | null }[];
  /** Of a pg_wal that is a symbolic link: the directory above where it leads, where the new cluster's is to be made, and whether that name is taken. */
  readonly walBeside?: { readonly place: Place; readonly writable: boolean; readonly taken: boolean };
  /** pg_wal is a symbolic link. */
  readonly walIsLink: boolean;
  /** Which of the configuration's own files in the data directory are symbolic links; absent: none. */
  readonly linkedConfiguration?: readonly string[];
  readonly walBytes: number;
  readonly upgradePort: 'free' | 'busy';
  readonly newDirectory: NewDirectory;
  readonly backupDirectoryThere: boolean;
  /** Throwaway directories of a check that was interrupted; none while one is at work. */
  readonly leftBehind: readonly string[];
  readonly unit: Unit | null;
  /** Files of the unit that the user of PostgreSQL cannot read. */
  readonly unreadableUnitFiles: readonly string[];
  /** Active units that a stop of the unit takes with it. */
  readonly dependents: readonly string[];
  readonly control: ControlData | null;
  /** No pg_autoctl runs for this data directory, although its server may. Absent: one runs, or that is not known. */
  readonly autoctlStopped?: boolean;
  /** postgresql.username: the role as which pg_autoctl connects; null: none is written. */
  readonly username?: string | null;
  /** replication.maximum_backup_rate, as written. */
  readonly backupRate: string | null;
  readonly backupDirectory: Place | null;
  /** How many entries are in it. Absent: none, or it is not there. */
  readonly backupDirectoryEntries?: number;
  /** Nominal speed of the slowest network card that is up, in megabits a second. */
  readonly linkMegabits: number | null;
  /** Lines of crontabs that have to do with PostgreSQL: `file: line`. */
  readonly cron: readonly string[];
  /** Of a secondary: why the primary does not let pg_autoctl in as it would connect before a base backup. Absent: it does, or that is not known. */
  readonly refused?: string;
  /** Seconds since the last backup that a tool or the server knows of; null: none known. */
  readonly backupAge: number | null;
  /** Asked only of the hosts that a transfer of hard links concerns; null: not asked. */
  readonly transfer: TransferInspection | null;
  readonly tablespaces: readonly TablespaceInspection[];
  readonly server: ServerEvidence | null;
  /** Of the primary, for the online method: two looks within the inspection. Absent: not asked, or a look is missing. */
  readonly writtenNow?: WrittenNow;
  readonly databases: readonly DatabaseEvidence[];
  /** Those that should have answered and did not; absent: none. */
  readonly silentDatabases?: readonly SilentDatabase[];
}

/** One tablespace's directory on a host. */
export interface TablespaceInspection {
  readonly place: Place;
  /** Its file system is its parent's too: it can be renamed beside its neighbors. */
  readonly besideItsParent: boolean;
  /** Where it is, symbolic links resolved. */
  readonly real: string;
  /** What lies in it and is not the old version's. */
  readonly foreign: readonly string[];
  /** The place beside it is there and not writable for postgres, or an earlier upgrade has left the old version's part in it. */
  readonly keptNameTaken: boolean;
  /** The system identifier that the place of the online method's copy is marked with; '': somebody else's; absent: nothing is there, or not asked. */
  readonly copyOf?: string;
}

/** What the window's own checks have left on a host. */
export interface HostChecks {
  readonly inspection: CheckInspection | null;
  readonly dryRun: Sections | null;
}

export type Reach =
  | { readonly kind: 'reached' }
  | { readonly kind: 'unreachable'; readonly problem: Problem }
  | { readonly kind: 'host-key'; readonly problem: Problem }
  /** The host answers, but the login may not become postgres. */
  | { readonly kind: 'no-postgres'; readonly problem: Problem }
  | { readonly kind: 'no-answer'; readonly problem: Problem };

export interface HostEvidence {
  readonly alias: string;
  readonly role: 'monitor' | 'primary' | 'secondary';
  readonly reach: Reach;
  /** Why the login may not become root; null: it may, or need not. */
  readonly root: Problem | null;
  /** Programs that the new directory lacks: without them there are no facts. */
  readonly missingPrograms: readonly string[];
  /** Why the server on this host does not answer; null: it does, or nobody could ask. */
  readonly silentServer: string | null;
  readonly facts: HostFacts | null;
  /** Why there are no facts, where none of the above says it. */
  readonly unclear: Problem | null;
  /** What an earlier version of this console has left there; absent or null: nothing. */
  readonly earlier?: Problem | null;
  readonly inspection: CheckInspection | null;
  /** What the dry run on this host printed; null: it was not held. */
  readonly dryRun: Sections | null;
  /** Why the dry run gave no answer; null where it did. */
  readonly dryRunTrouble: Problem | null;
}

/** What a rehearsal of this cluster has left on a host. */
export interface RehearsalLeft {
  readonly host: Alias;
  readonly directory: string;
  /** A server runs on the copy. */
  readonly server: boolean;
}

export interface Evidence {
  /** Null while the primary, or the monitor, cannot be inspected. */
  readonly facts: ClusterFacts | null;
  readonly oldMajor: number | null;
  readonly newMajor: number | null;
  readonly state: MonitorState | null;
  /** What the cluster file says of other formations on the monitor; absent: nothing. */
  readonly formations?: ClusterFacts['formations'];
  readonly hosts: readonly HostEvidence[];
  /** Why custom steps cannot run at a place outside the cluster. Absent: they can, or there is none, or it was not asked. */
  readonly outside?: readonly { readonly alias: string; readonly problem: Problem }[];
  /** What rehearsals have left. Absent: nothing, somebody is at one, or it was not asked. */
  readonly rehearsals?: readonly RehearsalLeft[];
}
