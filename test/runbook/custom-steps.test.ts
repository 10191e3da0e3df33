import { describe, expect, test } from 'vitest';
import { primaryOf } from '../../source/cluster/facts.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { leftBy } from '../../source/runbook/verdict/left-to-do.ts';
import { customCluster, labCluster } from './clusters.ts';
import type { Model } from './model.ts';
import { runBack } from './rollback-model.ts';
import { modelAfter, modelAt, stepOf } from './worlds.ts';

/** What a company does around an upgrade: steps of the cluster file, among the window's own. */

const facts = customCluster();
const steps = upgradeRunbook(facts);
const neighbors = (id: string): readonly (string | undefined)[] => {
  const at = steps.findIndex((step) => step.id === id);
  return [steps[at - 1]?.id, steps[at + 1]?.id];
};

/** Rolls back to the end, and gives the steps that ran. */
const rollBack = (model: Model): readonly Step[] => {
  const ran: Step[] = [];
  for (const step of rollbackRunbook(model.facts, model.world()).steps) {
    const world = model.world();
    if (step.probe(world).state === 'done') continue;
    expect([step.id, step.before.filter((one) => !one.holds(world).holds).map((one) => one.text)]).toEqual([
      step.id,
      [],
    ]);
    runBack(model, step);
    ran.push(step);
  }
  return ran;
};
const customOf = (ran: readonly Step[]): string[] =>
  ran.map(({ id }) => id).filter((id) => id.includes('custom-'));

test('a cluster file without them gives the steps that it gave before', () => {
  const plain = upgradeRunbook(labCluster()).map(({ id }) => id);
  expect(steps.map(({ id }) => id).filter((id) => !/custom-|steps-syntax/.test(id))).toEqual(plain);
});

test('each stands at its place, in the order of the file', () => {
  expect(neighbors('C.monitor.custom-silence')[1]).toBe('C.node_1.checkpoint');
  expect(neighbors('C.node_1.custom-pause')).toEqual(['C.node_1.checkpoint', 'C.node_1.stop']);
  expect(neighbors('C.node_1.custom-archive')[0]).toBe('C.node_1.stop');
  expect(neighbors('E.node_1.custom-smoke')[1]).toBe('E.node_1.hand-over');
  expect(neighbors('G.node_1.custom-resume')[0]).toBe('G.node_1.start');
  expect(neighbors('H.node_1.custom-ready_node_3')[0]).toBe('H.node_3.unguard');
  expect(neighbors('I.node_2.custom-report')[0]).toBe('I.monitor.final');
});

test('a smoke test before the opening holds the hand-over, and begins behind the verification and the statistics', () => {
  const smoke = stepOf(steps, 'E.node_1.custom-smoke');
  const handOver = stepOf(steps, 'E.node_1.hand-over');
  expect(smoke.parallel).toEqual(handOver.parallel);
  expect(smoke.parallel?.after).toEqual(['node_1 look', 'node_1 statistics']);
});

test('one whose place is over says what is not so any more', () => {
  const world = modelAt('primary stopped', facts).world();
  const pause = stepOf(steps, 'C.node_1.custom-pause');
  expect(pause.before.map((one) => one.holds(world))).toEqual([
    { holds: false, found: 'its server does not answer' },
  ]);
});

describe('a rollback', () => {
  test('runs its own, and undoes what has run as soon as the application can write, the last first', () => {
    const ran = rollBack(modelAt('swapped', facts));
    expect(customOf(ran)).toEqual([
      'R.node_1.custom-pause-again',
      'T.node_1.undo-custom-archive',
      'T.node_1.undo-custom-pause',
      'V.node_1.custom-resume-again',
    ]);
    const ids = ran.map(({ id }) => id);
    expect(ids[0]).toBe('R.node_1.custom-pause-again');
    expect(ids.indexOf('T.node_1.undo-custom-archive')).toBe(ids.indexOf('T.node_1.start') + 1);
  });

  test('undoes what has only begun, too: a pooler that was paused half way waits for nobody', () => {
    const model = modelAfter(facts, 'C.node_1.checkpoint');
    const { alias } = primaryOf(facts);
    model.host(alias).markers = [...model.host(alias).markers, 'custom-pause.begun'];
    model.publish();
    expect(customOf(rollBack(model))).toContain('T.node_1.undo-custom-pause');
  });

  test('through a fallback copy the writer is another node, and its steps run there', () => {
    const ran = rollBack(modelAfter(facts, 'H.node_1.custom-ready_node_2'));
    expect(customOf(ran)).toEqual([
      'R.node_1.custom-pause-again',
      'T.node_1.undo-custom-ready',
      'T.node_1.undo-custom-archive',
      'T.node_1.undo-custom-pause',
      'V.node_3.custom-resume-again',
    ]);
    const undo = stepOf(ran, 'T.node_1.undo-custom-pause').script(modelAt('running', facts).world());
    expect(undo.kind === 'ready' && undo.text).toContain('PGAF_PRIMARY=node3');
  });

  test('of a window that has run none of them undoes nothing', () => {
    const ran = rollBack(modelAt('fenced', facts));
    expect(customOf(ran)).toEqual(['R.node_1.custom-pause-again', 'V.node_1.custom-resume-again']);
  });
});

test('how long one is expected to take, the cluster file says', () => {
  expect(stepOf(steps, 'C.node_1.custom-archive').expectedSeconds).toBe(20);
  expect(stepOf(steps, 'C.node_1.custom-pause').expectedSeconds).toBe(1);
});

test('whoever goes on with a cluster file that lacks a step which has run is told so, on the way forward and back', () => {
  const world = modelAfter(facts, 'C.node_1.custom-pause').world();
  for (const direction of ['upgrade', 'rollback'] as const) {
    expect(leftBy(direction, facts, world)).toEqual([]);
    expect(
      leftBy(direction, labCluster(), world)?.map(({ part, what }) => [part, what.slice(0, 49)]),
    ).toEqual([
      ['custom', 'the custom step silence has run on monitor, and t'],
      ['custom', 'the custom step pause has run on node_1, and this'],
    ]);
  }
});

test('whatever its name, its marker file is no other step’s: one called syntax is not done by the check of the syntax', () => {
  const named = labCluster({ custom: [{ name: 'syntax', at: 'opened', run: 'echo' }] });
  const world = modelAfter(named, 'A.node_1.steps-syntax').world();
  expect(stepOf(upgradeRunbook(named), 'G.node_1.custom-syntax').probe(world).state).toBe('pending');
});

test('whatever their names, no two steps share an id: not with an undo, and not with a step that runs once for each secondary', () => {
  const named = labCluster({
    custom: [
      { name: 'pause', at: 'stopping', run: 'echo', undo: 'echo' },
      { name: 'undo-pause', at: 'rolled-back', run: 'echo' },
      { name: 'ready', at: 'secondary-back', run: 'echo' },
      { name: 'ready-for-node2', at: 'finished', run: 'echo' },
    ],
  });
  const back = rollbackRunbook(named, modelAfter(named, 'D.node_1.pg-upgrade').world()).steps;
  for (const ids of [upgradeRunbook(named), back].map((all) => all.map((step) => step.id)))
    expect(new Set(ids).size).toBe(ids.length);
  const ofHost = back.map((step) => step.id.split('.').slice(2).join('.'));
  expect(ofHost.filter((id) => id.includes('pause'))).toEqual(['undo-custom-pause', 'custom-undo-pause']);
});
