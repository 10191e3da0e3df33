import { join } from 'node:path';
import { debianVersion } from '../recorded/postgres.ts';
import type { Postmaster } from '../servers/postmaster.ts';
import { settingsIn } from '../servers/start.ts';

/**
 * The statements that the product asks a node's server, by what is in them, and what a server of the demo answers. Null:
 * none of them.
 */
export const answerFrom = (server: Postmaster, database: string, sql: string): string | null => {
  const found = answers.find(([pattern]) => pattern.test(sql));
  return found === undefined ? null : found[1](server, database);
};

const json = (value: unknown): string => JSON.stringify(value);

const databasesOf = (server: Postmaster): readonly string[] =>
  server.host.name === 'monitor'
    ? ['pg_auto_failover', 'postgres', 'template1']
    : ['app', 'postgres', 'template1'];

const relations: Readonly<Record<string, { tables: number; indexes: number; bytes: number }>> = {
  app: { tables: 34, indexes: 41, bytes: 62_914_560 },
  pg_auto_failover: { tables: 4, indexes: 9, bytes: 8_388_608 },
};

const settingsOf = (server: Postmaster): ReadonlyMap<string, string> =>
  settingsIn(join(server.options.data, 'postgresql.conf'));

const senders = (server: Postmaster) =>
  server.standbys().map((standby) => ({
    name: `pgautofailover_standby_${standby.host.nodeId ?? 0}`,
    state: 'streaming',
    sync: server.synchronousStandbyNames === '' ? 'async' : 'quorum',
    flushed: standby.lsnText,
    replayed: standby.lsnText,
    lagBytes: 0,
  }));

/** What discovery asks. */
const discovered = (server: Postmaster): string => {
  const { data, socket } = server.options;
  return json({
    version: debianVersion[server.options.major],
    superuser: 'postgres',
    encoding: 'UTF8',
    collate: server.host.name === 'monitor' ? 'C.UTF-8' : 'en_US.UTF-8',
    ctype: server.host.name === 'monitor' ? 'C.UTF-8' : 'en_US.UTF-8',
    provider: 'c',
    providerLocale: null,
    checksums: false,
    walSegmentBytes: 16_777_216,
    socketDirectories: socket,
    sources: ['postgresql.auto.conf', 'postgresql-auto-failover.conf', 'postgresql.conf'].map((name) =>
      join(data, name),
    ),
    files: [
      ...['pg_hba.conf', 'pg_ident.conf', 'server.crt', 'server.key'].map((name) => join(data, name)),
      '',
      '',
      '',
    ],
  });
};

/** What every look asks. */
const inspected = (server: Postmaster): string =>
  json({
    version: debianVersion[server.options.major],
    inRecovery: server.inRecovery,
    lsn: server.lsnText,
    synchronousStandbyNames: server.synchronousStandbyNames,
    listenAddresses: server.options.listen,
    socketDirectories: server.options.socket,
    nextXid: server.inRecovery ? '0' : String(server.nextXid),
    startedAt: `${server.startedAt.toISOString().slice(0, 19)}Z`,
    readOnly: false,
    senders: senders(server).map(({ name, state, sync, flushed, replayed }) => ({
      name,
      state,
      sync,
      flushed,
      replayed,
    })),
  });

/** What the checks ask of the whole server. */
const checked = (server: Postmaster): string => {
  const settings = settingsOf(server);
  return json({
    version: debianVersion[server.options.major],
    inRecovery: server.inRecovery,
    settings: {
      archive_mode: 'off',
      archive_command: '(disabled)',
      wal_keep_size: '1024',
      max_slot_wal_keep_size: '-1',
      shared_preload_libraries: settings.get('shared_preload_libraries') ?? '',
      max_connections: settings.get('max_connections') ?? '100',
      jit: 'on',
    },
    removed: [],
    removedForRoles: [],
    prepared: [],
    slots: server.standbys().map((standby) => ({
      name: `pgautofailover_standby_${standby.host.nodeId ?? 0}`,
      kind: 'physical',
      plugin: null,
      database: null,
      active: true,
    })),
    longTransactions: [],
    senders: senders(server).map(({ name, state, lagBytes }) => ({ name, state, lagBytes })),
    workers:
      server.host.name === 'monitor' ? ['pg_auto_failover monitor', 'pg_auto_failover monitor worker'] : [],
    tablespaces: [],
    catalog: [],
  });
};

const measured = (_server: Postmaster, database: string): string => {
  const { tables, indexes, bytes } = relations[database] ?? { tables: 0, indexes: 0, bytes: 7_500_000 };
  return json({
    name: database,
    bytes,
    catalogBytes: 7_200_000,
    relations: 413 + tables + indexes,
    locked: tables,
    largeObjects: 0,
    unlogged: 0,
    unloggedNames: [],
    subscriptions: [],
    extensions: [
      { name: 'plpgsql', version: '1.0' },
      ...(database === 'app' ? [{ name: 'pg_stat_statements', version: '1.10' }] : []),
      ...(database === 'pg_auto_failover' ? [{ name: 'pgautofailover', version: '2.0' }] : []),
    ],
  });
};

/** One row for each relation, as the product notes them before the stop and compares them before the opening. */
const contents = (_server: Postmaster, database: string): string => {
  const { tables, indexes } = relations[database] ?? { tables: 0, indexes: 0 };
  const rows = (kind: string, count: number) =>
    Array.from({ length: count }, (_, at) =>
      [kind, database, 'public', `${kind}_${at + 1}`, '', ''].join('\t'),
    );
  return [...rows('table', tables), ...rows('index', indexes)].join('\n');
};

const libraries = (server: Postmaster): string =>
  server.host.name === 'monitor' ? 'pgautofailover' : 'pg_stat_statements';

/** Which server it is: asked before the private one is stopped. */
const identity = (server: Postmaster): string =>
  [server.pid, server.options.data, server.options.socket, server.options.listen].join('|');

/** When a server's clients were terminated last: its applications come back a little later, as real ones do. */
const terminated = new WeakMap<Postmaster, number>();
const awayMs = 5_000;

/** Who is connected: an application with its pool, a report that takes its time, somebody at a prompt. */
const clientsOf = (server: Postmaster) => {
  const open = server.options.listen !== '' && !server.inRecovery && server.host.name !== 'monitor';
  const away = Date.now() - (terminated.get(server) ?? 0) < awayMs;
  const seconds = Math.round((Date.now() - server.startedAt.getTime()) / 1000);
  const pool = {
    application: 'shop',
    role: 'app',
    address: '10.0.0.21',
    sessions: 12,
    state: 'active',
    seconds: 0.2,
  };
  const report = {
    application: 'reporting',
    role: 'report',
    address: '10.0.0.22',
    sessions: 2,
    state: 'idle in transaction',
    seconds: 41 + seconds,
  };
  const prompt = {
    application: 'psql',
    role: 'mueller',
    address: null,
    sessions: 1,
    state: 'idle',
    seconds: null,
  };
  const before = !terminated.has(server);
  return !open || away ? [] : before ? [report, pool, prompt] : [pool];
};

const connected = (server: Postmaster): string => {
  const listed = clientsOf(server);
  const sessions = listed.reduce((sum, group) => sum + group.sessions, 0);
  return json({ sessions, groups: listed.length, listed });
};

const terminateClients = (server: Postmaster): string => {
  const ended = clientsOf(server).reduce((sum, group) => sum + group.sessions, 0);
  terminated.set(server, Date.now());
  return String(ended);
};

const answers: readonly (readonly [RegExp, (server: Postmaster, database: string) => string])[] = [
  [
    /^select name from pg_available_extensions/,
    (server, database) => (database === 'app' && server.options.major !== 15 ? 'pg_stat_statements' : ''),
  ],
  [/^select pg_wal_lsn_diff\(pg_last_wal_receive_lsn/, () => '0'],
  [/^select clock_timestamp/, () => new Date().toISOString()],
  [/pg_terminate_backend\(pid\)/, terminateClients],
  [/'groups', \(select count/, connected],
  [/'superuser', \(select rolname/, discovered],
  [/'synchronousStandbyNames', current_setting/, inspected],
  [/'removedForRoles'/, checked],
  [/'postmaster\.pid'/, identity],
  [/'catalogBytes'/, measured],
  [/to_regclass\('pg_parameter_acl'\)/, () => 'f'],
  // What is in its catalogs beside the relations: nothing of its own, and no subscription.
  [/pg_shdescription|pg_statistic_ext|pg_subscription_rel/, () => ''],
  [/e\.extname, e\.extversion/, () => ''],
  [
    /copy \(select 'database', datname/,
    (server) =>
      databasesOf(server)
        .map((name) => ['database', name, '', '', '', ''].join('\t'))
        .join('\n'),
  ],
  [/pg_sequence_last_value/, contents],
  [/current_setting\('shared_preload_libraries'/, libraries],
  [/current_setting\('session_preload_libraries'/, () => ''],
  [
    /select distinct probin/,
    (server, database) =>
      database === 'app' || database === 'pg_auto_failover' ? `$libdir/${libraries(server)}` : '',
  ],
  [/select datname from pg_database/, (server) => databasesOf(server).join('\n')],
  [/pg_tablespace_location/, () => ''],
  [
    /select version\(\)/,
    (server) =>
      `PostgreSQL ${debianVersion[server.options.major]} on x86_64-pc-linux-gnu, in the demo of pgaf-upgrade`,
  ],
  [
    /^\s*checkpoint\s*;?\s*$/i,
    (server) => {
      server.checkpoint();
      return 'CHECKPOINT';
    },
  ],
  [/from pg_stat_activity where pid <> pg_backend_pid\(\)/, () => ''],
];
