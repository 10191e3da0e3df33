import { describe, expect, test } from 'vitest';
import type { JobOutcome } from '../../source/remote/host.ts';
import { closedBehindTests, type Window } from './harness.ts';

const window = closedBehindTests();
const exited = (code: number): JobOutcome => ({ kind: 'exited', code });
const begun = (night: Window) => night.servers.jobs.map((job) => job.step);
const entries = (night: Window, kind: string) => night.journal.filter((entry) => entry.kind === kind);
/** Every step with which it waited for somebody, after the one with which it waits now. */
const waits = (night: Window): readonly string[] => {
  const seen: string[] = [];
  const { stage: now } = night.view;
  let last = 'step' in now ? now.step : '';
  night.engine.onChange(({ stage }) => {
    if ((stage.kind !== 'confirm' && stage.kind !== 'failed') || last === stage.step) return;
    last = stage.step;
    seen.push(stage.step);
  });
  return seen;
};

describe('run to the next stop', () => {
  test('wants the host’s name, whatever the step is', async () => {
    const night = window();
    await night.stage('confirm');
    for (const typed of [undefined, '', 'node_1', 'Monitor'])
      expect(night.engine.confirm('A.monitor.save', typed, 'to-stop')).toEqual({
        refused: 'type monitor to confirm',
      });
    expect(begun(night)).toEqual([]);
  });

  test('from the stop of the primary it runs groups as groups, and stops before what cannot be undone', async () => {
    const night = window();
    await night.goTo('C.node_1.stop');
    const waited = waits(night);
    expect(night.engine.confirm('C.node_1.stop', 'node_1', 'to-stop')).toEqual({ accepted: true });
    await night.until('it runs on', (view) => view.runsOn !== null);
    await night.next('E.node_1.private-start');
    expect(waited).toEqual(['E.node_1.private-start']);
    expect(night.view.runsOn).toBeNull();
    expect(night.view.notices.at(-1)?.text).toContain('it cannot be undone');
    expect(entries(night, 'run-on')).toEqual([
      expect.objectContaining({
        step: 'C.node_1.stop',
        typed: 'node_1',
        operator: 'tess@bastion',
        until: 'E.node_1.private-start',
      }),
    ]);
    expect(entries(night, 'run-on-ended')).toEqual([
      expect.objectContaining({ before: 'E.node_1.private-start' }),
    ]);
    // Typed once, for the step that was confirmed; what ran behind it was not.
    expect(
      entries(night, 'confirmed')
        .flatMap((entry) => (entry.typed === null ? [] : [[entry.step, entry.typed]]))
        .at(-1),
    ).toEqual(['C.node_1.stop', 'node_1']);
  }, 30_000);

  test('from what cannot be undone to the opening, from the opening to the end, each typed by itself', async () => {
    const night = window();
    await night.goTo('E.node_1.private-start');
    const waited = waits(night);
    night.engine.confirm('E.node_1.private-start', 'node_1', 'to-stop');
    await night.next('G.node_1.start');
    expect(waited).toEqual(['G.node_1.start']);
    expect(night.view.notices.at(-1)?.text).toContain('applications write again');
    for (const typed of [undefined, 'node_2'])
      expect(night.engine.confirm('G.node_1.start', typed)).toEqual({ refused: 'type node_1 to confirm' });
    night.engine.confirm('G.node_1.start', 'node_1', 'to-stop');
    await night.stage('finished');
    expect(waited).toEqual(['G.node_1.start']);
    // As with --yes: practice is for somebody who watches it.
    expect(night.statusOf('I.monitor.switchover')).toBe('skipped');
    expect(night.view.runsOn).toBeNull();
  }, 60_000);

  test('from the first step it stops before the downtime, which is typed by itself', async () => {
    const night = window();
    await night.stage('confirm');
    const waited = waits(night);
    for (let from = 'A.monitor.save'; from !== 'C.node_1.stop'; ) {
      const host = night.view.steps.find(({ id }) => id === from)?.host;
      expect(night.engine.confirm(from, host, 'to-stop')).toEqual({ accepted: true });
      await night.until('the next stop', ({ stage }) => stage.kind === 'confirm' && stage.step !== from);
      from = (await night.stage('confirm')).step;
    }
    expect(begun(night)).not.toContain('C.node_1.stop');
    for (const step of waited.slice(0, -1)) {
      const ended = entries(night, 'run-on-ended').find((entry) => entry.before === step);
      expect([step, String(ended?.why)]).toEqual([step, expect.stringContaining('warning')]);
    }
  }, 60_000);

  test('a failure stops it, in view; behind it every step is asked for again', async () => {
    const night = window();
    await night.goTo('C.node_1.stop');
    night.servers.plan('D.node_1.pg-upgrade', () => exited(1));
    night.engine.confirm('C.node_1.stop', 'node_1', 'to-stop');
    expect((await night.stage('failed')).step).toBe('D.node_1.pg-upgrade');
    expect(night.view.runsOn).toBeNull();
    night.engine.retry('D.node_1.pg-upgrade');
    await night.until('a card', ({ stage }) => stage.kind === 'confirm');
    expect(entries(night, 'run-on-ended')).toEqual([
      expect.objectContaining({ before: 'D.node_1.pg-upgrade', why: 'it has failed' }),
    ]);
  }, 30_000);

  test('the operator ends it: what runs comes to its end, and the next step is asked for', async () => {
    const night = window();
    expect(night.engine.stopRunningOn()).toHaveProperty('refused');
    await night.goTo('C.node_1.stop');
    night.servers.plan('C.node_1.stop', async () => {
      night.servers.model.run('C.node_1.stop');
      expect(night.engine.stopRunningOn()).toEqual({ accepted: true });
      expect(night.view.runsOn).toEqual({ ending: true });
      return exited(0);
    });
    night.engine.confirm('C.node_1.stop', 'node_1', 'to-stop');
    await night.next('C.node_2.stop');
    expect(night.view.runsOn).toBeNull();
    expect(begun(night).at(-1)).toBe('C.node_1.stop');
  }, 30_000);

  test('an optional step is no part of it: it is run or skipped by itself', async () => {
    const night = window();
    await night.goTo('I.monitor.switchover');
    expect(night.engine.confirm('I.monitor.switchover', 'monitor', 'to-stop')).toHaveProperty('refused');
    expect(begun(night)).not.toContain('I.monitor.switchover');
  }, 60_000);

  test('a warning that came before the operator ended it stops the next run to the next stop', async () => {
    const night = window();
    await night.stage('confirm');
    night.engine.confirm('A.monitor.save', 'monitor', 'to-stop');
    await night.until('checks run', () => begun(night).includes('A.node_1.checks'));
    night.engine.stopRunningOn();
    const { step } = await night.stage('confirm');
    const ended = () => entries(night, 'run-on-ended').map(({ why }) => String(why));
    expect(ended()).toEqual(['you have ended it']);
    const host = night.view.steps.find(({ id }) => id === step)?.host;
    expect(night.engine.confirm(step, host, 'to-stop')).toEqual({ accepted: true });
    await night.until('the next stop', () => ended().length === 2);
    expect(ended().at(-1)).toContain('warning');
  }, 60_000);

  test('ended in the middle of a group: each track finishes the step that it is at', async () => {
    const night = window();
    await night.goTo('C.node_2.stop');
    night.servers.plan('D.node_1.pg-upgrade', async () => {
      night.servers.model.run('D.node_1.pg-upgrade');
      night.engine.stopRunningOn();
      return exited(0);
    });
    night.engine.confirm('C.node_2.stop', 'node_2', 'to-stop');
    await night.until(
      'the next card',
      ({ stage }) => stage.kind === 'confirm' && stage.step !== 'C.node_2.stop',
    );
    expect(night.statusOf('D.node_1.pg-upgrade')).toBe('done');
    expect(begun(night)).not.toContain('D.node_1.swap');
    expect(begun(night)).not.toContain('D.monitor.start');
  }, 30_000);
});

describe('a rollback', () => {
  test('runs on to its end with one name, and stops before the stop that gives up what was written', async () => {
    const night = window();
    await night.goTo('E.node_1.verify');
    expect(night.engine.turn('rollback')).toEqual({ accepted: true });
    const first = (
      await night.until(
        'the rollback',
        ({ stage }) => stage.kind === 'confirm' && stage.step.startsWith('R.'),
      )
    ).stage;
    if (first.kind !== 'confirm') throw new Error(first.kind);
    const host = night.view.steps.find(({ id }) => id === first.step)?.host;
    const waited = waits(night);
    expect(night.engine.confirm(first.step, host, 'to-stop')).toEqual({ accepted: true });
    await night.stage('finished');
    expect(waited).toEqual([]);
  }, 60_000);
});
