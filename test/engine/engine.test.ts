import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { problem } from '../../source/cluster/result.ts';
import type { JobOutcome } from '../../source/remote/host.ts';
import { password } from './answers.ts';
import { closedBehindTests, Window } from './harness.ts';

const window = closedBehindTests();
afterEach(async () => {
  vi.useRealTimers();
});
const exited = (code: number): JobOutcome => ({ kind: 'exited', code });
const lost: JobOutcome = {
  kind: 'unknown',
  problem: { what: 'the outcome is unknown: the host was rebooted', remedy: 'look at the servers' },
};

describe('a window from the first step to the last', () => {
  test('every step is confirmed, run once and found done; writes stop and come back', async () => {
    const night = window();
    await night.goTo('I.monitor.switchover');
    expect(night.view.steps.filter((step) => step.status.kind !== 'done').map((step) => step.id)).toEqual([
      'I.monitor.switchover',
      'I.monitor.switch-back',
    ]);
    expect(night.view.downtime.kind).toBe('over');
    expect(night.view.verdict.kind).toBe('loses-new-writes');
    expect(night.engine.skip('I.monitor.switchover', '')).toEqual({ accepted: true });
    await night.next('I.monitor.switch-back');
    expect(night.engine.skip('I.monitor.switch-back', '')).toEqual({ accepted: true });
    expect((await night.stage('finished')).says).toBe('every node runs PostgreSQL 17.12');
    const ids = night.servers.jobs.map((job) => job.step);
    expect(new Set(ids).size).toBe(ids.length);
    expect(night.servers.jobs.every((job) => !job.attached)).toBe(true);
  }, 60_000);

  test('the script that was shown is the script that runs, byte for byte, as the user that was shown', async () => {
    const night = window();
    await night.next('A.monitor.save');
    const shown = night.view.steps.find((step) => step.id === 'A.monitor.save');
    night.engine.confirm('A.monitor.save');
    await night.next('A.node_1.save');
    expect(night.servers.jobs).toEqual([
      expect.objectContaining({ step: 'A.monitor.save', script: shown?.script, as: shown?.as }),
    ]);
  });

  test('the monitor is missed as planned while it is stopped, and not afterwards', async () => {
    const night = window();
    await night.goTo('C.monitor.stop');
    expect(night.view.monitor.plannedDown).toBeNull();
    await night.goTo('D.node_1.pg-upgrade');
    const { plannedDown } = night.view.monitor;
    expect(plannedDown?.title).toBe('Start monitor on 17');
    expect(night.view.steps[(plannedDown?.number ?? 0) - 1]?.id).toBe('D.monitor.start');
    await night.goTo('F.monitor.identifier');
    expect(night.view.monitor.plannedDown).toBeNull();
  }, 30_000);
});

describe('a confirmation', () => {
  test('of another step than the one that is up is refused, and runs nothing', async () => {
    const night = window();
    await night.next('A.monitor.save');
    expect(night.engine.confirm('C.node_1.stop', 'node_1')).toEqual({ refused: 'it is another step’s turn' });
    expect(night.engine.retry('A.monitor.save')).toEqual({ refused: 'this step has not failed' });
    expect(night.servers.jobs).toEqual([]);
  });

  test('at the point of no return wants the host’s name, in full', async () => {
    const night = window();
    await night.goTo('E.node_1.private-start');
    const started = night.servers.jobs.length;
    for (const typed of [undefined, '', 'node', 'NODE_1', 'node_1 ', 'y'])
      expect(night.engine.confirm('E.node_1.private-start', typed)).toEqual({
        refused: 'type node_1 to confirm',
      });
    expect(night.servers.jobs.length).toBe(started);
    expect(night.engine.confirm('E.node_1.private-start', 'node_1')).toEqual({ accepted: true });
    await night.next('E.node_1.verify');
    expect(night.journal).toContainEqual(
      expect.objectContaining({ kind: 'confirmed', step: 'E.node_1.private-start', typed: 'node_1' }),
    );
  }, 30_000);

  test('pressed twice counts once', async () => {
    const night = window();
    await night.next('A.monitor.save');
    expect(night.engine.confirm('A.monitor.save')).toEqual({ accepted: true });
    expect(night.engine.confirm('A.monitor.save')).toHaveProperty('refused');
    await night.next('A.node_1.save');
    expect(night.servers.jobs.length).toBe(1);
  });

  test('runs nothing while what must hold before does not, and says what was found', async () => {
    const night = window();
    await night.goTo('C.monitor.stop');
    const ran = night.servers.jobs.length;
    night.servers.model.row('node_3', 'maintenance', 'catchingup');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    night.engine.confirm('C.monitor.stop');
    await vi.advanceTimersByTimeAsync(16_000);
    const { failure } = await night.stage('failed');
    expect(failure.problem.what).toContain('not run, because its preconditions are not met');
    expect(failure.unmet).toContainEqual({
      says: 'every secondary is in maintenance, so that stopping the primary starts no failover',
      found: 'node_3 is maintenance → catchingup',
    });
    expect(failure.exitCode).toBeNull();
    expect(night.servers.jobs.length).toBe(ran);
    expect(night.view.downtime.kind).toBe('not-started');
  }, 45_000);
});

describe('a step that fails', () => {
  test('shows its exit code, its last lines and the files that hold the cause; a retry is a new job', async () => {
    const night = window();
    await night.goTo('D.node_1.pg-upgrade');
    night.servers.plan('D.node_1.pg-upgrade', (job) => {
      job.print('Restoring database schemas in the new cluster\n\u001b[31m*failure*\u001b[0m\n');
      job.print(
        'Consult the last few lines of "/x/out put/pg_upgrade_dump_5.log" for\nthe probable cause of the failure.\nFailure, exiting\n',
      );
      return exited(1);
    });
    night.engine.confirm('D.node_1.pg-upgrade');
    const { failure } = await night.stage('failed');
    expect(failure.exitCode).toBe(1);
    expect(failure.lastLines).toContain('*failure*');
    expect(failure.causes[0]).toEqual({
      path: '/x/out put/pg_upgrade_dump_5.log',
      lines: ['ERROR: relation is missing'],
    });
    expect(
      night.servers.fetched.some((script) =>
        script.includes("tail -n 30 '/x/out put/pg_upgrade_dump_5.log'"),
      ),
    ).toBe(true);
    expect(night.engine.confirm('D.node_1.pg-upgrade')).toEqual({
      refused: 'a step has failed: retry it, skip it, or mark it as done',
    });
    expect(night.engine.retry('D.node_1.pg-upgrade')).toEqual({ accepted: true });
    await night.next('D.node_1.swap');
    const jobs = night.servers.jobs.filter((job) => job.step === 'D.node_1.pg-upgrade');
    expect(jobs.map((job) => [job.id.split('.').at(-1), job.attached])).toEqual([
      ['1', false],
      ['2', false],
    ]);
  }, 30_000);

  test('causes that cannot be read do not hide the failure', async () => {
    const night = window();
    night.servers.causes = '';
    await night.goTo('D.node_1.pg-upgrade');
    night.servers.plan('D.node_1.pg-upgrade', () => exited(137));
    night.engine.confirm('D.node_1.pg-upgrade');
    const { failure } = await night.stage('failed');
    expect([failure.exitCode, failure.causes]).toEqual([137, []]);
  }, 30_000);

  test('is skipped only with a reason, which the journal keeps with what the servers said', async () => {
    const night = window();
    await night.next('A.monitor.save');
    for (const reason of ['', '   ', '\n'])
      expect(night.engine.skip('A.monitor.save', reason)).toEqual({
        refused: 'type why this step is skipped',
      });
    expect(night.engine.skip('A.monitor.save', ' saved by hand ')).toEqual({ accepted: true });
    await night.next('A.node_1.save');
    expect(night.journal).toContainEqual(
      expect.objectContaining({
        kind: 'skipped',
        step: 'A.monitor.save',
        reason: 'saved by hand',
        probe: expect.objectContaining({ state: 'pending' }),
      }),
    );
    expect(night.servers.jobs).toEqual([]);
  });

  test('done by hand is believed when the servers show it, and not before', async () => {
    const night = window();
    await night.goTo('D.node_1.swap');
    expect(night.engine.probeAgain('D.node_1.swap')).toEqual({ accepted: true });
    await vi.waitFor(() => {
      expect(night.engine.view.notices.at(-1)?.text).toMatch(
        /^node_1: “Swap data directories” is not done yet: /,
      );
    });
    // Nothing was run, so nothing has failed: it waits as before.
    await night.next('D.node_1.swap');
    expect(night.engine.view.steps.some(({ status }) => status.kind === 'failed')).toBe(false);
    night.servers.model.run('D.node_1.swap');
    expect(night.engine.probeAgain('D.node_1.swap')).toEqual({ accepted: true });
    await night.next('D.node_1.pg-ctl');
    expect(night.journal).toContainEqual(
      expect.objectContaining({ kind: 'done', step: 'D.node_1.swap', by: 'hand' }),
    );
    expect(night.servers.jobs.some((job) => job.step === 'D.node_1.swap')).toBe(false);
  }, 30_000);

  test('whose command ends well and changes nothing has failed, with what is missing', async () => {
    const night = window();
    await night.goTo('D.node_1.pg-ctl');
    night.servers.plan('D.node_1.pg-ctl', () => exited(0));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    night.engine.confirm('D.node_1.pg-ctl');
    await vi.advanceTimersByTimeAsync(31_000);
    const { failure } = await night.stage('failed');
    expect(failure.exitCode).toBe(0);
    expect(failure.unmet).toEqual([
      {
        says: 'postgresql.pg_ctl is /opt/vmware/postgres/17/bin/pg_ctl',
        found: 'it is /opt/vmware/postgres/15/bin/pg_ctl',
      },
    ]);
    expect(night.journal.at(-1)).toMatchObject({
      kind: 'failed',
      step: 'D.node_1.pg-ctl',
      probe: { state: 'pending' },
    });
  }, 30_000);

  test('is waited for while the servers take their time to show it', async () => {
    const night = window();
    await night.goTo('D.node_1.pg-ctl');
    night.servers.plan('D.node_1.pg-ctl', () => exited(0));
    night.engine.confirm('D.node_1.pg-ctl');
    await night.until('settling', () => night.statusOf('D.node_1.pg-ctl') === 'settling');
    night.servers.model.run('D.node_1.pg-ctl');
    await night.next('D.node_1.unit');
    expect(night.statusOf('D.node_1.pg-ctl')).toBe('done');
  }, 30_000);
});

describe('an end that nobody knows', () => {
  test('is never taken for a failure or a success: a retry follows the same job', async () => {
    const night = window();
    await night.goTo('D.node_1.pg-upgrade');
    night.servers.plan(
      'D.node_1.pg-upgrade',
      (job) => {
        job.print('Performing Consistency Checks\n');
        return lost;
      },
      (job) => {
        night.servers.model.run(job.step);
        return exited(0);
      },
    );
    night.engine.confirm('D.node_1.pg-upgrade');
    const { failure } = await night.stage('failed');
    expect([failure.exitCode, failure.problem.what]).toEqual([
      null,
      'the outcome is unknown: the host was rebooted',
    ]);
    night.engine.retry('D.node_1.pg-upgrade');
    await night.next('D.node_1.swap');
    const jobs = night.servers.jobs.filter((job) => job.step === 'D.node_1.pg-upgrade');
    expect(new Set(jobs.map((job) => job.id)).size).toBe(1);
    expect(jobs.map((job) => job.attached)).toEqual([false, true]);
  }, 30_000);

  test('a job that had printed nothing was started a second time while the first still ran', async () => {
    const night = window();
    await night.goTo('C.node_1.stop');
    night.servers.plan(
      'C.node_1.stop',
      () => lost,
      (job) => {
        night.servers.model.run(job.step);
        return exited(0);
      },
    );
    night.engine.confirm('C.node_1.stop', 'node_1');
    await night.stage('failed');
    night.engine.retry('C.node_1.stop', 'node_1');
    await night.next('C.node_2.stop');
    const jobs = night.servers.jobs.filter((job) => job.step === 'C.node_1.stop');
    expect(jobs.map((job) => job.attached)).toEqual([false, true]);
  }, 30_000);

  test('a job that provably never started is tried under a new name', async () => {
    const night = window();
    await night.next('A.monitor.save');
    night.servers.plan('A.monitor.save', () => ({ ...lost, neverStarted: true }));
    night.engine.confirm('A.monitor.save');
    await night.stage('failed');
    night.engine.retry('A.monitor.save');
    await night.next('A.node_1.save');
    expect(night.servers.jobs.map((job) => [job.id.split('.').at(-1), job.attached])).toEqual([
      ['1', false],
      ['2', false],
    ]);
  });
});

test('a step that runs again after a turn back and forth is a new job, not the old one’s exit code', async () => {
  const night = window();
  await night.goTo('A.node_1.save');
  expect(night.engine.turn('rollback')).toEqual({ accepted: true });
  await night.until('the end of the way back', ({ stage }) => stage.kind === 'finished');
  night.servers.model.host('monitor').markers = [];
  expect(night.engine.turn('upgrade')).toEqual({ accepted: true });
  await night.until('the turn', ({ direction }) => direction === 'upgrade');
  await night.goTo('A.node_1.save');
  expect(night.servers.jobs.map((job) => [job.step, job.attached])).toEqual([
    ['A.monitor.save', false],
    ['A.monitor.save', false],
  ]);
});

describe('leaving and coming back', () => {
  test('in the middle of a job: the journal says what was running, the hosts are let go, start() returns', async () => {
    const night = window();
    await night.next('A.monitor.save');
    let started: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      started = resolve;
    });
    night.servers.plan('A.monitor.save', () => {
      started();
      return new Promise<JobOutcome>(() => undefined);
    });
    night.engine.confirm('A.monitor.save');
    await begun;
    await night.engine.close();
    await night.done;
    expect(night.journal).toContainEqual(
      expect.objectContaining({ kind: 'left', running: 'A.monitor.save' }),
    );
    expect([...night.servers.closed].sort()).toEqual(['monitor', 'node_1', 'node_2', 'node_3']);
    // The job goes on there: its end is not known here, and nothing says otherwise.
    const after = night.journal.slice(night.journal.findIndex((entry) => entry.kind === 'left'));
    expect(after.filter((entry) => entry.kind === 'done' || (entry.exitCode ?? null) !== null)).toEqual([]);
    await night.engine.close();
    expect(night.servers.closed.length).toBe(4);
  });

  test('a new console finds its place from the servers and the record, with nothing of its own', async () => {
    const night = window();
    await night.goTo('D.node_1.swap');
    await night.engine.close();
    await night.done;
    night.servers.record = JSON.stringify({ ...night.servers.facts, run: night.servers.model.runName });
    const jobs = night.servers.jobs.length;
    night.again().open();
    await night.next('D.node_1.swap');
    expect(night.servers.jobs.length).toBe(jobs);
    expect(night.statusOf('C.node_1.stop')).toBe('done');
    expect(night.view.notices.map((notice) => notice.text)).toContainEqual(
      expect.stringContaining('taken from the cluster record'),
    );
  }, 30_000);
});

describe('the journal', () => {
  test('is this user’s alone, one line of JSON an event, confirmed before it runs and ended after', async () => {
    const night = window();
    await night.next('A.monitor.save');
    const [directory = ''] = night.runDirectories;
    expect(night.view.runDirectory).toBe(directory);
    expect((statSync(directory).mode & 0o777).toString(8)).toBe('700');
    expect((statSync(join(directory, 'output')).mode & 0o777).toString(8)).toBe('700');
    expect((statSync(join(directory, 'journal.ndjson')).mode & 0o777).toString(8)).toBe('600');
    night.servers.plan('A.monitor.save', (job) => {
      // What the disk holds at this moment is what a crash would leave.
      expect(night.journal.at(-1)).toMatchObject({
        kind: 'confirmed',
        step: 'A.monitor.save',
        host: 'monitor',
        job: job.spec.id,
      });
      job.print('total 4\n');
      night.servers.model.run(job.step);
      return exited(0);
    });
    night.engine.confirm('A.monitor.save');
    await night.next('A.node_1.save');
    const kinds = night.journal.map((entry) => entry.kind);
    expect(kinds.slice(0, 2)).toEqual(['run', 'facts']);
    expect(kinds.slice(kinds.indexOf('confirmed'))).toEqual(['confirmed', 'ended', 'done']);
    expect(night.journal[0]).toMatchObject({
      cluster: 'lab',
      operator: 'tess@bastion',
      from: '15.20',
      to: '17.12',
    });
    expect(night.journal.find((entry) => entry.kind === 'ended')).toMatchObject({
      exitCode: 0,
      outputFrom: 0,
      outputTo: 8,
    });
    for (const entry of night.journal) expect(entry.at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(readFileSync(join(directory, 'output', 'A.monitor.save.log'), 'utf8')).toBe('total 4\n');
    expect((statSync(join(directory, 'output', 'A.monitor.save.log')).mode & 0o777).toString(8)).toBe('600');
  });

  test('a password in pg_autoctl’s configuration reaches neither facts, nor scripts, nor the journal, nor the screen', async () => {
    const night = window();
    await night.goTo('B.monitor.sync-standbys-0');
    const seen = [
      night.journalText,
      JSON.stringify(night.view),
      ...night.servers.jobs.map((job) => job.script),
    ].join('\n');
    expect(seen).toContain('node_1');
    expect(seen).not.toContain(password);
    expect(seen).not.toContain(Buffer.from(password).toString('base64').slice(0, 16));
  }, 30_000);

  test('a run is not begun without one', async () => {
    const night = window(new Window());
    // A file where the directory should be: nothing can be kept.
    writeFileSync(join(night.home, 'lab'), '');
    night.open();
    const { problem } = await night.stage('stopped');
    expect(problem.what).toContain('The journal cannot be kept');
    expect(night.servers.jobs).toEqual([]);
  });
});

test('a host whose answers are hostile is a host that is not seen, and nothing is run for it', async () => {
  const night = window();
  await night.goTo('C.node_1.stop');
  night.servers.look = (alias, lines) =>
    alias === 'node_1'
      ? `data\tcluster\ndata.major\t17\nend\tno\n${'x'.repeat(1_000_000)}`
      : lines.map(([key, value]) => `${key}\t${value}\n`).join('');
  const ran = night.servers.jobs.length;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  night.engine.confirm('C.node_1.stop', 'node_1');
  await vi.advanceTimersByTimeAsync(16_000);
  const { failure } = await night.stage('failed');
  expect(failure.unmet.map((one) => one.found)).toContain('node_1: the inspection of the host ended early.');
  expect(night.servers.jobs.length).toBe(ran);
  expect(night.view.verdict.kind).toBe('unknown');
}, 45_000);

/** The stop of the primary is confirmed while its line is down. */
const stopWithoutLine = async () => {
  const night = window();
  await night.goTo('C.node_1.stop');
  night.servers.mute.set('node_1', problem('node_1 is out of reach', 'look at the cable'));
  const ran = night.servers.jobs.length;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  night.engine.confirm('C.node_1.stop', 'node_1');
  return { night, ran };
};

test('a line that is down for longer than a condition may take is no failure: it is waited for', async () => {
  const { night, ran } = await stopWithoutLine();
  await vi.advanceTimersByTimeAsync(25_000);
  expect([night.view.stage.kind, night.servers.jobs.length]).toEqual(['running', ran]);
  night.servers.mute.clear();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(night.servers.jobs.at(-1)?.step).toBe('C.node_1.stop');
}, 45_000);

test('a line that stays down ends the waiting, and nothing was run', async () => {
  const { night, ran } = await stopWithoutLine();
  await vi.advanceTimersByTimeAsync(36_000);
  const { failure } = await night.stage('failed');
  expect(failure.unmet.map((one) => one.found)).toContain('node_1 is out of reach.');
  expect(night.servers.jobs.length).toBe(ran);
}, 45_000);
