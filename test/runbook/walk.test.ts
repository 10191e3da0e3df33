import { describe, expect, test } from 'vitest';
import { monitorIn, type Observations } from '../../source/cluster/observations.ts';
import { isFamiliar, type NodeState } from '../../source/cluster/states.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';

import { citusCluster, customCluster, everyCluster, labCluster, onEveryHost } from './clusters.ts';

import { Model } from './model.ts';

/**
 * A whole window on a model of the cluster, step by step. What each step wants before itself, the steps before it have
 * brought about; what it promises, its script brings about; and a console that starts at any point finds its place.
 */
const clusters = [
  ...everyCluster,
  ['a formation of two groups, with Citus', citusCluster()],
  ['the lab’s cluster, cloned', labCluster({ mode: 'clone' })],
  ['custom steps at every place', customCluster()],
  [
    'units that did not start at boot',
    onEveryHost(labCluster(), (host) => ({
      service: host.service.kind === 'systemd' ? { ...host.service, enabled: false } : host.service,
    })),
  ],
] as const;

/** What a monitor orders by itself while other nodes join, report late, or are configured. */
const moves: Partial<Record<NodeState, readonly NodeState[]>> = {
  wait_primary: ['primary', 'join_primary', 'apply_settings'],
  primary: ['wait_primary', 'join_primary', 'apply_settings'],
  secondary: ['catchingup'],
};

describe.each(clusters)('%s', (_, facts) => {
  const steps = upgradeRunbook(facts);

  test('every step finds what it needs, is pending until it runs, and is done when it has', () => {
    const model = new Model(facts);
    for (const step of steps) {
      const before = model.world();
      const unmet = step.before.filter((one) => !one.holds(before).holds).map((one) => one.text);
      expect({ step: step.id, unmet }).toEqual({ step: step.id, unmet: [] });
      // Only where a base backup was killed there is something to take away.
      if (!step.id.endsWith('.left-parts'))
        expect([step.id, step.probe(before).state === 'done']).toEqual([step.id, false]);
      expect([step.id, step.script(before).kind]).toEqual([step.id, 'ready']);
      model.run(step.id);
      const after = model.world();
      const broken = step.after.flatMap((one) => {
        const verdict = one.holds(after);
        return verdict.holds ? [] : [`${one.text}: ${verdict.found}`];
      });
      expect({ step: step.id, broken }).toEqual({ step: step.id, broken: [] });
    }
  });

  test('a node that the monitor is just moving to another state undoes no step that was done', () => {
    const model = new Model(facts);
    const undone: string[] = [];
    steps.forEach((last, index) => {
      model.run(last.id);
      const rest = model.world();
      const doneUpTo = (world: Observations): readonly string[] =>
        steps
          .slice(0, index + 1)
          // The final verification only looks; it looks again.
          .filter((step) => step.probe(world).state === 'done' && !step.id.endsWith('.final'))
          .map((step) => step.id);
      for (const { name, reported } of monitorIn(rest)?.nodes ?? []) {
        if (!isFamiliar(reported)) continue;
        for (const assigned of moves[reported] ?? []) {
          model.row(name, reported, assigned);
          const still = doneUpTo(model.world());
          model.row(name, reported);
          for (const id of doneUpTo(rest))
            if (!still.includes(id))
              undone.push(`${id}, after ${last.id}: ${name} ${reported} → ${assigned}`);
        }
      }
    });
    expect(undone).toEqual([]);
  });

  test('a console that comes back after any step finds that step and all before it done, and the next one not', () => {
    const model = new Model(facts);
    const wrong: string[] = [];
    steps.forEach((last, index) => {
      model.run(last.id);
      const world = model.world();
      for (const step of steps.slice(0, index + 1)) {
        // A checkpoint leaves nothing to be seen; asking for one again costs nothing.
        const beforeStop = step === last || last.id.includes('.custom-');
        if (/\.checkpoint(-for-.+)?$/.test(step.id) && beforeStop) continue;
        // Of several groups each has its own, and Citus’ catalogs are saved anew, until the coordinator has stopped.
        if (facts.workers !== undefined && /\.(checkpoint|citus-prepare)$/.test(step.id)) {
          if (/\.(checkpoint|citus-prepare)$/.test(last.id) || step.id.endsWith('.checkpoint')) continue;
        }
        const probe = step.probe(world);
        if (probe.state !== 'done')
          wrong.push(`after ${last.id}: ${step.id} is ${probe.state}, ${probe.says}`);
      }
      const next = steps[index + 1];
      if (next?.probe(world).state === 'done' && !next.id.endsWith('.left-parts'))
        wrong.push(`after ${last.id}: ${next.id} is done already`);
    });
    expect(wrong).toEqual([]);
  });
});
