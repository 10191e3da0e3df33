import { describe, expect, test } from 'vitest';
import { secondariesOf } from '../../source/cluster/facts.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import { cleanupRunbook } from '../../source/runbook/cleanup.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { downtimeSteps } from '../../source/runbook/timing/estimates.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { nameAskedFor } from '../../source/runbook/verdict/name-asked.ts';
import { onlineStanding } from '../../source/runbook/verdict/online-standing.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { customCluster, labCluster } from './clusters.ts';
import { modelBehind, modelFollowedBack, type OnlineModel } from './online-model.ts';

/** The window of the online method, the ways back and the end of it, as lists of steps: what is where, and what is not. On real servers: docs/online.md. */

const facts = labCluster({ method: 'online' });
const ids = (steps: readonly Step[]): readonly string[] => steps.map(({ id }) => id);
const at = (steps: readonly Step[], id: string): number => {
  const found = ids(steps).indexOf(id);
  expect(found, id).toBeGreaterThanOrEqual(0);
  return found;
};
const behind = (...upTo: readonly string[]): OnlineModel => modelBehind(facts, ...upTo);
const followed = (): OnlineModel => modelFollowedBack(facts);
const rollback = (world: Observations): readonly Step[] => rollbackRunbook(facts, world).steps;
const phasesOf = (steps: readonly Step[]): string =>
  steps.reduce((all, { phase }) => (all.endsWith(phase) ? all : `${all}${phase}`), '');

const window = upgradeRunbook(facts);

test('the window: one step in which the application waits, and every pg_autoctl is the new one before it', () => {
  expect(phasesOf(window)).toBe('ABDNOHI');
  expect(window.filter(({ writes }) => writes !== 'unchanged').map(({ id }) => id)).toEqual([
    'N.node_1.cut-over',
  ]);
  const start = at(window, 'D.monitor.start');
  const cut = at(window, 'N.node_1.cut-over');
  for (const { alias } of facts.nodes) {
    expect(at(window, `D.${alias}.keeper`)).toBeGreaterThan(start);
    expect(at(window, `D.${alias}.keeper`)).toBeLessThan(cut);
  }
  // the one that serves comes last, when the others have shown that it goes well
  expect(at(window, 'D.node_1.keeper')).toBeGreaterThan(at(window, 'D.node_3.keeper'));
  for (const { alias } of secondariesOf(facts))
    expect(at(window, `H.${alias}.stop`)).toBeGreaterThan(at(window, 'O.node_1.follow-back'));
  expect(ids(window).filter((id) => /node_1\.(stop|pg-upgrade|swap|aside|checks)$/.test(id))).toEqual([]);
});

test('the change of places is asked for by name, and what must follow it follows at once', () => {
  const world = behind().world();
  const [ready, cut] = window.filter(({ phase }) => phase === 'N');
  expect(ready && nameAskedFor(ready, world, 'upgrade')).toBeNull();
  expect(cut && nameAskedFor(cut, world, 'upgrade')).toBe('pause');
  expect(window.filter(({ leadsOn }) => leadsOn).map(({ id }) => id)).toEqual([
    'N.node_1.cut-over',
    'N.monitor.identifier',
    'N.node_1.adopt',
  ]);
});

test('a run that goes on while a secondary is rebuilt exchanges nothing again', () => {
  const world = followed().world();
  const early = window.filter(({ id }) => id.endsWith('.keeper'));
  expect(early.map((step) => step.probe(world).state)).toEqual(['done', 'done', 'done']);
  const before = behind().world();
  expect(
    early[0]?.probe({
      hosts: { ...before.hosts, monitor: { kind: 'unseen', at: 0, problem: { what: 'x', remedy: 'y' } } },
    }).state,
  ).toBe('pending');
});

describe('custom steps', () => {
  const { custom } = customCluster();
  const placed = labCluster({
    method: 'online',
    custom: custom.filter((step) => step.at !== 'stopped' && step.at !== 'before-open'),
  });
  const own = (steps: readonly Step[]): readonly string[] =>
    ids(steps).filter((id) => id.includes('custom-'));

  test('have their places around the change of places, and one name confirms the pause', () => {
    const steps = upgradeRunbook(placed);
    expect(own(steps)).toEqual([
      'D.monitor.custom-silence',
      'N.node_1.custom-pause',
      'N.node_1.custom-resume',
      'H.node_1.custom-ready_node_2',
      'H.node_1.custom-ready_node_3',
      'I.node_2.custom-report',
    ]);
    const pause = at(steps, 'N.node_1.custom-pause');
    expect(ids(steps).slice(pause, pause + 4)).toEqual([
      'N.node_1.custom-pause',
      'N.node_1.cut-over',
      'N.node_1.custom-resume',
      'N.monitor.identifier',
    ]);
    const world = behind().world();
    expect(steps[pause] && nameAskedFor(steps[pause], world, 'upgrade')).toBe('pause');
    expect(steps.slice(pause, pause + 4).every(({ leadsOn }) => leadsOn)).toBe(true);
    expect(downtimeSteps(steps).map(({ id }) => id)).toEqual(['N.node_1.custom-pause', 'N.node_1.cut-over']);
  });

  test('what is done before the stop had a paused pooler’s applications wait: it is made ready in front of the pause, and the pause’s card says where it is not fresh', () => {
    const steps = upgradeRunbook(placed);
    const pause = at(steps, 'N.node_1.custom-pause');
    expect(ids(steps)[pause - 1]).toBe('N.node_1.make-ready');
    const made = modelBehind(placed, 'make-ready');
    expect(steps[pause]?.notes(made.world())).toEqual([]);
    made.staleReady();
    expect(steps[pause]?.notes(made.world())).toEqual([expect.stringContaining('not fresh any more')]);
    expect(steps.flatMap((step) => step.notes(behind().world()))).toEqual([]);
  });

  test('what a pause has begun is undone first where nothing is cut back, and else as soon as the old version serves', () => {
    const early = rollbackRunbook(placed, behind().world()).steps;
    expect(own(early)[0]).toBe('R.node_1.custom-pause-again');
    expect(at(early, 'R.node_1.undo-custom-pause')).toBeLessThan(at(early, 'R.node_1.guard'));
    const late = rollbackRunbook(placed, followed().world()).steps;
    expect(at(late, 'Q.node_1.undo-custom-pause')).toBeGreaterThan(at(late, 'Q.node_1.cut-back'));
    expect(at(late, 'Q.node_1.undo-custom-pause')).toBeLessThan(at(late, 'Q.node_1.adopt'));
    expect(own(late).at(-1)).toBe('V.node_1.custom-resume-again');
  });
});

test('every title fits the list', () => {
  const all = [
    ...window,
    ...rollback(followed().world()),
    ...rollback(behind().world()),
    ...cleanupRunbook(facts, followed().world()),
  ];
  expect(all.filter(({ title }) => [...title].length > 32).map(({ title }) => title)).toEqual([]);
});

test('rolled back before the cut-over: nothing stops on the primary, and what follows follows on', () => {
  const steps = rollback(behind().world());
  expect(phasesOf(steps)).toBe('RSTUV');
  expect(steps.filter(({ writes }) => writes !== 'unchanged')).toEqual([]);
  expect(ids(steps)).not.toContain('V.node_1.remove-copies');
  expect(at(steps, 'T.node_1.keeper')).toBeGreaterThan(at(steps, 'S.monitor.start'));
  expect(rollbackVerdict(facts, behind().world()).kind).toBe('safe');
});

test('rolled back behind it: maintenance, then the change of places, then the monitor; and nothing of the method is left', () => {
  const steps = rollback(followed().world());
  expect(phasesOf(steps)).toBe('RQSTUV');
  expect(steps.filter(({ writes }) => writes !== 'unchanged').map(({ id }) => id)).toEqual([
    'Q.node_1.cut-back',
  ]);
  for (const { alias } of secondariesOf(facts))
    expect(at(steps, `R.${alias}.maintenance`)).toBeLessThan(at(steps, 'Q.node_1.cut-back'));
  expect(at(steps, 'Q.node_1.make-ready')).toBe(at(steps, 'Q.node_1.cut-back') - 1);
  expect(at(steps, 'S.monitor.stop')).toBeGreaterThan(at(steps, 'Q.node_1.adopt'));
  expect(at(steps, 'V.node_1.remove-copies')).toBeLessThan(at(steps, 'V.node_1.tidy'));
  expect(steps.every((step) => step.forfeits(followed().world()) === null)).toBe(true);
});

test('before following back has begun, a rollback begins with it', () => {
  const model = behind('cut-over', 'identifier', 'adopt');
  expect(rollbackVerdict(facts, model.world()).says).toContain('a rollback begins by having');
  const steps = rollback(model.world());
  expect(at(steps, 'R.node_1.follow-back')).toBeLessThan(at(steps, 'Q.node_1.cut-back'));
});

test('where the way is lost, the old version comes back without what the new one wrote, and says so', () => {
  const model = followed();
  model.server({ timeline: 2 });
  const steps = rollback(model.world());
  expect(ids(steps)).not.toContain('Q.node_1.cut-back');
  expect(at(steps, 'R.node_1.stop-follower')).toBeLessThan(at(steps, 'R.node_1.stop'));
  const stop = steps[at(steps, 'R.node_1.stop')];
  expect(stop?.forfeits(model.world())?.kind).toBe('writes');
  // behind a switchover the state file says secondary: pg_autoctl knows no way from there
  const state = steps[at(steps, 'T.node_1.state-file')]?.script(model.world());
  expect(state?.kind === 'ready' && state.text).toContain('/saved/pg_autoctl.state');
  expect(at(steps, 'V.node_1.thaw')).toBeLessThan(at(steps, 'V.node_1.tidy'));
});

test('an apply that ends with the same error again and again reads its slot for moments: nothing follows, and the verdict said lossless', () => {
  const model = followed();
  expect(rollbackVerdict(facts, model.world()).kind).toBe('lossless');
  const { back } = model.online;
  if (back === undefined) throw new Error('the old version follows');
  model.online.back = {
    ...back,
    subscriptions: back.subscriptions.map((one) => ({ ...one, worker: false })),
  };
  expect(rollbackVerdict(facts, model.world())).toMatchObject({
    kind: 'loses-new-writes',
    says: expect.stringContaining('does not last'),
  });
});

test('accepted: nothing follows, and the standing says so from then on', () => {
  const model = followed();
  const steps = cleanupRunbook(facts, model.world());
  expect(ids(steps).slice(0, 4)).toEqual([
    'W.node_1.stop-follower',
    'W.node_1.drop-slots',
    'W.node_1.thaw',
    'W.node_1.remove-copies',
  ]);
  const [stop] = steps;
  expect(stop && nameAskedFor(stop, model.world(), 'cleanup')).toBe('irreversible');
  expect(onlineStanding(facts, model.world())).toMatchObject({ stage: 'follows-back' });
  delete model.online.back;
  model.online.units = [];
  model.run('drop-slots');
  model.run('thaw');
  expect(onlineStanding(facts, model.world())).toBeNull();
  expect(rollbackVerdict(facts, model.world()).says).toContain('the upgrade is accepted');
  const followBack = window[at(window, 'O.node_1.follow-back')];
  expect(followBack?.probe(model.world())).toMatchObject({ state: 'done' });
});

test('a slot that is lost is told by status, before anybody asks for the way back', () => {
  const model = followed();
  model.server({ slots: (model.online.server?.slots ?? []).map((one) => ({ ...one, status: 'lost' })) });
  expect(onlineStanding(facts, model.world())).toMatchObject({
    stage: 'not-back',
    says: expect.stringContaining('is lost'),
  });
});
