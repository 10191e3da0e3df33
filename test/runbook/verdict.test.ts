import { describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../source/cluster/facts.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { labCluster } from './clusters.ts';
import { Model } from './model.ts';
import { word } from './word.ts';
import { type Moment, modelAt, worldAt } from './worlds.ts';

const kindAt = (moment: Moment, facts: ClusterFacts = labCluster()): string =>
  rollbackVerdict(facts, worldAt(moment, facts)).kind;

/** PostgreSQL, pg_upgrade, “Reverting to old cluster”; each row was measured on real servers (test/lab/rollback.test.ts). */
describe('linked', () => {
  test.each([
    ['running', 'nothing-to-undo'],
    ['prepared', 'nothing-to-undo'],
    ['fenced', 'safe'],
    ['primary stopped', 'safe'],
    ['all stopped', 'safe'],
    ['linked', 'safe'],
    ['swapped', 'safe'],
    ['monitor back', 'safe'],
    ['started', 'safe-through'],
    ['verified', 'safe-through'],
    ['primary back', 'loses-new-writes'],
    ['secondary aside', 'loses-new-writes'],
    ['secondary rebuilt', 'loses-new-writes'],
    ['secondaries rebuilt', 'loses-new-writes'],
    ['finished', 'loses-new-writes'],
  ] as const)('%s: %s', (moment, kind) => {
    expect(kindAt(moment)).toBe(kind);
  });

  test('while the old version serves, nothing has to be restarted: the verdict said so right before the stop', () => {
    const says = (moment: Moment) => rollbackVerdict(labCluster(), worldAt(moment, labCluster())).says;
    expect(says('fenced')).toBe('safe, no data loss: node_1 runs PostgreSQL 15');
    expect(says('primary stopped')).toBe('safe, no data loss: restart PostgreSQL 15 in place');
  });

  test('nothing is promised once the monitor’s old directory is removed: the rollback begins with it, behind the stop of everything', () => {
    for (const mode of ['link', 'copy'] as const) {
      const facts = labCluster({ mode });
      const model = modelAt('finished', facts);
      model.host('monitor').backupData = { kind: 'absent' };
      expect(rollbackVerdict(facts, model.world())).toMatchObject({
        kind: 'unknown',
        says: expect.stringMatching(/^the monitor’s old directory, \S+data_pg15_bak, is removed/),
      });
    }
  });

  test('a fallback copy that shares its files with the new cluster beside it is none', () => {
    const facts = labCluster();
    const model = modelAt('secondaries rebuilt', facts);
    const share = (alias: string) => {
      const { backupData } = model.host(alias);
      if (backupData.kind !== 'cluster') throw new Error('it was moved aside');
      model.host(alias).backupData = { ...backupData, hasHardLinks: true };
    };
    share('node_2');
    expect(rollbackVerdict(facts, model.world()).says).toContain('through node_3');
    share('node_3');
    expect(rollbackVerdict(facts, model.world()).kind).toBe('backup-only');
  });

  test('the primary started again within the second in which it was handed over: what it writes would be lost', () => {
    const facts = labCluster();
    const model = modelAt('primary back', facts);
    const host = model.host('node_1');
    if (host.data.kind !== 'cluster' || host.data.control === null || host.handedOver === null)
      throw new Error('it was handed over, and runs');
    const { modified } = host.handedOver.control;
    host.data = { ...host.data, control: { ...host.data.control, modified, state: 'in production' } };
    expect(rollbackVerdict(facts, model.world()).kind).toBe('loses-new-writes');
  });

  test('pg_upgrade failed before it linked: the old directory is untouched', () => {
    const facts = labCluster();
    const model = modelAt('all stopped', facts);
    const { newData } = model.host('node_1');
    if (newData.kind !== 'cluster') throw new Error('initdb has run');
    model.host('node_1').newData = { ...newData, databases: 1 };
    expect(rollbackVerdict(facts, model.world())).toMatchObject({ kind: 'safe' });
  });

  test('pg_upgrade failed half way through linking: safe, the new cluster was never started by anybody else', () => {
    const facts = labCluster();
    const model = modelAt('all stopped', facts);
    const { data } = model.host('node_1');
    if (data.kind !== 'cluster') throw new Error('the old cluster is there');
    model.host('node_1').data = { ...data, controlRenamed: true };
    expect(rollbackVerdict(facts, model.world())).toMatchObject({ kind: 'safe' });
  });

  test('“started even once” is read from the disk: any difference from the fingerprint counts', () => {
    const facts = labCluster();
    for (const change of [
      { checkpoint: '0/2000060' },
      { modified: 'Mon 23 Nov 2026 03:00:00 AM UTC' },
      { state: 'in production' },
    ]) {
      const model = modelAt('swapped', facts);
      const { data } = model.host('node_1');
      if (data.kind !== 'cluster' || data.control === null) throw new Error('the new cluster is in place');
      model.host('node_1').data = { ...data, control: { ...data.control, ...change } };
      expect([change, rollbackVerdict(facts, model.world()).kind]).toEqual([change, 'safe-through']);
    }
  });

  test('without the fingerprint nobody can tell whether it has run, so the linked files are not offered', () => {
    const facts = labCluster();
    const model = modelAt('swapped', facts);
    model.host('node_1').fingerprint = null;
    expect(rollbackVerdict(facts, model.world())).toMatchObject({ kind: 'safe-through', node: 'node_2' });
  });

  test('a new cluster that crashed leaves the same answer: it has run', () => {
    const facts = labCluster();
    const model = modelAt('started', facts);
    const { data } = model.host('node_1');
    if (data.kind !== 'cluster') throw new Error('the new cluster is in place');
    model.host('node_1').data = { ...data, running: false };
    model.host('node_1').server = null;
    expect(rollbackVerdict(facts, model.world()).kind).toBe('safe-through');
  });

  test('the verdict never says that the old directory is safe once the new cluster has been started', () => {
    const facts = labCluster();
    const model = new Model(facts);
    let started = false;
    for (const step of upgradeRunbook(facts)) {
      model.run(step.id);
      started ||= step.id === 'E.node_1.private-start';
      if (!started) continue;
      // Whatever else becomes of the hosts: asleep, awake, or out of sight.
      for (const gone of [[], ['node_2'], ['node_2', 'node_3'], ['monitor'], ['node_1']]) {
        model.unreachable.clear();
        for (const alias of gone) model.unreachable.add(alias);
        const verdict = rollbackVerdict(facts, model.world());
        expect([step.id, gone, verdict.kind === 'safe' || verdict.kind === 'nothing-to-undo']).toEqual([
          step.id,
          gone,
          false,
        ]);
      }
      model.unreachable.clear();
    }
  });
});

describe('what 17 wrote', () => {
  const without = (moment: Moment) => {
    const model = modelAt(moment);
    model.host('node_1').handedOver = null;
    return model;
  };

  test('is lost also where nobody recorded the hand-over: the servers tell that applications could write', () => {
    expect(rollbackVerdict(labCluster(), without('primary back').world())).toMatchObject({
      kind: 'loses-new-writes',
      says: 'possible through node_2, but what 17 wrote since 01:00 UTC or before is lost (amount unknown)',
    });
    const stopped = without('primary back');
    stopped.stop(stopped.facts.nodes[0] ?? stopped.facts.monitor);
    expect(rollbackVerdict(labCluster(), stopped.world()).kind).toBe('loses-new-writes');
  });

  test('is also what its subscriptions received: the publisher does not send it again', () => {
    const receiving = (moment: Moment, ...names: readonly string[]) => {
      const world = without(moment).world();
      const seen = world.hosts.node_1;
      if (seen?.kind !== 'seen') throw new Error('node_1 is seen');
      return rollbackVerdict(labCluster(), {
        ...world,
        hosts: { ...world.hosts, node_1: { ...seen, host: { ...seen.host, receiving: names } } },
      });
    };
    expect(receiving('primary back', 's in app')).toMatchObject({
      kind: 'loses-new-writes',
      lost: expect.stringMatching(
        /is lost \(amount unknown\), and what subscription s in app received since is not sent again \(copy those tables anew\)$/,
      ),
    });
    expect(receiving('primary back', 'a in x', 'b in x', 'c in x', 'd in x').says).toContain(
      'what the subscriptions a in x, b in x, c in x and 1 more received since',
    );
    expect(receiving('started', 's in app').kind).toBe('safe-through');
  });

  test('is nobody’s while the server is private', () => {
    expect(rollbackVerdict(labCluster(), without('started').world()).kind).toBe('safe-through');
  });
});

describe('fallback copies', () => {
  test('a secondary that missed the shutdown checkpoint is no fallback copy', () => {
    const facts = labCluster();
    const model = modelAt('started', facts);
    for (const alias of ['node_2', 'node_3']) {
      const { data } = model.host(alias);
      if (data.kind !== 'cluster' || data.control === null) throw new Error('the image is there');
      model.host(alias).data = { ...data, control: { ...data.control, checkpoint: '0/15F00028' } };
    }
    expect(rollbackVerdict(facts, model.world()).kind).toBe('backup-only');
  });

  test('one fallback copy is enough, and it is named', () => {
    const facts = labCluster();
    const model = modelAt('started', facts);
    model.host('node_2').data = { kind: 'absent' };
    expect(rollbackVerdict(facts, model.world())).toMatchObject({
      kind: 'safe-through',
      node: 'node_3',
      says: 'safe through node_3’s fallback copy, no data loss',
    });
  });

  test('the fallback copy of another cluster with the same checkpoint is not ours', () => {
    const facts = labCluster();
    const model = modelAt('started', facts);
    for (const alias of ['node_2', 'node_3']) {
      const { data } = model.host(alias);
      if (data.kind !== 'cluster' || data.control === null) throw new Error('the image is there');
      model.host(alias).data = { ...data, control: { ...data.control, systemIdentifier: word('7') } };
    }
    expect(rollbackVerdict(facts, model.world()).kind).toBe('backup-only');
  });

  test('the last fallback copy rebuilt and its backup removed: only a backup is left', () => {
    const facts = labCluster();
    const model = modelAt('finished', facts);
    for (const alias of ['node_2', 'node_3']) model.host(alias).backupData = { kind: 'absent' };
    expect(rollbackVerdict(facts, model.world())).toEqual({
      kind: 'backup-only',
      says: 'only from a backup',
    });
  });

  test('what cannot be seen is not promised: an unseen last fallback copy is unknown, not gone and not safe', () => {
    const facts = labCluster();
    const model = modelAt('started', facts);
    model.unreachable.add('node_2');
    model.unreachable.add('node_3');
    expect(rollbackVerdict(facts, model.world()).kind).toBe('unknown');
    model.unreachable.delete('node_3');
    expect(rollbackVerdict(facts, model.world())).toMatchObject({ kind: 'safe-through', node: 'node_3' });
  });

  test('a primary that cannot be seen makes it unknown', () => {
    const facts = labCluster();
    const model = modelAt('swapped', facts);
    model.unreachable.add('node_1');
    expect(rollbackVerdict(facts, model.world())).toEqual({
      kind: 'unknown',
      says: 'node_1 cannot be inspected',
    });
  });
});

describe.each(['clone', 'copy'] as const)('%s', (mode) => {
  const facts = labCluster({ mode });
  test.each([
    ['linked', 'safe'],
    ['swapped', 'safe'],
    ['monitor back', 'safe'],
    ['started', 'safe'],
    ['verified', 'safe'],
    ['primary back', 'loses-new-writes'],
    ['finished', 'loses-new-writes'],
  ] as const)('%s: %s, the old files are nobody else’s', (moment, kind) => {
    expect(kindAt(moment, facts)).toBe(kind);
  });
});
