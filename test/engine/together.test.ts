import { describe, expect, test } from 'vitest';
import type { JobOutcome } from '../../source/remote/host.ts';
import { closedBehindTests, type Window } from './harness.ts';

const window = closedBehindTests();
const exited = (code: number): JobOutcome => ({ kind: 'exited', code });

/** A job that ends when it is told to. */
const held = (night: Window, step: string) => {
  let end: (outcome: JobOutcome) => void = () => undefined;
  const outcome = new Promise<JobOutcome>((resolve) => {
    end = resolve;
  });
  night.servers.plan(step, () => outcome);
  return {
    succeed: () => {
      night.servers.model.run(step);
      end(exited(0));
    },
    fail: () => end(exited(1)),
  };
};
const begun = (night: Window) => night.servers.jobs.map((job) => job.step);
const upgrade = [
  'C.node_2.stop',
  'C.node_3.stop',
  'D.node_1.pg-upgrade',
  'D.node_1.swap',
  'D.node_1.pg-ctl',
  'D.node_1.unit',
  'D.monitor.start',
];

describe('steps that may run at the same time', () => {
  test('are named with the first of them, and one confirmation runs them all, each lane in its order', async () => {
    const night = window();
    await night.goTo('C.node_2.stop');
    expect(await night.stage('confirm')).toEqual({
      kind: 'confirm',
      step: 'C.node_2.stop',
      together: upgrade,
    });
    const before = begun(night).length;
    const pgUpgrade = held(night, 'D.node_1.pg-upgrade');
    const stop = held(night, 'C.node_3.stop');
    expect(night.engine.confirm('C.node_2.stop', undefined, 'together')).toEqual({ accepted: true });
    await night.until('all that need not wait', () => night.statusOf('D.node_1.unit') === 'done');
    expect(begun(night).slice(before).sort()).toEqual(
      ['C.node_2.stop', 'C.node_3.stop', 'D.node_1.pg-ctl', 'D.node_1.pg-upgrade', 'D.node_1.unit'].sort(),
    );
    const stage = await night.stage('running');
    expect([stage.step, ...(stage.beside ?? [])].sort()).toEqual(['C.node_3.stop', 'D.node_1.pg-upgrade']);
    // The new monitor must not meet a pg_autoctl that still runs.
    expect(begun(night)).not.toContain('D.monitor.start');
    stop.succeed();
    await night.until('the monitor', () => night.statusOf('D.monitor.start') === 'done');
    pgUpgrade.succeed();
    await night.next('E.node_1.private-start');
    for (const id of upgrade) expect([id, night.statusOf(id)]).toEqual([id, 'done']);
    expect(new Set(begun(night)).size).toBe(begun(night).length);
  }, 30_000);

  test('can be run one by one as well', async () => {
    const night = window();
    await night.goTo('C.node_2.stop');
    const before = begun(night).length;
    night.engine.confirm('C.node_2.stop');
    await night.next('C.node_3.stop');
    expect(begun(night).slice(before)).toEqual(['C.node_2.stop']);
    expect((await night.stage('confirm')).together).toEqual(upgrade.slice(1));
  }, 30_000);

  test('a single step has nothing beside it', async () => {
    const night = window();
    await night.goTo('C.monitor.stop');
    expect((await night.stage('confirm')).together).toBeUndefined();
    expect(night.engine.confirm('C.monitor.stop', undefined, 'together')).toEqual({
      refused: 'nothing can run beside this step',
    });
  }, 30_000);
});

describe('a failure in one lane', () => {
  test('lets the others finish what they are at; then everything stands, the failed step in view', async () => {
    const night = window();
    await night.goTo('C.node_2.stop');
    const pgUpgrade = held(night, 'D.node_1.pg-upgrade');
    night.servers.plan('C.node_3.stop', () => exited(1));
    night.engine.confirm('C.node_2.stop', undefined, 'together');
    await night.until('the failure', () => night.statusOf('C.node_3.stop') === 'failed');
    expect(night.view.stage.kind).toBe('running');
    pgUpgrade.succeed();
    const stage = await night.stage('failed');
    expect(stage.step).toBe('C.node_3.stop');
    expect(night.statusOf('D.node_1.pg-upgrade')).toBe('done');
    expect(night.statusOf('D.node_1.swap')).toBe('waiting');
    expect(begun(night)).not.toContain('D.node_1.swap');
    expect(begun(night)).not.toContain('D.monitor.start');
    expect(night.view.verdict.kind).toBe('safe');

    night.engine.retry('C.node_3.stop');
    await night.until('the rest', ({ stage: now }) => now.kind === 'confirm');
    const rest = (await night.stage('confirm')).together ?? [];
    expect([rest.at(0), rest.at(-1)]).toEqual(['D.node_1.swap', 'D.monitor.start']);
    night.engine.confirm('D.node_1.swap', undefined, 'together');
    await night.next('E.node_1.private-start');
  }, 30_000);

  test('two failures are decided about one after the other, whatever else waits', async () => {
    const night = window();
    await night.goTo('C.node_2.stop');
    night.servers.plan('C.node_2.stop', () => exited(1));
    night.servers.plan('D.node_1.pg-upgrade', () => exited(1));
    night.engine.confirm('C.node_2.stop', undefined, 'together');
    expect((await night.stage('failed')).step).toBe('C.node_2.stop');
    night.engine.skip('C.node_2.stop', 'the host has burnt');
    await night.until(
      'the other failure',
      ({ stage }) => stage.kind === 'failed' && stage.step === 'D.node_1.pg-upgrade',
    );
    night.engine.retry('D.node_1.pg-upgrade');
    await night.until('the rest', ({ stage }) => stage.kind === 'confirm');
  }, 30_000);

  test('may be the turn to the rollback, from wherever the tracks stand', async () => {
    const night = window();
    await night.goTo('C.node_2.stop');
    night.servers.plan('D.node_1.pg-upgrade', () => exited(1));
    night.engine.confirm('C.node_2.stop', undefined, 'together');
    await night.stage('failed');
    expect(night.engine.turn('rollback')).toEqual({ accepted: true });
    await night.until(
      'the way back',
      ({ direction, stage }) => direction === 'rollback' && stage.kind === 'confirm',
    );
    expect(night.view.verdict.kind).toBe('safe');
  }, 30_000);
});

describe('a console that is killed while several steps run', () => {
  test('finds every one of them again, and starts none twice', async () => {
    const night = window();
    await night.goTo('C.node_2.stop');
    const pgUpgrade = held(night, 'D.node_1.pg-upgrade');
    const stop = held(night, 'C.node_3.stop');
    night.engine.confirm('C.node_2.stop', undefined, 'together');
    await night.until(
      'the others',
      () => night.statusOf('D.node_1.unit') === 'done' && night.statusOf('C.node_2.stop') === 'done',
    );
    night.kill().again().open();
    await night.until(
      'both',
      () =>
        night.statusOf('D.node_1.pg-upgrade') === 'running' && night.statusOf('C.node_3.stop') === 'running',
    );
    pgUpgrade.succeed();
    await night.until('one', () => night.statusOf('D.node_1.pg-upgrade') === 'done');
    expect(night.view.stage.kind).toBe('running');
    stop.succeed();
    await night.next('D.node_1.swap');
    const started = night.servers.jobs.filter((job) => !job.attached).map((job) => job.step);
    expect(new Set(started).size).toBe(started.length);
  }, 30_000);
});

test('the step that was cancelled is the one that was named, of several that run', async () => {
  const night = window();
  await night.goTo('C.node_2.stop');
  const pgUpgrade = held(night, 'D.node_1.pg-upgrade');
  const stop = held(night, 'C.node_3.stop');
  night.servers.onEnd = () => pgUpgrade.fail();
  night.engine.confirm('C.node_2.stop', undefined, 'together');
  await night.until('the others', () => night.statusOf('D.node_1.unit') === 'done');
  expect(night.engine.terminateStep('D.node_1.pg-upgrade', 'node_3')).toEqual({
    refused: 'type node_1 to terminate it',
  });
  expect(night.engine.terminateStep('D.node_1.pg-upgrade', 'node_1')).toEqual({ accepted: true });
  await night.until('its end', () => night.statusOf('D.node_1.pg-upgrade') === 'failed');
  expect(night.statusOf('C.node_3.stop')).toBe('running');
  stop.succeed();
  expect((await night.stage('failed')).step).toBe('D.node_1.pg-upgrade');
}, 30_000);
