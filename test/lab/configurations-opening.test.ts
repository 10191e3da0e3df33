import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checked, runCheck, runCommand } from './harness/check.ts';
import { type Lab, openLab } from './harness/lab.ts';
import type { Ran } from './harness/output-of.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/**
 * What holds nothing up, and what is not lost: a view on an extension's view, an index whose function finds nothing under the new version's
 * search path, privileges on an extension's objects, statistics of a partitioned table, a subscription, a replication origin. They cannot mask
 * each other: the update that fails is in \`app\`, the one that goes through in \`reporting\`; the index is on a table of its own.
 */

let lab: Lab;
let home: ConsoleHome;
let checked: Checked;
let ran: Ran;

/** On the monitor's host: another server, which nobody upgrades, and somebody who writes a row a second there. */
const publisher = `set -e
B=/opt/vmware/postgres/15/bin; D=/var/lib/pgsql/publisher
as() { runuser -u postgres -- "$@"; }
as $B/initdb -D $D -A trust >/dev/null
printf "host all all 0.0.0.0/0 trust\nhost replication all 0.0.0.0/0 trust\n" >>$D/pg_hba.conf
systemd-run -q --uid=postgres --unit=publisher $B/postgres -D $D -p 5440 -k /tmp -c listen_addresses='*' -c wal_level=logical
until as $B/psql -X -h /tmp -p 5440 -qc 'create table feed (id bigserial primary key, at timestamptz default clock_timestamp())' 2>/dev/null; do sleep 0.2; done
as $B/psql -X -h /tmp -p 5440 -qc 'create publication p for table feed'
cat >/tmp/writer.sh <<'END'
while [ ! -e /tmp/enough ]; do /opt/vmware/postgres/15/bin/psql -X -h /tmp -p 5440 -qc 'insert into feed default values'; sleep 1; done
END
systemd-run -q --uid=postgres --unit=writer sh /tmp/writer.sh`;

const inApp = `create view top as select * from pg_stat_statements;
create extension unaccent;
create function f(text) returns text immutable language plpgsql as 'begin return unaccent($1); end';
create table words (id int, word text); insert into words select i, 'w' || i from generate_series(1, 500) i;
create index words_f on words (f(word));
create table m (id int, at date) partition by range (at);
create table m1 partition of m for values from ('2026-01-01') to ('2026-07-01');
create table m2 partition of m for values from ('2026-07-01') to ('2027-01-01');
insert into m select i, '2026-01-01'::date + i % 300 from generate_series(1, 5000) i;
analyze m;
alter table words alter column word set statistics 321;
comment on table words is 'it''s \\ odd';
comment on column words.word is E'two\\nlines';
create type kind as enum ('a'); comment on type kind is 'a kind';
create domain positive as int constraint above check (value > 0); comment on constraint above on domain positive is 'above';
grant set on parameter work_mem to reporter;
select lo_create(4711); alter large object 4711 owner to app; grant select on large object 4711 to reporter; comment on large object 4711 is 'large';
select pg_replication_origin_create('somebody else''s');`;

const inReporting = (address: string): string => `create extension pg_stat_statements;
grant select on pg_stat_statements to reporter;
grant execute on function pg_stat_statements_reset to reporter;
revoke select on pg_stat_statements_info from public;
create table feed (id bigint primary key, at timestamptz);
create subscription s connection 'host=${address} port=5440 user=postgres dbname=postgres' publication p;`;

const value = async (database: string, sql: string): Promise<unknown> =>
  (await lab.sql('node1', database, sql))[0]?.v;
const published = async (): Promise<unknown> =>
  (
    await lab.pg(
      'monitor',
      "/opt/vmware/postgres/15/bin/psql -X -h /tmp -p 5440 -Atc 'select count(*) from feed'",
    )
  ).trim();

beforeAll(async () => {
  lab = await openLab({ snapshot: process.env.SNAPSHOT ?? 'small' });
  home = await createConsoleHome(lab);
  await lab.root('monitor', publisher);
  const address = (await lab.root('monitor', "hostname -I | cut -d ' ' -f 1")).trim();
  await lab.pg('node1', `psql -X -v ON_ERROR_STOP=1 -q app <<'END'\n${inApp}\nEND`);
  await lab.pg('node1', `psql -X -v ON_ERROR_STOP=1 -q reporting <<'END'\n${inReporting(address)}\nEND`);
  checked = await runCheck(home);
  ran = await runCommand(home, ['run', ...home.args, '--plain', '--yes', lab.address('monitor')]);
});
afterAll(async () => {
  await lab?.pg('monitor', 'touch /tmp/enough');
  await home?.clear();
});

describe('nothing holds up the opening', () => {
  it('check has no blocker, and tells of the subscription', () => {
    expect(checked.found.filter((one) => one.startsWith('blocker'))).toEqual([]);
    expect(checked.of('subscriptions')).toEqual([expect.stringContaining('subscribes to another server')]);
  });
  it('the run goes through', () => {
    expect(ran.code, ran.stdout.slice(-6000)).toBe(0);
  });
  it('an extension that cannot be updated is noted, with what depends on it and the command', () => {
    expect(ran.stdout).toMatch(
      /app: extension pg_stat_statements keeps its version: .*view top depends on view pg_stat_statements/,
    );
    expect(ran.stdout).toContain(`-d app -c 'alter extension "pg_stat_statements" update'`);
  });
  it('a table that cannot be analyzed is noted, and all others have statistics', async () => {
    expect(ran.stdout).toMatch(
      /app: no statistics of public.words: ERROR: +function unaccent\(text\) does not exist/,
    );
    expect(
      await value('app', "select count(*)::int v from pg_stats where tablename = 'documents'"),
    ).toBeGreaterThan(0);
    expect(
      await value(
        'template1',
        "select count(*)::int v from pg_stat_all_tables where schemaname = 'pg_catalog' and last_analyze is null and relname = 'pg_class'",
      ),
    ).toBe(0);
  });
  it('status and report tell it too', async () => {
    const [status, report] = [
      await runCommand(home, ['status', ...home.args]),
      await runCommand(home, ['report', ...home.args]),
    ];
    for (const text of [status.stdout, report.stdout]) {
      expect(text).toContain('alter extension "pg_stat_statements" update');
      expect(text).toContain('analyze public.words');
    }
  });
});

describe('nothing is lost without a word', () => {
  it('privileges on an extension’s view and function are as they were, although its update drops them', async () => {
    expect(
      await value('reporting', "select extversion v from pg_extension where extname = 'pg_stat_statements'"),
    ).toBe('1.11');
    expect(
      await value(
        'reporting',
        `select concat_ws(' ', has_table_privilege('reporter', 'pg_stat_statements', 'select'), has_function_privilege('reporter', (select oid from pg_proc where proname = 'pg_stat_statements_reset'), 'execute'),
          has_table_privilege('app', 'pg_stat_statements_info', 'select')) v`,
      ),
    ).toBe('t t f');
  });
  it('a partitioned table has its own statistics again', async () => {
    expect(await value('app', "select count(*)::int v from pg_stats where tablename = 'm'")).toBe(2);
  });
  it('a replication origin that is gone is told with its command, and nothing else differs', () => {
    const differences = ran.stdout.match(/left to do.*: (lost|changed): .*/g) ?? [];
    expect(differences).toHaveLength(1);
    expect(differences[0]).toContain(
      "lost: replication origin somebody else's - /opt/vmware/postgres/17/bin/psql -X -h /var/run/postgresql -p 5432 -U postgres -d postgres -c 'select pg_replication_origin_create(",
    );
  });
  it('a subscription goes on where it stopped: each row once', async () => {
    expect(await value('reporting', 'select subenabled v from pg_subscription')).toBe(true);
    await lab.pg('monitor', 'touch /tmp/enough');
    await lab.root('monitor', 'while systemctl is-active -q writer; do sleep 0.2; done');
    const rows = await published();
    let here: unknown;
    for (let tries = 0; tries < 60 && here !== rows; tries += 1) {
      here = await value('reporting', 'select count(*)::text v from feed');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    expect(here).toBe(rows);
    expect(await value('reporting', 'select count(*)::int v from pg_subscription_rel')).toBe(1);
  });
});
