import { afterEach, describe, expect, test } from 'vitest';
import { connector } from '../../source/discover/connector.ts';
import { statusText } from '../../source/plain/status-report.ts';
import { readStatus } from '../../source/usecases/status/status.ts';
import { farewell } from '../../source/wording/farewell.ts';
import { good } from '../cluster/recorded.ts';
import { labCluster } from '../runbook/clusters.ts';
import { labConfig, Window } from './harness.ts';

let open: Window | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});
const window = (): Window => {
  open = new Window(labCluster());
  open.open();
  return open;
};
/** The console is gone; node_3’s host is off when the next one starts. */
const without = (
  night: Window,
  seat: Parameters<Window['again']>[1] = {},
  away: readonly string[] = ['node_3'],
): Window => {
  night.kill();
  night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
  for (const alias of away) {
    night.servers.off.add(alias);
    night.servers.model.unreachable.add(alias);
  }
  return night.again('', seat).open();
};
const notices = (night: Window): string => night.view.notices.map(({ text }) => text).join('\n');

test('a console starts without a secondary that is off, and goes on with all that is not its own; then its steps wait', async () => {
  const night = window();
  await night.goTo('C.node_2.stop');
  without(night);
  await night.goTo('E.node_1.private-start');
  expect(notices(night)).toMatch(
    /node_3 has not answered since \d\d:\d\d:\d\d \S+: the run goes on without it/,
  );
  expect(night.statusOf('C.node_3.stop')).toBe('waiting');
}, 60_000);

test('before the application’s writes are stopped somebody is asked; skipped, the run goes on without it', async () => {
  const night = window();
  await night.goTo('C.monitor.stop');
  without(night);
  const { failure, step } = await night.stage('failed');
  expect(failure.silent).toEqual({ host: 'node_3', waits: false });
  expect(failure.problem.what).toMatch(/the application still writes/);
  expect(failure.problem.remedy).toMatch(/skip: the run goes on without it.*pgaf-upgrade rollback/);
  night.engine.skip(step, 'its hardware is gone');
  await night.until('the next step', ({ stage }) => stage.kind === 'confirm');
  await night.goTo('C.node_2.stop');
  expect(night.journalText).toContain('"kind":"without"');
}, 60_000);

test('two that are off are both named when the console is left', async () => {
  const night = window();
  await night.goTo('C.monitor.stop');
  without(night, {}, ['node_2', 'node_3']);
  const { failure } = await night.stage('failed');
  expect(failure.silent).toEqual({ host: 'node_2', others: ['node_3'], waits: false });
  expect(farewell(night.view)).toContain('node_2 and node_3 do not answer');
}, 60_000);

test('everything else done, what waits for it is said so, and skipping ends it: every node but that one', async () => {
  const night = window();
  await night.goTo('H.node_2.aside');
  without(night);
  for (;;) {
    const { stage } = await night.until('a decision', ({ stage: now }) =>
      ['confirm', 'failed', 'finished'].includes(now.kind),
    );
    if (stage.kind === 'confirm') {
      const optional = night.view.steps.find(({ id }) => id === stage.step)?.optional === true;
      if (optional) night.engine.skip(stage.step, '');
      else night.engine.confirm(stage.step, night.view.steps.find(({ id }) => id === stage.step)?.host);
      await night.until('the next', ({ stage: now }) => now !== stage);
      continue;
    }
    if (stage.kind !== 'failed') throw new Error(stage.kind);
    expect(stage.failure.silent).toEqual({ host: 'node_3', waits: true });
    expect(stage.failure.problem.what).toMatch(/steps wait for it, everything else is done/);
    night.engine.skip(stage.step, 'it will be made anew');
    break;
  }
  const { says } = await night.stage('finished');
  expect(says).toMatch(/every node but node_3, which does not answer, runs PostgreSQL 17/);
}, 90_000);

test('a step whose script is made from another host waits while that host reboots, instead of failing', async () => {
  const night = window();
  await night.goTo('H.node_2.state-file');
  night.servers.model.unreachable.add('node_1');
  night.engine.confirm('H.node_2.state-file');
  const waitsForIdentifier = /its script can be made \(now: without the new system identifier/;
  await night.until('it waits', ({ steps }) =>
    steps.some(
      ({ id, status }) =>
        id === 'H.node_2.state-file' &&
        status.kind === 'settling' &&
        waitsForIdentifier.test(status.waitingFor),
    ),
  );
  night.servers.model.unreachable.delete('node_1');
  await night.next('H.node_2.start');
  expect(night.journalText).not.toContain('"kind":"failed"');
}, 60_000);

test('a signal while the servers are waited for is no failure', async () => {
  const night = window();
  await night.goTo('C.node_1.stop');
  night.servers.plan('C.node_1.stop', () => ({ kind: 'exited', code: 0 }));
  night.engine.confirm('C.node_1.stop', 'node_1');
  await night.until('settling', () => night.statusOf('C.node_1.stop') === 'settling');
  await night.engine.close('SIGTERM');
  await night.done;
  expect(night.view.stage.kind).not.toBe('failed');
  expect(night.journalText).not.toContain('"kind":"failed"');
}, 60_000);

test('without a record a host that is off keeps the window from beginning', async () => {
  const night = new Window(labCluster());
  open = night;
  night.servers.off.add('node_3');
  night.open();
  const { problem } = await night.stage('stopped');
  expect(problem.what).toMatch(/node_3 did not answer/);
}, 30_000);

test('a command that fails as its host goes down: the host’s absence is what is said, and the run can go on without it', async () => {
  const night = window();
  await night.goTo('C.node_3.stop');
  night.servers.plan('C.node_3.stop', () => {
    night.servers.off.add('node_3');
    night.servers.model.unreachable.add('node_3');
    return { kind: 'exited', code: 1 };
  });
  night.engine.confirm('C.node_3.stop');
  const { failure, step } = await night.stage('failed');
  expect(failure.silent).toEqual({ host: 'node_3', waits: false });
  expect(failure.problem.what).toMatch(/exit code 1.*because node_3 has not answered since/);
  night.engine.skip(step, 'its hardware is gone');
  await night.until('the next step', ({ stage }) => stage.kind === 'confirm');
  await night.goTo('E.node_1.private-start');
  expect(night.statusOf('C.node_3.stop')).toBe('waiting');
}, 60_000);

describe('a rollback while the monitor does not start', () => {
  const turned = async (seat: Parameters<Window['again']>[1] = {}): Promise<Window> => {
    const night = window();
    await night.goTo('D.node_1.swap');
    night.kill();
    night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
    night.again('', { direction: 'rollback', ...seat }).open();
    await night.goTo('S.monitor.start');
    night.servers.plan('S.monitor.start', () => ({ kind: 'exited', code: 1 }));
    night.engine.confirm('S.monitor.start');
    await night.until('its end', ({ stage }) => stage.kind !== 'confirm' || stage.step !== 'S.monitor.start');
    return night;
  };

  test('by --yes it goes on without it at once: the application can write, all else waits', async () => {
    const night = await turned({ unattended: true });
    await night.goTo('T.node_1.serve');
    night.engine.confirm('T.node_1.serve');
    const { failure } = await night.stage('failed');
    expect(failure.silent).toEqual({ host: 'monitor', waits: true });
    expect(failure.problem.what).toMatch(/the monitor is not back: \d+ steps wait for it/);
    expect(night.servers.model.host('node_1').server?.version).toMatch(/^15\./);
    expect(night.journalText).toContain('"kind":"without","host":"monitor"');
    expect(notices(night)).toMatch(
      /PostgreSQL is started without the monitor, and its steps wait: the monitor does not start/,
    );
  }, 60_000);

  test('a person is offered it, and decides by skip', async () => {
    const night = await turned();
    const { failure, step } = await night.stage('failed');
    expect(failure.problem.remedy).toMatch(/Or skip: PostgreSQL is then started without pg_autoctl/);
    night.engine.skip(step, 'its disk is gone');
    await night.until('the next step', ({ stage }) => stage.kind === 'confirm');
    await night.goTo('T.node_1.serve');
  }, 60_000);
});

test('since when a host gives no answer is told by the journal of the consoles before', async () => {
  const night = window();
  await night.goTo('C.node_2.stop');
  const before = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  without(night, { unattended: true });
  await night.until('a notice', () => /node_3 has not answered since/.test(notices(night)));
  const [, clock = ''] = /node_3 has not answered since (\d\d:\d\d:\d\d) \S+/.exec(notices(night)) ?? [];
  expect(clock <= new Date(before).toISOString().slice(11, 19)).toBe(true);
}, 60_000);

test('a rollback that hosts without an answer keep from being made out begins nothing, and says what to do', async () => {
  const night = window();
  await night.goTo('C.node_1.stop');
  night.kill();
  night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
  night.servers.off.add('node_1');
  night.servers.model.unreachable.add('node_1');
  night.again('', { direction: 'rollback', unattended: true }).open();
  const { problem } = await night.stage('stopped');
  expect(problem.what).toMatch(/node_1 has not answered since .*no secondary holds a copy/);
  expect(problem.remedy).toMatch(/Bring node_1 back.*pg_ctl promote.*keep node_1 off/);
}, 60_000);

test('without the monitor’s host nothing begins; status tells from the journal and the nodes', async () => {
  const night = window();
  await night.goTo('C.node_2.stop');
  night.kill();
  night.servers.off.add('monitor');
  night.servers.model.unreachable.add('monitor');
  night.again().open();
  const { problem } = await night.stage('stopped');
  expect(problem.remedy).toMatch(/Without the monitor’s host nothing is begun, gone on with or rolled back/);
  const ask = connector(labConfig(), night.servers.connect, async () => ({ kind: 'no' }));
  const seen = good(await readStatus(labConfig(), ask, () => undefined, night.home));
  const text = statusText('lab', seen, 'cluster.yaml');
  expect(text).toMatch(/^monitor .*not seen: /m);
  expect(text).toMatch(/By the journal here: .* done: C\.node_1\.stop/);
  expect(text).toMatch(/WRITES DOWN/);
  expect(text).toMatch(/what is next cannot be told until monitor answers/);
}, 60_000);
