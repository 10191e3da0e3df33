import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCheck, runCommand } from './harness/check.ts';
import { dropIn, hangOn, unitDirectory, whileDown } from './harness/configure.ts';
import { type Lab, type LabHost, openLab } from './harness/lab.ts';
import type { Ran } from './harness/output-of.ts';
import { monitorClock, recordTruth, settledWith, type Truth } from './harness/truth.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/**
 * What people have, there and back, with the logical dump compared: `npm run test:hosts`, not in CI, whose clusters (configurations-*.test.ts)
 * hold other cases. Two clusters: one is upgraded and rolled back as it is, the other is refused until the commands that `check` gives are typed.
 */

let lab: Lab;
let home: ConsoleHome;

/** What lives in the cluster, as 17's own pg_dumpall tells it, whatever the server's version; rows in no order. */
interface Dump {
  readonly schema: readonly string[];
  readonly rows: string;
}
const dumpOf = async (host: LabHost): Promise<Dump> => {
  const dump = `${lab.settings.newBin}/pg_dumpall -p ${lab.settings.port}`;
  const text = await lab.pg(host, `${dump} --schema-only`);
  return {
    // Comments tell the server's version, \restrict a word of this dump; from 16 on the server writes a view's columns without their table.
    schema: text
      .split('\n')
      .filter((line) => !/^$|^--|^\\(un)?restrict /.test(line))
      .map((line) => line.replace(/^ .*/, (own) => own.replaceAll('pgbench_accounts.', ''))),
    rows: await lab.pg(
      host,
      `${dump} --data-only | grep -v -e '^--' -e '^\\\\restrict ' -e '^\\\\unrestrict ' | LC_ALL=C sort | sha256sum`,
    ),
  };
};

const settings = (truth: Truth, host: LabHost): Record<string, string> => {
  const {
    // the server's own: whom it follows, whom it waits for, and the names of what was computed at its start
    primary_conninfo: _conninfo,
    primary_slot_name: _slot,
    synchronous_standby_names: _standbys,
    ...rest
  } = truth.hosts[host]?.settings ?? {};
  return rest;
};
const rules = (truth: Truth, host: LabHost): readonly string[] => truth.hosts[host]?.hba ?? [];

/** Settings and rules of every node, or of those that are named. */
const expectSameServers = (before: Truth, after: Truth): void => {
  for (const host of lab.nodes) {
    expect(settings(after, host), `settings of ${host}`).toMatchObject(settings(before, host));
    expect(rules(after, host), `rules of ${host}`).toEqual(expect.arrayContaining([...rules(before, host)]));
    expect(after.hosts[host]?.settingErrors, `settings of ${host}`).toEqual([]);
    expect(after.hosts[host]?.hbaErrors, `rules of ${host}`).toEqual([]);
  }
};

const says = async (host: LabHost, script: string): Promise<readonly string[]> =>
  (await lab.root(host, script)).trim().split('\n');
const toTheEnd = (subcommand: 'run' | 'rollback', ...more: readonly string[]): Promise<Ran> =>
  runCommand(home, [subcommand, ...home.args, '--plain', '--yes', lab.address('monitor'), ...more]);

/** For names that are not node_1 to node_3: the states, and who is primary. */
const names = async (): Promise<readonly string[]> =>
  (await lab.psql('monitor', 'pg_auto_failover', 'select nodename from pgautofailover.node order by 1'))
    .trim()
    .split('\n');

describe('taken as they are, there and back', () => {
  /*
   * Names with blanks; pg_hba.conf and pg_ident.conf outside of the data directory (pg_autoctl wants one inside of it too, and edits that), and a pid file besides; pg_wal a link on the secondaries
   * alone; `peer` and passwords on the local socket; an event trigger that refuses ALTER EXTENSION; ExecStart in a drop-in (node_1), a private
   * /tmp (node_2), a package's unit (node_3); poolers bound to the unit; a timer that starts the unit every second.
   * None hides another: each is looked at by itself afterwards, in a file, link, unit or name of its own; all of them would stop the run.
   */
  const conf = '/etc/pgaf-conf';
  let before: Truth;
  let dumped: Dump;

  beforeAll(async () => {
    lab = await openLab({ snapshot: process.env.SNAPSHOT ?? 'small' });
    home = await createConsoleHome(lab);
    const { pgdata, unit, oldBin } = lab.settings;
    for (const [index, host] of lab.nodes.entries())
      await lab.pg(
        host,
        `${oldBin}/pg_autoctl set node metadata --pgdata ${pgdata} --name 'node ${index + 1}'`,
      );
    await lab.psql(
      'node1',
      'app',
      `create function no_alter() returns event_trigger language plpgsql as 'begin raise exception ''no extension is altered here''; end';
create event trigger no_alter on ddl_command_start when tag in ('ALTER EXTENSION') execute function no_alter();
create table promises (id int primary key); insert into promises select generate_series(1, 1000)`,
    );
    await whileDown(lab, async () => {
      for (const host of lab.nodes)
        await lab.root(
          host,
          `mkdir ${conf}; cp ${pgdata}/pg_hba.conf ${pgdata}/pg_ident.conf ${conf}; chown -R postgres: ${conf}
cat >>${pgdata}/postgresql.conf <<'X'
hba_file = '${conf}/pg_hba.conf'
ident_file = '${conf}/pg_ident.conf'
external_pid_file = '/var/lib/pgsql/extra.pid'
X
sed -i -e 's/^local *all *all .*/local all postgres peer\\nlocal all all scram-sha-256/' -e 's/^\\(host *all *all .*\\)trust/\\1scram-sha-256/' ${conf}/pg_hba.conf`,
        );
      for (const host of ['node2', 'node3'] as const)
        await lab.root(
          host,
          `mkdir /wal; chown postgres: /wal; mv ${pgdata}/pg_wal /wal/main; ln -s /wal/main ${pgdata}/pg_wal; chown -h postgres: ${pgdata}/pg_wal`,
        );
      await dropIn(lab, 'node1', 'x.conf', 'ExecStart=', `ExecStart=${oldBin}/pg_autoctl run`);
      await dropIn(lab, 'node2', 'x.conf', 'PrivateTmp=yes');
      await lab.root(
        'node3',
        `systemctl disable -q ${unit}; mv ${unitDirectory}/${unit}.service /usr/lib/systemd/system/; systemctl daemon-reload; systemctl enable -q ${unit}`,
      );
    });
    for (const host of ['node1', 'node2'] as const)
      await hangOn(lab, host, 'pooler', `BindsTo=${unit}.service`, `After=${unit}.service`);
    await lab.root(
      'node3',
      `printf '%s\\n' '[Service]' 'Type=oneshot' 'ExecStart=/usr/bin/systemctl start ${unit}' >${unitDirectory}/watch.service
printf '%s\\n' '[Timer]' 'OnActiveSec=1' 'OnUnitInactiveSec=1' 'AccuracySec=100ms' >${unitDirectory}/watch.timer; systemctl daemon-reload; systemctl start watch.timer`,
    );
    before = await recordTruth(lab);
    dumped = await dumpOf('node1');
  });
  afterAll(() => home?.clear());

  it('check has no blocker, and tells what hangs on the service, what starts it and what cannot be updated', async () => {
    const checked = await runCheck(home);
    expect(checked.found.filter((one) => one.startsWith('blocker'))).toEqual([]);
    expect(checked.report.notSeen).toEqual([]);
    expect(checked.of('extension-updates').join('\n')).toContain('no extension is altered here');
    expect(checked.of('unit-dependents')).toEqual([
      expect.stringMatching(/^node_1: pooler\.service: /),
      expect.stringMatching(/^node_2: pooler\.service: /),
    ]);
    expect(checked.of('cron-jobs')).toEqual([
      `node_3: timer for watch.service: /usr/bin/systemctl start ${lab.settings.unit}`,
    ]);
  });

  it('the upgrade goes through; dump, settings, rules, names, links and units are what they were', async () => {
    const { pgdata, unit, newBin } = lab.settings;
    const ran = await toTheEnd('run');
    expect(ran.code, ran.stdout.slice(-4000)).toBe(0);
    await settledWith(lab, 'node1', await monitorClock(lab));
    expect(await names()).toEqual(['node 1', 'node 2', 'node 3']);
    const after = await recordTruth(lab);
    expect(after.hosts.node1?.version).toMatch(/^17\./);
    expectSameServers(before, after);
    const now = await dumpOf('node1');
    expect(now.schema).toEqual(dumped.schema);
    expect(now.rows).toBe(dumped.rows);

    for (const host of lab.nodes)
      expect(
        await says(
          host,
          `ls ${conf}; ls ${pgdata} | grep -c '^pg_hba.conf$\\|^pg_ident.conf$'; cat ~postgres/extra.pid | wc -l`,
        ),
      ).toEqual(['pg_hba.conf', 'pg_ident.conf', '2', '1']);
    expect(await says('node1', `readlink ${pgdata}/pg_wal || echo none`)).toEqual(['none']);
    for (const host of ['node2', 'node3'] as const)
      expect(await says(host, `readlink ${pgdata}/pg_wal ${pgdata}_pg15_bak/pg_wal`)).toEqual([
        '/wal/main_pg17',
        '/wal/main',
      ]);
    for (const host of ['node1', 'node2'] as const)
      expect(await says(host, `systemctl is-active ${unit} pooler`)).toEqual(['active', 'active']);
    expect(
      await says('node3', `systemctl cat ${unit} | grep ^ExecStart; systemctl is-enabled ${unit}`),
    ).toEqual([`ExecStart = ${newBin}/pg_autoctl run`, 'enabled']);
    expect(ran.stdout).toContain('no extension is altered here');
  });

  it('so does the rollback: what 17 has written is lost, and said so; everything else is what it was', async () => {
    const { pgdata, unit, oldBin } = lab.settings;
    await lab.psql('node1', 'app', 'insert into promises values (0)');
    const ran = await toTheEnd('rollback', '--yes-lose-writes');
    expect(ran.code, ran.stdout.slice(-4000)).toBe(0);
    const after = await recordTruth(lab);
    const { primary } = after;
    await settledWith(lab, primary, await monitorClock(lab));
    expect(await names()).toEqual(['node 1', 'node 2', 'node 3']);
    expect(after.hosts[primary]?.version).toMatch(/^15\./);
    expectSameServers(before, after);
    expect(await dumpOf(primary)).toEqual(dumped);

    for (const host of ['node1', 'node2'] as const)
      expect(await says(host, `systemctl is-active ${unit} pooler`)).toEqual(['active', 'active']);
    for (const host of lab.nodes) {
      const [was, is] = [before.hosts[host], after.hosts[host]];
      for (const same of ['unit', 'enabled', 'active', 'dropIns', 'pgCtl', 'autoctl'] as const)
        expect([host, same, is?.[same]]).toEqual([host, same, was?.[same]]);
    }
    expect(await says('node1', `grep ^ExecStart=/ ${unitDirectory}/${unit}.service.d/x.conf`)).toEqual([
      `ExecStart=${oldBin}/pg_autoctl run`,
    ]);
    expect(await says('node3', `ls ${unitDirectory}/${unit}.service 2>&1 | grep -c cannot`)).toEqual(['1']);
    // a copy that was set aside has its link again
    expect(await says(primary, `readlink ${pgdata}/pg_wal`)).toEqual(['/wal/main']);
  });
});

describe('refused by name, until what is said is done; then there and back', () => {
  /*
   * One round after the other, because a server that nobody may ask hides everything else of its node. In the first: the role that
   * pg_autoctl connects as has another name, database `postgres` is gone, postgresql.conf and pg_hba.conf are links on node_1 and node_2,
   * a line of node_3's pg_ident.conf says nothing. In the second: template1 is gone, the replay is paused on node_2 and delayed on node_3.
   * In the third: `peer`, and the role gone. Each is a finding with a command of its own, and each command is typed.
   */
  let dumped: Dump;
  const blockers = async () => {
    const checked = await runCheck(home);
    // While a database or a role is missing the monitor's health check fails sooner or later.
    const of = checked.report.findings.filter(
      (one) => one.severity === 'blocker' && one.check !== 'nodes-healthy' && one.check !== 'nodes-in-place',
    );
    return { checked, of, named: of.map((one) => `${one.check} ${one.host}`) };
  };
  /** Types the commands of findings, on the hosts that they are of. */
  const type = async (
    commands: readonly { host: string | null; command: string | null }[],
  ): Promise<void> => {
    for (const { host, command } of commands) {
      if (host !== null && command !== null)
        await lab.pg(host.replace('node_', 'node') as LabHost, `PGDATA=${lab.settings.pgdata}\n${command}`);
    }
  };
  const settled = async (): Promise<void> => settledWith(lab, 'node1', await monitorClock(lab));

  beforeAll(async () => {
    lab = await openLab({ snapshot: process.env.SNAPSHOT ?? 'small' });
    home = await createConsoleHome(lab);
    const { pgdata } = lab.settings;
    await lab.psql(
      'node1',
      'app',
      'create table promises (id int primary key); insert into promises select generate_series(1, 1000)',
    );
    for (const host of ['node1', 'node2'] as const)
      await lab.root(
        host,
        `mkdir /etc/pg15; mv ${pgdata}/postgresql.conf ${pgdata}/pg_hba.conf /etc/pg15; ln -s /etc/pg15/postgresql.conf /etc/pg15/pg_hba.conf ${pgdata}; chown -hR postgres: /etc/pg15 ${pgdata}/postgresql.conf ${pgdata}/pg_hba.conf`,
      );
    await lab.pg('node3', `echo onlythis >>${pgdata}/pg_ident.conf`);
  });
  afterAll(() => home?.clear());

  it('a role with another name, a database that is gone, files that are links', async () => {
    await lab.psql('node1', 'app', 'create role other superuser login');
    await lab.pg(
      'node1',
      `psql -X -U other -d app -c 'alter role postgres rename to formerly' -c 'drop database postgres with (force)'`,
    );
    const { checked, of, named } = await blockers();
    expect(named).toEqual([
      'server-answers node_1',
      'databases-connectable node_1',
      'copies-have-files node_2',
      'configuration-read node_2',
      'configuration-read node_3',
    ]);
    expect(checked.of('configuration-read')[0]).toContain('on node_1 it is a symbolic link');
    await type(of.filter((one) => one.check !== 'configuration-read'));
    // what is said of the two others is to be done on node_1
    const [{ remedy = '', command = null } = {}] = of.filter((one) => one.check === 'configuration-read');
    expect(remedy).toContain('on node_1 (the same for pg_hba.conf and pg_ident.conf)');
    await type([
      { host: 'node_1', command },
      { host: 'node_1', command: command?.replaceAll('postgresql.conf', 'pg_hba.conf') ?? null },
    ]);
    await lab.psql('node1', 'app', 'drop role other');
    await settled();
  });

  it('a template that is gone, a replay that does not go on', async () => {
    const { pgdata } = lab.settings;
    await lab.psql('node1', 'app', 'alter database template1 is_template false; drop database template1');
    await lab.psql('node2', 'app', 'select pg_wal_replay_pause()');
    await lab.pg(
      'node3',
      `echo "recovery_min_apply_delay = '5s'" >>${pgdata}/postgresql.auto.conf; psql -XAtqc 'select pg_reload_conf()'`,
    );
    const { checked, of, named } = await blockers();
    expect(named).toEqual(['replay-goes-on node_2', 'replay-goes-on node_3', 'databases-connectable node_1']);
    expect(checked.of('name-maps')).toEqual([]); // node_3 gets the primary's, by its base backup
    await type(of);
  });

  it('peer, and the role as which pg_autoctl connects gone: what is proposed is let in', async () => {
    const { pgdata } = lab.settings;
    await lab.psql('node1', 'app', 'create role other superuser login');
    await lab.pg(
      'node1',
      `psql -X -U other -d app -c 'alter role postgres rename to gone' -c 'alter role other nosuperuser nologin'`,
    );
    for (const host of lab.nodes)
      await lab.pg(
        host,
        `sed -i 's/^local *all *all .*/local all all peer/' ${pgdata}/pg_hba.conf; kill -HUP "$(head -n 1 ${pgdata}/postmaster.pid)"`,
      );
    const { of, named } = await blockers();
    expect(named).toEqual(['server-answers node_1', 'server-answers node_2', 'server-answers node_3']);
    await type(of);
    expect((await lab.psql('node1', 'app', 'select current_user')).trim()).toBe('postgres');
    await settled();
    expect((await blockers()).of).toEqual([]);
  });

  it('the upgrade goes through, and the rollback behind the opening: the dump is what it was', async () => {
    // pg_autoctl makes it there whenever it registers a node, and the database was made anew
    await lab.psql('node1', 'postgres', 'create extension pg_stat_statements');
    dumped = await dumpOf('node1');
    const there = await toTheEnd('run');
    expect(there.code, there.stdout.slice(-4000)).toBe(0);
    await settled();
    const now = await dumpOf('node1');
    expect(now).toEqual(dumped);
    const back = await toTheEnd('rollback', '--yes-lose-writes');
    expect(back.code, back.stdout.slice(-4000)).toBe(0);
    const { primary, hosts } = await recordTruth(lab);
    expect(hosts[primary]?.version).toMatch(/^15\./);
    expect(await dumpOf(primary)).toEqual(dumped);
  });
});
