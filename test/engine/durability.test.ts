import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { JobOutcome } from '../../source/remote/host.ts';
import { closedBehindTests, type Window } from './harness.ts';

const homes: string[] = [];
const window = closedBehindTests();
afterEach(async () => {
  vi.useRealTimers();
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});
const exited = (code: number): JobOutcome => ({ kind: 'exited', code });
const anotherHome = (): string => {
  const home = mkdtempSync(join(tmpdir(), 'pgaf-elsewhere-'));
  homes.push(home);
  return home;
};

/** A job that prints, then waits for the test to end it. */
const hanging = (night: Window, step: string, first: string) => {
  let end: (outcome: JobOutcome) => void = () => undefined;
  let print: (text: string) => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    night.servers.plan(step, (job) => {
      job.print(first);
      print = job.print;
      resolve();
      return new Promise<JobOutcome>((ended) => {
        end = ended;
      });
    });
  });
  return { begun, print: (text: string) => print(text), end: (outcome: JobOutcome) => end(outcome) };
};

/** A window up to the middle of this step: its command has begun, has printed this, and goes on until the test ends it. */
const inTheMiddleOf = async (step: string, printed: string) => {
  const night = window();
  await night.goTo(step);
  const job = hanging(night, step, printed);
  expect(night.engine.confirm(step, step.split('.')[1])).toEqual({ accepted: true });
  await job.begun;
  return { night, job };
};

const textOf = (night: Window, step: string): string[] => {
  const output = night.engine.output(step);
  return Array.from({ length: output.endLine - output.firstLine }, (_, at) =>
    output.line(output.firstLine + at),
  );
};

describe('a console killed while a command runs', () => {
  test('comes back to the same run, follows the command from the byte it had, and judges it as if nothing had been', async () => {
    const { night, job } = await inTheMiddleOf(
      'D.node_1.pg-upgrade',
      'Performing Consistency Checks\nCreating dump',
    );
    const { runDirectory } = night.view;
    night.kill();
    job.print(' of global objects\n');
    night.again().open();
    await night.until('the attached step', ({ stage }) => stage.kind === 'running');
    expect(night.view.runDirectory).toBe(runDirectory);
    expect(night.view.downtime.kind).toBe('down');
    expect(night.view.resumed?.join('\n')).toContain('started: Run pg_upgrade --link on node_1');
    night.servers.model.run('D.node_1.pg-upgrade');
    job.end(exited(0));
    await night.next('D.node_1.swap');
    const run = night.servers.jobs.filter((one) => one.step === 'D.node_1.pg-upgrade');
    expect(run.map((one) => one.attached)).toEqual([false, true]);
    expect(new Set(run.map((one) => one.id)).size).toBe(1);
    expect(textOf(night, 'D.node_1.pg-upgrade')).toEqual([
      'Performing Consistency Checks',
      'Creating dump of global objects',
    ]);
    expect(night.journal).toContainEqual(expect.objectContaining({ kind: 'resumed', known: 'here' }));
    expect(night.journal).toContainEqual(
      expect.objectContaining({
        kind: 'attached',
        fromByte: 'Performing Consistency Checks\nCreating dump'.length,
      }),
    );
    expect(night.journal).toContainEqual(expect.objectContaining({ kind: 'lock', event: 'recovered' }));
    expect(night.view.steps.find((step) => step.id === 'D.node_1.pg-upgrade')?.status).toMatchObject({
      by: 'run',
    });
  }, 40_000);

  test('knows from the servers that the monitor is stopped as planned, and which step starts it', async () => {
    const night = window();
    await night.goTo('C.node_1.checkpoint');
    night.kill();
    night.again().open();
    await night.next('C.node_1.checkpoint');
    expect(night.view.monitor.plannedDown?.title).toBe('Start monitor on 17');
    await night.engine.close();
    // Another seat, without a journal, while a console that lives holds the lock: it watches.
    night.again('', { stateHome: anotherHome(), operator: 'otto@desk' }).open();
    await night.until('the runbook', ({ steps }) => steps.length > 0);
    expect(night.view.monitor.plannedDown?.title).toBe('Start monitor on 17');
  }, 40_000);

  test('sees how the command ended meanwhile: a failure, with its output', async () => {
    const { night, job } = await inTheMiddleOf('D.node_1.pg-upgrade', 'Performing\n');
    night.kill();
    job.print('could not open version file\nFailure, exiting\n');
    job.end(exited(1));
    night.again().open();
    const { failure } = await night.stage('failed');
    expect(failure.exitCode).toBe(1);
    expect(failure.problem.what).toContain('ended with exit code 1');
    expect(failure.lastLines).toEqual(['Performing', 'could not open version file', 'Failure, exiting']);
    night.engine.retry('D.node_1.pg-upgrade');
    await night.next('D.node_1.swap');
    expect(night.servers.jobs.filter((one) => one.step === 'D.node_1.pg-upgrade').at(-1)).toMatchObject({
      id: expect.stringMatching(/pg-upgrade\.2$/),
      attached: false,
    });
  }, 40_000);

  test('whose command is gone without an end: the servers decide, and a retry is a new job', async () => {
    const { night, job } = await inTheMiddleOf('C.node_1.stop', '');
    night.kill();
    job.end({ kind: 'unknown', gone: true, problem: { what: 'the host was restarted', remedy: 'look' } });
    night.again().open();
    // Nobody will ever know how it ended: its probe says that it is to be done, so it is asked for like any other, behind the
    // checkpoint, which leaves no trace and is asked for again.
    await night.goTo('C.node_1.stop');
    night.engine.confirm('C.node_1.stop', 'node_1');
    await night.next('C.node_2.stop');
    expect(night.servers.jobs.at(-1)?.id).toMatch(/C\.node_1\.stop\.2$/);
  }, 40_000);

  test('which failed because its host went down, its work done: it is done', async () => {
    const { night, job } = await inTheMiddleOf('C.node_2.stop', '');
    night.kill();
    job.print('D-Bus connection terminated while waiting for jobs.\n');
    job.end(exited(1));
    night.servers.model.run('C.node_2.stop');
    for (const kept of night.servers.kept.values())
      if (kept.record.id.includes('C.node_2.stop')) kept.record = { ...kept.record, restarted: true };
    night.again().open();
    await night.until('the next step', ({ stage }) => stage.kind === 'confirm');
    expect(night.statusOf('C.node_2.stop')).toBe('done');
  }, 40_000);

  test('on another machine: the host knows the run, its command is followed whole into a journal of that machine', async () => {
    const { night, job } = await inTheMiddleOf('A.node_1.save', 'copied\n');
    const run = night.view.runDirectory?.split('/').at(-1);
    await night.engine.close();
    night.silentFor(60);
    const stateHome = anotherHome();
    night.again('', { stateHome, operator: 'ann@laptop' }).open();
    await night.until('a dead holder', ({ stage }) => stage.kind === 'watching' && stage.lock.dead);
    expect(night.engine.takeOver('tess@bastion')).toEqual({ accepted: true });
    await night.until('the attached step', ({ stage }) => stage.kind === 'running');
    expect(night.view.runDirectory).toBe(join(stateHome, 'lab', run ?? ''));
    expect(night.view.resumed?.[0]).toContain('this machine has no journal of it');
    job.print('and saved\n');
    night.servers.model.run('A.node_1.save');
    job.end(exited(0));
    await night.next('A.node_2.save');
    expect(textOf(night, 'A.node_1.save')).toEqual(['copied', 'and saved']);
  }, 40_000);

  test('does not ask again for a step that was skipped with a reason', async () => {
    const night = window();
    await night.next('A.monitor.save');
    night.engine.skip('A.monitor.save', 'there is a dump of tonight');
    await night.next('A.node_1.save');
    night.engine.confirm('A.node_1.save');
    await night.next('A.node_2.save');
    night.kill().again().open();
    await night.next('A.node_2.save');
    expect(night.statusOf('A.monitor.save')).toBe('skipped');
  });
});

describe('two consoles', () => {
  test('the second one sees everything and can change nothing; it goes on when the first one leaves', async () => {
    const night = window();
    await night.goTo('A.node_1.save');
    const first = night.engine;
    const job = hanging(night, 'A.node_1.save', 'copied\n');
    night.engine.confirm('A.node_1.save');
    await job.begun;
    night.again('', { stateHome: anotherHome(), operator: 'ann@laptop' }).open();
    const second = night.engine;
    const { lock } = await night.stage('watching');
    expect(lock).toMatchObject({ holder: 'tess@bastion', dead: false });
    await night.until('the output', () => night.engine.output('A.node_1.save').bytes > 0);
    expect(textOf(night, 'A.node_1.save')).toEqual(['copied']);
    expect(night.statusOf('A.monitor.save')).toBe('done');
    expect(night.statusOf('A.node_1.save')).toBe('running');
    const says = { refused: 'read-only: tess@bastion holds the lock' };
    const jobs = night.servers.jobs.length;
    expect(second.confirm('A.node_1.save')).toEqual(says);
    expect(second.skip('A.node_1.save', 'no')).toEqual(says);
    expect(second.probeAgain('A.node_1.save')).toEqual(says);
    expect(second.turn('rollback')).toEqual(says);
    expect(second.terminateStep('A.node_1.save', 'node_1')).toEqual(says);
    expect(second.takeOver('tess@bastion')).toHaveProperty('refused');
    expect(night.servers.jobs.length).toBe(jobs);
    expect(night.view.runDirectory).toBeNull();
    night.servers.model.run('A.node_1.save');
    job.end(exited(0));
    await vi.waitFor(
      () => expect(first.view.stage).toMatchObject({ kind: 'confirm', step: 'A.node_2.save' }),
      5_000,
    );
    await first.close();
    await night.next('A.node_2.save');
    expect(second.confirm('A.node_2.save')).toEqual({ accepted: true });
    await night.next('A.node_3.save');
  }, 40_000);

  test('that were opened before anybody held the lock: the first confirmation wins, the other becomes read-only', async () => {
    const night = window();
    await night.next('A.monitor.save');
    const first = night.engine;
    night.again('', { stateHome: anotherHome(), operator: 'ann@laptop' }).open();
    await night.next('A.monitor.save');
    first.confirm('A.monitor.save');
    await vi.waitFor(() => expect(first.view.stage).toMatchObject({ step: 'A.node_1.save' }), 5_000);
    expect(night.engine.confirm('A.monitor.save')).toEqual({ accepted: true });
    await night.stage('watching');
    expect(night.servers.jobs.map((job) => job.step)).toEqual(['A.monitor.save']);
    await first.close();
  }, 40_000);

  test('a holder taken for dead that comes back is read-only before it can confirm anything', async () => {
    const night = window();
    await night.goTo('A.node_1.save');
    const first = night.engine;
    night.silentFor(60);
    night.again('', { stateHome: anotherHome(), operator: 'ann@laptop' }).open();
    await night.until('a dead holder', ({ stage }) => stage.kind === 'watching' && stage.lock.dead);
    expect(night.engine.takeOver('ann@laptop')).toEqual({ refused: 'type tess@bastion or lab to take over' });
    expect(night.engine.takeOver('lab')).toEqual({ accepted: true });
    await night.next('A.node_1.save');
    // The laptop that was asleep: what it last heard is long ago by its clock.
    const now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now + 600_000);
    expect(first.confirm('A.node_1.save')).toEqual({ accepted: true });
    await vi.waitFor(() => expect(first.view.stage.kind).toBe('watching'), 5_000);
    vi.restoreAllMocks();
    expect(first.confirm('A.node_1.save')).toEqual({ refused: 'read-only: ann@laptop holds the lock' });
    expect(night.servers.jobs.map((job) => job.step)).toEqual(['A.monitor.save']);
    expect(night.journalText).toContain('"event":"lost"');
    await first.close();
  }, 40_000);

  test('--yes and a script: a lock that nobody can be asked about is left alone while its holder lives', async () => {
    const night = window();
    await night.goTo('A.node_1.save');
    const first = night.engine;
    // The same operator on the same machine, and that process lives.
    night.again('', { alive: () => true }).open();
    const { lock } = await night.stage('watching');
    expect(lock.holder).toBe('tess@bastion');
    await first.close();
  });
});

describe('a step that hangs', () => {
  test('is ended only by whoever types the host’s name; then it has failed, and can be run again', async () => {
    const { night, job } = await inTheMiddleOf(
      'A.node_1.save',
      'Restoring database schemas in the new cluster',
    );
    expect(night.engine.terminateStep('A.node_1.save', '')).toEqual({
      refused: 'type node_1 to terminate it',
    });
    expect(night.engine.terminateStep('A.node_2.save', 'node_2')).toHaveProperty('refused');
    night.servers.onEnd = () => job.end(exited(143));
    expect(night.engine.terminateStep('A.node_1.save', 'node_1')).toEqual({ accepted: true });
    const { failure } = await night.stage('failed');
    expect(failure.problem.what).toContain('was ended by you (exit code 143)');
    expect(textOf(night, 'A.node_1.save').join('\n')).toContain('nothing of it is left');
    expect(night.journal).toContainEqual(expect.objectContaining({ kind: 'cancelled', typed: 'node_1' }));
    night.engine.retry('A.node_1.save');
    await night.next('A.node_2.save');
  }, 40_000);

  test('says so when nothing is printed for long, with what the host is doing, and is not ended by itself', async () => {
    const night = window();
    await night.goTo('C.node_1.stop');
    night.servers.causes = 'disk /: 4.0G free of 20G (80% used)\nprocess 7 D (disk sleep): pg_autoctl stop\n';
    const job = hanging(night, 'C.node_1.stop', 'stopping');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    night.engine.confirm('C.node_1.stop', 'node_1');
    await vi.advanceTimersByTimeAsync(100);
    await job.begun;
    const statusOf = () => night.view.steps.find((step) => step.id === 'C.node_1.stop')?.status;
    await vi.advanceTimersByTimeAsync(29_000);
    expect(statusOf()).not.toHaveProperty('quiet');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(statusOf()).toMatchObject({
      kind: 'running',
      quiet: { found: expect.arrayContaining(['process 7 D (disk sleep): pg_autoctl stop']) },
    });
    job.print('.');
    expect(statusOf()).not.toHaveProperty('quiet');
    expect(night.journal).toContainEqual(expect.objectContaining({ kind: 'quiet', step: 'C.node_1.stop' }));
    vi.useRealTimers();
    night.servers.model.run('C.node_1.stop');
    job.end(exited(0));
    await night.next('C.node_2.stop');
  }, 40_000);
});
