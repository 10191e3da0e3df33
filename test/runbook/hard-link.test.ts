import { lstatSync, symlinkSync } from 'node:fs';
import { join, posix } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClusterFacts, primaryOf, secondariesOf } from '../../source/cluster/facts.ts';
import { sh } from '../../source/cluster/fragment.ts';
import { isDataDirectory } from '../../source/cluster/observations.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { transferCommands } from '../../source/runbook/steps/hard-link/rsync.ts';
import { sendingCommand } from '../../source/runbook/steps/hard-link/sender-command.ts';
import { measurementsOf } from '../../source/runbook/timing/measurements.ts';
import { choiceWords, rebuildChoices } from '../../source/runbook/timing/rebuild-choice.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { healthy } from './checks/healthy.ts';
import { labCluster, linkedCluster } from './clusters.ts';
import type { Model } from './model.ts';
import { Sandbox } from './sandbox.ts';
import { word } from './word.ts';
import { modelAfter, stepOf } from './worlds.ts';

const facts = linkedCluster();
const steps = upgradeRunbook(facts);
const modelOf = (id: string): Model => modelAfter(facts, id);

describe('the command that a secondary’s rsync would have the primary run', () => {
  const paths = ['/var/lib/pgsql/data_pg15_bak', '/var/lib/pgsql/data'];

  test.each([
    'rsync --server --sender -lHogDtpre.LsfxCIvu . /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data',
    'rsync --server --sender -lHogDtpre.Lsf . /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data',
  ])('is let through: %s', (line) => expect(sendingCommand(line, paths.map(word))).not.toBeNull());

  test.each([
    ['other files', 'rsync --server --sender -lHogDtpre.LsfxCIvu . /var/lib/pgsql/data /etc'],
    ['one more', 'rsync --server --sender -lHe.L . /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data /etc'],
    ['one less', 'rsync --server --sender -lHe.L . /var/lib/pgsql/data_pg15_bak'],
    ['the other direction', 'rsync --server -lHe.L . /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data'],
    [
      'arguments over the line',
      'rsync --server --sender -slHe.L . /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data',
    ],
    [
      'a long option',
      'rsync --server --sender -lHe.L --remove-source-files . /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data',
    ],
    [
      'another command behind',
      'rsync --server --sender -lHe.L . /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data;id',
    ],
    ['a substitution', 'rsync --server --sender -lHe.L . /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/$(id)'],
    ['a wildcard', 'rsync --server --sender -lHe.L . /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/dat*'],
    ['a line break', 'rsync --server --sender -lHe.L . /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data\nid'],
    ['nothing', ''],
  ])('is not let through: %s', (_, line) => expect(sendingCommand(line, paths.map(word))).toBeNull());

  test('blanks and quotes pass as rsync escapes them, and not bare', () => {
    const odd = [word("/srv/pg data/o'brien")];
    expect(sendingCommand("rsync --server --sender -lHe.L . /srv/pg\\ data/o\\'brien", odd)?.text).toBe(
      "rsync --server --sender -lHe.L . '/srv/pg data/o'\\''brien'",
    );
    expect(sendingCommand("rsync --server --sender -lHe.L . /srv/pg data/o'brien", odd)).toBeNull();
  });

  test('a host that asks for more has no script made for it', () => {
    const model = modelOf('B.node_2.link-key');
    const { transfer } = model.host('node_2');
    model.host('node_2').transfer = {
      ...transfer,
      lines: ['rsync --server --sender -lHe.L . / /', ...transfer.lines.slice(1)],
    };
    expect(stepOf(steps, 'B.node_1.link-let-in').script(model.world()).kind).toBe('unresolved');
    expect(stepOf(steps, 'B.node_2.link-key').probe(model.world()).state).toBe('half');
  });
});

describe('authorized_keys on the primary', () => {
  let host: Sandbox;
  beforeEach(() => {
    host = new Sandbox(linkedCluster());
  });
  afterEach(() => host.remove());

  const keys = () => join(host.node.home, '.ssh/authorized_keys');
  const at = (id: string) => modelAfter(host.facts, id).world();
  const letIn = () => host.run('B.node_1.link-let-in', at('B.node_2.link-key'));
  const forget = () => host.run('H.node_1.link-forget', at('H.node_3.aside'));

  test('a node that streams by IPv4, and whose address on the monitor is IPv6, may come by both', () => {
    const six: ClusterFacts = {
      ...facts,
      nodes: facts.nodes.map((node) => ({ ...node, hostname: word(`fd00::1${node.nodeId}`) })),
    };
    const script = stepOf(upgradeRunbook(six), 'B.node_1.link-let-in').script(
      modelAfter(six, 'B.node_2.link-key').world(),
    );
    expect(script.kind === 'ready' && script.text).toContain('restrict,from="10.79.0.12,fd00::12"');
  });

  test.each([
    ['with a last line that ends', 'ssh-ed25519 AAAA somebody@else\n# note\n\n'],
    ['with a last line that does not end', 'ssh-ed25519 AAAA somebody@else'],
    ['empty', ''],
  ])('%s: a line more while it is needed, then as before, byte for byte, with its mode', (_, before) => {
    host.write(keys(), before, 0o640);
    for (const _again of [1, 2]) {
      expect(letIn().code).toBe(0);
      const ours = host
        .read(keys())
        .split('\n')
        .filter((line) => / pgaf-upgrade-hard-link-[0-9a-f]{10}-2$/.test(line));
      expect(ours).toHaveLength(1);
      expect(ours[0]).toMatch(/^restrict,from="10\.79\.0\.12",command="sh '.*only-2'" ssh-ed25519 AAAA/);
      expect(host.read(keys()).startsWith(before)).toBe(true);
      expect(host.mode(keys())).toBe('640');
    }
    expect(forget().code).toBe(0);
    expect(host.read(keys())).toBe(before);
    expect(host.mode(keys())).toBe('640');
    expect(forget().code).toBe(0);
    expect(host.read(keys())).toBe(before);
    expect(host.has(join(host.node.workDir, 'link'))).toBe(false);
  });

  test('a line of another cluster’s transfer, whose node has the same id, stays', () => {
    const other = 'restrict,command="sh x" ssh-ed25519 AAAA pgaf-upgrade-hard-link-0123456789-2\n';
    host.write(keys(), other);
    expect(letIn().code).toBe(0);
    expect(host.read(keys()).startsWith(other)).toBe(true);
    expect(forget().code).toBe(0);
    expect(host.read(keys())).toBe(other);
  });

  test('that was not there is not there afterwards, nor its directory', () => {
    expect(letIn().code).toBe(0);
    expect(host.mode(keys())).toBe('600');
    expect(host.mode(join(host.node.home, '.ssh'))).toBe('700');
    expect(forget().code).toBe(0);
    expect(host.has(join(host.node.home, '.ssh'))).toBe(false);
  });

  test('that is a symbolic link stays one', () => {
    const real = join(host.root, 'elsewhere');
    host.write(real, 'ssh-rsa AAAA other\n');
    host.write(join(host.node.home, '.ssh/known_hosts'), '');
    symlinkSync(real, keys());
    letIn();
    expect(host.read(real)).toMatch(/ pgaf-upgrade-hard-link-[0-9a-f]{10}-2$/m);
    forget();
    expect(lstatSync(keys()).isSymbolicLink()).toBe(true);
    expect(host.read(real)).toBe('ssh-rsa AAAA other\n');
  });

  test('a key added meanwhile by somebody else stays', () => {
    host.write(keys(), 'ssh-rsa AAAA first\n');
    letIn();
    host.write(keys(), `${host.read(keys())}ssh-rsa AAAA second\n`);
    forget();
    expect(host.read(keys())).toBe('ssh-rsa AAAA first\nssh-rsa AAAA second\n');
  });

  test('what the key may run is the two commands and nothing else', () => {
    letIn();
    const only = join(host.node.workDir, 'link/only-2');
    host.program(join(host.root, 'bin/rsync'), 'printf "%s|" ran "$@"');
    const ask = (command: string) =>
      host.sh(
        `PATH='${join(host.root, 'bin').replaceAll("'", "'\\''")}':$PATH SSH_ORIGINAL_COMMAND='${command.replaceAll("'", "'\\''")}' sh '${only.replaceAll("'", "'\\''")}'`,
      );
    const [line = ''] = at('B.node_2.link-key').hosts.node_2?.kind === 'seen' ? transferLines() : [];
    const ran = ask(line);
    expect(ran.code).toBe(0);
    expect(ran.output).toContain(`|${host.node.backupData}|${host.node.data}|`);
    for (const other of [`${line} /etc`, `${line};id`, 'id', '', 'rsync --server --sender -lHe.L . /'])
      expect([other, ask(other).code]).toEqual([other, 1]);
  });

  const transferLines = (): readonly string[] =>
    modelAfter(host.facts, 'B.node_2.link-key').host('node_2').transfer.lines;
});

describe('a fallback copy that was given to hard links', () => {
  const started = stepOf(steps, 'E.node_1.private-start');

  test('counts no more from the first link on, whether the transfer came to its end or not', () => {
    const model = modelOf('D.node_2.link');
    const { backupData } = model.host('node_3');
    if (!isDataDirectory(backupData) && !isDataDirectory(model.host('node_3').data))
      throw new Error('node_3 has its image');
    expect(started.before.every((one) => one.holds(model.world()).holds)).toBe(true);
    model.host('node_3').data = { kind: 'absent' };
    expect(started.before.filter((one) => !one.holds(model.world()).holds).map((one) => one.text)).toEqual([
      'a secondary holds a complete fallback copy of PostgreSQL 15',
    ]);
    model.host('node_2').data = { kind: 'not-a-cluster', entries: 3 };
    expect(started.before.some((one) => !one.holds(model.world()).holds)).toBe(true);
  });

  test('is given only while another secondary’s is proven whole', () => {
    const model = modelOf('D.monitor.start');
    model.host('node_3').data = { kind: 'absent' };
    const unmet = stepOf(steps, 'D.node_2.link').before.filter((one) => !one.holds(model.world()).holds);
    expect(unmet.map((one) => one.text)).toEqual([
      'a secondary that is not rebuilt by hard links holds a complete fallback copy of PostgreSQL 15',
    ]);
  });

  test('is not touched once 17 has run on the primary', () => {
    const model = modelOf('D.node_2.link');
    model.run('E.node_1.private-start');
    model.run('E.node_1.hand-over');
    const unmet = stepOf(steps, 'D.node_2.link').before.filter((one) => !one.holds(model.world()).holds);
    expect(unmet.map((one) => one.text).join()).toContain('never been started on node_1');
  });

  test('the rollback is the other secondary’s, to the end', () => {
    for (const id of ['E.node_1.private-start', 'E.node_1.hand-over'])
      expect(rollbackVerdict(facts, modelOf(id).world())).toMatchObject({
        kind: 'safe-through',
        node: 'node_3',
      });
    for (const id of ['G.node_1.start', 'H.node_2.join', 'I.monitor.final'])
      expect(rollbackVerdict(facts, modelOf(id).world()).says).toMatch(/^possible through node_3/);
  });
});

describe('the rollback of a secondary that was rebuilt by hard links', () => {
  const back = (model: Model) => {
    const { steps: way, route, copies } = rollbackRunbook(facts, model.world());
    const script = stepOf(way, 'U.node_2.directories').script(model.world());
    if (script.kind !== 'ready') throw new Error(script.needs);
    return { route: route.kind, copied: copies.to.map((node) => node.alias), text: script.text };
  };

  test('before 17 was ever started: the links go, its old directory is as it was', () => {
    const { route, copied, text } = back(modelOf('D.node_2.link'));
    expect([route, copied]).toEqual(['own', []]);
    expect(text).toContain('removed the links');
  });

  test('while the transfer is half done likewise', () => {
    const model = modelOf('D.node_2.link');
    model.host('node_2').data = { kind: 'not-a-cluster', entries: 3 };
    model.host('node_2').fingerprint = null;
    expect(back(model)).toMatchObject({ route: 'own', copied: [] });
  });

  test('17 has run on the primary and not here: it joins with its own data', () => {
    const { route, copied, text } = back(modelOf('G.node_1.start'));
    expect([route, copied]).toEqual(['fallback-copy', ['node_1']]);
    expect(text).toContain('removed the links');
  });

  test('17 has run here: a base backup, and its old directory is made unstartable', () => {
    const { route, copied, text } = back(modelOf('H.node_2.stream'));
    expect([route, copied]).toEqual(['fallback-copy', ['node_1', 'node_2']]);
    expect(text).toContain('pg_control.do-not-start');
    expect(text).not.toContain('removed the links');
  });

  test('no key is left behind', () => {
    for (const id of ['B.node_2.link-rehearsal', 'D.node_2.link', 'G.node_1.start', 'H.node_2.join']) {
      const { steps: way } = rollbackRunbook(facts, modelOf(id).world());
      expect([id, way.some((step) => step.id === 'V.node_1.link-forget')]).toEqual([id, true]);
    }
  });
});

test('a key that is let in still is taken out by the rollback, also where the cluster file wants base backups by now', () => {
  const model = modelOf('B.node_2.link-rehearsal');
  const changed = {
    ...facts,
    nodes: facts.nodes.map((node) => ({ ...node, rebuild: 'base-backup' as const })),
  };
  const { route, steps: way } = rollbackRunbook(changed, model.world());
  expect([route.kind, way.some((step) => step.id === 'V.node_1.link-forget')]).toEqual(['own', true]);
});

describe('a node that is to have a base backup after all, once its key was let in', () => {
  const backups = (...names: readonly string[]): ClusterFacts => ({
    ...facts,
    nodes: facts.nodes.map((node) => ({
      ...node,
      rebuild: names.includes(node.alias) ? 'base-backup' : 'hard-link',
    })),
  });
  const ids = (cluster: ClusterFacts, model: Model) =>
    upgradeRunbook(cluster, model.world()).flatMap(({ id, phase }) => (phase === 'B' ? [id] : []));
  const neither = backups('node_2', 'node_3');

  test('first the primary lets nobody in, then the key goes, and only then the fence is put up', () => {
    const model = modelOf('B.node_2.link-rehearsal');
    expect(ids(neither, model)).toEqual([
      'B.node_1.link-forget',
      'B.node_2.link-drop',
      'B.monitor.sync-standbys-0',
      'B.node_2.maintenance',
      'B.node_3.maintenance',
    ]);
    for (const step of upgradeRunbook(neither, model.world()).filter(({ id }) => id.includes('.link-'))) {
      expect([step.id, step.probe(model.world()).state]).toEqual([step.id, 'pending']);
      expect(step.after.every((one) => one.holds(model.world()).holds)).toBe(false);
      model.run(step.id);
      expect([step.id, step.probe(model.world()).state]).toEqual([step.id, 'done']);
      expect(step.after.every((one) => one.holds(model.world()).holds)).toBe(true);
    }
    expect(ids(neither, model).some((id) => id.includes('.link-'))).toBe(false);
    expect(rollbackVerdict(neither, model.world()).kind).toBe('nothing-to-undo');
  });

  test('a key that was made and never let in goes likewise', () => {
    expect(ids(neither, modelOf('B.node_2.link-key'))[0]).toBe('B.node_2.link-drop');
  });

  test('while another node asks for links, the step that lets it in takes out the line of the first', () => {
    const both = backups();
    const model = modelAfter(both, 'B.node_3.link-rehearsal');
    const other = backups('node_2');
    const letIn = stepOf(upgradeRunbook(both, model.world()), 'B.node_1.link-let-in');
    expect(letIn.probe(model.world()).state).toBe('done');
    const again = stepOf(upgradeRunbook(other, model.world()), letIn.id);
    expect(again.probe(model.world())).toMatchObject({ state: 'half' });
    const script = again.script(model.world());
    expect(script).toMatchObject({ text: expect.stringMatching(/ pgaf-upgrade-hard-link-[0-9a-f]{10}-3$/m) });
    expect(script).not.toMatchObject({
      text: expect.stringMatching(/ pgaf-upgrade-hard-link-[0-9a-f]{10}-2$/m),
    });
    expect(ids(other, model)[0]).toBe('B.node_2.link-drop');
  });

  test('there is nothing of it in a run that never asked for links', () => {
    expect(ids(neither, modelAfter(neither, 'A.monitor.configuration'))[0]).toBe('B.monitor.sync-standbys-0');
  });
});

describe('a transfer that was skipped', () => {
  test('leaves the node to a base backup: the steps that follow have nothing to do, and it may join', () => {
    const model = modelOf('D.monitor.start');
    for (const step of steps.slice(steps.findIndex((one) => one.phase === 'E')))
      if (!/^H\.node_2|\.node_[13]\.link/.test(step.id) && step.phase < 'H') model.run(step.id);
    for (const id of ['D.node_2.link', 'H.node_2.own-files', 'H.node_2.stream'])
      expect([id, stepOf(steps, id).probe(model.world()).state]).toEqual([id, 'done']);
    for (const name of ['pg-ctl', 'unit', 'state-file', 'start']) model.run(`H.node_2.${name}`);
    const unmet = stepOf(steps, 'H.node_2.join').before.filter((one) => !one.holds(model.world()).holds);
    expect(unmet.map((one) => one.text)).toEqual([]);
  });

  test('what it has left half done is removed, and never a directory of 15', () => {
    const host = new Sandbox(linkedCluster());
    try {
      const { data, backupData } = host.node;
      const run = () => host.run('H.node_2.own-files', modelAfter(host.facts, 'G.node_1.start').world());
      host.marked(backupData, 15);
      host.write(join(data, 'base/1/1259'), 'x');
      expect(run()).toMatchObject({ code: 0, output: expect.stringContaining('a base backup follows') });
      expect(host.has(data)).toBe(false);
      host.cluster(data, 15);
      expect(run().code).toBe(1);
      expect(host.has(join(data, 'PG_VERSION'))).toBe(true);
    } finally {
      host.remove();
    }
  });
});

test('a standby whose pg_control lacks what pg_rewind asks for does not meet pg_autoctl', () => {
  const model = modelOf('H.node_2.start');
  const { data } = model.host('node_2');
  if (!isDataDirectory(data) || data.control === null) throw new Error('it has streamed');
  const join_ = stepOf(steps, 'H.node_2.join');
  expect(join_.before.every((one) => one.holds(model.world()).holds)).toBe(true);
  model.host('node_2').data = { ...data, control: { ...data.control, rewindable: false } };
  expect(join_.before.some((one) => !one.holds(model.world()).holds)).toBe(true);
});

describe('what the choice costs', () => {
  const choices = (cluster: ClusterFacts, bytes: number) => {
    const measured = new Map(
      [...measurementsOf(healthy(cluster))].map(([alias, host]) => [alias, { ...host, dataBytes: bytes }]),
    );
    return rebuildChoices(cluster, measured);
  };
  const gigabyte = 1024 ** 3;

  test('a base backup grows with the data, a transfer of links does not', () => {
    const [small] = choices(facts, gigabyte);
    const [large] = choices(facts, 100 * gigabyte);
    expect(large?.linkSeconds).toBe(small?.linkSeconds);
    expect(large?.backupSeconds).toBeGreaterThan((small?.backupSeconds ?? 0) * 50);
  });

  test('both are told of every secondary, and where the choice is made', () => {
    expect(choices(facts, 8 * gigabyte).map(choiceWords)).toEqual([
      expect.stringMatching(
        /^node_2: rebuilt by hard links, about [\d.]+ s in the downtime, .* base backup .* after/,
      ),
      expect.stringMatching(
        /^node_3: rebuilt by base backup, .*\(nodes\.node_3\.rebuild\).* in the downtime$/,
      ),
    ]);
    expect(choices(labCluster({ mode: 'copy' }), gigabyte).map(choiceWords)[0]).not.toContain('hard links');
  });
});

test('a secondary by hard links takes over no slot of the primary, which would keep WAL for ever or not let it start', () => {
  const primary = primaryOf(facts);
  for (const node of secondariesOf(facts)) {
    const [transfer] = transferCommands(facts, node, sh`ssh`).slice(-1);
    expect(transfer?.text).toContain(`--exclude='/${posix.basename(primary.data)}/pg_replslot/*'`);
  }
});
