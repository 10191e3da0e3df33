import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clusterFactsSchema } from '../../source/cluster/facts.ts';
import { parseStateFile } from '../../source/cluster/parse/state-file.ts';
import { factsId } from '../../source/runbook/language/facts-id.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { markFile, markOf } from '../../source/runbook/shell/ownership.ts';
import { privateSocket } from '../../source/runbook/shell/shell.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { good, recorded, recordedBytes } from '../cluster/recorded.ts';
import { labCluster, newIdentifier } from './clusters.ts';
import { Sandbox } from './sandbox.ts';
import { word } from './word.ts';
import { modelAfter, stepOf, worldAt } from './worlds.ts';

const scriptOf = (id: string): string => {
  const script = stepOf(upgradeRunbook(labCluster()), id).script(worldAt('swapped'));
  return script.kind === 'ready' ? script.text : '';
};

/** The scripts that move things, run by the shell that runs them on the servers, in a directory with a blank and a quote. */
let host: Sandbox;
beforeEach(() => {
  host = new Sandbox();
});
afterEach(() => host.remove());

describe('the system identifier in pg_autoctl’s state file', () => {
  const before = recordedBytes('pg_auto_failover-2.0/node1.state');
  const old = good(parseStateFile(before)).systemIdentifier;
  const fresh = (identifier: string): Sandbox => {
    host.remove();
    host = new Sandbox(labCluster({ systemIdentifier: identifier }));
    host.write(host.node.stateFile, before, 0o640);
    return host;
  };
  const patch = () => host.run('H.node_2.state-file', worldAt('swapped', host.facts));

  test('eight bytes change and nothing else; the old file is kept beside it', () => {
    fresh(String(old));
    const ran = patch();
    expect(ran).toEqual({ code: 0, output: `system identifier ${old} -> ${newIdentifier}\n` });
    const after = readFileSync(host.node.stateFile);
    expect(good(parseStateFile(after))).toEqual({
      ...good(parseStateFile(before)),
      systemIdentifier: BigInt(newIdentifier),
    });
    const changed = [...after.keys()].filter((index) => after[index] !== before[index]);
    expect(changed.every((index) => index >= 16 && index < 24)).toBe(true);
    expect(changed.length).toBeGreaterThan(0);
    expect(after.length).toBe(1024);
    expect(host.mode(host.node.stateFile)).toBe('640');
    expect(Buffer.compare(readFileSync(`${host.node.stateFile}.pg15`), before)).toBe(0);
  });

  test('run once more it changes nothing, and the kept copy is still the old one', () => {
    fresh(String(old));
    patch();
    const once = readFileSync(host.node.stateFile);
    expect(patch()).toEqual({ code: 0, output: `it is ${newIdentifier} already\n` });
    expect(Buffer.compare(readFileSync(host.node.stateFile), once)).toBe(0);
    expect(Buffer.compare(readFileSync(`${host.node.stateFile}.pg15`), before)).toBe(0);
  });

  test('a file of another cluster is left as it is', () => {
    fresh('1234567890');
    expect(patch()).toEqual({ code: 1, output: `found ${old}, expected 1234567890\n` });
    expect(Buffer.compare(readFileSync(host.node.stateFile), before)).toBe(0);
    expect(readdirSync(join(host.root, 'share'))).toEqual(['pg_autoctl.state']);
  });

  test('a file of another size is a file of another pg_autoctl', () => {
    fresh(String(old));
    host.write(host.node.stateFile, Buffer.concat([before, Buffer.from('x')]));
    const ran = patch();
    expect(ran.code).toBe(1);
    expect(ran.output).toContain('its size is not 1024');
  });

  /** As pg_autoctl of a later release has written it: another layout, and a field behind all others. */
  const laterLayout = (bytes: Uint8Array, layout: number): Buffer => {
    const later = Buffer.from(bytes);
    later.writeInt32LE(layout, 0);
    later[84] = 1;
    return later;
  };

  test('a layout that is not known keeps its identifier: it may stand elsewhere', () => {
    fresh(String(old));
    const later = laterLayout(before, 3);
    host.write(host.node.stateFile, later);
    expect(patch()).toEqual({
      code: 1,
      output: 'not the state file this knows: its layout is neither 1 nor 2\n',
    });
    expect(Buffer.compare(readFileSync(host.node.stateFile), later)).toBe(0);
  });

  /** The rollback's step on a file that the new version's pg_autoctl has left, beside the one that phase A has saved. */
  const backFrom = (left: Buffer): ReturnType<typeof host.sh> => {
    fresh(String(old));
    left.writeBigUInt64LE(BigInt(newIdentifier), 16);
    host.write(host.node.stateFile, left);
    host.write(join(host.node.workDir, 'saved/pg_autoctl.state'), before);
    const steps = rollbackRunbook(host.facts, modelAfter(host.facts, 'D.node_1.swap').world()).steps;
    const script = stepOf(steps, 'T.node_1.state-file').script(worldAt('swapped', host.facts));
    return host.sh(script.kind === 'ready' ? script.text : '');
  };
  const wentBack = { code: 0, output: `system identifier ${newIdentifier} -> ${old}\n` };

  test('behind a switchover on the new version a rollback left the application down: the node has its role of before again', () => {
    // current_role and assigned_role: a secondary. Source: pg_auto_failover, state.h, NodeState.
    const left = laterLayout(before, 2);
    for (const role of [32, 56]) left.writeInt32LE(9, role);
    expect(backFrom(left)).toEqual(wentBack);
    expect(Buffer.compare(readFileSync(host.node.stateFile), before)).toBe(0);
    expect(Buffer.compare(readFileSync(`${host.node.stateFile}.pg17`), left)).toBe(0);
    expect(host.mode(host.node.stateFile)).toBe(host.mode(join(host.node.workDir, 'saved/pg_autoctl.state')));
  });

  test('a saved file of another node does not come back: identifier and layout alone do', () => {
    const left = laterLayout(before, 2);
    left.writeBigInt64LE(77n, 24);
    expect(backFrom(left)).toEqual(wentBack);
    const after = readFileSync(host.node.stateFile);
    expect(after.readBigInt64LE(24)).toBe(77n);
    expect([after.readInt32LE(0), after.readBigUInt64LE(16)]).toEqual([1, BigInt(old)]);
    // All else stays as the newer one has left it.
    expect(after[84]).toBe(1);
  });
});

describe('the hand-over', () => {
  const asked = () =>
    host.has(join(host.root, 'home/asked')) ? host.read(join(host.root, 'home/asked')) : '';
  const handOver = () => host.run('E.node_1.hand-over', worldAt('swapped', host.facts));
  const handedOver = () => host.read(join(host.node.workDir, 'handed-over'));
  let server: ChildProcess | null = null;
  afterEach(() => {
    server?.kill('SIGKILL');
    server = null;
  });
  /** A process that /proc calls postgres, and what the one on the private socket says of itself. */
  const serverRuns = async (says: (pid: number) => string): Promise<void> => {
    host.program(join(host.root, 'bin/postgres'), 'while :; do sleep 0.1; done');
    const started = spawn(join(host.root, 'bin/postgres'), { stdio: 'ignore' });
    server = started;
    const pid = started.pid ?? 0;
    host.write(join(host.node.data, 'postmaster.pid'), `${pid}\n${host.node.data}\n`);
    host.write(join(host.root, 'home/says'), `${says(pid)}\n`);
    host.program(join(host.node.newBindir, 'psql'), 'cat "$HOME/says"');
    await expect.poll(() => host.sh(`cat /proc/${pid}/comm`).output.trim()).toBe('postgres');
  };
  const isPrivate = (pid: number) => `${pid}|${host.node.data}|${privateSocket(host.node)}|`;
  const controlIs = (checkpoint: string) =>
    host.program(
      join(host.node.newBindir, 'pg_controldata'),
      `printf 'Database system identifier:           ${newIdentifier}\\nLatest checkpoint location: ${checkpoint}\\n'`,
    );
  beforeEach(() => {
    const before = recordedBytes('pg_auto_failover-2.0/node1.state');
    host.remove();
    host = new Sandbox(
      labCluster({ systemIdentifier: String(good(parseStateFile(before)).systemIdentifier) }),
    );
    host.write(host.node.stateFile, before, 0o640);
    host.program(
      join(host.node.newBindir, 'pg_ctl'),
      'cd || exit; echo "$*" >> asked; rm "../lib/data/postmaster.pid"',
    );
    controlIs('0/1');
    host.write(join(host.node.workDir, 'record.json'), '{}');
  });

  test('data_directory in the configuration names the directory by a symbolic link: its own server was refused', async () => {
    const called = join(host.root, 'by another name');
    symlinkSync(host.node.data, called);
    await serverRuns((pid) => `${pid}|${called}|${privateSocket(host.node)}|`);
    expect(handOver()).toMatchObject({ code: 0 });
    expect(asked()).toContain('--mode=fast stop');
  });

  test('stops the server, keeps how it stood, and then writes the identifier', async () => {
    await serverRuns(isPrivate);
    const ran = handOver();
    expect(ran.code).toBe(0);
    expect(asked()).toContain('--mode=fast stop');
    expect(handedOver()).toContain('Latest checkpoint location: 0/1\n');
    expect(good(parseStateFile(readFileSync(host.node.stateFile))).systemIdentifier).toBe(
      BigInt(newIdentifier),
    );
  });

  test('interrupted after the stop, or before the identifier, it goes on', async () => {
    await serverRuns(isPrivate);
    host.program(join(host.node.newBindir, 'pg_controldata'), 'exit 1');
    expect(handOver().code).toBe(1);
    expect(host.has(join(host.node.workDir, 'handed-over'))).toBe(false);
    controlIs('0/1');
    expect(handOver().code).toBe(0);
    expect(handOver()).toEqual({ code: 0, output: `it is ${newIdentifier} already\n` });
    expect(asked().match(/stop/g)).toHaveLength(1);
  });

  test.each([
    ['the one that serves', (pid: number) => `${pid}|${host.node.data}|/var/run/postgresql|*`],
    ['one that nobody answers for on the private socket', () => 'psql: error: connection to server failed'],
    ['one whose process another’s answer names', () => isPrivate(1)],
  ])('a second run stopped the live primary: %s is left alone', async (_, says) => {
    await serverRuns(says);
    const ran = handOver();
    expect(ran.code).toBe(1);
    expect(ran.output).toContain('refused to stop the server on');
    expect([asked(), host.has(join(host.node.workDir, 'handed-over'))]).toEqual(['', false]);
  });

  test('run again later it wrote the hand-over anew, and the loss since was understated', () => {
    expect(handOver().code).toBe(0);
    controlIs('0/2');
    expect(handOver().code).toBe(0);
    expect(handedOver()).toContain('0/1');
    host.write(join(host.node.workDir, 'handed-over'), 'Database system identifier:  1\n');
    handOver();
    expect(handedOver()).toContain('0/2');
  });
});

describe('the swap', () => {
  const versions = () =>
    [host.node.data, host.node.newData, host.node.backupData].map((directory) =>
      host.has(join(directory, 'PG_VERSION')) ? host.read(join(directory, 'PG_VERSION')).trim() : null,
    );

  beforeEach(() => host.program(join(host.node.newBindir, 'postgres'), 'echo 100'));

  test('both directories change places; the mark goes with the old one, and the one in its place has none', () => {
    host.cluster(host.node.data, 15);
    host.marked(host.node.newData, 17);
    host.keepFingerprints();
    expect(host.run('D.node_1.swap').code).toBe(0);
    expect(versions()).toEqual(['17', null, '15']);
    expect(host.has(join(host.node.data, markFile))).toBe(false);
    expect(host.read(join(host.node.backupData, markFile))).toBe(markOf(host.facts));
  });

  test('run twice it does not swap back', () => {
    host.cluster(host.node.data, 15);
    host.marked(host.node.newData, 17);
    host.keepFingerprints();
    host.run('D.node_1.swap');
    expect(host.run('D.node_1.swap').code).toBe(0);
    expect(versions()).toEqual(['17', null, '15']);
  });

  test('interrupted between the two moves it is finished by the next try', () => {
    host.cluster(host.node.backupData, 15);
    host.marked(host.node.newData, 17);
    host.keepFingerprints(host.node.backupData);
    expect(host.run('D.node_1.swap').code).toBe(0);
    expect(versions()).toEqual(['17', null, '15']);
  });

  test('without a new cluster the old one stays in its place', () => {
    host.cluster(host.node.data, 15);
    const ran = host.run('D.node_1.swap');
    expect(ran.code).toBe(1);
    expect(ran.output).toContain('no PostgreSQL 17 in');
    expect(versions()).toEqual(['15', null, null]);
  });

  test('a backup of an earlier upgrade is not written over', () => {
    host.cluster(host.node.data, 15);
    host.marked(host.node.newData, 17);
    host.cluster(host.node.backupData, 15, { 'base/precious': 'x' });
    const ran = host.run('D.node_1.swap');
    expect(ran.code).toBe(1);
    expect(ran.output).toContain('is there already');
    expect(versions()).toEqual(['15', '17', '15']);
    expect(host.read(join(host.node.backupData, 'base/precious'))).toBe('x');
  });
});

describe('moving a secondary’s fallback copy aside', () => {
  test('once, and a second time without touching it', () => {
    host.cluster(host.node.data, 15);
    expect(host.run('H.node_2.aside').code).toBe(0);
    expect(host.has(host.node.data)).toBe(false);
    expect(host.run('H.node_2.aside').code).toBe(0);
    expect(host.read(join(host.node.backupData, 'PG_VERSION'))).toBe('15\n');
  });

  test('a rebuilt secondary is never moved over its fallback copy', () => {
    host.cluster(host.node.data, 17);
    host.cluster(host.node.backupData, 15);
    expect(host.run('H.node_2.aside').code).toBe(1);
    expect(host.read(join(host.node.data, 'PG_VERSION'))).toBe('17\n');
    expect(host.read(join(host.node.backupData, 'PG_VERSION'))).toBe('15\n');
  });

  test('anything but the old version is left where it is', () => {
    host.cluster(host.node.data, 17);
    expect(host.run('H.node_2.aside').code).toBe(1);
    expect(host.has(host.node.backupData)).toBe(false);
  });
});

describe('out of maintenance', () => {
  /** A pg_autoctl whose configuration cannot be read so many times, and then exits as told. */
  const autoctl = (unreadable: number, then: number) =>
    host.program(
      host.node.newAutoctl,
      'echo x >> "$HOME/asked"',
      `if [ "$(wc -l < "$HOME/asked")" -le ${unreadable} ]; then echo 'ERROR Failed to find section pg_autoctl' >&2; exit 2; fi`,
      `exit ${then}`,
    );
  const asked = () => host.read(join(host.node.home, 'asked')).length / 2;

  test('asked at the moment at which pg_autoctl, just started, wrote its configuration, the node stayed in it for ever', () => {
    autoctl(3, 0);
    expect(host.run('H.node_2.join')).toMatchObject({ code: 0 });
    expect(asked()).toBe(4);
  });

  test('any other exit code is for the monitor’s state to tell; a configuration that stays unreadable fails the step', () => {
    autoctl(0, 6);
    expect(host.run('H.node_2.join')).toEqual({
      code: 0,
      output: 'exit code 6: see what the monitor says\n',
    });
    autoctl(1000, 0);
    expect(host.run('H.node_2.join').code).toBe(2);
  }, 30_000);
});

describe('carrying the configuration', () => {
  beforeEach(() => {
    host.cluster(host.node.data, 15, {
      'postgresql.conf': 'old\n',
      'pg_hba.conf': 'host all\n',
      'server.key': 'key',
    });
    host.marked(host.node.newData, 17, { 'postgresql.conf': 'initdb’s\n', 'pg_hba.conf': 'trust\n' });
    host.keepFingerprints();
    host.program(join(host.node.newBindir, 'postgres'), 'echo "$*" >> "$HOME/asked"', 'echo 100');
  });

  test('every file with its mode, absent ones left out, the new server asked before the swap', () => {
    const ran = host.run('D.node_1.swap');
    expect(ran.code).toBe(0);
    expect(host.read(join(host.node.data, 'postgresql.conf'))).toBe('old\n');
    expect(host.read(join(host.node.data, 'pg_hba.conf'))).toBe('host all\n');
    expect(host.mode(join(host.node.data, 'server.key'))).toBe('600');
    expect(ran.output).not.toContain('carried server.crt');
    expect(host.read(join(host.root, 'home/asked'))).toContain(
      `-C max_connections -c config_file=${host.node.newData}/postgresql.conf`,
    );
  });

  test('a private key that was root’s, and readable by its group, is readable by postgres alone', () => {
    const key = join(host.node.data, 'server.key');
    host.write(key, '-----BEGIN PRIVATE KEY-----\n');
    chmodSync(key, 0o640);
    chmodSync(join(host.node.data, 'pg_hba.conf'), 0o640);
    const ran = host.run('D.node_1.swap');
    expect(ran.code).toBe(0);
    expect(host.mode(key)).toBe('600');
    expect(ran.output).toContain('only its owner may read the private key');
    expect(host.mode(join(host.node.data, 'pg_hba.conf'))).toBe('640');
  });

  test('twice gives the same, and directories do not nest', () => {
    host.remove();
    host = new Sandbox({
      ...labCluster(),
      nodes: labCluster().nodes.map((node) => ({ ...node, carry: ['conf.d', 'postgresql.conf'].map(word) })),
    });
    host.cluster(host.node.data, 15, { 'postgresql.conf': 'old\n', 'conf.d/a.conf': 'a\n' });
    host.marked(host.node.newData, 17);
    host.keepFingerprints();
    host.program(join(host.node.newBindir, 'postgres'), 'echo 100');
    // The first try comes to the read, and is refused.
    host.program(join(host.node.newBindir, 'postgres'), 'exit 1');
    expect(host.run('D.node_1.swap').code).toBe(1);
    host.program(join(host.node.newBindir, 'postgres'), 'echo 100');
    expect(host.run('D.node_1.swap').code).toBe(0);
    expect(readdirSync(join(host.node.data, 'conf.d'))).toEqual(['a.conf']);
  });

  test('a setting that the new version does not know stops it, with the server’s own words', () => {
    host.program(
      join(host.node.newBindir, 'postgres'),
      'echo "unrecognized configuration parameter \\"x\\"" >&2; exit 1',
    );
    expect(host.run('D.node_1.swap')).toMatchObject({ code: 1 });
    const ran = host.run('A.node_1.configuration');
    expect(ran.code).toBe(1);
    expect(ran.output).toContain('unrecognized configuration parameter');
    expect(host.has(join(host.node.workDir, 'done/configuration'))).toBe(false);
  });

  test('the dry run of it leaves only its mark', () => {
    expect(host.run('A.node_1.configuration').code).toBe(0);
    expect(readdirSync(host.node.workDir)).toEqual(['done', 'fingerprint', 'fingerprint-old']);
    expect(host.read(join(host.node.newData, 'postgresql.conf'))).toBe('initdb’s\n');
  });
});

describe('saving what will be edited', () => {
  beforeEach(() => {
    host.write(host.node.configFile, 'monitor = postgres://autoctl_node:secret@monitor/x\n', 0o600);
    host.write(host.node.stateFile, recordedBytes('pg_auto_failover-2.0/node1.state'));
    host.program(
      join(host.node.newBindir, 'pg_dump'),
      'while [ $# -gt 1 ]; do [ "$1" = -f ] && out=$2; shift; done',
      'echo "dump of $PGDATABASE" > "$out"',
    );
  });

  test('the record is the facts, copies are nobody else’s to read, and a second time is the same', () => {
    for (let time = 0; time < 2; time += 1) {
      expect(host.run('A.monitor.save').code).toBe(0);
      const record = clusterFactsSchema.parse(JSON.parse(host.read(join(host.node.workDir, 'record.json'))));
      expect(record).toEqual(host.facts);
      expect(host.read(join(host.node.workDir, 'saved/monitor.dump'))).toBe('dump of pg_auto_failover\n');
      expect(readdirSync(join(host.node.workDir, 'done'))).toEqual([`save-${factsId(host.facts)}`]);
      for (const file of ['record.json', 'saved/monitor.dump', 'saved/pg_autoctl.cfg'])
        expect([file, host.mode(join(host.node.workDir, file))]).toEqual([file, '600']);
    }
    expect(host.run('A.node_1.save').code).toBe(0);
    expect(host.has(join(host.node.workDir, 'saved/pg_autoctl.state'))).toBe(true);
  });

  test('a name with a quote or a dollar in it comes back as it was', () => {
    host.remove();
    host = new Sandbox({ ...labCluster(), name: word("RECORD $(touch x) 'y' `z` \\") });
    host.write(host.node.configFile, '');
    host.write(host.node.stateFile, '');
    expect(host.run('A.node_1.save').code).toBe(0);
    const record: unknown = JSON.parse(host.read(join(host.node.workDir, 'record.json')));
    expect(clusterFactsSchema.parse(record)).toEqual(host.facts);
  });

  test('marks of an earlier attempt are gone: nothing counts as checked that was checked for another plan', () => {
    host.write(join(host.node.workDir, 'done/verify'), '');
    host.run('A.node_1.save');
    expect(readdirSync(join(host.node.workDir, 'done'))).toEqual([`save-${factsId(host.facts)}`]);
  });
});

describe('pg_upgrade', () => {
  const upgrade = [
    'echo "$*" >> "$HOME/calls"',
    'echo "rm -rf data" > delete_old_cluster.sh; chmod 700 delete_old_cluster.sh',
    'old=$(printf "%s\\n" "$@" | sed -n "s/^--old-datadir=//p"); new=$(printf "%s\\n" "$@" | sed -n "s/^--new-datadir=//p")',
    'mkdir -p "$new/pg_upgrade_output.d/1/log"',
    'if [ -e "$HOME/fail" ]; then [ ! -e "$HOME/fail-late" ] || mv "$old/global/pg_control" "$old/global/pg_control.old"; exit 1; fi',
    'mv "$old/global/pg_control" "$old/global/pg_control.old"',
    'echo upgraded > "$new/base/16384"',
  ];
  let asStopped = '';
  beforeEach(() => {
    asStopped = host.control(15, 'as it was stopped');
    host.cluster(host.node.data, 15);
    host.marked(host.node.newData, 17);
    host.program(join(host.node.newBindir, 'pg_upgrade'), ...upgrade);
    host.program(join(host.node.oldBindir, 'pg_controldata'), 'cat "$HOME/old-control"');
    host.program(join(host.node.newBindir, 'pg_controldata'), 'cat "$HOME/new-control"');
    host.write(join(host.node.home, 'old-control'), asStopped);
    host.write(
      join(host.node.home, 'new-control'),
      recorded('postgresql-17.12/controldata-after-upgrade.txt'),
    );
    host.program(
      join(host.node.newBindir, 'initdb'),
      'data=$(printf "%s\\n" "$@" | sed -n "s/^--pgdata=//p"); mkdir -p "$data/base" "$data/global"; echo 17 > "$data/PG_VERSION"; echo initdb >> "$HOME/calls"',
    );
  });
  const work = (path: string) => join(host.node.workDir, path);

  test('its script that would delete the live cluster cannot run any more, and the fingerprint is kept', () => {
    expect(host.run('D.node_1.pg-upgrade').code).toBe(0);
    expect(host.has(work('pg_upgrade/delete_old_cluster.sh'))).toBe(false);
    expect(host.mode(work('pg_upgrade/delete_old_cluster.sh.never-run'))).toBe('400');
    expect(host.read(work('fingerprint'))).toBe(recorded('postgresql-17.12/controldata-after-upgrade.txt'));
    expect(host.read(work('stopped'))).toBe(asStopped);
    expect(host.has(work('pg_upgrade/output/1/log'))).toBe(true);
    expect(host.has(work('pg_upgrade/tried'))).toBe(false);
  });

  test.each([
    ['before it linked anything', false],
    ['after it had linked', true],
  ])(
    'a try that failed %s begins again from an empty directory, and still knows where the old one was stopped',
    (_, late) => {
      host.write(join(host.node.home, 'fail'), '');
      if (late) host.write(join(host.node.home, 'fail-late'), '');
      expect(host.run('D.node_1.pg-upgrade').code).toBe(1);
      expect(host.has(work('fingerprint'))).toBe(false);
      // The failed try started the old server, so its checkpoint has moved on.
      host.write(join(host.node.home, 'old-control'), host.control(15, 'moved on by the failed try'));
      host.sh('rm "$HOME/fail"');
      expect(host.run('D.node_1.pg-upgrade').code).toBe(0);
      expect(
        host
          .read(join(host.node.home, 'calls'))
          .split('\n')
          .map((line) => line.split(' ')[0]),
      ).toEqual([
        expect.stringContaining('--old-bindir'),
        'initdb',
        expect.stringContaining('--old-bindir'),
        '',
      ]);
      expect(host.read(work('stopped'))).toBe(asStopped);
      expect(host.has(join(host.node.data, 'global/pg_control.old'))).toBe(true);
    },
  );

  test.runIf(existsSync('/dev/full'))(
    'a disk that is full ends it before pg_upgrade begins, or without a fingerprint: no empty file stands for what was',
    () => {
      // The real one ends with 0 whether what it prints has arrived or not.
      for (const [bin, says] of [
        [host.node.oldBindir, 'old-control'],
        [host.node.newBindir, 'new-control'],
      ] as const)
        host.program(join(bin, 'pg_controldata'), `cat "$HOME/${says}" 2>/dev/null; exit 0`);
      for (const name of ['stopped', 'fingerprint-old', 'fingerprint']) {
        symlinkSync('/dev/full', work(`${name}.new`));
        expect(host.run('D.node_1.pg-upgrade').code).not.toBe(0);
        expect([name, host.has(work(name))]).toEqual([name, false]);
        expect([name, host.has(join(host.node.home, 'calls'))]).toEqual([name, name !== 'stopped']);
        host.sh(`rm '${work(`${name}.new`).replaceAll("'", "'\\''")}'`);
      }
      expect(host.run('D.node_1.pg-upgrade').code).toBe(0);
      expect(host.read(work('stopped'))).toBe(asStopped);
      expect(host.read(work('fingerprint'))).not.toBe('');
    },
  );

  test('the check marks its success, and only that', () => {
    host.marked(host.node.newData, 17);
    expect(host.run('A.node_1.check').code).toBe(0);
    expect(host.has(work('done/check'))).toBe(true);
    host.sh(`rm -r "${work('done')}"; : > "$HOME/fail"`);
    expect(host.run('A.node_1.check').code).toBe(1);
    expect(host.has(work('done/check'))).toBe(false);
  });
});

test('an initdb into a directory that holds something refuses, and says which', () => {
  host.cluster(host.node.newData, 17);
  const ran = host.run('A.node_1.initdb');
  expect(ran.code).toBe(1);
  expect(ran.output).toContain(`${host.node.newData} is there and is not of this upgrade`);
});

describe('pg_autoctl without systemd', () => {
  const pids = () => (host.has(host.node.pidFile) ? [Number(host.read(host.node.pidFile).trim())] : []);
  beforeEach(() => {
    host.cluster(host.node.data, 15);
    // PostgreSQL outlives pg_autoctl's answer for a moment, as the real one does.
    const program = [
      'pid="$HOME/../tmp/pg_autoctl.pid" postmaster="$HOME/../lib/data/postmaster.pid"',
      'case $1 in',
      'run) trap \'rm -f "$pid"; (sleep 0.3; rm -f "$postmaster") & exit 0\' TERM; echo $$ > "$pid"; echo 1 > "$postmaster"',
      '  echo "run $*"; while :; do sleep 0.05; done ;;',
      'stop) echo stop >> "$HOME/calls"; kill "$(head -n 1 "$pid")" ;;',
      'esac',
    ];
    host.program(host.node.oldAutoctl, ...program);
    host.program(host.node.newAutoctl, ...program);
  });
  afterEach(() => {
    for (const pid of pids()) process.kill(pid, 'SIGTERM');
  });

  test('started once however often it is asked for, in a session of its own', async () => {
    const first = host.run('G.node_1.start');
    expect(first.code).toBe(0);
    await expect.poll(() => host.has(host.node.pidFile)).toBe(true);
    const [pid] = pids();
    expect(first.output).toContain(`pg_autoctl runs, pid ${pid}`);
    const again = host.run('G.node_1.start');
    expect(again).toEqual({ code: 0, output: `pg_autoctl runs already, pid ${pid}\n` });
    expect(pids()).toEqual([pid]);
    expect(host.read(join(host.node.workDir, 'pg_autoctl.log'))).toContain('run run --pgdata');
  });

  test('a secondary was stopped before it had replayed what it had received, and was no fallback copy: the downtime waited 300 s in vain', async () => {
    host.run('G.node_1.start');
    await expect.poll(() => host.has(host.node.pidFile)).toBe(true);
    // Two answers of a standby that lags, then one that has replayed all; the last question finds no server any more.
    host.program(
      join(host.node.oldBindir, 'psql'),
      'echo psql >> "$HOME/calls"',
      'case $(grep -c psql "$HOME/calls") in 1) echo 741976 ;; 2) echo 120 ;; 3) echo 0 ;; *) exit 2 ;; esac',
    );
    const ran = host.run('C.node_2.stop');
    expect(ran.code).toBe(0);
    expect(ran.output).toContain('741976 bytes are to be replayed first');
    expect(host.read(join(host.root, 'home/calls'))).toBe('psql\npsql\npsql\nstop\n');
    expect(host.run('C.node_2.stop').code).toBe(0);
  });

  test('stopped only when PostgreSQL is gone too, and a second stop is no error', async () => {
    host.run('G.node_1.start');
    await expect.poll(() => host.has(join(host.node.data, 'postmaster.pid'))).toBe(true);
    expect(host.run('C.node_1.stop').code).toBe(0);
    expect(host.has(join(host.node.data, 'postmaster.pid'))).toBe(false);
    expect(host.run('C.node_1.stop').code).toBe(0);
    expect(host.read(join(host.node.home, 'calls'))).toBe('stop\n');
  });
});

test('a unit’s program is changed, and a path that only looks like it is not', () => {
  // sed is asked with the same expression that the step shows; only the file is ours.
  const unit = join(host.root, 'pg.service');
  host.write(
    unit,
    'ExecStart=/opt/vmware/postgres/15/bin/pg_autoctl run\nEnvironment=X=/opt/vmwareXpostgres/15/bin/\n',
  );
  const expression = /; sed (\S+)/.exec(scriptOf('D.node_1.unit'))?.[1] ?? '';
  host.sh(`sed -i ${expression} '${unit.replaceAll("'", "'\\''")}'`);
  expect(host.read(unit)).toBe(
    'ExecStart=/opt/vmware/postgres/17/bin/pg_autoctl run\nEnvironment=X=/opt/vmwareXpostgres/15/bin/\n',
  );
});
