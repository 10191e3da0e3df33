import { describe, expect, test } from 'vitest';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { labCluster, linkedCluster } from './clusters.ts';
import type { Model } from './model.ts';
import { modelAfter, modelAt, stepOf } from './worlds.ts';

const unmet = (model: Model, id: string): string[] => {
  const world = model.world();
  return stepOf(upgradeRunbook(model.facts), id).before.flatMap((one) => {
    const verdict = one.holds(world);
    return verdict.holds ? [] : [`${one.text}: ${verdict.found}`];
  });
};
const probe = (model: Model, id: string) => stepOf(upgradeRunbook(model.facts), id).probe(model.world());

describe.each(['link', 'copy'] as const)(
  'a window that was left after pg_upgrade, and gone back from by hand, mode %s',
  (mode) => {
    const facts = labCluster({ mode });
    /** pg_control.old renamed back, 15 started and written to; the new directory and the fingerprints left where they are. */
    const left = (running: boolean): Model => {
      const model = modelAt('linked', facts);
      const primary = model.host('node_1');
      if (primary.data.kind !== 'cluster' || primary.data.control === null) throw new Error('no old cluster');
      primary.data = {
        ...primary.data,
        controlRenamed: false,
        running,
        control: {
          ...primary.data.control,
          state: running ? 'in production' : 'shut down',
          checkpoint: '0/99000028',
          modified: 'Fri 27 Nov 2026 09:00:00 AM UTC',
        },
      };
      primary.pgAutoctl = running ? 'runs' : 'stopped';
      primary.unit =
        primary.unit === null
          ? null
          : { ...primary.unit, active: running, dropIns: [], killMode: 'control-group' };
      return model;
    };

    test('pg_upgrade counted as finished for ever; now it is half done, and says why and what to do', () => {
      for (const running of [true, false]) {
        const found = probe(left(running), 'D.node_1.pg-upgrade');
        expect(found.state).toBe('half');
        expect(found.says).toMatch(
          /15 has run on .* since pg_upgrade.*Retry the step that runs pg_upgrade: it makes a new one/,
        );
      }
    });

    test('while 15 serves, the host is not past its stop', () => {
      const model = left(true);
      expect(probe(model, 'C.node_1.guard').state).toBe('pending');
      expect(probe(model, 'C.node_1.stop')).toEqual({ state: 'pending', says: 'pg_autoctl runs' });
    });

    test('15 stopped by hand, the swap put an old 17 in its place', () => {
      expect(unmet(left(false), 'D.node_1.swap')).toEqual([
        expect.stringContaining('pg_upgrade has finished: PostgreSQL 15 has run'),
      ]);
      expect(unmet(left(false), 'D.node_1.pg-upgrade')).toEqual([]);
    });

    test('the fallback copies are held against the stop that counts now, not against the one before', () => {
      const { says } = rollbackVerdict(facts, left(false).world());
      expect(says).toBe('safe, no data loss: restart PostgreSQL 15 in place');
      expect(unmet(left(false), 'E.node_1.private-start').join()).toContain(
        mode === 'link' ? 'none does' : 'PostgreSQL 15 has not run',
      );
    });
  },
);

describe('passing over what others rest on', () => {
  test('the primary’s stop: pg_autoctl.cfg and unit of a serving 15 were re-pointed to 17', () => {
    const model = modelAfter(labCluster(), 'C.node_1.checkpoint');
    for (const id of ['D.node_1.pg-ctl', 'D.node_1.unit'])
      expect(unmet(model, id)).toEqual([expect.stringContaining('pg_autoctl runs')]);
    model.stop(labCluster().nodes[0] ?? model.facts.monitor);
    for (const id of ['D.node_1.pg-ctl', 'D.node_1.unit']) expect(unmet(model, id)).toEqual([]);
  });

  test('phase E: the primary’s start was the first one, without a name, another fallback copy, or the old directory disarmed', () => {
    const model = modelAfter(labCluster(), 'D.monitor.start');
    expect(unmet(model, 'G.node_1.start').join('\n')).toMatch(
      /could still be started: run the first start in phase E first[\s\S]*return the node to pg_autoctl first, in phase E/,
    );
    expect(unmet(model, 'E.node_1.hand-over')).toEqual([
      expect.stringContaining('it has never been started'),
    ]);
  });

  test('a secondary’s old directory aside, its state file, its unit', () => {
    const model = modelAfter(labCluster(), 'G.node_1.analyze');
    const says = unmet(model, 'H.node_2.start').join('\n');
    expect(says).toContain('the old directory must be set aside first');
    expect(says).toContain('write the identifier to the state file first');
    expect(says).toContain('starts /opt/vmware/postgres/15/bin/pg_ctl');
  });
});

test.each([
  ['monitor', 'D.monitor.start'],
  ['node_1', 'G.node_1.start'],
  ['node_2', 'H.node_2.unguard'],
])('a reboot while others are rebuilt left %s down: it starts at boot behind %s', (alias, step) => {
  for (const facts of [labCluster(), linkedCluster()]) {
    const model = modelAfter(facts, step);
    expect(model.host(alias).unit?.enabled).toBe(true);
  }
});

test('somebody who started the unit is told of, with the time that systemd has', () => {
  const model = modelAt('all stopped');
  const primary = model.host('node_1');
  if (primary.unit === null) throw new Error('no unit');
  primary.unit = { ...primary.unit, active: true, activeSince: 'Wed 2026-11-25 20:03:46 UTC' };
  expect(unmet(model, 'D.node_1.pg-upgrade')).toContain(
    'pg_autoctl and PostgreSQL are stopped on node_1: somebody started pgautofailover.service at Wed 2026-11-25 20:03:46 UTC, although the console keeps it stopped',
  );
});
