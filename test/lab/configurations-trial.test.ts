import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCheck, runCommand } from './harness/check.ts';
import { withoutCandidates } from './harness/configure.ts';
import { type Lab, type LabHost, openLab } from './harness/lab.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/**
 * What the dry run tries with the whole configuration, and what the window carries. None can mask another: the file that 17 refuses is node_3's
 * alone; the key, the users and the empty directory would keep node_1 from starting, which is tried there; the library that insists on
 * being preloaded would stop pg_upgrade; extension and statistics are tried in the restored schema, one after the other.
 */
let lab: Lab;
let home: ConsoleHome;

beforeAll(async () => {
  lab = await openLab({ snapshot: process.env.SNAPSHOT ?? 'small' });
  home = await createConsoleHome(lab);
  const { pgdata, oldBin } = lab.settings;
  const restarted = (host: LabHost): Promise<string> =>
    lab.pg(
      host,
      `cd ${pgdata}; mkdir -p auth conf.d; echo app >auth/users
sed -i '1i host all @auth/users samenet scram-sha-256' pg_hba.conf
cat >>postgresql.conf <<'X'
include_dir 'conf.d'
include_if_exists 'not-there.conf'
include_if_exists '/var/lib/pgsql/site/site.conf'
shared_preload_libraries = 'pg_stat_statements, $libdir/sepgsql'
X
# pg_autoctl starts it again; started from here it would keep this command's own pipes open
${oldBin}/pg_ctl -D ${pgdata} -w -m fast stop >/dev/null 2>&1
for i in $(seq 300); do psql -X -Atc 'show shared_preload_libraries' 2>/dev/null | grep -q sepgsql && exit; sleep 0.1; done; exit 1`,
    );
  await withoutCandidates(lab, async () => {
    for (const host of lab.nodes.toReversed()) await restarted(host);
  });
  await lab.root('node1', `chown root:postgres ${pgdata}/server.key; chmod 640 ${pgdata}/server.key`);
  await lab.root(
    'node3',
    'mkdir /var/lib/pgsql/site; echo "old_snapshot_threshold = -1" >/var/lib/pgsql/site/site.conf; chown -R postgres: /var/lib/pgsql/site',
  );
  await lab.psql(
    'node1',
    'app',
    `create function label() returns text as '$libdir/sepgsql', 'sepgsql_getcon' language c;
create schema monitoring; create view monitoring.top as select query, calls from pg_stat_statements;
create extension if not exists unaccent;
create table notes (id int primary key, body text not null);
create function plain(text) returns text immutable language plpgsql as 'begin return unaccent($1); end';
create index notes_plain on notes (plain(left(body, 20)));
insert into notes values (1, 'x')`,
  );
});
afterAll(() => home?.clear());

describe('the whole configuration is tried before the window', () => {
  it('what keeps one secondary from starting is a blocker with the server’s words; what is in order is none', async () => {
    const checked = await runCheck(home);
    const beside = ['backup-age', 'unit-kill-mode', 'unlogged-tables'];
    expect(checked.found.filter((one) => !beside.some((id) => one.includes(id)))).toEqual([
      'blocker configuration-read node_3',
      'warning extension-updates node_1',
      'warning statistics-computed node_1',
    ]);
    expect(checked.of('configuration-read')[0]).toMatch(
      /unrecognized configuration parameter "old_snapshot_threshold" in file "\/var\/lib\/pgsql\/site\/site\.conf" line 1/,
    );
    expect(checked.of('configuration-read')[0]).not.toContain('skipping missing');
    expect(checked.of('extension-updates')[0]).toContain('view monitoring.top depends on view');
    expect(checked.of('statistics-computed')[0]).toContain(
      'index public.notes_plain in app: function unaccent(text) does not exist',
    );
  });

  it('with these put right the window carries everything, and the library is preloaded in it', async () => {
    await lab.root('node3', 'rm -r /var/lib/pgsql/site');
    await lab.psql(
      'node1',
      'app',
      'drop view monitoring.top; alter function plain(text) set search_path = public',
    );
    const [file = ''] = home.args;
    const ended = await runCommand(home, ['run', file, '--plain', '--yes', lab.address('monitor')]);
    expect(ended, ended.stdout.slice(-3000)).toMatchObject({ code: 0 });
    const { pgdata } = lab.settings;
    expect(
      await lab.root('node1', `cd ${pgdata}; stat -c '%U %a' server.key; cat auth/users; ls -d conf.d`),
    ).toBe('postgres 600\napp\nconf.d\n');
    for (const host of lab.nodes) {
      const [row] = await lab.sql(
        host,
        'app',
        "select current_setting('server_version_num')::int / 10000 as major, current_setting('shared_preload_libraries') as preloaded, current_setting('ssl') as ssl",
      );
      expect(row, host).toEqual({
        major: 17,
        preloaded: 'pg_stat_statements, $libdir/sepgsql',
        ssl: 'on',
      });
    }
  });
});
