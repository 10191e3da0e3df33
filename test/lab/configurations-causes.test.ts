import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCheck, runCommand } from './harness/check.ts';
import { type Lab, openLab } from './harness/lab.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/**
 * Databases, names and passwords that people have, in one cluster. They cannot mask each other: each is named by itself, from the catalog,
 * and the last test runs the upgrade with those that are only unusual.
 */

let lab: Lab;
let home: ConsoleHome;
beforeAll(async () => {
  lab = await openLab({ snapshot: process.env.SNAPSHOT ?? 'small' });
  home = await createConsoleHome(lab);
  await lab.pg(
    'node1',
    String.raw`psql -q <<'SQL'
create database inval;
create database noconn;
create database "a=b c=d";
create database "postgres://x";
create database U&"line\000afeed";
alter role postgres password 'pw';
SQL
PGDATABASE='a=b c=d' psql -qc 'create table t (i int primary key)' -c 'insert into t values (41)'
psql -qd app -c 'create extension adminpack'
psql -q <<'SQL'
alter database noconn allow_connections false;
alter database template0 allow_connections true;
update pg_database set datconnlimit = -2 where datname = 'inval';
SQL`,
  );
  // a password that libpq finds for the server's own port and socket, and for no other
  for (const node of lab.nodes)
    await lab.pg(
      node,
      `printf 'localhost:5432:*:postgres:pw\\n' >~/.pgpass; chmod 600 ~/.pgpass
sed -i '1i local all postgres scram-sha-256' ${lab.settings.pgdata}/pg_hba.conf
psql -qc 'select pg_reload_conf()' >/dev/null`,
    );
});
afterAll(() => home?.clear());

it('each cause is named once, everything else is judged, and the commands that are given are enough', async () => {
  const checked = await runCheck(home);
  expect(checked.code).toBe(1);
  expect(
    checked.report.findings
      .filter((one) => one.severity === 'blocker')
      .map((one) => `${one.check} ${one.host}: ${one.command}`),
  ).toEqual([
    "databases-connectable node_1: psql -d postgres -c 'drop database inval'",
    `databases-connectable node_1: psql -d postgres -c 'alter database U&"line\\000afeed" rename to line_feed'`,
    "databases-connectable node_1: psql -d postgres -c 'alter database noconn allow_connections true'",
    "databases-connectable node_1: psql -d postgres -c 'alter database template0 allow_connections false'",
    "extensions-available node_1: psql -d app -c 'drop extension adminpack'",
  ]);
  expect(checked.report.notSeen.map((one) => `${one.check} ${one.host}`)).toEqual([
    'pg-upgrade-check node_1',
    'schema-dry-run node_1',
    // what the dry run did not come to
    'extension-updates node_1',
    'statistics-computed node_1',
  ]);
  expect(checked.of('unlogged-tables')).toEqual(['node_1: 1 in app: public.sessions']);

  // the commands that it gives, typed, are enough
  const commands = checked.report.findings.filter((one) => one.severity === 'blocker');
  await lab.pg('node1', commands.map((one) => one.command ?? 'false').join('\n'));
  const again = await runCheck(home);
  expect(again.report).toMatchObject({ outcome: 'ready-with-warnings', notSeen: [] });
});

it('names that are connection strings, and a password on the local socket, are upgraded', async () => {
  const names = () =>
    lab.sql('node1', 'postgres', 'select datname::text as name from pg_database order by 1');
  const before = await names();
  const [file = ''] = home.args;
  const ran = await runCommand(home, ['run', file, '--plain', '--yes', lab.address('monitor')]);
  expect(ran.code, ran.stdout.slice(-3000)).toBe(0);
  expect(await names()).toEqual(before);
  expect(
    (await lab.pg('node1', "PGDATABASE='a=b c=d' psql -Atc 'select i from t' -c 'show hba_file'")).trim(),
  ).toBe(`41\n${lab.settings.pgdata}/pg_hba.conf`);
  expect(await lab.pg('node1', 'head -n 1 ~/data/pg_hba.conf')).toContain('local all postgres scram-sha-256');
});
