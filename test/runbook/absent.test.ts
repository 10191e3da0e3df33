import { describe, expect, test } from 'vitest';
import { type ClusterFacts, primaryOf, secondariesOf } from '../../source/cluster/facts.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import { waiting, whyNotWithout } from '../../source/engine/run/absence.ts';
import { everyNodeSettled } from '../../source/runbook/language/conditions.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { bestFallbackCopy } from '../../source/runbook/verdict/route.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { labCluster, linkedCluster } from './clusters.ts';
import { Model } from './model.ts';
import { runBack } from './rollback-model.ts';
import { modelAt, stepOf, worldAt } from './worlds.ts';

const text = (step: Step, world: Observations = { hosts: {} }): string => {
  const script = step.script(world);
  return script.kind === 'ready' ? script.text : script.needs;
};
const unmet = (conditions: Step['before'], world: Observations): readonly string[] =>
  conditions.filter((one) => !one.holds(world).holds).map((one) => one.text);

/** A host that was restarted: nothing runs there, and the monitor has an order for it that nobody carries out. */
const restarted = (facts: ClusterFacts, until: number, alias: string): Observations => {
  const model = new Model(facts);
  for (const step of upgradeRunbook(facts).slice(0, until)) model.run(step.id);
  const host = model.host(alias);
  host.pgAutoctl = 'stopped';
  host.server = null;
  if (host.unit !== null) host.unit = { ...host.unit, active: false };
  model.row(alias, 'maintenance', 'catchingup');
  return model.world();
};
const afterStep = (facts: ClusterFacts, until: number): Observations => {
  const model = new Model(facts);
  for (const step of upgradeRunbook(facts).slice(0, until)) model.run(step.id);
  return model.world();
};

describe('no step waits for hours for what only a later step can bring about', () => {
  test.each([
    ['the lab’s cluster', labCluster()],
    ['one secondary by hard links', linkedCluster()],
  ])('%s: every step, each other secondary restarted behind it', (_, facts) => {
    const steps = upgradeRunbook(facts);
    const found: string[] = [];
    steps.forEach((step, at) => {
      if (step.settleSeconds <= 300) return;
      for (const { alias } of secondariesOf(facts)) {
        if (alias === step.host) continue;
        const world = restarted(facts, at + 1, alias);
        const pending = steps.findIndex((one) => one.host === alias && one.probe(world).state !== 'done');
        const held = unmet(step.after, world).filter(
          (says) => !unmet(step.after, afterStep(facts, at + 1)).includes(says),
        );
        if (pending > at) found.push(...held.map((says) => `${step.id} waits for ${alias}: ${says}`));
      }
    });
    expect(found).toEqual([]);
  });

  test('nor in a rollback: a secondary joins whatever a later one still has to do', () => {
    const facts = labCluster({ mode: 'copy' });
    const { steps } = rollbackRunbook(facts, worldAt('secondary rebuilt', facts));
    const joins = steps.filter((step) => step.id.endsWith('.join'));
    expect(joins.length).toBe(2);
    for (const step of joins) expect([...step.before, ...step.after]).not.toContain(everyNodeSettled);
  });
});

describe('a secondary that gives no answer holds up its own steps only', () => {
  const facts = labCluster();
  const steps = upgradeRunbook(facts);
  const stop = steps.findIndex((step) => step.writes === 'stop');

  test.each(secondariesOf(facts).map((node) => node.alias))(
    '%s vanishes behind every step from the stop on: all others come to their end',
    (alias) => {
      for (let vanishes = stop; vanishes < steps.length; vanishes += 1) {
        const model = new Model(facts);
        const ran = new Set<string>();
        for (const step of steps.slice(0, vanishes + 1)) {
          model.run(step.id);
          ran.add(step.id);
        }
        model.unreachable.add(alias);
        const world = (): Observations => ({ ...model.world(), leftOut: [alias] });
        expect([
          vanishes,
          unmet(steps[vanishes]?.host === alias ? [] : (steps[vanishes]?.after ?? []), world()),
        ]).toEqual([vanishes, []]);
        for (;;) {
          const open = steps.filter((step) => !ran.has(step.id) && !step.optional);
          const waits = waiting(open, world());
          const next = open.find((step) => !waits.has(step));
          if (next === undefined) {
            // What is left is its own, or made for it.
            for (const step of open)
              expect([step.id, step.host === alias || step.id.includes(alias)]).toEqual([step.id, true]);
            break;
          }
          expect([vanishes, next.id, unmet(next.before, world())]).toEqual([vanishes, next.id, []]);
          model.run(next.id);
          ran.add(next.id);
          expect([vanishes, next.id, unmet(next.after, world())]).toEqual([vanishes, next.id, []]);
        }
      }
    },
    60_000,
  );

  test('before the stop only a person goes on without it; never without the last fallback copy, and never without the monitor', () => {
    const fenced = worldAt('fenced');
    expect(whyNotWithout(facts, steps, 'upgrade', fenced, 'node_3', 'console')).toMatch(
      /application still writes/,
    );
    expect(whyNotWithout(facts, steps, 'upgrade', fenced, 'node_3', 'operator')).toBeNull();
    const stopped = worldAt('primary stopped');
    expect(whyNotWithout(facts, steps, 'upgrade', stopped, 'node_3', 'console')).toBeNull();
    const alone: Observations = { ...stopped, leftOut: ['node_2'] };
    expect(whyNotWithout(facts, steps, 'upgrade', alone, 'node_3', 'operator')).toMatch(/fallback copy/);
    expect(whyNotWithout(facts, steps, 'upgrade', stopped, 'monitor', 'operator')).not.toBeNull();
    expect(whyNotWithout(facts, steps, 'rollback', stopped, 'node_1', 'console')).toBeNull();
  });
});

describe('the old primary’s host is gone for good', () => {
  const facts = labCluster();
  const gone = (more: Partial<Observations> = {}): Observations => {
    const model = modelAt('started');
    model.unreachable.add(primaryOf(facts).alias);
    for (const { alias } of secondariesOf(facts)) {
      const { data } = model.host(alias);
      if (data.kind === 'cluster' && data.control !== null)
        model.host(alias).data = { ...data, control: { ...data.control, redo: data.control.checkpoint } };
    }
    return { ...model.world(), ...more };
  };

  test('a rollback that goes on without it leads through a copy that a shutdown ended, and says what nobody can know', () => {
    expect(rollbackVerdict(facts, gone()).kind).toBe('unknown');
    const world = gone({ leftOut: ['node_1'] });
    const { route, steps } = rollbackRunbook(facts, world);
    expect(route).toMatchObject({ kind: 'fallback-copy', uncompared: true });
    expect(rollbackVerdict(facts, world).says).toMatch(/node_1 does not answer/);
    const drop = stepOf(steps, 'S.monitor.drop-nodes');
    expect(drop.forfeits(world)?.text).toMatch(/Keep its host off/);
    expect(unmet(drop.before, world).join()).not.toMatch(/node_1/);
    expect([...waiting(steps, world).keys()].map((step) => step.id)).toContain('U.node_1.create');
  });

  test('begun so, it is not called safe as long as that host is away', () => {
    const model = modelAt('primary back');
    model.unreachable.add('node_1');
    const monitor = model.host('monitor');
    monitor.markers = [...monitor.markers, 'rollback-through-node_2'];
    const world: Observations = { ...model.world(), leftOut: ['node_1'] };
    expect(rollbackVerdict(facts, world).kind).toBe('loses-new-writes');
  });

  test('not through one that a running server’s checkpoint ended', () => {
    const model = modelAt('started');
    model.unreachable.add('node_1');
    const world: Observations = { ...model.world(), leftOut: ['node_1'] };
    expect(rollbackRunbook(facts, world).route.kind).toBe('unknown');
  });
});

describe('a node without a candidate priority', () => {
  const facts = labCluster();
  const withPriority = (alias: string, priority: number): ClusterFacts => ({
    ...facts,
    nodes: facts.nodes.map((node) => (node.alias === alias ? { ...node, priority } : node)),
  });

  test('another copy is taken before its own', () => {
    const [first] = secondariesOf(facts);
    const chosen = bestFallbackCopy(facts, worldAt('started'))?.alias ?? '';
    expect(chosen).toBe(first?.alias);
    expect(bestFallbackCopy(withPriority(chosen, 0), worldAt('started'))?.alias).not.toBe(chosen);
  });

  test('is registered with one as the first of its group, and gets its own at the end', () => {
    const none: ClusterFacts = {
      ...facts,
      nodes: facts.nodes.map((node) => ({ ...node, priority: node.role === 'primary' ? 50 : 0 })),
    };
    const { steps, route } = rollbackRunbook(none, worldAt('started', none));
    if (route.kind !== 'fallback-copy') throw new Error(route.kind);
    expect(text(stepOf(steps, `T.${route.node.alias}.create`))).toContain('--candidate-priority 50');
    expect(text(stepOf(steps, 'V.monitor.priority'))).toContain('candidatepriority = 0');
  });
});

describe('number_sync_standbys with fewer nodes in the quorum than the monitor’s function wants', () => {
  const facts = labCluster();
  const few: ClusterFacts = {
    ...facts,
    nodes: facts.nodes.map((node) => ({ ...node, quorum: node.alias !== 'node_3' })),
  };

  test('is set in its row, and applied by a setting that stays as it is', () => {
    const step = stepOf(upgradeRunbook(few), 'I.monitor.sync-standbys');
    expect(text(step)).toContain('update pgautofailover.formation set number_sync_standbys = 1');
    expect(text(step)).toContain('set_node_candidate_priority');
    expect(text(stepOf(upgradeRunbook(facts), 'I.monitor.sync-standbys'))).toContain(
      'set_formation_number_sync_standbys',
    );
  });

  test('skipped, it does not fail the final verification', () => {
    const model = modelAt('secondary rebuilt');
    const final = stepOf(upgradeRunbook(facts), 'I.monitor.final');
    for (const step of upgradeRunbook(facts)) {
      if (step.phase === 'I' && step.id !== 'I.monitor.sync-standbys' && !step.optional) model.run(step.id);
      if (step.phase === 'H' && step.probe(model.world()).state !== 'done') model.run(step.id);
    }
    expect(unmet(final.after, model.world())).toEqual(['number_sync_standbys is 1']);
    expect(unmet(final.after, { ...model.world(), skipped: ['I.monitor.sync-standbys'] })).toEqual([]);
  });

  test('what proves the state at the end names the formation', () => {
    const named = labCluster({ formation: 'payments' });
    expect(text(stepOf(upgradeRunbook(named), 'I.monitor.final'))).toContain(
      'show state --formation payments',
    );
    const back = rollbackRunbook(named, worldAt('all stopped', named)).steps;
    expect(text(stepOf(back, 'V.monitor.final'))).toContain('show state --formation payments');
  });
});

describe('the power goes in pg_upgrade --link', () => {
  const facts = labCluster();
  const step = stepOf(upgradeRunbook(facts), 'D.node_1.pg-upgrade');
  const begun = (): Observations => {
    const model = modelAt('all stopped');
    const host = model.host('node_1');
    if (host.data.kind !== 'cluster') throw new Error('no cluster');
    host.stopped = host.data.control;
    host.data = { ...host.data, controlRenamed: true, control: null };
    return model.world();
  };

  test('it cannot be repeated, and the rollback is the way: said before it is tried', () => {
    expect(step.interrupted(begun())).toMatch(/cannot be repeated.*no data is lost.*pgaf-upgrade rollback/);
    expect(unmet(step.before, begun())).toContain('no pg_upgrade was interrupted that cannot be repeated');
    expect(step.interrupted(worldAt('all stopped'))).toBeNull();
    expect(rollbackVerdict(facts, begun()).kind).toBe('safe');
  });
});

describe('a primary whose power went before it was shut down', () => {
  const facts = labCluster();
  const step = stepOf(upgradeRunbook(facts), 'C.node_1.stop');
  const crashed = (): Observations => {
    const model = modelAt('fenced');
    const host = model.host('node_1');
    host.pgAutoctl = 'stopped';
    host.server = null;
    if (host.unit !== null) host.unit = { ...host.unit, active: false };
    if (host.data.kind === 'cluster') host.data = { ...host.data, running: false };
    return model.world();
  };

  test('is not taken for stopped: it has to start once more, and the rollback is the way to that', () => {
    expect(step.probe(crashed())).toMatchObject({ state: 'half' });
    expect(step.interrupted(crashed())).toMatch(/cannot be repeated.*No data is lost.*pgaf-upgrade rollback/);
    expect(rollbackVerdict(facts, crashed()).kind).toBe('safe');
    expect(step.interrupted(worldAt('primary stopped'))).toBeNull();
    expect(step.interrupted(worldAt('linked'))).toBeNull();
    expect(step.probe(worldAt('linked')).state).toBe('done');
  });
});

describe('the last steps of a rollback through a fallback copy', () => {
  test('marks that were tidied away already do not have what serves stopped, and registered, once more', () => {
    const facts = labCluster();
    const model = modelAt('started');
    const steps = () => rollbackRunbook(facts, model.world()).steps;
    const all = steps();
    for (const step of all) {
      if (step.id === 'V.monitor.tidy') break;
      if (step.probe(model.world()).state !== 'done') runBack(model, step);
    }
    const open = steps().filter((step) => step.probe(model.world()).state !== 'done');
    expect(open.map(({ id }) => id)).toEqual(['V.monitor.final', 'V.monitor.tidy']);
  });

  test('while a node is away they wait: its rollback is known by what they would take away', () => {
    const facts = labCluster();
    const model = modelAt('started');
    model.unreachable.add('node_3');
    const world: Observations = { ...model.world(), leftOut: ['node_3'] };
    const waits = [...waiting(rollbackRunbook(facts, world).steps, world).keys()].map(({ id }) => id);
    expect(waits.filter((id) => id.endsWith('.tidy'))).toHaveLength(4);
  });
});
