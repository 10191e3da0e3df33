import { expect, test } from 'vitest';
import { keepWalMegabytes, sizeMegabytes } from '../../source/cluster/config/keep-wal.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import { cleanupRunbook } from '../../source/runbook/cleanup.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { callOffRunbook, prepareRunbook } from '../../source/runbook/online.ts';
import { onlineRollback, onlineUpgrade } from '../../source/runbook/online-window.ts';
import { whyVoid } from '../../source/runbook/steps/online/evidence.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { labCluster } from './clusters.ts';
import { modelFollowedBack, OnlineModel } from './online-model.ts';

/** `upgrade.keepWal`: set before there is a slot, and set back by whatever ends the method. */

const facts = labCluster({ method: 'online', keepWal: '50GB' });
const limits = (steps: readonly Step[]): readonly string[] =>
  steps.map(({ id }) => id).filter((id) => id.includes('wal-limit'));
const found = (steps: readonly Step[], id: string): Step => {
  const step = steps.find((one) => one.id === id);
  if (step === undefined) throw new Error(`there is no ${id}`);
  return step;
};

test('a limit as PostgreSQL takes it, in megabytes', () => {
  expect([keepWalMegabytes('500MB'), keepWalMegabytes('50GB'), keepWalMegabytes('1TB')]).toEqual([
    500, 51_200, 1_048_576,
  ]);
});

test('what a server may have had, in megabytes', () => {
  expect(['10 GB', '1.5GB', '512', '1048576kB', '-1', '', 'x'].map(sizeMegabytes)).toEqual([
    10_240,
    1536,
    512,
    1024,
    -1,
    null,
    null,
  ]);
});

test('it is set before a slot is made, and it is what the server says that tells of it', () => {
  const model = new OnlineModel(facts);
  const steps = prepareRunbook(facts, model.world());
  const ids = steps.map(({ id }) => id);
  expect(ids.indexOf('J.node_1.wal-limit')).toBe(ids.indexOf('J.node_1.slots') - 1);
  const limit = found(steps, 'J.node_1.wal-limit');
  expect(limit.probe(model.world())).toMatchObject({ state: 'pending' });
  // somebody has set it by hand: what was before is not noted
  model.server({ keepMb: 51_200 });
  expect(limit.probe(model.world())).toMatchObject({ state: 'half' });
  model.run('wal-limit');
  expect(limit.probe(model.world())).toMatchObject({ state: 'done' });
  expect(limit.after.every((one) => one.holds(model.world()).holds)).toBe(true);
});

test('whatever ends the method sets it back, before what was noted is removed', () => {
  const model = new OnlineModel(facts);
  for (const step of prepareRunbook(facts, model.world())) model.run(step.id);
  const ending = callOffRunbook(facts, model.world()).map(({ id }) => id);
  expect(ending.indexOf('X.node_1.wal-limit-gone')).toBeLessThan(ending.indexOf('X.node_1.remove-copies'));
  expect(limits(callOffRunbook(facts, model.world()))).toEqual(['X.node_1.wal-limit-gone']);
  model.openWindow();
  // nothing was cut over: the preparation stays, and its limit
  expect(limits(onlineRollback(facts, model.world()))).toEqual([]);
  for (const step of ['cut-over', 'identifier', 'adopt', 'follow-back']) model.run(step);
  expect(limits(onlineRollback(facts, model.world()))).toEqual(['V.node_1.wal-limit-gone']);
  const accepting = cleanupRunbook(facts, model.world());
  expect(limits(accepting)).toEqual(['W.node_1.wal-limit-gone']);
  const gone = found(accepting, 'W.node_1.wal-limit-gone');
  expect(gone.probe(model.world())).toMatchObject({ state: 'pending' });
  model.run('wal-limit-gone');
  expect(gone.probe(model.world())).toMatchObject({ state: 'done' });
});

test('taken out of the cluster file meanwhile it is set back all the same: the host has noted it', () => {
  const model = new OnlineModel(facts);
  for (const step of prepareRunbook(facts, model.world())) model.run(step.id);
  const without = { ...facts, keepWal: null };
  expect(limits(callOffRunbook(without, model.world()))).toEqual(['X.node_1.wal-limit-gone']);
  expect(limits(callOffRunbook(without, new OnlineModel(without).world()))).toEqual([]);
  expect(limits(onlineUpgrade(without))).toEqual([]);
});

test('a secondary is rid of it as soon as its base backup has brought it', () => {
  const model = modelFollowedBack(facts);
  const steps = onlineUpgrade(facts);
  expect(limits(steps)).toEqual(['H.node_2.wal-limit-gone', 'H.node_3.wal-limit-gone']);
  const gone = found(steps, 'H.node_2.wal-limit-gone');
  const world = model.world();
  const node2 = world.hosts.node_2;
  if (node2?.kind !== 'seen') throw new Error('node_2 is seen');
  const rebuilt = (keepMb: number): Observations => ({
    ...world,
    hosts: {
      ...world.hosts,
      node_2: {
        ...node2,
        host: {
          ...node2.host,
          data: model.host.data,
          online: { ...model.online, server: model.online.server && { ...model.online.server, keepMb } },
        },
      },
    },
  });
  expect(gone.probe(world)).toMatchObject({ state: 'pending' });
  expect(gone.probe(rebuilt(51_200))).toMatchObject({ state: 'pending' });
  expect(gone.probe(rebuilt(-1))).toMatchObject({ state: 'done' });
  const script = gone.script(rebuilt(51_200));
  expect(script.kind === 'ready' && script.text).toContain('alter system reset max_slot_wal_keep_size');
});

test('the verdict says why the lossless rollback is lost: more than the limit would have been kept', () => {
  const model = new OnlineModel(facts);
  for (const step of prepareRunbook(facts, model.world())) model.run(step.id);
  const lost = () =>
    model.server({ slots: (model.online.server?.slots ?? []).map((one) => ({ ...one, status: 'lost' })) });
  model.openWindow();
  for (const step of ['cut-over', 'identifier', 'adopt', 'follow-back']) model.run(step);
  lost();
  expect(rollbackVerdict(facts, model.world()).says).toContain(
    'slot pgaf_back_16384 is lost: the WAL that it needs is gone (upgrade.keepWal: 50GB)',
  );
  const before = new OnlineModel(facts);
  for (const step of prepareRunbook(facts, before.world())) before.run(step.id);
  before.server({ slots: (before.online.server?.slots ?? []).map((one) => ({ ...one, status: 'lost' })) });
  expect(whyVoid(facts, before.world())).toContain('is gone (upgrade.keepWal: 50GB)');
});
