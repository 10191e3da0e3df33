import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { workDirOf } from '../../source/cluster/work-directory.ts';
import { filesToCarry } from '../../source/discover/host-facts.ts';
import { parseCheckInspection } from '../../source/inspect/checks/parse.ts';
import { parseFound } from '../../source/inspect/discovery/parse.ts';
import { discoverScript } from '../../source/inspect/discovery/script.ts';
import { parseState } from '../../source/inspect/state/parse.ts';
import { stateScript } from '../../source/inspect/state/script.ts';
import { checkInspectionScript } from '../../source/runbook/checks/inspection/script.ts';
import { good, recorded, recordedBytes } from '../cluster/recorded.ts';
import { Sandbox } from '../runbook/sandbox.ts';
import { word } from '../runbook/word.ts';

/** The two scripts that look, run by a real shell in a directory that plays a host. */
let host: Sandbox;
beforeEach(() => {
  host = new Sandbox();
  const { node } = host;
  for (const bindir of [node.oldBindir, node.newBindir]) {
    const major = bindir === node.oldBindir ? 15 : 17;
    for (const tool of ['initdb', 'pg_upgrade', 'pg_ctl', 'pg_dump', 'vacuumdb', 'pg_autoctl'])
      host.program(join(bindir, tool));
    host.program(join(bindir, 'postgres'), `echo "postgres (PostgreSQL) ${major}.${major === 15 ? 20 : 12}"`);
    // Which control file it read decides what it says; a file that is not there it cannot read.
    host.program(join(bindir, 'pg_controldata'), 'cat "$2/global/pg_control"');
    host.program(
      join(bindir, 'psql'),
      'cat "$HOME/psql" 2>/dev/null || { echo "psql: error: nobody there" >&2; exit 2; }',
    );
  }
});
afterEach(() => host.remove());

const look = () => {
  const ran = host.sh(stateScript(host.node, 17, null).text);
  return good(parseState('node_1', ran.output));
};
const old = recorded('postgresql-15.20/controldata-shut-down.txt');
const fresh = recorded('postgresql-17.12/controldata-after-upgrade.txt');

describe('an inspection', () => {
  test('at an empty host: nothing is there, and that is an answer', () => {
    expect(look()).toMatchObject({
      data: { kind: 'absent' },
      newData: { kind: 'absent' },
      backupData: { kind: 'absent' },
      pgAutoctl: 'stopped',
      pgCtl: null,
      stateIdentifier: null,
      server: null,
      fingerprint: null,
      stopped: null,
      markers: [],
    });
  });

  test('at a linked cluster: the renamed control file is read, and nothing in the cluster is touched', () => {
    const { node } = host;
    host.cluster(node.data, 15, {
      'global/pg_control': old,
      'base/16384/1': 'x',
      'postgresql-auto-failover.conf': '',
    });
    host.cluster(node.newData, 17, { 'global/pg_control': fresh });
    host.write(join(node.workDir, 'fingerprint'), fresh);
    host.write(join(node.workDir, 'stopped'), old);
    host.sh(`mv "${node.data}/global/pg_control" "${node.data}/global/pg_control.old"`);
    const before = host.sh(`ls -lR "${host.root}/lib"`).output;
    const seen = look();
    expect(seen.data).toMatchObject({
      kind: 'cluster',
      major: 15,
      controlRenamed: true,
      madeUnstartable: false,
      hasHardLinks: false,
      running: false,
      hasConfiguration: true,
      databases: 1,
    });
    expect(seen.data).toMatchObject({ control: { state: 'shut down', checkpoint: '0/40016D8' } });
    expect(seen.newData).toMatchObject({
      kind: 'cluster',
      major: 17,
      controlRenamed: false,
      hasConfiguration: false,
      databases: 0,
    });
    expect(seen.newData).toMatchObject({ control: seen.fingerprint });
    expect(seen.data).toMatchObject({ control: seen.stopped });
    expect(host.sh(`ls -lR "${host.root}/lib"`).output).toBe(before);
  });

  test('at a transaction that was prepared when the server stopped: its file tells, which pg_upgrade would refuse', () => {
    const { node } = host;
    host.cluster(node.data, 15, { 'global/pg_control': old });
    host.sh(`mkdir "${node.data}/pg_twophase"`);
    expect(look().data).not.toHaveProperty('prepared');
    host.write(join(node.data, 'pg_twophase/0000051C'), 'x');
    expect(look().data).toMatchObject({ kind: 'cluster', prepared: true });
  });

  test('at a disarmed directory: it can still be told what it was', () => {
    const { node } = host;
    host.cluster(node.backupData, 15, { 'global/pg_control': old });
    host.sh(`mv "${node.backupData}/global/pg_control" "${node.backupData}/global/pg_control.do-not-start"`);
    expect(look().backupData).toMatchObject({
      controlRenamed: true,
      madeUnstartable: true,
      control: { state: 'shut down' },
    });
  });

  test('at an old directory whose pg_control was put back by hand: the links of its files still tell', () => {
    const { node } = host;
    host.cluster(node.backupData, 15, { 'global/pg_control': old, 'base/16384/24576': 'rows' });
    expect(look().backupData).toMatchObject({ controlRenamed: false, hasHardLinks: false });
    host.sh(`ln "${node.backupData}/base/16384/24576" "${host.root}/also"`);
    expect(look().backupData).toMatchObject({ controlRenamed: false, hasHardLinks: true });
  });

  test('at shared files: pg_largeobject of any database tells, or a user’s table, in a tablespace too; a catalog does not', () => {
    const { node } = host;
    const linked = (file: string): boolean => {
      const path = join(node.backupData, file);
      host.write(path, 'rows');
      host.sh(`ln "${path}" "${host.root}/also"`);
      const { backupData } = look();
      host.sh(`rm "${host.root}/also" "${path}"`);
      return backupData.kind === 'cluster' && backupData.hasHardLinks;
    };
    host.cluster(node.backupData, 15, { 'global/pg_control': old, 'base/5/2613': '', 'base/16384/2613': '' });
    host.write(join(host.root, 'disk/PG_15_202209061/16384/16390'), 'rows');
    host.write(join(node.backupData, 'pg_tblspc/README'), '');
    symlinkSync(join(host.root, 'disk'), join(node.backupData, 'pg_tblspc/16389'));
    for (let filenode = 1240; filenode < 1300; filenode += 1)
      host.write(join(node.backupData, `base/16384/${filenode}`), 'a catalog');
    expect(look().backupData).toMatchObject({ hasHardLinks: false, tablespaces: [join(host.root, 'disk')] });
    expect(linked('base/1/2613')).toBe(true);
    expect(linked('base/16384/24576.1')).toBe(true);
    expect(linked('base/16384/24576_fsm')).toBe(true);
    expect(linked('base/16384/1259')).toBe(false);
    expect(linked('base/16384/16383')).toBe(false);
    expect(linked('base/16384/pg_internal.init')).toBe(false);
    expect(linked('pg_tblspc/16389/PG_15_202209061/16384/16391')).toBe(true);
    expect(look().backupData).toMatchObject({ hasHardLinks: false });
  });

  test('at a database with very many tables: a few of them are enough', () => {
    const { node } = host;
    host.cluster(node.backupData, 15, { 'global/pg_control': old });
    host.sh(`mkdir "${node.backupData}/base/16384" "${host.root}/also" && cd "${node.backupData}/base/16384" || exit
      i=20000; while [ $i -lt 23000 ]; do : >$i; i=$((i + 1)); done; ln 2[0-2]* "${host.root}/also/"`);
    expect(look().backupData).toMatchObject({ hasHardLinks: true, databases: 1 });
  });

  test('at texts that would say more than they may: each stays one text', () => {
    const { node } = host;
    const forged = [
      'state\t1',
      'upgrade_port\tbusy',
      'data\tabsent',
      'autoctl\truns',
      'link/rehearsed\tyes',
      'end\tyes',
    ];
    // As lines, and as what joins lines on their way.
    const hostile = ['\n', '\u001e', '\u001e\n', '\r\n']
      .flatMap((end) => forged.map((fact) => `${end}${fact}`))
      .join('');
    host.cluster(node.data, 15, { 'global/pg_control': `${old}${hostile}` });
    host.cluster(`${node.data}_pg17_abandoned${forged.join('\n')}`, 17);
    host.write(node.configFile, `[postgresql]\npg_ctl = /bin/pg_ctl\u001e/bin/other\n${hostile}`);
    for (const file of ['fingerprint', 'handed-over', 'stopped'])
      host.write(join(node.workDir, file), `${fresh}${hostile}`);
    host.write(
      join(node.workDir, 'checks/log'),
      `== end: exit 1, 5 ms\u001e== other: exit 0, 1 ms${hostile}`,
    );
    host.write(join(node.workDir, `done/x\n${forged[1]}`), '');
    const seen = look();
    expect(seen.data).toMatchObject({ kind: 'cluster', major: 15, control: { state: 'shut down' } });
    expect([seen.fingerprint?.state, seen.handedOver?.control.state]).toEqual(['shut down', 'shut down']);
    expect([seen.pgAutoctl, seen.stateIdentifier, seen.upgradePortBusy]).toEqual(['stopped', null, false]);
    expect(seen.transfer.tried).toBe(false);
    expect(seen.pgCtl).toBe('/bin/pg_ctl?/bin/other');
    expect([...(seen.checks?.dryRun?.keys() ?? [])]).toEqual([]);
  });

  const serverAnswer = () => ({
    version: '15.20',
    inRecovery: false,
    lsn: '0/5000060',
    synchronousStandbyNames: '',
    listenAddresses: '*',
    socketDirectories: host.node.socketDirectory,
    readOnly: false,
    nextXid: '740',
    startedAt: '2026-11-25T01:02:03Z',
    senders: [],
    prepared: [],
  });
  /** Something listens where the server's socket is. */
  const listening = async (work: () => void) => {
    const { node } = host;
    const listener = createServer();
    await new Promise<void>((resolve) => {
      listener.listen(join(node.socketDirectory, `.s.PGSQL.${node.port}`), resolve);
    });
    try {
      work();
    } finally {
      await new Promise((resolve) => listener.close(resolve));
    }
  };

  test('at a server that starts meanwhile: it never answers beside a pg_control that has not been started', async () => {
    const { node } = host;
    host.cluster(node.data, 17, { 'global/pg_control': fresh });
    host.write(join(node.home, 'started'), fresh.replace(/(Database cluster state: +).*/, '$1in production'));
    host.write(join(node.home, 'answer'), `${JSON.stringify(serverAnswer())}\n`);
    host.program(
      join(node.newBindir, 'psql'),
      `sleep 0.3; cp "$HOME/started" "${node.data}/global/pg_control"; cat "$HOME/answer"`,
    );
    await listening(() => {
      const seen = look();
      expect(seen.server).toEqual(serverAnswer());
      expect(seen.data).toMatchObject({ control: { state: 'in production' } });
    });
  });

  test('at a server: its answers are one line each, and whatever follows them is not read', async () => {
    const { node } = host;
    const server = serverAnswer();
    const answers = (...lines: readonly string[]) =>
      host.write(join(node.home, 'psql'), `${lines.join('\n')}\n`);
    await listening(() => {
      answers(JSON.stringify(server), 'upgrade_port\tbusy\u001e', 'data\tabsent', 'end\tyes');
      expect(look()).toMatchObject({ server, monitor: null, upgradePortBusy: false });
      answers('upgrade_port\tbusy', JSON.stringify(server));
      expect(look()).toMatchObject({ server: null, monitor: null, upgradePortBusy: false });
      host.sh(`rm "$HOME/psql"`);
      expect(look()).toMatchObject({ server: null, monitor: null });
    });
  });

  test('at a file of ours that cannot be read to its end: no inspection, rather than half of one', () => {
    host.write(join(host.node.workDir, 'fingerprint'), fresh);
    host.program(join(host.root, 'bin/awk'), 'exit 2');
    const ran = host.sh(`PATH="${host.root}/bin:$PATH"\n${stateScript(host.node, 17, null).text}`);
    expect(parseState('node_1', ran.output)).toMatchObject({ ok: false });
  });

  test('at what a rollback left aside: listed, under whatever number', () => {
    const { node } = host;
    host.cluster(`${node.data}_pg17_abandoned`, 17);
    host.cluster(`${node.data}_pg17_abandoned_2`, 17);
    host.cluster(`${node.data}_pg17_abandoned_3`, 17); // without a mark: somebody else's
    for (const ours of ['', '_2'])
      host.write(`${node.data}_pg17_abandoned${ours}/.pgaf-upgrade`, 'run=x\nsystem=1\n');
    expect(look().abandoned).toEqual([`${node.data}_pg17_abandoned`, `${node.data}_pg17_abandoned_2`]);
  });

  test('at a cluster without any control file: there, and nothing is claimed of it', () => {
    host.cluster(host.node.data, 15);
    host.sh(`rm "${host.node.data}/global/pg_control"`);
    expect(look().data).toMatchObject({
      kind: 'cluster',
      control: null,
      controlRenamed: false,
      madeUnstartable: false,
    });
  });

  test('at what is no cluster: counted, so that nobody takes it for empty', () => {
    host.write(join(host.node.newData, 'left over'), '');
    expect(look().newData).toEqual({ kind: 'not-a-cluster', entries: 1 });
  });

  test('a pid file of a dead server, or of another program, is no running server', () => {
    host.cluster(host.node.data, 15, { 'postmaster.pid': `${process.pid}\n` });
    expect(look().data).toMatchObject({ running: false });
    host.write(join(host.node.data, 'postmaster.pid'), '999999999\n');
    expect(look().data).toMatchObject({ running: false });
  });

  test('the state file’s identifier, the marks and scripts that would delete the cluster', () => {
    host.write(host.node.stateFile, recordedBytes('pg_auto_failover-2.0/node1.state'));
    host.write(host.node.configFile, '[postgresql]\npg_ctl = /x y/bin/pg_ctl\n');
    host.write(join(host.node.workDir, 'done/check'), '2026-11-23T01:00:00Z\n');
    // A power cut has left its name and nothing in it.
    host.write(join(host.node.workDir, 'done/verify'), '');
    host.write(join(host.node.workDir, 'pg_upgrade/delete_old_cluster.sh'), '');
    const seen = look();
    expect(seen.stateIdentifier).toMatch(/^\d{19}$/);
    expect(seen.pgCtl).toBe('/x y/bin/pg_ctl');
    expect(seen.markers).toEqual(['check']);
    expect(seen.deleteScripts).toEqual([`${host.node.workDir}/pg_upgrade/delete_old_cluster.sh`]);
  });
});

test.each([
  [13, 13, true],
  [13, 4, false],
  [4, 13, false],
])('a state file whose states are %i and %i', (assigned, current, inMaintenance) => {
  const state = Buffer.from(recordedBytes('pg_auto_failover-2.0/node1.state'));
  const identifier = String(state.readBigUInt64LE(16));
  state.writeInt32LE(assigned, 32);
  state.writeInt32LE(current, 56);
  host.write(host.node.stateFile, state);
  expect(look()).toMatchObject({ stateIdentifier: identifier, inMaintenance });
});

describe('a check', () => {
  const refusal =
    'psql: error: connection to server at "node1" (10.1.2.3), port 5432 failed: fe_sendauth: no password supplied';
  const inspected = (at: 0 | 1) => {
    const node = host.facts.nodes[at];
    if (node === undefined) throw new Error('the lab has nodes');
    return good(
      parseCheckInspection(node.alias, host.sh(checkInspectionScript(host.facts, node).text).output),
    );
  };
  const refused = (at: 0 | 1) => inspected(at).refused;
  const says = (text: string): void =>
    host.program(
      join(host.node.oldBindir, 'psql'),
      `case "$*" in *'-U pgautofailover_replicator '*) printf '%s\\n' '${text}' >&2 ;; esac; exit 2`,
    );

  test('names the kind of file system that the data lies on, as stat does', () => {
    host.cluster(host.node.data, 15);
    expect(inspected(0).fileSystem).toBe(host.sh(`stat -f -c %T "${host.node.data}"`).output.trim());
  });

  test('at a secondary whose pg_autoctl has no password for the primary: why it is not let in', () => {
    says(refusal);
    expect(refused(1)).toBe(refusal);
    expect(refused(0)).toBeUndefined(); // the primary itself
  });

  test('of a primary that does not answer at all others tell; and a password in pg_autoctl’s own surroundings is not ours to try', () => {
    says('psql: error: connection to server at "node1" (10.1.2.3), port 5432 failed: timeout expired');
    expect(refused(1)).toBeUndefined();
    says(refusal);
    const keeper = spawn('sleep', ['20'], { env: { ...process.env, PGPASSWORD: 'secret' } });
    host.write(host.node.pidFile, `${keeper.pid}\n`);
    try {
      expect(refused(1)).toBeUndefined();
    } finally {
      keeper.kill();
    }
  });
});

describe('a discovery', () => {
  const answer = JSON.stringify({
    version: '15.20',
    superuser: 'postgres',
    encoding: 'UTF8',
    collate: 'C',
    ctype: 'C',
    provider: 'c',
    providerLocale: null,
    checksums: false,
    walSegmentBytes: 16777216,
    socketDirectories: '/tmp',
    sources: [],
    files: [],
  });
  const found = () => {
    const { node } = host;
    host.write(
      join(node.home, `.config/pg_autoctl${node.pgdata}/pg_autoctl.cfg`),
      recorded('pg_auto_failover-2.0/node1.cfg')
        .replace(/^pgdata = .*$/m, `pgdata = ${node.pgdata}`)
        .replace(/^pg_ctl = .*$/m, `pg_ctl = ${node.oldBindir}/pg_ctl`),
    );
    return good(parseFound('node_1', host.sh(discoverScript(node.newBindir, {}).text).output));
  };
  const instance = () => {
    const [one] = found().instances;
    if (one === undefined) throw new Error('nothing was found');
    return one;
  };

  test('finds the instance behind a path with a blank and a quote', () => {
    host.cluster(host.node.data, 15, { 'postgresql.conf': '', 'pg_hba.conf': '', 'logfile.log': '' });
    host.write(join(host.node.home, 'psql'), answer);
    const seen = found();
    expect([seen.home, seen.missingTools, seen.newVersion]).toEqual([host.node.home, [], '17.12']);
    expect(instance()).toMatchObject({
      pgdata: host.node.pgdata,
      data: host.node.data,
      major: 15,
      oldVersion: '15.20',
      oldBindir: host.node.oldBindir,
      oldAutoctl: host.node.oldAutoctl,
      stateFile: `${host.node.home}/.local/share/pg_autoctl${host.node.pgdata}/pg_autoctl.state`,
      running: false,
      server: { version: '15.20', walSegmentBytes: 16777216 },
    });
  });

  describe('two clusters of one user', () => {
    const second = () => join(host.root, 'lib/b');
    /** The second one beside the first, and what an upgrade has left of it. */
    const both = (...left: readonly string[]) => {
      host.cluster(host.node.data, 15);
      host.cluster(second(), 15, {
        'global/pg_control': Buffer.from('0102030405060708', 'hex').toString('latin1'),
      });
      host.write(
        join(host.node.home, `.config/pg_autoctl${second()}/pg_autoctl.cfg`),
        recorded('pg_auto_failover-2.0/node1.cfg')
          .replace(/^pgdata = .*$/m, `pgdata = ${second()}`)
          .replace(/^pg_ctl = .*$/m, `pg_ctl = ${host.node.newBindir}/pg_ctl`),
      );
      host.write(join(host.node.home, 'psql'), answer);
      const work = workDirOf(host.node.home, word(second()));
      for (const name of left) host.write(join(work, name), name.endsWith('json') ? '{"of":"b"}' : '');
      host.write(join(work, 'saved/pg_autoctl.cfg'), `pg_ctl = ${host.node.oldBindir}/pg_ctl\n`);
      const { instances } = found();
      const of = (pgdata: string) => {
        const one = instances.find((each) => each.pgdata === pgdata);
        if (one === undefined) throw new Error(`${pgdata} was not found`);
        return one;
      };
      return { first: of(host.node.pgdata), second: of(second()) };
    };

    test('what is left of one says nothing of the other', () => {
      const seen = both('fingerprint', 'done/rollback-dropped', 'record.json');
      expect(seen.second).toMatchObject({
        underway: true,
        registeredAnew: true,
        record: { of: 'b' },
        workDir: workDirOf(host.node.home, word(second())),
        saved: { bindir: host.node.oldBindir },
      });
      expect(seen.first).toMatchObject({
        underway: false,
        registeredAnew: false,
        record: undefined,
        saved: { bindir: '', program: '' },
      });
    });

    test('the system identifier is read from pg_control, by whatever name it has', () => {
      expect(both().second.systems).toEqual(['578437695752307201']);
      host.sh(`mv "${second()}/global/pg_control" "${second()}/global/pg_control.do-not-start"`);
      host.sh(`mv "${second()}" "${second()}_pg15_bak"`);
      expect(found().instances.map((one) => one.systems)).toContainEqual(['578437695752307201']);
    });
  });

  test('a node whose configuration a rollback has moved out of the way is found by it', () => {
    host.cluster(host.node.data, 15);
    host.write(join(host.node.home, 'psql'), answer);
    const cfg = join(host.node.home, `.config/pg_autoctl${host.node.pgdata}/pg_autoctl.cfg`);
    found();
    host.sh(`mv "${cfg}" "${cfg}.before-rollback"`);
    const ran = host.sh(discoverScript(host.node.newBindir, {}).text).output;
    expect(good(parseFound('node_1', ran)).instances).toMatchObject([{ configFile: cfg }]);
  });

  test('what an earlier version has left in the one place is told, and is nobody’s record', () => {
    host.cluster(host.node.data, 15);
    host.write(join(host.node.home, 'psql'), answer);
    expect(found().earlier).toBeNull();
    host.write(join(host.node.home, 'pgaf-upgrade/record.json'), '{"name":"shop"}');
    host.write(join(host.node.home, 'pgaf-upgrade/fingerprint'), '');
    expect(found()).toMatchObject({
      earlier: { record: { name: 'shop' } },
      instances: [{ underway: false, record: undefined }],
    });
  });

  test.each(['/srv/pg.1', '/srv/pg[1]*', '/srv/p$g^\\'])(
    'the unit of %s is the one that names it, not one of a path that only fits it as a pattern',
    (pgdata) => {
      const units = join(host.root, 'units');
      host.write(
        join(host.node.home, `.config/pg_autoctl${pgdata}/pg_autoctl.cfg`),
        recorded('pg_auto_failover-2.0/node1.cfg').replace(/^pgdata = .*$/m, `pgdata = ${pgdata}`),
      );
      for (const [name, directory] of [
        ['a', '/srv/pgX1'],
        ['b', pgdata],
        ['c', `${pgdata}2`],
      ] as const)
        host.write(join(units, `${name}.service`), `ExecStart=/bin/pg_autoctl run --pgdata ${directory}\n`);
      host.program(
        join(host.root, 'bin/systemctl'),
        'for unit do :; done; printf "%s\\n" LoadState=loaded UnitFileState=enabled ActiveState=inactive KillMode=mixed FragmentPath=/x/$unit DropInPaths=',
        'echo "ExecStart={ path=/bin/pg_autoctl ; argv[]=/bin/pg_autoctl run ; }"',
      );
      const script = discoverScript(host.node.newBindir, {})
        .text.replace('[ -d /run/systemd/system ]', 'true')
        .replaceAll('/etc/systemd/system/*.service', '"$HOME"/../units/*.service');
      expect(good(parseFound('node_1', host.sh(script).output)).instances).toMatchObject([
        { unit: { name: 'b.service' } },
      ]);
    },
  );

  test('a data directory behind a symbolic link: what is renamed is the directory', () => {
    host.cluster(join(host.root, 'disk/real'), 15);
    symlinkSync(join(host.root, 'disk/real'), host.node.pgdata);
    host.write(join(host.node.home, 'psql'), answer);
    expect(instance()).toMatchObject({ pgdata: host.node.pgdata, data: join(host.root, 'disk/real') });
  });

  test('a server that warned (a collation’s version) before it answered was taken for one that does not answer', () => {
    host.cluster(host.node.data, 15);
    host.program(
      join(host.node.oldBindir, 'psql'),
      `echo 'WARNING:  database "postgres" has a collation version mismatch' >&2`,
      'cat "$HOME/psql"',
    );
    host.write(join(host.node.home, 'psql'), answer);
    expect(instance().server).toMatchObject({ version: '15.20' });
  });

  test('a server without database postgres, or without the role of its own user, was taken for one that does not answer', () => {
    host.cluster(host.node.data, 15);
    host.write(join(host.node.home, 'psql'), answer);
    const answersOnlyTo = (condition: string) =>
      host.program(
        join(host.node.oldBindir, 'psql'),
        'role=; while [ $# -gt 0 ]; do [ "$1" != -U ] || role=$2; shift; done',
        `if ${condition}; then cat "$HOME/psql"; else echo 'psql: error: FATAL:  it does not exist' >&2; exit 2; fi`,
      );
    answersOnlyTo('[ "$PGDATABASE" = template1 ]');
    expect(instance().server).toMatchObject({ version: '15.20' });
    // the one that pg_autoctl itself connects as
    answersOnlyTo('[ "$role" = postgres ]');
    expect(instance().server).toMatchObject({ version: '15.20' });
    answersOnlyTo('false');
    expect(instance()).toMatchObject({ server: null, serverError: 'psql: error: FATAL:  it does not exist' });
  });

  test('a server that does not answer leaves psql’s reason', () => {
    host.cluster(host.node.data, 15);
    expect(instance()).toMatchObject({ server: null, serverError: 'psql: error: nobody there' });
  });

  test('a certificate that was a symbolic link was left behind', () => {
    host.cluster(host.node.data, 15, { 'postgresql.conf': '' });
    host.write(join(host.root, 'etc/ssl.key'), 'key');
    symlinkSync(join(host.root, 'etc/ssl.key'), join(host.node.data, 'server.key'));
    symlinkSync(join(host.root, 'etc'), join(host.node.data, 'pg_wal'));
    host.write(join(host.node.home, 'psql'), answer);
    const one = instance();
    if (one.server === null) throw new Error('the server answers');
    expect(filesToCarry(one, one.server)).toEqual(['postgresql.conf', 'server.key']);
  });

  test('a pg_wal elsewhere is kept there where another can be made beside it', () => {
    host.cluster(host.node.data, 15);
    const wal = join(host.root, 'disk of WAL/main');
    host.write(join(wal, '000000010000000000000001'), 'x');
    symlinkSync(wal, join(host.node.data, 'pg_wal'));
    host.write(join(host.node.home, 'psql'), answer);
    expect(instance().wal).toBe(wal);
    host.program(join(host.root, 'bin/df'), 'echo Filesystem; echo "/dev/x 100 100 0 100% /"');
    expect(instance().wal).toBe('');
  });

  test('small directories that are no server’s are carried, whatever reads from them; what cannot be copied, or is large, stays', () => {
    host.cluster(host.node.data, 15, { 'postgresql.conf': '', 'auth/users': 'app\n', 'log/x.log': '' });
    mkdirSync(join(host.node.data, 'conf.d'));
    mkdirSync(join(host.node.data, 'dumps'));
    writeFileSync(join(host.node.data, 'dumps/app'), Buffer.alloc(11 * 1024 * 1024));
    host.write(join(host.node.home, 'psql'), answer);
    const one = instance();
    if (one.server === null) throw new Error('the server answers');
    expect(one.small.toSorted()).toEqual(['auth', 'conf.d']);
    expect(filesToCarry(one, one.server)).toEqual(['auth', 'conf.d', 'postgresql.conf']);
    const within = { ...one.server, tablespaces: [`${one.data}/auth/fast`] };
    expect(filesToCarry(one, within)).toEqual(['conf.d', 'postgresql.conf']);
  });

  test('programs that are missing in the new directory are named', () => {
    host.cluster(host.node.data, 15);
    host.sh(`rm "${host.node.newBindir}/pg_upgrade" "${host.node.newBindir}/vacuumdb"`);
    expect(found().missingTools).toEqual(['pg_upgrade', 'vacuumdb']);
  });
});
