import { afterEach, describe, expect, it } from 'vitest';
import { runCheck, runCommand } from './harness/check.ts';
import { dropIn, hangOn, unitDirectory, whileDown } from './harness/configure.ts';
import { type Lab, type LabHost, openLab } from './harness/lab.ts';
import { type ConsoleHome, createConsoleHome } from './harness/walk.ts';

/** Where things lie on hosts that people have: data directories, WAL, units, and what hangs on them. */

let lab: Lab;
let home: ConsoleHome;
afterEach(() => home?.clear());
const begin = async (): Promise<void> => {
  lab = await openLab({ snapshot: process.env.SNAPSHOT ?? 'small' });
  home = await createConsoleHome(lab);
};
const linked = '/pgdata/main';
/** The lab has a cron that works: what is to be found only must never run. */
const never = '0 0 30 2 *';

describe('configurations that cannot be taken, and what is told', () => {
  // None hides another: each is judged of its own host, or by a check of its own; none is in the way of the dry run.
  it('mount points, a wrapper, an unreadable drop-in are blockers by name; WAL elsewhere, dependents, watchdogs are told', async () => {
    await begin();
    const { pgdata, unit, oldBin } = lab.settings;
    await whileDown(lab, async () => {
      await lab.root(
        'node3',
        `printf '%s\\n' '#!/bin/sh' 'exec ${oldBin}/pg_autoctl run' >/usr/local/bin/start-pgaf; chmod 755 /usr/local/bin/start-pgaf
mkdir -p /srv; mv ${pgdata}/pg_wal /srv/wal; ln -s /srv/wal ${pgdata}/pg_wal; chown -h postgres: ${pgdata}/pg_wal`,
      );
      await dropIn(lab, 'node3', 'wrapper.conf', 'ExecStart=', 'ExecStart=/usr/local/bin/start-pgaf');
    });
    await lab.root('node1', `mount --bind ${pgdata} ${pgdata}`);
    await lab.root('node2', `mount --bind ${pgdata}/pg_wal ${pgdata}/pg_wal`);
    await dropIn(lab, 'monitor', 'secret.conf', 'Environment=PGAF_SECRET=1');
    await lab.root('monitor', `chmod 600 ${unitDirectory}/${unit}.service.d/secret.conf`);
    await hangOn(lab, 'node1', 'pooler', `BindsTo=${unit}.service`, `After=${unit}.service`);
    await hangOn(lab, 'node1', 'application', 'Requires=pooler.service');
    await lab.root(
      'node2',
      `echo '${never} root systemctl is-active -q ${unit} || systemctl restart ${unit}' >/etc/cron.d/pgwatch`,
    );
    // root's own, which postgres cannot read; and somebody who would like to be more than a line
    await lab.root(
      'node3',
      `mkdir -p /var/spool/cron/crontabs; printf '%s\\n' '# systemctl restart ${unit}' '${never} systemctl start ${unit}' '@daily true' >/var/spool/cron/crontabs/root
printf '${never} pg_ctl \\033[2J$(touch /tmp/hostile)\\n' >/var/spool/cron/crontabs/nobody; chmod 600 /var/spool/cron/crontabs/*`,
    );
    await lab.pg('node1', `head -c 11000000 /dev/zero >${pgdata}/dump.sql`);
    const checked = await runCheck(home);
    expect(checked.code).toBe(1);
    expect(checked.found.filter((one) => one.startsWith('blocker'))).toEqual([
      'blocker data-directory-is-a-mount-point node_1',
      'blocker data-directory-is-a-mount-point node_2',
      'blocker pg-upgrade-check node_1',
      'blocker unit-program monitor',
      'blocker unit-program node_3',
    ]);
    expect(checked.of('data-directory-is-a-mount-point')).toEqual([
      `node_1: ${pgdata} is a mount point`,
      `node_2: ${pgdata}/pg_wal, in the data directory, is a mount point`,
    ]);
    expect(checked.of('unit-program').join('\n')).toMatch(
      /monitor: \S+secret\.conf belongs to .*cannot read it[\s\S]*node_3: .* through \/usr\/local\/bin\/start-pgaf/,
    );
    expect(checked.of('wal-elsewhere')).toEqual([
      expect.stringMatching(
        /^node_3: .*pg_wal is a symbolic link to \/srv\/wal, .* postgres may not write in \/srv\./,
      ),
    ]);
    expect(checked.of('entries-carried')).toEqual([
      expect.stringMatching(/^node_1: .*, and not in the new one: dump\.sql \(11 MB\)$/),
    ]);
    expect(checked.of('unit-dependents')).toEqual([
      expect.stringMatching(
        /^node_1: (application\.service, pooler|pooler\.service, application)\.service: /,
      ),
    ]);
    expect(checked.of('cron-jobs')).toEqual([
      expect.stringContaining('systemctl restart'),
      `node_3: crontab of nobody: ${never} pg_ctl [2J$(touch /tmp/hostile)`,
      `node_3: crontab of root: ${never} systemctl start ${unit}`,
    ]);
    expect(await lab.root('node3', 'ls /tmp')).not.toContain('hostile');
  });
});

describe('configurations that are taken as they are', () => {
  it('data directories behind links, WAL on another disk, ExecStart in a drop-in, a template unit, a runtime directory, a pooler: upgraded', async () => {
    await begin();
    const { pgdata, unit, oldBin, newBin } = lab.settings;
    await whileDown(
      lab,
      async () => {
        for (const host of lab.hosts)
          await lab.root(
            host,
            `mkdir -p ${linked.replace(/\/[^/]*$/, '')}; chown postgres: /pgdata; mv ${pgdata} ${linked}; ln -s ${linked} ${pgdata}; chown -h postgres: ${pgdata}
mkdir /wal; chown postgres: /wal; mv ${linked}/pg_wal /wal/main; ln -s /wal/main ${linked}/pg_wal; chown -h postgres: ${linked}/pg_wal`,
          );
        await dropIn(lab, 'node1', 'x.conf', 'ExecStart=', `ExecStart=${oldBin}/pg_autoctl run`);
        await lab.root(
          'node1',
          `chmod 640 ${unitDirectory}/${unit}.service.d/x.conf; chgrp postgres ${unitDirectory}/${unit}.service.d/x.conf`,
        );
        await dropIn(
          lab,
          'node2',
          'x.conf',
          'RuntimeDirectory=pgaf',
          'Environment=XDG_RUNTIME_DIR=/run/pgaf',
        );
        await lab.root(
          'node3',
          `cd ${unitDirectory}; systemctl disable -q ${unit}; sed -e '/PGDATA/d' -e 's|^User|EnvironmentFile = /etc/default/pgaf-%i\\nUser|' ${unit}.service >pgaf@.service
echo PGDATA=${pgdata} >/etc/default/pgaf-main; rm ${unit}.service; systemctl daemon-reload; systemctl enable -q pgaf@main`,
        );
      },
      new Map([['node3', 'pgaf@main']]),
    );
    await hangOn(lab, 'node1', 'pooler', `BindsTo=${unit}.service`, `After=${unit}.service`);
    await hangOn(lab, 'node2', 'exporter', `PartOf=${unit}.service`);
    const [file = ''] = home.args;
    const run = () => runCommand(home, ['run', file, '--plain', '--yes', lab.address('monitor')]);
    const first = await run();
    expect(first.code, first.stdout.slice(-4_000)).toBe(0);

    const says = async (host: LabHost, script: string) => (await lab.root(host, script)).trim().split('\n');
    for (const host of lab.hosts)
      expect(
        await says(
          host,
          `readlink ${pgdata}; cat ${linked}/PG_VERSION; readlink ${linked}/pg_wal ${linked}_pg15_bak/pg_wal; ls /wal; ls /wal/main | grep -c '^0'; stat -c '%a %U' /wal/main_pg17`,
        ),
      ).toEqual([
        linked,
        '17',
        '/wal/main_pg17',
        '/wal/main',
        'main',
        'main_pg17',
        expect.stringMatching(/^[1-9]/),
        '700 postgres',
      ]);
    expect(
      await says(
        'node1',
        `systemctl is-active ${unit} pooler; grep '^ExecStart=/' ${unitDirectory}/${unit}.service.d/x.conf; stat -c '%a %U %G' ${unitDirectory}/${unit}.service.d/x.conf`,
      ),
    ).toEqual(['active', 'active', `ExecStart=${newBin}/pg_autoctl run`, '640 root postgres']);
    expect(first.stdout).toMatch(/pooler\.service went down with .* on node_1, and was started again/);
    expect(await says('node2', `systemctl is-active ${unit} exporter`)).toEqual(['active', 'active']);
    expect(await says('node3', 'systemctl is-active pgaf@main; systemctl is-enabled pgaf@main')).toEqual([
      'active',
      'enabled',
    ]);
    expect(await says('node3', `grep -c ${oldBin}/pg_autoctl ${unitDirectory}/pgaf@.service`)).not.toEqual([
      '0',
    ]);

    // One answer to “does pg_autoctl run”: nothing is to be done, and nobody's server is stopped.
    const started = () => lab.psql('node1', 'postgres', 'select pg_postmaster_start_time()');
    const since = await started();
    const again = await run();
    expect(again.code, again.stdout.slice(-4_000)).toBe(0);
    expect(await started()).toBe(since);
  });
});
