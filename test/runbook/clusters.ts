import {
  type ClusterFacts,
  clusterFactsSchema,
  type HostFacts,
  type ReadFacts,
  type ReadMonitor,
  type ReadNode,
} from '../../source/cluster/facts.ts';

/** Clusters as discovery would describe them. The lab's own is checked against its recording in discovery.test.ts. */

export const oldIdentifier = '7711174124246397031';
export const newIdentifier = '7711180000000000017';
export const monitorIdentifier = '7711174122222222222';
export const newMonitorIdentifier = '7711180000000000099';

type Common = Omit<ReadMonitor, 'database' | 'extensionVersion'>;

/** As discovery and the record do: no cluster but a parsed one. */
const parsed = (facts: ReadFacts): ClusterFacts => clusterFactsSchema.parse(facts);

const data = '/var/lib/pgsql/data';

const labHost: Common = {
  alias: '',
  pgdata: data,
  data,
  newData: '/var/lib/pgsql/data_pg17_new',
  backupData: '/var/lib/pgsql/data_pg15_bak',
  port: 5432,
  socketDirectory: '/var/run/postgresql',
  oldBindir: '/opt/vmware/postgres/15/bin',
  newBindir: '/opt/vmware/postgres/17/bin',
  oldVersion: '15.20',
  newVersion: '17.12',
  oldAutoctl: '/opt/vmware/postgres/15/bin/pg_autoctl',
  newAutoctl: '/opt/vmware/postgres/17/bin/pg_autoctl',
  configFile: `/var/lib/pgsql/.config/pg_autoctl${data}/pg_autoctl.cfg`,
  stateFile: `/var/lib/pgsql/.local/share/pg_autoctl${data}/pg_autoctl.state`,
  pidFile: `/tmp/pg_autoctl${data}/pg_autoctl.pid`,
  home: '/var/lib/pgsql',
  workDir: `/var/lib/pgsql/pgaf-upgrade${data}/@work`,
  service: {
    kind: 'systemd',
    unit: 'pgautofailover.service',
    fragment: '/etc/systemd/system/pgautofailover.service',
    enabled: true,
  },
  superuser: 'postgres',
  initdb: {
    encoding: 'UTF8',
    collate: 'en_US.UTF-8',
    ctype: 'en_US.UTF-8',
    provider: 'c',
    providerLocale: null,
    checksums: false,
    walSegmentBytes: 16_777_216,
    groupAccess: false,
  },
  carry: [
    'pg_hba.conf',
    'pg_ident.conf',
    'postgresql-auto-failover.conf',
    'postgresql.auto.conf',
    'postgresql.conf',
    'server.crt',
    'server.key',
  ],
  preload: [],
  decoding: null,
  tablespaces: [],
  sshPort: 22,
};

const rowOf = (node: ReadNode, identifier: string): ReadFacts['before'][number] => ({
  id: node.nodeId,
  name: node.alias,
  host: node.hostname,
  port: node.port,
  group: 0,
  systemIdentifier: identifier,
  reported: node.role,
  assigned: node.role,
  health: 1,
  priority: node.priority,
  quorum: node.quorum,
  timeline: 1,
  lsn: '0/15BC1960',
  reportAge: 0.4,
});

const labNode = (number: number): ReadNode => ({
  ...labHost,
  alias: `node_${number}`,
  carry:
    number === 1
      ? labHost.carry
      : [...labHost.carry.slice(0, 2), 'postgresql-auto-failover-standby.conf', ...labHost.carry.slice(2)],
  nodeId: number,
  hostname: `node${number}`,
  role: number === 1 ? 'primary' : 'secondary',
  priority: 50,
  quorum: true,
  rebuild: 'base-backup',
});

/** The lab: one monitor, one primary, two secondaries, systemd, a directory of programs for each version. */
export const labCluster = (changes: Partial<ReadFacts> = {}): ClusterFacts => {
  const nodes = [labNode(1), labNode(2), labNode(3)];
  return parsed({
    name: 'lab',
    formation: 'default',
    group: 0,
    oldMajor: 15,
    newMajor: 17,
    mode: 'link',
    jobs: 1,
    postgres: 'postgres',
    root: 'sh',
    numberSyncStandbys: 1,
    systemIdentifier: oldIdentifier,
    monitor: {
      ...labHost,
      alias: 'monitor',
      initdb: { ...labHost.initdb, collate: 'C.UTF-8', ctype: 'C.UTF-8' },
      database: 'pg_auto_failover',
      extensionVersion: '2.0',
    },
    nodes,
    before: nodes.map((node) => rowOf(node, oldIdentifier)),
    formations: {},
    others: [],
    accept: [],
    readAt: '2026-11-23T01:48:00.000Z',
    run: '20261123T014800Z-1a2b',
    ...changes,
  });
};

export const workerIdentifier = '7711174124246399999';

/** The lab's formation of Citus: the coordinator with a secondary, one group of workers, a primary and a secondary. */
export const citusCluster = (changes: Partial<ReadFacts> = {}): ClusterFacts => {
  const preload = ['citus', 'pg_stat_statements'];
  const coordinators = [labNode(1), labNode(2)].map((node) => ({ ...node, preload }));
  const worker = (number: number): ReadNode => ({
    ...labNode(number),
    carry: labNode(1).carry,
    preload,
    role: number === 3 ? 'primary' : 'secondary',
  });
  const workers = [worker(3), worker(4)];
  return labCluster({
    name: 'citus',
    mode: 'copy',
    numberSyncStandbys: 0,
    nodes: coordinators,
    workers: [{ group: 1, systemIdentifier: workerIdentifier, nodes: workers }],
    before: [
      ...coordinators.map((node) => rowOf(node, oldIdentifier)),
      ...workers.map((node) => ({ ...rowOf(node, workerIdentifier), group: 1 })),
    ],
    ...changes,
  });
};

/** The same with two tablespaces. */
export const spacedCluster = (): ClusterFacts => {
  const facts = linkedCluster();
  return parsed({
    ...facts,
    name: 'spaced',
    nodes: facts.nodes.map((node) => ({ ...node, tablespaces: ['/srv/fast', '/srv/wide disk'] })),
  });
};

/** The same two tablespaces, by the online method. */
export const spacedOnlineCluster = (
  tablespaces: readonly string[] = ['/srv/fast', '/srv/wide disk'],
): ClusterFacts => {
  const facts = labCluster({ method: 'online', largeObjects: 'leave', keepWal: '8GB' });
  return parsed({
    ...facts,
    name: 'spaced online',
    nodes: facts.nodes.map((node) => ({ ...node, tablespaces: [...tablespaces] })),
  });
};

/** The lab with node_2 rebuilt by hard links, node_3 by base backup. */
export const linkedCluster = (facts: ReadFacts = labCluster()): ClusterFacts =>
  parsed({
    ...facts,
    name: 'linked',
    nodes: facts.nodes.map((node) => (node.alias === 'node_2' ? { ...node, rebuild: 'hard-link' } : node)),
  });

/** The same with pg_wal on another disk, on every host. */
export const walCluster = (facts: ReadFacts = linkedCluster()): ClusterFacts => ({
  ...onEveryHost(facts, () => ({ wal: { now: '/wal/main', next: '/wal/main_pg17' } })),
  name: parsed({ ...facts, name: 'pg_wal elsewhere' }).name,
});

/** Nodes whose names on the monitor have a blank in them. */
export const blankCluster = (facts: ReadFacts = labCluster()): ClusterFacts => {
  const named = (alias: string): string => alias.replace('_', ' ');
  return parsed({
    ...facts,
    nodes: facts.nodes.map((node) => ({ ...node, nodename: named(node.alias) })),
    before: facts.before.map((row) => ({ ...row, name: named(row.name) })),
  });
};

/** Every host of a cluster changed in the same way. */
export const onEveryHost = (from: ReadFacts, change: (host: HostFacts) => Partial<Common>): ClusterFacts => {
  const facts = parsed(from);
  return parsed({
    ...facts,
    monitor: { ...facts.monitor, ...change(facts.monitor) },
    nodes: facts.nodes.map((node) => ({ ...node, ...change(node) })),
  });
};

const blank = '/srv/pg data/15/main';
const debianHost: Common = {
  ...labHost,
  pgdata: blank,
  data: blank,
  newData: `${blank}_pg17_new`,
  backupData: `${blank}_pg15_bak`,
  port: 5544,
  socketDirectory: '/run/pg sockets',
  oldBindir: '/usr/lib/postgresql/15/bin',
  newBindir: '/usr/lib/postgresql/17/bin',
  oldAutoctl: '/usr/bin/pg_autoctl',
  newAutoctl: '/usr/bin/pg_autoctl',
  configFile: `/home/dba's pg/.config/pg_autoctl${blank}/pg_autoctl.cfg`,
  stateFile: `/home/dba's pg/.local/share/pg_autoctl${blank}/pg_autoctl.state`,
  pidFile: `/tmp/pg_autoctl${blank}/pg_autoctl.pid`,
  home: "/home/dba's pg",
  workDir: `/home/dba's pg/pgaf-upgrade${blank}/@work`,
  service: { kind: 'none' },
  superuser: 'Admin User',
  initdb: {
    encoding: 'UTF8',
    collate: 'de_DE.UTF-8',
    ctype: 'de_DE.UTF-8',
    provider: 'i',
    providerLocale: 'de-u-co-phonebk',
    checksums: true,
    walSegmentBytes: 67_108_864,
    groupAccess: true,
  },
  carry: [
    'conf.d',
    'pg_hba.conf',
    'pg_ident.conf',
    'postgresql-auto-failover.conf',
    'postgresql.conf',
    'ssl keys',
  ],
};

/** Debian's one pg_autoctl for all versions, no systemd, nothing where one would expect it. */
export const debianCluster = (): ClusterFacts => {
  const nodes: ReadNode[] = [1, 2].map((number) => ({
    ...debianHost,
    alias: `db-${number}`,
    nodeId: 10 + number,
    hostname: `10.1.0.${number}`,
    role: number === 1 ? 'primary' : 'secondary',
    priority: number === 1 ? 90 : 10,
    quorum: number === 1,
    rebuild: 'base-backup',
  }));
  return parsed({
    ...labCluster(),
    name: 'o’brien’s',
    formation: "o'brien",
    mode: 'clone',
    jobs: 4,
    postgres: 'pgsql',
    numberSyncStandbys: 0,
    monitor: { ...debianHost, alias: 'monitor', database: "mon'itor", extensionVersion: '2.1' },
    nodes,
    before: nodes.map((node) => rowOf(node, oldIdentifier)),
  });
};

/** The same with a third node, and the second rebuilt by hard links. */
export const linkedDebian = (): ClusterFacts => {
  const facts = { ...debianCluster(), mode: 'link' as const };
  const nodes = facts.nodes.flatMap((node): ReadNode[] =>
    node.role === 'primary'
      ? [node]
      : [
          { ...node, rebuild: 'hard-link' },
          { ...node, alias: 'db-3', nodeId: 13, hostname: '10.1.0.3' },
        ],
  );
  return parsed({ ...facts, nodes, before: nodes.map((node) => rowOf(node, oldIdentifier)) });
};

/** A primary and nobody else. */
export const loneCluster = (): ClusterFacts => {
  const facts = labCluster({ numberSyncStandbys: 0 });
  return parsed({
    ...facts,
    nodes: facts.nodes.slice(0, 1),
    before: facts.before.slice(0, 1).map((row) => ({ ...row, reported: 'single', assigned: 'single' })),
  });
};

/** Every kind of cluster, by its name: what must be true of all of them is tried on each. */
/** The lab's cluster, with a custom step at every place of an upgrade, and at both of a rollback. */
export const customCluster = (changes: Partial<ReadFacts> = {}): ClusterFacts =>
  labCluster({
    ...changes,
    custom: [
      { name: 'pause', at: 'stopping', run: 'echo PAUSE', done: 'test -e paused', undo: 'echo RESUME' },
      { name: 'silence', at: 'before-stop', on: 'monitor', run: 'echo silence', title: 'Silence the alerts' },
      { name: 'archive', at: 'stopped', run: 'echo archive', undo: 'echo archive again', expect: 20 },
      { name: 'smoke', at: 'before-open', run: 'psql -c "select 1"', why: 'Nobody else can write yet.' },
      { name: 'resume', at: 'opened', run: 'echo RESUME' },
      { name: 'ready', at: 'secondary-back', run: 'echo ready "$PGAF_SECONDARY"', undo: 'echo drain' },
      { name: 'report', at: 'finished', on: 'node_2', run: 'echo report' },
      { name: 'pause-again', at: 'before-rollback', run: 'echo PAUSE' },
      { name: 'resume-again', at: 'rolled-back', run: 'echo RESUME' },
    ],
  });

export const everyCluster = [
  ['the lab’s cluster', labCluster()],
  ['the lab’s cluster, copied', labCluster({ mode: 'copy' })],
  ['one secondary by hard links', linkedCluster()],
  ['two tablespaces', spacedCluster()],
  ['pg_wal on another disk', walCluster()],
  ['Debian without systemd', debianCluster()],
  ['a primary without secondaries', loneCluster()],
] as const;
