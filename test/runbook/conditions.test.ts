import { describe, expect, test } from 'vitest';
import { primaryOf, secondariesOf } from '../../source/cluster/facts.ts';
import {
  acceptsWrites,
  allStopped,
  everyNodeSettled,
  everySecondaryInMaintenance,
  nodeSettled,
  noSyncStandbys,
  stoppedCleanly,
  streaming,
} from '../../source/runbook/language/conditions.ts';
import {
  hasReceived,
  primaryWasShutDown,
  sameCheckpoint,
  someFallbackCopy,
} from '../../source/runbook/language/fallback-copies.ts';
import type { Condition } from '../../source/runbook/language/step.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { labCluster } from './clusters.ts';
import type { Model } from './model.ts';
import { modelAt, stepOf } from './worlds.ts';

const facts = labCluster();
const primary = primaryOf(facts);
const [secondary] = secondariesOf(facts);
if (secondary === undefined) throw new Error('the lab has secondaries');

/** What is found where a condition does not hold; null where it holds. */
const found = (condition: Condition, model: Model): string | null => {
  const verdict = condition.holds(model.world());
  return verdict.holds ? null : verdict.found;
};
const control = (model: Model, alias: string, change: object): void => {
  const { data } = model.host(alias);
  if (data.kind !== 'cluster' || data.control === null) throw new Error('no cluster there');
  model.host(alias).data = { ...data, control: { ...data.control, ...change } };
};

describe('before a secondary is stopped', () => {
  const received = hasReceived(facts, secondary);
  const at = (lsn: string | null): string | null => {
    const model = modelAt('primary stopped', facts);
    const { server } = model.host('node_2');
    if (server === null) throw new Error('it still runs');
    model.host('node_2').server = { ...server, lsn };
    return found(received, model);
  };

  test('it has received the record of the shutdown checkpoint, not merely everything before it', () => {
    expect(at('0/160000A0')).toBeNull();
    expect(at('0/16000028')).toBe('received 0/16000028, the checkpoint is at 0/16000028');
    expect(at('0/15FFFFFF')).toContain('received 0/15FFFFFF');
  });

  test('positions are compared as numbers: 1/0 is behind 0/FF000000', () => {
    expect(at('1/0')).toBeNull();
    expect(at('0/9')).not.toBeNull();
  });

  test('no position is no proof', () => {
    expect(at(null)).toBe('no position from node_2');
    const model = modelAt('primary stopped', facts);
    model.unreachable.add('node_2');
    expect(found(received, model)).toBe('node_2 is not reached.');
  });
});

describe('a fallback copy', () => {
  test('can be proven while pg_upgrade runs on the primary beside, by the checkpoint that was kept', () => {
    const model = modelAt('all stopped', facts);
    const host = model.host('node_1');
    const old = host.data;
    if (old.kind !== 'cluster' || old.control === null) throw new Error('it was stopped');
    host.stopped = old.control;
    host.data = {
      ...old,
      running: true,
      control: { ...old.control, state: 'in production', checkpoint: '0/17000028' },
    };
    expect(found(primaryWasShutDown(facts), model)).toBeNull();
    expect(found(sameCheckpoint(facts, secondary), model)).toBeNull();
    host.stopped = null;
    expect(found(primaryWasShutDown(facts), model)).toBe('it runs');
  });

  test('must be whole on one secondary at least before linked files are changed', () => {
    const model = modelAt('swapped', facts);
    expect(found(someFallbackCopy(facts), model)).toBeNull();
    control(model, 'node_2', { checkpoint: '0/15FFFF00' });
    expect(found(someFallbackCopy(facts), model)).toBeNull();
    control(model, 'node_3', { checkpoint: '0/15FFFF00' });
    expect(found(someFallbackCopy(facts), model)).toBe(
      'none does: after this step a rollback would only be possible from a backup',
    );
  });

  const same = sameCheckpoint(facts, secondary);

  test('holds the primary’s checkpoint exactly, and is of the same system', () => {
    expect(found(same, modelAt('all stopped', facts))).toBeNull();
    for (const change of [{ checkpoint: '0/15FFFF00' }, { systemIdentifier: '7' }]) {
      const model = modelAt('all stopped', facts);
      control(model, 'node_2', change);
      expect(found(same, model)).not.toBeNull();
    }
  });

  test('“in production” without a running server is a crash and not a clean stop', () => {
    const model = modelAt('all stopped', facts);
    control(model, 'node_1', { state: 'in production' });
    expect(found(stoppedCleanly(primary, 'shut down'), model)).toBe('it says “in production”');
  });
});

describe('stopped', () => {
  test('means pg_autoctl, its unit and every server, in whichever directory', () => {
    const stopped = allStopped(primary);
    expect(found(stopped, modelAt('all stopped', facts))).toBeNull();
    expect(found(stopped, modelAt('running', facts))).toContain(
      'pgautofailover.service was started at Mon 2026-11-23 01:00:00 UTC. If that was not this console, somebody has',
    );
    const restarting = modelAt('all stopped', facts);
    const { unit } = restarting.host('node_1');
    restarting.host('node_1').unit = unit === null ? null : { ...unit, active: true };
    expect(found(stopped, restarting)).toContain('somebody started');
    for (const place of ['data', 'backupData'] as const) {
      const model = modelAt('swapped', facts);
      const directory = model.host('node_1')[place];
      if (directory.kind !== 'cluster') throw new Error('a cluster is there');
      model.host('node_1')[place] = { ...directory, running: true };
      expect(found(stopped, model)).toBe('PostgreSQL runs');
    }
  });
});

describe('the monitor', () => {
  test('must show a state as reported and as assigned', () => {
    const condition = nodeSettled('node_2', ['maintenance']);
    const model = modelAt('running', facts);
    model.row('node_2', 'secondary', 'maintenance');
    expect(found(condition, model)).toBe('secondary → maintenance');
    expect(found(everyNodeSettled, model)).toBe('node_2 is secondary → maintenance');
    model.row('node_2', 'maintenance');
    expect(found(condition, model)).toBeNull();
    expect(found(everySecondaryInMaintenance(facts), model)).toBe('node_3 is secondary → secondary');
    model.row('node_3', 'maintenance');
    expect(found(everySecondaryInMaintenance(facts), model)).toBeNull();
  });

  test('that does not answer proves nothing', () => {
    const model = modelAt('all stopped', facts);
    for (const condition of [everyNodeSettled, nodeSettled('node_2', ['maintenance'])])
      expect(found(condition, model)).toBe('the monitor’s database does not answer');
  });

  test('need not answer where each secondary’s own pg_autoctl says that it is in maintenance', () => {
    const model = modelAt('all stopped', facts);
    expect(everySecondaryInMaintenance(facts).holds(model.world()).holds).toBe(true);
    model.host('node_3').inMaintenance = false;
    expect(found(everySecondaryInMaintenance(facts), model)).toBe(
      'the monitor’s database does not answer, and pg_autoctl on node_3 does not say so either',
    );
  });

  test('a node that it does not know is named', () => {
    expect(found(nodeSettled('node_9', ['secondary']), modelAt('running', facts))).toBe(
      'the monitor does not know node_9',
    );
  });
});

describe('the primary', () => {
  test('accepts writes only on the new version, for everybody, and not read-only', () => {
    const condition = acceptsWrites(facts, primary);
    expect(found(condition, modelAt('running', facts))).toMatch(/^the server is 15\.20/);
    expect(found(condition, modelAt('all stopped', facts))).toBe('the server does not answer');
    expect(found(condition, modelAt('started', facts))).toBe('it still listens on its local socket only');
    expect(found(condition, modelAt('primary back', facts))).toBeNull();
    for (const change of [{ inRecovery: true }, { readOnly: true }]) {
      const model = modelAt('primary back', facts);
      const { server } = model.host('node_1');
      if (server === null) throw new Error('it serves');
      model.host('node_1').server = { ...server, ...change };
      expect(found(condition, model)).toBe('it is read-only');
    }
  });

  test('waits for no standby once every secondary is in maintenance', () => {
    expect(found(noSyncStandbys(primary), modelAt('running', facts))).toMatch(/^it is ANY 1/);
    expect(found(noSyncStandbys(primary), modelAt('fenced', facts))).toBeNull();
  });

  test('sees a secondary stream by its own walsender, not by anybody’s', () => {
    const model = modelAt('fenced', facts);
    const { server } = model.host('node_1');
    if (server === null) throw new Error('it serves');
    const only = (name: string, state: string): string | null => {
      model.host('node_1').server = {
        ...server,
        senders: [{ name, state, sync: 'async', flushed: null, replayed: null, address: null }],
      };
      return found(streaming(primary, secondary), model);
    };
    expect(only('pgautofailover_standby_2', 'streaming')).toBeNull();
    expect(only('pgautofailover_standby_2', 'catchup')).toBe('its walsender is in catchup');
    expect(only('pgautofailover_standby_22', 'streaming')).toBe('no walsender for it');
    expect(only('pg_basebackup', 'backup')).toBe('no walsender for it');
  });
});

test('no condition of any step holds on hosts that nobody can see', () => {
  const model = modelAt('running', facts);
  for (const alias of model.hosts.keys()) model.unreachable.add(alias);
  const world = model.world();
  for (const step of upgradeRunbook(facts))
    for (const condition of [...step.before, ...step.after])
      expect([step.id, condition.text, condition.holds(world).holds]).toEqual([
        step.id,
        condition.text,
        false,
      ]);
});

test('no step counts as done on hosts that nobody can see', () => {
  const model = modelAt('finished', facts);
  for (const alias of model.hosts.keys()) model.unreachable.add(alias);
  const world = model.world();
  for (const step of upgradeRunbook(facts))
    expect([step.id, step.probe(world).state]).not.toEqual([step.id, 'done']);
});

describe('half done is seen as such', () => {
  const probeOf = (id: string, model: Model) => stepOf(upgradeRunbook(facts), id).probe(model.world());

  test('pg_upgrade that linked and did not finish', () => {
    const model = modelAt('all stopped', facts);
    const { data } = model.host('node_1');
    if (data.kind !== 'cluster') throw new Error('a cluster is there');
    model.host('node_1').data = { ...data, controlRenamed: true };
    expect(probeOf('D.node_1.pg-upgrade', model)).toMatchObject({ state: 'half' });
  });

  test('a swap between its two moves', () => {
    const model = modelAt('linked', facts);
    model.host('node_1').backupData = model.host('node_1').data;
    model.host('node_1').data = { kind: 'absent' };
    expect(probeOf('D.node_1.swap', model)).toMatchObject({ state: 'half' });
  });

  test('a swap that left the configuration behind', () => {
    const model = modelAt('swapped', facts);
    const { data } = model.host('node_1');
    if (data.kind !== 'cluster') throw new Error('a cluster is there');
    model.host('node_1').data = { ...data, hasConfiguration: false };
    expect(probeOf('D.node_1.swap', model)).toMatchObject({ state: 'half' });
  });

  test('the private server is stopped, and the state file not written', () => {
    const model = modelAt('verified', facts);
    model.host('node_1').stateIdentifier = facts.systemIdentifier;
    expect(probeOf('E.node_1.hand-over', model)).toMatchObject({ state: 'half' });
  });

  test('pg_autoctl gone and PostgreSQL still running', () => {
    const model = modelAt('fenced', facts);
    const { unit } = model.host('node_1');
    model.host('node_1').pgAutoctl = 'stopped';
    model.host('node_1').unit = unit === null ? null : { ...unit, active: false };
    expect(probeOf('C.node_1.stop', model)).toEqual({
      state: 'half',
      says: 'pg_autoctl is gone, PostgreSQL still runs',
    });
  });

  test('a state file with an identifier that is neither the old nor the new one', () => {
    const model = modelAt('verified', facts);
    model.host('node_1').stateIdentifier = '1';
    expect(probeOf('E.node_1.hand-over', model)).toMatchObject({ state: 'half' });
  });

  test('a new directory that holds something else', () => {
    const model = modelAt('running', facts);
    model.host('node_1').newData = { kind: 'not-a-cluster', entries: 3 };
    expect(probeOf('A.node_1.initdb', model)).toMatchObject({ state: 'half' });
  });

  test('a secondary in the middle of its base backup', () => {
    const model = modelAt('secondary aside', facts);
    model.row('node_2', 'catchingup', 'secondary');
    expect(probeOf('H.node_2.join', model)).toEqual({ state: 'half', says: 'catchingup → secondary' });
  });
});
