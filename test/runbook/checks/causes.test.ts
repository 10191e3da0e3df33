import { expect, test } from 'vitest';
import type { Evidence } from '../../../source/cluster/checks/evidence.ts';
import { identifierFor, inPsql } from '../../../source/runbook/checks/in-psql.ts';
import { judge } from '../../../source/runbook/checks/judge.ts';
import { labCluster } from '../clusters.ts';
import { failedAt, healthy, withHost, withInspection, withServer } from './healthy.ts';
import { healthyLog } from './healthy-host.ts';

/** One cause, one finding that names the thing and the command; whatever else is judged as before. */

const [primary] = labCluster().nodes;
if (primary === undefined) throw new Error('the lab has a primary');
const log = healthyLog(primary);

const told = (evidence: Evidence): string[] =>
  judge(evidence).findings.map((one) => `${one.check} ${one.host}: ${one.found} $ ${one.command}`);
const unseen = (evidence: Evidence): string[] =>
  judge(evidence).notSeen.map((one) => `${one.check} ${one.host}: ${one.because}`);

const withDatabases = (...more: readonly { name: string; connections: boolean; limit: number }[]): Evidence =>
  withServer('node_1', ({ catalog }) => ({ catalog: [...catalog, ...more] }));
const without = (name: string): Evidence =>
  withServer('node_1', ({ catalog }) => ({ catalog: catalog.filter((one) => one.name !== name) }));

test('each database that pg_upgrade cannot connect to is named with its command', () => {
  expect(
    told(
      withDatabases(
        { name: 'inval', connections: true, limit: -2 },
        { name: 'No Conn', connections: false, limit: -1 },
        { name: 'line\nfeed\\', connections: true, limit: -1 },
      ),
    ),
  ).toEqual([
    "databases-connectable node_1: database inval is invalid: a DROP DATABASE was interrupted $ psql -d postgres -c 'drop database inval'",
    `databases-connectable node_1: database "No Conn" allows no connections $ psql -d postgres -c 'alter database "No Conn" allow_connections true'`,
    `databases-connectable node_1: the name of database U&"line\\000afeed\\\\" has a line break in it $ psql -d postgres -c 'alter database U&"line\\000afeed\\\\" rename to "line_feed\\"'`,
  ]);
});

test('templates that are gone, or open, are named', () => {
  expect(told(without('template0'))).toEqual([
    "databases-connectable node_1: there is no database template0 $ psql -d postgres -c 'create database template0 template template1 is_template true allow_connections false'",
  ]);
  expect(told(without('template1'))).toEqual([
    "databases-connectable node_1: there is no database template1 $ psql -d postgres -c 'create database template1 template template0 is_template true'",
  ]);
  expect(
    told(
      withServer('node_1', ({ catalog }) => ({
        catalog: catalog.map((one) => (one.name === 'template0' ? { ...one, connections: true } : one)),
      })),
    ),
  ).toEqual([
    "databases-connectable node_1: database template0 allows connections $ psql -d postgres -c 'alter database template0 allow_connections false'",
  ]);
});

test('a database postgres that is gone is named with its command, and is why the monitor calls the nodes unhealthy', () => {
  const gone = without('postgres');
  const { state } = gone;
  if (state === null) throw new Error('the monitor is there');
  const evidence = {
    ...gone,
    state: { ...state, nodes: state.nodes.map((node) => ({ ...node, health: 0 })) },
  };
  expect(told(evidence)).toEqual([
    "databases-connectable node_1: there is no database postgres, to which pg_autoctl, the monitor and the console connect $ psql -d template1 -c 'create database postgres'",
  ]);
  expect(unseen(evidence)).toEqual(
    ['node_1', 'node_2', 'node_3'].map(
      (node) =>
        `nodes-healthy ${node}: the monitor’s health check ended at what databases-connectable names: put that right, then check again`,
    ),
  );
});

test('a role that pg_autoctl connects as and that is gone, or is no superuser, is told on the primary alone', () => {
  const evidence = ['node_1', 'node_2', 'node_3'].reduce(
    (from, alias) =>
      withServer(alias, () => ({ superusers: ['dba admin', 'pgautofailover_replicator'] }), from),
    healthy(),
  );
  expect(told(evidence)).toEqual([
    `server-answers node_1: there is no superuser postgres that may log in, as which pg_autoctl connects; the superuser that initdb has made is postgres $ psql -U postgres -d template1 -c 'create role postgres superuser login'`,
  ]);
  expect(unseen(evidence)).toEqual([]);
});

test('a database that is silent for another reason is named, with what it said', () => {
  const evidence = withInspection('node_1', () => ({
    silentDatabases: [{ name: 'a=b', said: 'FATAL: no pg_hba.conf entry' }],
  }));
  expect(told(evidence)).toEqual([
    `databases-connectable node_1: database "a=b" gave no answer: FATAL: no pg_hba.conf entry $ psql -d 'dbname='\\''a=b'\\''' -c 'select 1'`,
  ]);
  expect(unseen(evidence)).toEqual([]);
});

test('what pg_upgrade and the dry run end at is said once, and what they would have shown is unknown', () => {
  const evidence = withHost(
    'node_1',
    () => ({
      dryRun: failedAt(log, 'pg upgrade', 'FATAL:  cannot connect to invalid database "inval"'),
    }),
    withDatabases({ name: 'inval', connections: true, limit: -2 }),
  );
  expect(judge(evidence).findings.map((one) => one.check)).toEqual(['databases-connectable']);
  expect(unseen(evidence)).toContain(
    'pg-upgrade-check node_1: pg_upgrade --check ended at what databases-connectable names: put that right, then check again',
  );
});

test('the same words without that cause are a finding of their own', () => {
  const evidence = withHost('node_1', () => ({
    dryRun: failedAt(log, 'pg upgrade', 'FATAL:  cannot connect to invalid database "inval"'),
  }));
  expect(judge(evidence).findings.map((one) => one.check)).toEqual(['pg-upgrade-check']);
});

const withExtension = (name: string): Evidence => {
  let evidence = healthy();
  for (const host of ['node_1', 'node_2', 'node_3'])
    evidence = withInspection(
      host,
      ({ databases }) => ({
        databases: databases.map((one) => ({ ...one, extensions: [{ name, version: '2.1' }] })),
      }),
      evidence,
    );
  return evidence;
};
const missing = (name: string): readonly string[] => [
  `could not load library "$libdir/${name}": ERROR:  could not access file "$libdir/${name}": No such file or directory`,
  'In database: app',
];

test('an extension that the new version no longer has is to be dropped, and is said once', () => {
  const evidence = withHost(
    'node_1',
    () => ({ dryRun: failedAt(log, 'pg upgrade', ...missing('adminpack')) }),
    withHost(
      'node_2',
      () => ({
        dryRun: failedAt(log, 'libraries', 'library $libdir/adminpack does not load: could not access file'),
      }),
      withExtension('adminpack'),
    ),
  );
  expect(told(evidence)).toEqual([
    "extensions-available node_1: adminpack is used in app, and PostgreSQL 17 no longer has it $ psql -d app -c 'drop extension adminpack'",
  ]);
});

test('an extension that is only not installed is to be installed on each host, and is said by no other check', () => {
  const evidence = withHost(
    'node_1',
    () => ({
      dryRun: failedAt(log, 'restore 1', 'database app', 'ERROR:  extension "postgis" is not available'),
    }),
    withExtension('postgis'),
  );
  expect(judge(evidence).findings.map((one) => `${one.check} ${one.host}`)).toEqual([
    'extensions-available node_1',
    'extensions-available node_2',
    'extensions-available node_3',
  ]);
});

test('a library of something else, beside it, is said as before', () => {
  const evidence = withHost(
    'node_1',
    () => ({ dryRun: failedAt(log, 'pg upgrade', ...missing('adminpack'), ...missing('own')) }),
    withExtension('adminpack'),
  );
  expect(judge(evidence).findings.map((one) => one.check)).toContain('pg-upgrade-check');
});

test('the value of max_locks_per_transaction is told, and the dump that failed for it is not told again', () => {
  const evidence = withHost(
    'node_1',
    () => ({ dryRun: failedAt(log, 'dump 1', 'pg_dump: error: query failed: ERROR:  out of shared memory') }),
    withInspection('node_1', ({ databases }) => ({
      databases: databases.map((one) => ({ ...one, locked: 50_000 })),
    })),
  );
  expect(told(evidence)).toEqual([
    expect.stringContaining("$ psql -d postgres -c 'alter system set max_locks_per_transaction = 576'"),
  ]);
});

test('a database that the dry run has dumped had locks enough, whatever the size of their table', () => {
  const many = (count: number): Evidence =>
    withInspection('node_1', ({ databases }) => ({
      databases: databases.flatMap((one) => [
        { ...one, locked: 12_000 },
        { ...one, name: 'other', locked: count },
      ]),
    }));
  expect(told(many(10))).toEqual([]);
  expect(told(many(12_001))).toHaveLength(1);
});

test('pg_upgrade’s refusal is told with its own words and what its files list, no file that is gone, no noise', () => {
  const evidence = withHost('node_1', () => ({
    dryRun: failedAt(
      log,
      'pg upgrade',
      'Performing Consistency Checks on Old Live Server',
      'Checking for reg* data types in user tables                   fatal',
      '',
      'Your installation contains one of the reg* data types in user tables.',
      'A list of the problem columns is in the file:',
      '    /var/lib/pgsql/pgaf-upgrade-check.data/new/pg_upgrade_output.d/20261126/tables_using_reg.txt',
      'Failure, exiting',
      '20261126/tables_using_reg.txt:',
      'In database: app',
      '  public.t.c',
      '20261126/log/pg_upgrade_server.log:',
      'FATAL:  lock file "postmaster.pid" already exists',
      'pg_ctl: could not start server',
    ),
  }));
  const [finding] = judge(evidence).findings;
  expect(finding).toMatchObject({
    check: 'pg-upgrade-check',
    found:
      'Your installation contains one of the reg* data types in user tables. · In database: app · public.t.c',
    command: null,
  });
});

test('lines that a program repeats are told once, and on one line', () => {
  const evidence = withHost('node_2', () => ({
    silentServer:
      'FATAL:  the database system is not yet accepting connections\nDETAIL:  Consistent recovery state has not been yet reached.',
    facts: null,
    inspection: null,
    dryRun: null,
  }));
  expect(judge(evidence).findings[0]?.found).toBe(
    'the server does not answer: FATAL:  the database system is not yet accepting connections · DETAIL:  Consistent recovery state has not been yet reached.',
  );
});

const silent = (said: string, node = 'node_1'): Evidence =>
  withHost(node, () => ({ silentServer: said, facts: null, inspection: null, dryRun: null }));

test('a role or database that is not there is named instead of a server that does not answer', () => {
  expect(judge(silent('FATAL:  role "postgres" does not exist')).findings[0]?.found).toMatch(
    /no role postgres, under which the console connects/,
  );
  const command = judge(silent('FATAL:  role "postgres" does not exist')).findings[0]?.command;
  expect(command).toContain(`echo 'again "postgres" pgautofailover_replicator' >>pg_ident.conf`);
  expect(command).toMatch(/oid = 10\)[^;]*postgres[^;]*; end \$do\$'; mv hba\.kept pg_hba\.conf;/);
  expect(judge(silent('FATAL:  role "postgres" does not exist', 'node_2')).findings[0]).toMatchObject({
    remedy: 'make it again on the primary: it comes from there',
    command: null,
  });
  expect(judge(silent('FATAL:  database "postgres" does not exist')).findings[0]).toMatchObject({
    found: expect.stringMatching(/lets nobody into database postgres/),
    command:
      "psql -d template1 -c 'create database postgres'; psql -d template1 -c 'alter database postgres allow_connections true'",
  });
});

test('a node where no pg_autoctl runs is told so, and how to start it', () => {
  const from = withInspection('node_3', () => ({ autoctlStopped: true }));
  if (from.state === null) throw new Error('the monitor is there');
  const evidence: Evidence = {
    ...from,
    state: {
      ...from.state,
      nodes: from.state.nodes.map((node) =>
        node.name === 'node_3' ? { ...node, assigned: 'catchingup' } : node,
      ),
    },
  };
  expect(told(evidence)).toEqual([
    'nodes-healthy node_3: no pg_autoctl runs there: it stays secondary, assigned catchingup, and its last report is 0 s old $ systemctl start pgautofailover.service',
  ]);
});

test('SQL to type names its database, and a name that is a connection string is quoted as one', () => {
  expect(inPsql('app', 'select 1', 'select 2')).toBe("psql -d app -c 'select 1' -c 'select 2'");
  expect(inPsql("postgres://x'y", 'select 1')).toBe(
    "psql -d 'dbname='\\''postgres://x\\'\\''y'\\''' -c 'select 1'",
  );
  expect(identifierFor('app')).toBe('app');
  expect(identifierFor('My "App"')).toBe('"My ""App"""');
});

test('a link of the primary’s configuration, found on a secondary, is to be put right on the primary', () => {
  const [, second] = labCluster().nodes;
  if (second === undefined) throw new Error('the lab has a secondary');
  const said = 'FATAL:  a base backup brings no postgresql.conf: on node_1 it is a symbolic link';
  const evidence = withHost('node_2', () => ({
    dryRun: failedAt(healthyLog(second), 'configuration', said),
  }));
  const finding = judge(evidence).findings.find((one) => one.check === 'configuration-read');
  expect(finding?.host).toBe('node_2');
  expect(finding?.remedy).toMatch(/^put the file in place of the link on node_1 /);
  expect(finding?.command).toMatch(/^cd \S+ && cp -pL postgresql\.conf /);
});
