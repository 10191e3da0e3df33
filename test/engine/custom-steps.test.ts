import { expect, test } from 'vitest';
import { closedBehindTests, Window } from './harness.ts';

/** Steps of the cluster file, in a console: how they are confirmed, what is true when one fails, and how a rollback undoes them. */

const closed = closedBehindTests();
const pooler = `steps:
  pause: { at: stopping, run: echo PAUSE, undo: echo RESUME }
  smoke: { at: before-open, run: echo smoke }
`;
const window = (config = pooler): Window => closed(new Window(undefined, config)).open();
const confirmedSteps = (night: Window) =>
  night.journal.flatMap((entry) => (entry.kind === 'confirmed' ? [[entry.step, entry.typed]] : []));

test('the pause of a pooler is confirmed with the stop: between them nobody is waited for, and the downtime counts from the pause', async () => {
  const night = window();
  await night.goTo('C.node_1.custom-pause');
  expect(night.view.downtime.kind).toBe('not-started');
  expect(night.engine.confirm('C.node_1.custom-pause')).toEqual({ refused: 'type node_1 to confirm' });
  const waited: string[] = [];
  night.engine.onChange(({ stage }) => {
    if (stage.kind === 'confirm') waited.push(stage.step);
  });
  night.engine.confirm('C.node_1.custom-pause', 'node_1');
  await night.until('the stop', () => night.statusOf('C.node_1.stop') === 'done');
  await night.stage('confirm');
  expect(waited).not.toContain('C.node_1.stop');
  expect(night.view.downtime.kind).toBe('down');
  expect(confirmedSteps(night).slice(-2)).toEqual([
    ['C.node_1.custom-pause', 'node_1'],
    ['C.node_1.stop', 'node_1'],
  ]);
});

test('a pause that fails stops nothing: the stop behind it is not run, and the writes count as down', async () => {
  const night = window();
  await night.goTo('C.node_1.custom-pause');
  night.servers.plans.set('C.node_1.custom-pause', [async () => ({ kind: 'exited', code: 1 })]);
  night.engine.confirm('C.node_1.custom-pause', 'node_1');
  const { failure } = await night.stage('failed');
  expect(failure.exitCode).toBe(1);
  expect(night.statusOf('C.node_1.stop')).toBe('waiting');
  expect(night.view.downtime.kind).toBe('down');
});

test('a stop that a restarted console finds pending behind the pause is asked for by name', async () => {
  const night = window();
  await night.goTo('C.node_1.custom-pause');
  night.servers.plans.set('C.node_1.stop', [async () => ({ kind: 'exited', code: 1 })]);
  night.engine.confirm('C.node_1.custom-pause', 'node_1');
  await night.stage('failed');
  night.kill().again(pooler).open();
  await night.next('C.node_1.checkpoint');
  night.engine.confirm('C.node_1.checkpoint');
  await night.next('C.node_1.stop');
  expect(night.engine.confirm('C.node_1.stop')).toEqual({ refused: 'type node_1 to confirm' });
});

test('a run to the next stop from the pause goes over the stop to what cannot be undone', async () => {
  const night = window();
  await night.goTo('C.node_1.custom-pause');
  night.engine.confirm('C.node_1.custom-pause', 'node_1', 'to-stop');
  await night.next('E.node_1.private-start');
  expect(night.journal.flatMap((entry) => (entry.kind === 'run-on' ? [entry.until] : []))).toEqual([
    'E.node_1.private-start',
  ]);
});
