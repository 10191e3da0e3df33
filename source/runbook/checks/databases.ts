import type { DatabaseEvidence, HostEvidence, ServerEvidence } from '../../cluster/checks/evidence.ts';
import { sectionsOf } from '../../cluster/checks/sections.ts';
import { type ClusterFacts, type HostFacts, isNode } from '../../cluster/facts.ts';
import { type Check, type Issue, onEach } from './check.ts';
import { hasLineBreak, identifierFor, inPsql } from './in-psql.ts';
import { type Seen, served } from './see.ts';

type Server = Seen & { readonly server: ServerEvidence };

const make = (name: string, from: string, options: string): Issue => ({
  found: `there is no database ${name}`,
  remedy: 'create it again',
  command: inPsql('postgres', `create database ${name} template ${from}${options}`),
});

const makePostgres: Issue = {
  found: 'there is no database postgres, to which pg_autoctl, the monitor and the console connect',
  remedy: 'create it again',
  command: inPsql('template1', 'create database postgres'),
};

const isIn = ({ catalog }: ServerEvidence, name: string): boolean =>
  catalog.length === 0 || catalog.some((one) => one.name === name);

/** Without it the monitor's health check fails on every node. Source: pg_auto_failover, src/monitor/health_check_worker.c, CONN_INFO_TEMPLATE. */
export const lacksPostgres = (host: HostEvidence): boolean => {
  const seen = served(host);
  return typeof seen !== 'string' && !isIn(seen.server, 'postgres');
};

/** Every database that no session of pg_upgrade's can be opened in, or that it wants otherwise. */
export const unconnectable = ({ inspection, server }: Server): readonly Issue[] => {
  const { catalog } = server;
  const issues = catalog.flatMap(({ name, connections, limit }): Issue[] => {
    const written = identifierFor(name);
    if (limit === -2)
      return [
        {
          found: `database ${written} is invalid: a DROP DATABASE was interrupted`,
          remedy: 'drop it, which is all that can be done with it',
          command: inPsql('postgres', `drop database ${written}`),
        },
      ];
    if (hasLineBreak(name))
      return [
        {
          found: `the name of database ${written} has a line break in it`,
          remedy: 'give it another name: pg_upgrade and pg_dumpall refuse this one',
          command: inPsql(
            'postgres',
            `alter database ${written} rename to ${identifierFor(name.replaceAll(/[\r\n]+/g, '_'))}`,
          ),
        },
      ];
    if (name === 'template0')
      return connections
        ? [
            {
              found: 'database template0 allows connections',
              remedy: 'forbid them again',
              command: inPsql('postgres', 'alter database template0 allow_connections false'),
            },
          ]
        : [];
    return connections
      ? []
      : [
          {
            found: `database ${written} allows no connections`,
            remedy: 'let it allow them for the upgrade, or drop it',
            command: inPsql(
              name === 'postgres' ? 'template1' : 'postgres',
              `alter database ${written} allow_connections true`,
            ),
          },
        ];
  });
  const silent = (inspection.silentDatabases ?? []).map(
    ({ name, said }): Issue => ({
      found: `database ${identifierFor(name)} gave no answer: ${said === '' ? 'it said nothing' : said}`,
      remedy: 'connect to it as the superuser, and put right what it says',
      command: inPsql(name, 'select 1'),
    }),
  );
  return [
    ...issues,
    ...(isIn(server, 'postgres') ? [] : [makePostgres]),
    ...(isIn(server, 'template0')
      ? []
      : [make('template0', 'template1', ' is_template true allow_connections false')]),
    ...(isIn(server, 'template1') ? [] : [make('template1', 'template0', ' is_template true')]),
    ...silent,
  ];
};

const setting = (server: ServerEvidence, name: string, otherwise: number): number => {
  const value = Number(server.settings[name] ?? otherwise);
  return Number.isFinite(value) ? value : otherwise;
};

/** How many databases pg_upgrade dumps at once. */
const dumpedAtOnce = (host: HostFacts, facts: ClusterFacts | null): number =>
  isNode(host) ? Math.max(1, facts?.jobs ?? 1) : 1;

const mostLocked = (databases: readonly DatabaseEvidence[], atOnce: number): readonly DatabaseEvidence[] =>
  [...databases].sort((one, other) => other.locked - one.locked).slice(0, atOnce);

/** Above this the number is rounded up to a multiple of it; a quarter more than what is needed leaves room for others' sessions. */
const step = 64;

/** Databases that the dry run has dumped: there were locks for all that they have, more than the table is made for where memory was left. */
const dumped = ({ dryRun }: HostEvidence): ReadonlySet<string> =>
  new Set(
    sectionsOf(dryRun ?? new Map(), 'dump').flatMap(({ code, lines }) =>
      code === 0 ? (/^database (.*)$/.exec(lines[0] ?? '')?.[1] ?? []) : [],
    ),
  );

/**
 * Null: the shared table of locks has room for what pg_dump locks, by its size or because a dump has shown it. Its size: PostgreSQL,
 * max_locks_per_transaction; src/backend/storage/lmgr/lock.c, NLOCKENTS; postinit.c, InitializeMaxBackends. With 64 and 124 processes it is made
 * for 7,936, and held 13,088 with 15.20 on the lab. A server that does not say its settings is not judged.
 */
export const tooFewLocks = (
  { facts, inspection, server }: Server,
  host: HostEvidence,
  cluster: ClusterFacts | null,
): Issue | null => {
  const now = setting(server, 'max_locks_per_transaction', 0);
  const sessions =
    setting(server, 'max_connections', 100) +
    setting(server, 'max_prepared_transactions', 0) +
    setting(server, 'autovacuum_max_workers', 3) +
    setting(server, 'max_worker_processes', 8) +
    setting(server, 'max_wal_senders', 10) +
    1;
  const most = mostLocked(inspection.databases, dumpedAtOnce(facts, cluster)).filter((one) => one.locked > 0);
  const needed = most.reduce((all, one) => all + one.locked, 0);
  const shown = dumped(host);
  const held = inspection.databases.filter((one) => shown.has(one.name)).map((one) => one.locked);
  if (now === 0 || needed <= Math.max(now * sessions, ...held)) return null;
  const enough = Math.ceil((needed * 1.25) / sessions / step) * step;
  const which = most.map((one) => `${identifierFor(one.name)} has ${one.locked}`).join(', ');
  return {
    found: `${which} tables, sequences and views, and the server has room for ${now * sessions} locks (max_locks_per_transaction is ${now})`,
    remedy: `set max_locks_per_transaction to ${enough} on every node, then restart PostgreSQL on the secondaries first and on the primary last: a standby does not start with less than its primary has`,
    command: inPsql('postgres', `alter system set max_locks_per_transaction = ${enough}`),
  };
};

/** What the database has of subscriptions, and what becomes of them. */
const subscribed = ({ name, subscriptions }: DatabaseEvidence): readonly Issue[] => {
  if (subscriptions.length === 0) return [];
  const copying = subscriptions.filter((one) => one.copying > 0);
  const named = subscriptions.map((one) => `${identifierFor(one.name)} (${one.tables} tables)`).join(', ');
  const found = `${identifierFor(name)} subscribes to another server: ${named}`;
  return [
    copying.length > 0
      ? {
          found: `${found}; tables whose first copy is under way: ${copying.reduce((sum, one) => sum + one.copying, 0)}`,
          remedy:
            'let it come to its end before the window: a subscription that is copying stays disabled behind it',
          command: inPsql(
            name,
            "select srsubid, srrelid::regclass, srsubstate from pg_subscription_rel where srsubstate not in ('i', 'r')",
          ),
        }
      : {
          found,
          remedy:
            'nothing is to be done for the upgrade: where each stands is noted, and it goes on there behind the opening. A rollback after the opening loses what the new version has received by then: plan to copy these tables again in that case',
          command: inPsql(name, 'select subname, subenabled, subslotname from pg_subscription'),
        },
  ];
};

/** What pg_upgrade needs of every database to dump it, and what it leaves out of it. */
export const databaseChecks: readonly Check[] = [
  {
    id: 'databases-connectable',
    severity: 'blocker',
    title: 'pg_upgrade can connect to every database, and to template0 nobody can',
    scope: 'primary and monitor',
    why: 'pg_upgrade opens a session in every database, and refuses a cluster in which it cannot; one by one they are named here, and everything else is judged without them.',
    source:
      'PostgreSQL, src/bin/pg_upgrade/check.c, check_proper_datallowconn; info.c, get_template0_info; fe_utils/string_utils.c, appendShellString; 51.15 pg_database, datconnlimit',
    judge: onEach('primary and monitor', served, unconnectable),
  },
  {
    id: 'locks-suffice',
    severity: 'blocker',
    title: 'There are locks for every table of the largest database',
    scope: 'primary and monitor',
    why: 'pg_dump locks every table of a database until it is done: with too few locks pg_upgrade ends with “out of shared memory” inside the downtime.',
    source:
      'PostgreSQL, max_locks_per_transaction (64 unless set; 128 in 19, by its release notes; pg_dump asks the old server, and a value of your own is carried as it is); seen with 50,000 tables and 15.20 on the lab (fixtures/lab)',
    judge: onEach('primary and monitor', served, (seen, host, { facts }) => tooFewLocks(seen, host, facts)),
  },
  {
    id: 'subscriptions',
    severity: 'warning',
    title: 'No subscription to another server',
    scope: 'primary',
    why: 'From before 17, pg_upgrade leaves a subscription disabled, without its tables and its position; the publisher keeps WAL for it until it goes on.',
    source:
      'PostgreSQL, logical-replication-upgrade, “Prepare for Subscriber Upgrades”; seen on the lab (fixtures/lab), 15.20 to 17.12',
    judge: onEach('primary', served, ({ inspection }) => inspection.databases.flatMap(subscribed)),
  },
];
