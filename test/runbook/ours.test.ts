import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import type { DirectoryView, Observations } from '../../source/cluster/observations.ts';
import { parseState } from '../../source/inspect/state/parse.ts';
import { stateScript } from '../../source/inspect/state/script.ts';
import { cleanupRunbook } from '../../source/runbook/cleanup.ts';
import { factsId } from '../../source/runbook/language/facts-id.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { markFile, markOf } from '../../source/runbook/shell/ownership.ts';
import { emptyDirectory, restoreDirectory } from '../../source/runbook/steps/rollback/directories.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { whyNoCleanup } from '../../source/runbook/verdict/why-no-cleanup.ts';
import { good } from '../cluster/recorded.ts';
import { labCluster } from './clusters.ts';
import { has17Written, layLinked, layMark } from './kills/lay.ts';
import type { Model } from './model.ts';
import { Sandbox } from './sandbox.ts';
import { word } from './word.ts';
import { modelAfter, modelAt, stepOf, worldAt } from './worlds.ts';

/** Ours is what carries our mark; whatever else is there stays as it is. */

let host: Sandbox;
beforeEach(() => {
  host = new Sandbox();
});
afterEach(() => host.remove());

const run = (step: Step, world = worldAt('all stopped', host.facts)) => {
  const script = step.script(world);
  if (script.kind !== 'ready') throw new Error(script.needs);
  return host.sh(script.text);
};
const secondary = () => {
  const [, node] = host.facts.nodes;
  if (node === undefined) throw new Error('the lab has secondaries');
  return node;
};
const theirs = { 'base/5/16385': 'all the data of another application, kept in database postgres' };
const foreign = (running = false): DirectoryView => ({
  kind: 'cluster',
  major: 17,
  running,
  control: null,
  controlRenamed: false,
  madeUnstartable: false,
  hasHardLinks: false,
  standby: false,
  databases: 3,
  hasConfiguration: false,
  tablespaces: [],
});

describe('somebody else’s PostgreSQL 17 in the new directory’s place', () => {
  test.each([
    ['with its rows in database postgres', theirs],
    ['with databases of its own', { 'base/16385/1': 'another application' }],
  ])('%s: the way back leaves it where it is, on a secondary and on the primary', (_, files) => {
    for (const node of [secondary(), host.node]) {
      host.cluster(node.data, 15);
      host.cluster(node.newData, 17, files);
      const world = worldAt('all stopped', host.facts);
      const id = node === host.node ? 'T.node_1.directories' : 'U.node_2.directories';
      const ran = run(stepOf(rollbackRunbook(host.facts, world).steps, id), world);
      expect(ran).toMatchObject({ code: 0 });
      expect(ran.output).not.toMatch(/removed|kept aside/);
      for (const [name, text] of Object.entries(files))
        expect(host.read(join(node.newData, name))).toBe(text);
      expect(run(emptyDirectory(node)(host.facts, 'U'), world).code).toBe(0);
      expect(host.has(join(node.newData, 'PG_VERSION'))).toBe(true);
    }
  });

  test('initdb refuses it, pg_upgrade --check is not given it, pg_upgrade’s retry does not remove it, the swap does not take it', () => {
    host.cluster(host.node.data, 15);
    host.cluster(host.node.newData, 17, theirs);
    host.write(join(host.node.workDir, 'pg_upgrade/tried'), markOf(host.facts));
    host.program(join(host.node.newBindir, 'postgres'), 'echo 100');
    for (const name of ['initdb', 'pg_upgrade', 'pg_controldata'])
      host.program(join(host.node.newBindir, name), 'true');
    for (const id of ['A.node_1.initdb', 'A.node_1.check', 'D.node_1.pg-upgrade', 'D.node_1.swap']) {
      expect([id, host.run(id).code]).toEqual([id, 1]);
      expect(host.read(join(host.node.newData, 'base/5/16385'))).toBe(theirs['base/5/16385']);
    }
    expect(host.read(join(host.node.data, 'PG_VERSION'))).toBe('15\n');
  });

  test('one that runs on a secondary is not waited for in the downtime, nor stopped by the rollback', () => {
    const facts = labCluster();
    const model = modelAfter(facts, 'C.node_1.stop');
    model.host('node_2').newData = foreign(true);
    model.run('C.node_2.stop');
    const stop = stepOf(upgradeRunbook(facts), 'C.node_2.stop');
    expect(stop.after.filter((one) => !one.holds(model.world()).holds).map((one) => one.text)).toEqual([]);
    const { steps } = rollbackRunbook(facts, model.world());
    for (const step of steps.filter((one) => one.id.endsWith('.stop-stray')))
      expect([step.id, step.probe(model.world()).state]).toEqual([step.id, 'done']);
  });

  test('the runbook’s own conditions say so before anything is made', () => {
    const facts = labCluster();
    const model = modelAt('running', facts);
    model.host('node_1').newData = foreign();
    const initdb = stepOf(upgradeRunbook(facts), 'A.node_1.initdb');
    expect(initdb.probe(model.world()).state).toBe('half');
    expect(initdb.before.some((one) => !one.holds(model.world()).holds)).toBe(true);
  });
});

describe('the new directory', () => {
  const initdb =
    'data=$(printf "%s\\n" "$@" | sed -n "s/^--pgdata=//p"); mkdir -p "$data/base" "$data/global"; [ ! -e "$HOME/die" ] || exit 1; echo 17 > "$data/PG_VERSION"';
  beforeEach(() => {
    host.cluster(host.node.data, 15);
    host.program(join(host.node.newBindir, 'initdb'), initdb);
  });

  test('an initdb that died half way leaves nothing that the next try, or the rollback, does not know as its own', () => {
    host.write(join(host.node.home, 'die'), '');
    expect(host.run('A.node_1.initdb').code).toBe(1);
    expect(host.has(host.node.newData)).toBe(false);
    expect(host.has(`${host.node.newData}.${host.facts.run}`)).toBe(true);
    expect(run(restoreDirectory(host.node, false)(host.facts, 'T')).code).toBe(0);
    expect(host.has(`${host.node.newData}.${host.facts.run}`)).toBe(false);
    expect(host.run('A.node_1.initdb').code).toBe(1);
    host.sh('rm "$HOME/die"');
    expect(host.run('A.node_1.initdb').code).toBe(0);
    expect(host.read(join(host.node.newData, markFile))).toBe(markOf(host.facts));
    expect(host.has(`${host.node.newData}.${host.facts.run}`)).toBe(false);
  });

  test('one that a check was asked to keep is taken over, and goes with the rollback', () => {
    host.marked(host.node.newData, 17, {}, { ...host.facts, run: word('unnamed') });
    expect(host.run('A.node_1.initdb')).toMatchObject({
      code: 0,
      output: expect.stringContaining('taken over'),
    });
    expect(host.read(join(host.node.newData, markFile))).toBe(markOf(host.facts));
    const ran = run(restoreDirectory(host.node, false)(host.facts, 'T'));
    expect(ran).toMatchObject({ code: 0, output: expect.stringContaining('which was empty') });
    expect(host.has(host.node.newData)).toBe(false);
  });

  test('upgraded, it is kept aside even where only database postgres holds anything', () => {
    host.marked(host.node.newData, 17, theirs);
    host.write(join(host.node.workDir, 'fingerprint'), 'of the new cluster');
    expect(run(restoreDirectory(host.node, false)(host.facts, 'T')).code).toBe(0);
    expect(host.read(`${host.node.data}_pg17_abandoned/base/5/16385`)).toBe(theirs['base/5/16385']);
    expect(host.has(join(`${host.node.data}_pg17_abandoned`, markFile))).toBe(true);
  });

  test('a look sees whose it is, and lists no directory aside that is not ours', () => {
    const seen = () => good(parseState('node_1', host.sh(stateScript(host.node, 17, null).text).output));
    host.cluster(host.node.newData, 17);
    host.cluster(`${host.node.data}_pg17_abandoned`, 17);
    expect(seen()).toMatchObject({
      newData: expect.not.objectContaining({ mark: expect.anything() }),
      abandoned: [],
    });
    host.write(join(host.node.newData, markFile), markOf(host.facts));
    host.write(join(`${host.node.data}_pg17_abandoned`, markFile), markOf(host.facts));
    const { run: name, systemIdentifier: system } = host.facts;
    expect(seen()).toMatchObject({
      newData: { mark: { run: name, system } },
      abandoned: [`${host.node.data}_pg17_abandoned`],
    });
  });
});

describe('what a kill in the middle of a removal, or of an initdb, has left', () => {
  const seen = () => good(parseState('node_1', host.sh(stateScript(host.node, 17, null).text).output));
  const tidy = () => {
    const world: Observations = {
      hosts: { ...worldAt('finished', host.facts).hosts, node_1: { kind: 'seen', at: 0, host: seen() } },
    };
    const steps = cleanupRunbook(host.facts, world);
    const step = stepOf(steps, 'W.node_1.tidy');
    return {
      probe: step.probe(world),
      ran: () => run(step, world),
      after: () => step.after.filter((one) => !one.holds(world).holds).map((one) => one.text),
    };
  };
  const spare = () => `${host.node.backupData}.${host.facts.run}`;

  test('is found though no mark is left, named, and removed; what has another name stays', () => {
    host.cluster(host.node.data, 17);
    host.write(join(spare(), 'PG_VERSION'), '15\n');
    const abandoned = `${host.node.data}_pg17_abandoned_2.${host.facts.run}`;
    layMark(host, abandoned);
    host.cluster(`${host.node.newData}.${host.facts.run}`, 17);
    host.cluster(`${host.node.backupData}.of_somebody_else`, 15);
    const before = tidy();
    expect(before.probe).toMatchObject({ state: 'pending', says: expect.stringContaining(spare()) });
    expect(before.probe.says).not.toContain('somebody_else');
    expect(before.after()).toEqual(['nothing is left of a step that was killed']);
    const ran = before.ran();
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.output).toContain(`removed ${spare()}`);
    expect(readdirSync(join(host.root, 'lib')).sort()).toEqual(['data', 'data_pg15_bak.of_somebody_else']);
    expect(tidy()).toMatchObject({ probe: { state: 'done' } });
  });

  test('with anything else in it it is left alone, and said', () => {
    host.cluster(host.node.data, 17);
    host.cluster(spare(), 15);
    expect(tidy().ran()).toMatchObject({
      code: 1,
      output: expect.stringContaining('is not empty: inspect it first'),
    });
    expect(host.has(join(spare(), 'PG_VERSION'))).toBe(true);
  });
});

describe('a linked directory that cannot be gone back to', () => {
  const note = (directory: string) => host.read(join(directory, 'DO-NOT-START.txt'));
  const old = () => `${host.node.data}_pg15_abandoned`;

  test('pg_upgrade linked it, and 17 was never started: nobody can start it, and its note does not say that 17 was', () => {
    layLinked(host, host.node.data, host.node.newData);
    layMark(host, host.node.newData);
    expect(run(emptyDirectory(host.node)(host.facts, 'U'))).toMatchObject({ code: 0 });
    expect(host.has(host.node.data)).toBe(false);
    expect(readdirSync(join(old(), 'global'))).toEqual(['pg_control.do-not-start']);
    expect(note(old())).toContain('Do not start PostgreSQL 15 on this directory.');
    expect(note(old())).toContain('by hard links with a PostgreSQL 17 cluster');
    expect(note(old())).not.toMatch(/has been started\./);
    // 17 alone can be started on the files that both have.
    expect(host.has(`${host.node.data}_pg17_abandoned/global/pg_control`)).toBe(true);
  });

  test('17 has been started: the note is true as well, and 17 alone can be started', () => {
    layLinked(host, host.node.backupData, host.node.data);
    layMark(host, host.node.backupData);
    has17Written(host);
    expect(run(emptyDirectory(host.node)(host.facts, 'U'))).toMatchObject({ code: 0 });
    expect(readdirSync(join(old(), 'global'))).toEqual(['pg_control.do-not-start']);
    expect(note(old())).toContain('Once that has been started, 15 would start here without an error');
    expect(host.has(`${host.node.data}_pg17_abandoned/global/pg_control`)).toBe(true);
  });
});

describe('a data_pg15_bak that somebody else has made', () => {
  test('is not moved back into the cluster’s place, not put aside, and not taken for the fallback copy of a secondary', () => {
    const node = secondary();
    host.cluster(node.backupData, 15, { 'base/precious': 'x' });
    host.cluster(node.data, 17);
    expect(run(restoreDirectory(node, false)(host.facts, 'U')).code).toBe(1);
    expect(run(emptyDirectory(node)(host.facts, 'U')).code).toBe(0);
    expect(host.read(join(node.backupData, 'base/precious'))).toBe('x');
    host.cluster(node.data, 15);
    expect(run(stepOf(upgradeRunbook(host.facts), 'H.node_2.aside')).code).toBe(1);
    expect(host.read(join(node.data, 'PG_VERSION'))).toBe('15\n');
  });

  test('is not removed by the clean-up', () => {
    host.cluster(host.node.data, 17);
    host.cluster(host.node.backupData, 15);
    const world = worldAt('finished', host.facts);
    const remove = stepOf(cleanupRunbook(host.facts, world), 'W.node_1.remove');
    expect(run(remove, world)).toMatchObject({
      code: 1,
      output: expect.stringContaining('has no marker file'),
    });
    host.write(join(host.node.backupData, markFile), markOf(host.facts));
    expect(run(remove, world).code).toBe(0);
    expect(host.has(host.node.backupData)).toBe(false);
  });

  test('nor is one beside ours, under a name that anybody could have given it', () => {
    const beside = `${host.node.backupData}.removed`;
    host.cluster(host.node.data, 17);
    host.marked(host.node.backupData, 15);
    host.cluster(beside, 15, { 'base/precious': 'x' });
    const world = worldAt('finished', host.facts);
    expect(run(stepOf(cleanupRunbook(host.facts, world), 'W.node_1.remove'), world).code).toBe(0);
    expect(host.has(host.node.backupData)).toBe(false);
    expect(host.read(join(beside, 'base/precious'))).toBe('x');
  });
});

describe('replication.backup_directory', () => {
  const back = (node = secondary()) => {
    host.marked(node.backupData, 15);
    host.cluster(node.data, 17);
    const ran = run(restoreDirectory(node, false)(host.facts, 'U'));
    expect(ran.code).toBe(0);
    return ran;
  };
  const staging = () => join(host.root, 'backups');
  const begin = () => host.run('H.node_2.join', worldAt('primary back', host.facts));
  const named = (path: string) =>
    host.write(secondary().configFile, `[replication]\nbackup_directory = ${path}\n`);
  beforeEach(() => {
    named(staging());
    host.program(secondary().newAutoctl, 'true');
  });

  test('with the only backup in it stays: on the primary, and where this run has begun none', () => {
    host.write(join(staging(), 'nightly.dump'), 'the only backup');
    back(host.node);
    host.sh(`rm -rf '${host.node.data.replaceAll("'", "'\\''")}'*`);
    back();
    expect(host.read(join(staging(), 'nightly.dump'))).toBe('the only backup');
  });

  test('with something in it no base backup is begun, because pg_autoctl would remove it', () => {
    host.write(join(staging(), 'nightly.dump'), 'the only backup');
    expect(begin()).toMatchObject({ code: 1, output: expect.stringContaining('is not empty') });
  });

  test('an unfinished base backup of this run goes; what is put there later stays', () => {
    mkdirSync(staging());
    expect(begin().code).toBe(0);
    host.cluster(staging(), 17, { backup_label: 'START' });
    // Asked for again, the step goes on.
    expect(begin().code).toBe(0);
    expect(back().output).toContain('removed the unfinished base backup');
    host.sh(`rm -rf '${host.node.data.replaceAll("'", "'\\''")}'*`);
    host.write(join(staging(), 'nightly.dump'), 'the only backup');
    back();
    expect(host.read(join(staging(), 'nightly.dump'))).toBe('the only backup');
  });

  test('that is a known directory, lies in one or contains one is not emptied', () => {
    for (const path of [join(host.root, 'lib'), join(host.node.data, 'in'), host.node.home]) {
      named(path);
      const { run: name, systemIdentifier } = host.facts;
      host.write(
        join(host.node.workDir, 'base-backup'),
        `run=${name}\nsystem=${systemIdentifier}\ndirectory=${path}\n`,
      );
      host.write(join(path, 'PG_VERSION'), '17\n');
      expect(back().output).not.toContain('removed the unfinished');
      host.sh(
        `rm -rf '${host.node.data.replaceAll("'", "'\\''")}' '${host.node.backupData.replaceAll("'", "'\\''")}'`,
      );
    }
  });
});

describe('a window that was left by hand', () => {
  test('its try does not keep its last checkpoint for this one', () => {
    host.cluster(host.node.data, 15);
    host.marked(host.node.newData, 17);
    host.write(
      join(host.node.workDir, 'pg_upgrade/tried'),
      `${factsId(labCluster({ run: '20250101T000000Z-0000' }))}\n`,
    );
    host.write(join(host.node.workDir, 'stopped'), 'checkpoint of the first window\n');
    host.program(join(host.node.newBindir, 'pg_upgrade'), 'true');
    host.program(
      join(host.node.newBindir, 'initdb'),
      'for one; do case $one in --pgdata=*) at=$(echo "$one" | cut -d= -f2); mkdir -p "$at" && echo 17 > "$at/PG_VERSION" ;; esac; done',
    );
    host.program(join(host.node.newBindir, 'pg_controldata'), 'echo new');
    host.program(
      join(host.node.oldBindir, 'pg_controldata'),
      `printf 'Database system identifier:           ${host.facts.systemIdentifier}\\nthe second window\\n'`,
    );
    host.write(join(host.node.data, 'global/pg_control'), 'x');
    expect(host.run('D.node_1.pg-upgrade')).toMatchObject({ code: 0 });
    expect(host.read(join(host.node.workDir, 'stopped'))).toContain('the second window\n');
  });

  test('the save that begins another one takes its traces away, and leaves this run’s own', () => {
    host.write(host.node.configFile, 'x');
    host.write(host.node.stateFile, 'x');
    const left = ['fingerprint', 'stopped', 'handed-over', 'pg_upgrade/tried'];
    const write = (facts: ClusterFacts) => {
      for (const name of left)
        host.write(
          join(host.node.workDir, name),
          name === 'pg_upgrade/tried' ? `${factsId(facts)}\n` : markOf(facts),
        );
    };
    write(labCluster({ run: '20250101T000000Z-0000' }));
    expect(host.run('A.node_1.save').code).toBe(0);
    expect(left.filter((name) => host.has(join(host.node.workDir, name)))).toEqual([]);
    write(host.facts);
    expect(host.run('A.node_1.save').code).toBe(0);
    expect(left.filter((name) => host.has(join(host.node.workDir, name)))).toEqual(left);
  });

  test('the checkpoint of an earlier stop keeps the primary from being stopped until it is taken away', () => {
    const facts = labCluster();
    const model = modelAfter(facts, 'C.node_1.checkpoint');
    const { data } = model.host('node_1');
    if (data.kind !== 'cluster' || data.control === null) throw new Error('it runs');
    model.host('node_1').stopped = { ...data.control, state: 'shut down', checkpoint: '0/100' };
    const stop = stepOf(upgradeRunbook(facts), 'C.node_1.stop');
    expect(stop.before.some((one) => !one.holds(model.world()).holds)).toBe(true);
    host.write(join(host.node.workDir, 'stopped'), 'x');
    host.program(join(host.node.newBindir, 'psql'), 'true');
    expect(host.run('C.node_1.checkpoint')).toMatchObject({ code: 0 });
    expect(host.has(join(host.node.workDir, 'stopped'))).toBe(false);
  });
});

describe('what phase A saved on Monday', () => {
  const changed = (model: Model) => {
    model.host('node_2').saved = { differs: ['pg_autoctl.cfg'], old: false };
    return model.world();
  };

  test('is saved anew when the window begins on Friday and a file is another by then', () => {
    const facts = labCluster();
    const steps = upgradeRunbook(facts);
    const world = changed(modelAt('prepared', facts));
    expect(stepOf(steps, 'A.node_2.save').probe(world).state).toBe('half');
    expect(stepOf(steps, 'A.node_3.save').probe(world).state).toBe('done');
    for (const id of ['B.monitor.sync-standbys-0', 'B.node_2.maintenance', 'C.monitor.stop'])
      expect([id, stepOf(steps, id).before.some((one) => !one.holds(world).holds)]).toEqual([id, true]);
  });

  test('is what there is to go back to once the window has begun, whatever has been edited since', () => {
    const facts = labCluster();
    for (const moment of ['fenced', 'primary stopped', 'primary back', 'secondary aside'] as const)
      expect([
        moment,
        stepOf(upgradeRunbook(facts), 'A.node_2.save').probe(changed(modelAt(moment, facts))).state,
      ]).toEqual([moment, 'done']);
  });

  test('a look compares', () => {
    const { node } = host;
    const seen = () => good(parseState('node_1', host.sh(stateScript(node, 17, null).text).output)).saved;
    host.cluster(node.data, 15);
    host.write(node.configFile, 'monday');
    host.write(node.stateFile, 'x');
    expect(seen()).toBeUndefined();
    expect(host.run('A.node_1.save').code).toBe(0);
    expect(seen()).toEqual({ differs: [], old: false });
    host.write(node.configFile, 'friday');
    expect(seen()).toEqual({ differs: ['pg_autoctl.cfg'], old: false });
    host.sh(`touch -d '2 days ago' '${node.workDir.replaceAll("'", "'\\''")}/saved'`);
    expect(host.run('A.node_1.save').code).toBe(0);
    expect(seen()).toEqual({ differs: [], old: false });
  });
});

describe('the clean-up', () => {
  test('of a cluster that was never upgraded, or whose window is under way, refuses and says which', () => {
    const facts = labCluster();
    const says = (model: Model) => whyNoCleanup(facts, model.world())?.what ?? null;
    expect(says(modelAt('running', facts))).toMatch(/was never upgraded/);
    expect(says(modelAt('prepared', facts))).toMatch(/was never upgraded/);
    for (const moment of [
      'fenced',
      'primary stopped',
      'swapped',
      'primary back',
      'secondary rebuilt',
      'secondaries rebuilt',
    ] as const)
      expect([moment, says(modelAt(moment, facts))]).toEqual([moment, expect.stringMatching(/is under way/)]);
    expect(says(modelAt('finished', facts))).toBeNull();
    const blind = modelAt('finished', facts);
    blind.unreachable.add('node_3');
    expect(says(blind)).toMatch(/cannot be inspected/);
    const wentBack = modelAt('running', facts);
    wentBack.host('node_1').abandoned = [word(`${facts.nodes[0]?.data}_pg17_abandoned`)];
    expect(says(wentBack)).toBeNull();
  });

  test('says of the last fallback copy whether a backup made since the upgrade is known', () => {
    const facts = labCluster();
    const model = modelAt('finished', facts);
    for (const alias of ['monitor', 'node_1', 'node_2']) model.host(alias).backupData = { kind: 'absent' };
    const gives = () => {
      const world = model.world();
      return stepOf(cleanupRunbook(facts, world), 'W.node_3.remove').forfeits(world);
    };
    expect(gives()).toMatchObject({ kind: 'last-copy', text: expect.stringContaining('NONE made since') });
    model.host('node_1').markers = [...model.host('node_1').markers, 'cleanup-backup-known'];
    expect(gives()).toMatchObject({ kind: 'last-copy', text: expect.stringContaining('one made since') });
  });

  test('a backup counts from the hand-over on', () => {
    const { node } = host;
    const world = worldAt('finished', host.facts);
    const look = stepOf(cleanupRunbook(host.facts, world), 'W.node_1.backup');
    const known = () => host.has(join(node.workDir, 'done/cleanup-backup-known'));
    host.cluster(node.data, 17, { 'pg_wal/1.backup': 'LABEL: pgBackRest backup\n' });
    const at = (path: string, when: string) =>
      host.sh(`touch -d '${when}' '${path.replaceAll("'", "'\\''")}'`);
    host.write(join(node.workDir, 'handed-over'), 'x');
    at(join(node.workDir, 'handed-over'), '2 hours ago');
    at(join(node.data, 'pg_wal/1.backup'), '1 day ago');
    expect(run(look, world)).toMatchObject({
      code: 0,
      output: expect.stringContaining('no backup made since'),
    });
    expect(known()).toBe(false);
    at(join(node.data, 'pg_wal/1.backup'), '1 hour ago');
    expect(run(look, world)).toMatchObject({
      code: 0,
      output: expect.stringContaining('a backup was made 60 minutes ago'),
    });
    expect(known()).toBe(true);
  });

  test('a path with [ ] * ? and \\ does not hide who has a file open', async () => {
    const odd = join(host.root, 'lib/pg[1]*?\\x');
    const node = {
      ...host.node,
      data: word(join(odd, 'data')),
      backupData: word(join(odd, 'data_pg15_bak')),
    };
    const facts = { ...host.facts, nodes: [node, ...host.facts.nodes.slice(1)] };
    host.cluster(node.data, 17);
    host.marked(node.backupData, 15, { held: 'x' });
    const child = spawn('sh', ['-c', 'cd "$1"; exec 9<held; echo ready; sleep 60', 'x', node.backupData]);
    try {
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const world = worldAt('finished', facts);
      const ran = run(stepOf(cleanupRunbook(facts, world), 'W.node_1.remove'), world);
      expect(ran).toMatchObject({ code: 1, output: expect.stringContaining('open') });
      expect(host.has(join(node.backupData, 'held'))).toBe(true);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
