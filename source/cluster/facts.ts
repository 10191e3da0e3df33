import { z } from 'zod';
import { keepWalPattern } from './config/keep-wal.ts';
import { consolePlace, namedStepSchema } from './custom-steps.ts';
import { word } from './fragment.ts';
import { monitorNodeSchema } from './monitor-state.ts';
import * as words from './words.ts';

/**
 * What a cluster is before its upgrade, as discovered on the servers: the ground that the runbook is built on.
 * It is written to the monitor's host before anything changes (the record), so it is read back through a schema.
 */

export const serviceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('systemd'),
    unit: words.unitName,
    /** The unit file itself. */
    fragment: words.pathOrNone,
    enabled: z.boolean(),
    /** Its drop-ins that name pg_autoctl's program: edited as the unit file is. */
    dropIns: z.array(words.path).default([]),
  }),
  /** pg_autoctl was started by hand or by something else than systemd. */
  z.object({ kind: z.literal('none') }),
]);
export type Service = z.infer<typeof serviceSchema>;

/** What initdb must be told so that the new cluster can take the old one's files. */
export const initdbSchema = z.object({
  encoding: words.label,
  collate: words.label,
  ctype: words.label,
  /** As pg_database.datlocprovider: c libc, i ICU, b builtin. */
  provider: z.enum(['c', 'i', 'b']),
  providerLocale: words.label.nullable(),
  checksums: z.boolean(),
  walSegmentBytes: z.number().int().positive(),
  groupAccess: z.boolean(),
});
export type InitdbSettings = z.infer<typeof initdbSchema>;

const hostFields = {
  alias: words.alias,
  /** pg_autoctl's --pgdata, as configured. */
  pgdata: words.ownPath,
  /** The directory itself, symbolic links resolved: what is renamed in the swap. */
  data: words.ownPath,
  /** Where the new cluster is made. */
  newData: words.ownPath,
  /** Where the old cluster stays: `data_pg15_bak`. */
  backupData: words.ownPath,
  port: words.port,
  socketDirectory: words.path,
  oldBindir: words.path,
  newBindir: words.path,
  /** `15.20` */
  oldVersion: words.version,
  newVersion: words.version,
  /** The pg_autoctl programs; the same where one package serves every version. */
  oldAutoctl: words.path,
  newAutoctl: words.path,
  configFile: words.path,
  stateFile: words.path,
  pidFile: words.path,
  home: words.path,
  /** Our own directory on the host, owned by postgres: copies, fingerprints, markers. */
  workDir: words.ownPath,
  service: serviceSchema,
  /** The bootstrap superuser's name; pg_upgrade needs the same in both clusters. */
  superuser: words.sqlName,
  initdb: initdbSchema,
  /** Files and directories to carry into the new data directory, relative to it. */
  carry: z.array(words.relativePath),
  /** The libraries that its server preloads, in their order. */
  preload: z.array(words.libraryName).default([]),
  /**
   * What its logical slots ask of the cluster that they are carried to: how many there may be, and the plugins that are trusted. Null: its WAL is
   * not logical, or the old version is before 17, whose slots pg_upgrade does not carry. Source: PostgreSQL, pg_upgrade, “Prepare for publisher upgrades”.
   */
  decoding: z
    .object({ slots: z.number().int().nonnegative(), plugins: z.array(words.libraryName) })
    .nullable()
    .default(null),
  /** Directories of its tablespaces, outside the data directory; the same on every node. */
  tablespaces: z.array(words.ownPath).default([]),
  /**
   * Where its pg_wal leads, which is a symbolic link, and where the new cluster's is made, beside it. Null: it lies in the data directory, or
   * none can be made beside it; then the new one lies in the data directory.
   */
  wal: z.object({ now: words.ownPath, next: words.ownPath }).nullable().default(null),
  /** Where its sshd listens, for another host of the cluster. */
  sshPort: words.port.default(22),
  /** The user that PostgreSQL runs as there; absent: the cluster's. */
  postgres: words.osUser.exactOptional(),
};

export const monitorFactsSchema = z.object({
  ...hostFields,
  database: words.sqlName,
  extensionVersion: words.extensionVersion,
});
export type MonitorFacts = z.infer<typeof monitorFactsSchema>;
export type ReadMonitor = z.input<typeof monitorFactsSchema>;

export const nodeFactsSchema = z.object({
  ...hostFields,
  nodeId: z.number().int(),
  /** Its name on the monitor, where that is not its alias. */
  nodename: words.nodeName.exactOptional(),
  hostname: words.hostName,
  role: z.enum(['primary', 'secondary']),
  priority: z.number().int(),
  quorum: z.boolean(),
  /** How it gets the new version's data, where it is a secondary. Runs recorded before there was a choice: by base backup. */
  rebuild: z.enum(['base-backup', 'hard-link']).default('base-backup'),
});
export type NodeFacts = z.infer<typeof nodeFactsSchema>;
export type ReadNode = z.input<typeof nodeFactsSchema>;

/** A node's name for pg_autoctl and the monitor's functions. */
export const nodenameOf = (node: NodeFacts): words.Word => node.nodename ?? node.alias;

export type HostFacts = MonitorFacts | NodeFacts;

/** What is to be done for another formation on the same monitor, whose pg_autoctl does not speak to the new monitor. */
export const formationWays = ['restart', 'accept'] as const;
export type FormationWay = (typeof formationWays)[number];

/** A node of another formation on this monitor: its PostgreSQL is left alone, its pg_autoctl must follow the monitor. */
export const otherNodeSchema = z.object({
  /** `payments.pay_2`: also part of the names of jobs. */
  alias: words.alias,
  formation: words.label,
  name: words.label,
  hostname: words.hostName,
  port: words.port,
  /** It took the writes when the facts were read. */
  primary: z.boolean(),
  service: serviceSchema,
  oldAutoctl: words.path,
  newAutoctl: words.path,
  configFile: words.path,
});
export type OtherNode = z.infer<typeof otherNodeSchema>;

/** Where custom steps run that is no host of the cluster: another host by SSH, or the operator's own machine. */
export const outsideSchema = z.object({ alias: words.alias, kind: z.enum(['ssh', consolePlace]) });
export type Outside = z.infer<typeof outsideSchema>;

/** Facts that belong to no run yet. */
export const unnamed: words.RunName = word`unnamed`;

export const upgradeModeSchema = z.enum(['link', 'clone', 'copy']);
export type UpgradeMode = z.infer<typeof upgradeModeSchema>;

/** The nodes of one group. */
const nodesSchema = z
  .array(nodeFactsSchema)
  .min(1)
  .refine((nodes) => new Set(nodes.map(({ alias }) => alias)).size === nodes.length, {
    error: 'must each have a name of its own',
  })
  .refine((nodes) => nodes.every(({ alias }) => alias !== 'monitor'), {
    error: 'must not be called `monitor`',
  })
  .refine((nodes) => nodes.filter(({ role }) => role === 'primary').length === 1, {
    error: 'must have one primary among them',
  });

/** One group of workers: what a cluster of one group has for itself. */
export const workerGroupSchema = z.object({
  group: z.number().int().positive(),
  systemIdentifier: words.systemIdentifier,
  nodes: nodesSchema,
});
export type ReadWorkerGroup = z.input<typeof workerGroupSchema>;

/** `pg_upgrade`: in the downtime. `online`: of a copy that then follows the serving version, and takes its place. docs/development/online.md. */
export const upgradeMethods = ['pg_upgrade', 'online'] as const;
/** What becomes of large objects, which logical replication does not carry: the method is refused, or those of the copy stay as they were then. */
export const largeObjectWays = ['refuse', 'leave'] as const;

/** What a base backup may read a second. Source: PostgreSQL, pg_basebackup, --max-rate: 32 kB to 1024 MB. */
export const copyRate = z.string().refine(
  (text) => {
    const [, number, unit] = /^([1-9]\d{0,6})([kM])$/.exec(text) ?? [];
    const kilobytes = Number(number) * (unit === 'M' ? 1024 : 1);
    return kilobytes >= 32 && kilobytes <= 1024 ** 2;
  },
  { error: 'must be what pg_basebackup --max-rate takes: 32k to 1024M a second' },
);

export const clusterFactsSchema = z.object({
  name: words.label,
  formation: words.label,
  group: z.number().int(),
  oldMajor: z.number().int(),
  newMajor: z.number().int(),
  mode: upgradeModeSchema,
  method: z.enum(upgradeMethods).default('pg_upgrade'),
  /** Only the online method asks. */
  largeObjects: z.enum(largeObjectWays).default('refuse'),
  /** Likewise: which secondary the copy is taken from, by its name on the monitor or its alias; absent: the primary. And how fast at most. */
  copyFrom: words.nodeName.exactOptional(),
  copyRate: copyRate.exactOptional(),
  /** So much WAL may be kept for who follows, as PostgreSQL takes a size; null: the server's own limit counts. Only the online method asks. */
  keepWal: z.string().regex(keepWalPattern).nullable().default(null),
  jobs: z.number().int().positive(),
  postgres: words.osUser,
  /** How root's steps are run: by `sudo sh`, or by the host's helper (runbook/root-verbs.ts). */
  root: z.enum(['sh', 'helper']).default('sh'),
  numberSyncStandbys: z.number().int().nonnegative(),
  systemIdentifier: words.systemIdentifier,
  monitor: monitorFactsSchema,
  nodes: nodesSchema,
  /** The groups of workers of a Citus formation; `nodes` are the coordinator's. Absent: there is one group. */
  workers: z.array(workerGroupSchema).min(1).exactOptional(),
  /** The monitor's rows when the facts were read. */
  before: z.array(monitorNodeSchema),
  /** What the cluster file says of other formations on this monitor. */
  formations: z.record(z.string(), z.enum(formationWays)).default({}),
  /** The nodes of those that are to be given the new pg_autoctl. */
  others: z.array(otherNodeSchema).default([]),
  /** The steps that the cluster file adds, as it stands now. */
  custom: z.array(namedStepSchema).default([]),
  /** Where some of these run, outside the cluster. */
  outside: z.array(outsideSchema).default([]),
  /** Warnings of the checks that the cluster file accepts, as it stands now. */
  accept: z.array(z.string()).default([]),
  /** ISO 8601. */
  readAt: z.string(),
  /**
   * The run that these facts belong to: the one that wrote the record, or goes on with it. What a run makes on a host carries
   * this name (runbook/ownership.ts). Until a run is begun, and in records of earlier consoles, `unnamed`.
   */
  run: words.runName.default(unnamed),
});
export type ClusterFacts = z.infer<typeof clusterFactsSchema>;
/** The same before it is parsed: nothing of it may reach a script. */
export type ReadFacts = z.input<typeof clusterFactsSchema>;

export const primaryOf = (facts: ClusterFacts): NodeFacts => {
  const primary = facts.nodes.find((node) => node.role === 'primary');
  if (primary === undefined) throw new TypeError('facts without a primary: discovery must have refused them');
  return primary;
};

export const secondariesOf = (facts: ClusterFacts): readonly NodeFacts[] =>
  facts.nodes.filter((node) => node.role === 'secondary');

/** A secondary that takes over the primary's links and copies no data. What is asked of a primary counts for nothing. */
export const takesLinks = (host: HostFacts): boolean =>
  isNode(host) && host.role === 'secondary' && host.rebuild === 'hard-link';

export const linkedOf = (facts: ClusterFacts): readonly NodeFacts[] =>
  secondariesOf(facts).filter(takesLinks);

/** Every secondary takes over links: none would keep its untouched old data. */
export const linksLeaveNoCopy = (facts: ClusterFacts): boolean =>
  linkedOf(facts).length > 0 && secondariesOf(facts).every(takesLinks);

export const isOnline = (facts: ClusterFacts | null): boolean => facts?.method === 'online';

/** The nodes of all groups, the coordinator's first. */
export const nodesOf = (facts: ClusterFacts): readonly NodeFacts[] =>
  facts.workers === undefined
    ? facts.nodes
    : [...facts.nodes, ...facts.workers.flatMap(({ nodes }) => nodes)];

export const hostsOf = (facts: ClusterFacts): readonly HostFacts[] => [facts.monitor, ...nodesOf(facts)];

/** Citus works there: it can only be loaded so. */
export const preloadsCitus = ({ preload }: HostFacts): boolean => preload.some((name) => name === 'citus');

/** The user that PostgreSQL, and whatever is no root's step, runs as on a host. */
export const userOn = (facts: ClusterFacts, alias: string): words.OsUser =>
  hostsOf(facts).find((host) => host.alias === alias)?.postgres ?? facts.postgres;

/** Where a custom step runs; null: neither the cluster nor the cluster file has such a host. */
export const placeOfCustom = (
  facts: ClusterFacts,
  { on }: { readonly on: string },
): HostFacts | Outside | null => {
  if (on === 'monitor') return facts.monitor;
  if (on === 'primary') return primaryOf(facts);
  return (
    facts.nodes.find((node) => node.alias === on || nodenameOf(node) === on) ??
    facts.outside.find(({ alias }) => alias === on) ??
    null
  );
};

export const isOutside = (host: HostFacts | Outside): host is Outside => 'kind' in host;

export const isNode = (host: HostFacts): host is NodeFacts => 'nodeId' in host;
