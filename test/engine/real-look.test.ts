import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filesToCarry } from '../../source/engine/discover/host-facts.ts';
import { parseFound } from '../../source/engine/discover/instance.ts';
import { discoverScript } from '../../source/engine/discover/script.ts';
import { parseLook } from '../../source/engine/look/parse.ts';
import { lookScript } from '../../source/engine/look/script.ts';
import { good, recorded, recordedBytes } from '../cluster/recorded.ts';
import { Sandbox } from '../runbook/sandbox.ts';

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
  const ran = host.sh(lookScript(host.node, 17, null));
  return good(parseLook('node_1', ran.output));
};
const old = recorded('postgresql-15.20/controldata-shut-down.txt');
const fresh = recorded('postgresql-17.12/controldata-after-upgrade.txt');

describe('a look', () => {
  test('at an empty host: nothing is there, and that is an answer', () => {
    expect(look()).toMatchObject({
      data: { kind: 'absent' },
      newData: { kind: 'absent' },
      backupData: { kind: 'absent' },
      autoctl: false,
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
      linked: true,
      disarmed: false,
      shared: false,
      running: false,
      carried: true,
      databases: 1,
    });
    expect(seen.data).toMatchObject({ control: { state: 'shut down', checkpoint: '0/40016D8' } });
    expect(seen.newData).toMatchObject({
      kind: 'cluster',
      major: 17,
      linked: false,
      carried: false,
      databases: 0,
    });
    expect(seen.newData).toMatchObject({ control: seen.fingerprint });
    expect(seen.data).toMatchObject({ control: seen.stopped });
    expect(host.sh(`ls -lR "${host.root}/lib"`).output).toBe(before);
  });

  test('at a disarmed directory: it can still be told what it was', () => {
    const { node } = host;
    host.cluster(node.backupData, 15, { 'global/pg_control': old });
    host.sh(`mv "${node.backupData}/global/pg_control" "${node.backupData}/global/pg_control.do-not-start"`);
    expect(look().backupData).toMatchObject({
      linked: true,
      disarmed: true,
      control: { state: 'shut down' },
    });
  });

  test('at an old directory whose pg_control was put back by hand: the links of its files still tell', () => {
    const { node } = host;
    host.cluster(node.backupData, 15, { 'global/pg_control': old, 'base/16384/24576': 'rows' });
    expect(look().backupData).toMatchObject({ linked: false, shared: false });
    host.sh(`ln "${node.backupData}/base/16384/24576" "${host.root}/also"`);
    expect(look().backupData).toMatchObject({ linked: false, shared: true });
  });

  test('at what a way back left aside: listed, under whatever number', () => {
    const { node } = host;
    host.cluster(`${node.data}_pg17_abandoned`, 17);
    host.cluster(`${node.data}_pg17_abandoned_2`, 17);
    expect(look().abandoned).toEqual([`${node.data}_pg17_abandoned`, `${node.data}_pg17_abandoned_2`]);
  });

  test('at a cluster without any control file: there, and nothing is claimed of it', () => {
    host.cluster(host.node.data, 15);
    host.sh(`rm "${host.node.data}/global/pg_control"`);
    expect(look().data).toMatchObject({ kind: 'cluster', control: null, linked: false, disarmed: false });
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
    host.write(join(host.node.workDir, 'done/check'), '');
    host.write(join(host.node.workDir, 'pg_upgrade/delete_old_cluster.sh'), '');
    const seen = look();
    expect(seen.stateIdentifier).toMatch(/^\d{19}$/);
    expect(seen.pgCtl).toBe('/x y/bin/pg_ctl');
    expect(seen.markers).toEqual(['check']);
    expect(seen.deleteScripts).toEqual([`${host.node.workDir}/pg_upgrade/delete_old_cluster.sh`]);
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
    return good(parseFound('node_1', host.sh(discoverScript(node.newBindir, {})).output));
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

  test('programs that are missing in the new directory are named', () => {
    host.cluster(host.node.data, 15);
    host.sh(`rm "${host.node.newBindir}/pg_upgrade" "${host.node.newBindir}/vacuumdb"`);
    expect(found().missingTools).toEqual(['pg_upgrade', 'vacuumdb']);
  });
});
