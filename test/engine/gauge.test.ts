import { afterEach, describe, expect, test } from 'vitest';
import { Pace } from '../../source/engine/step/pace.ts';
import type { StepProgress } from '../../source/engine/view/controller.ts';
import type { JobOutcome } from '../../source/remote/host.ts';
import { Window } from './harness.ts';

let night: Window;
afterEach(() => night?.close());

/** Brings the window to this step, starts it, and holds its command open. */
const hold = async (step: string) => {
  night = new Window().open();
  await night.goTo(step);
  let print: (text: string) => void = () => undefined;
  let end: (outcome: JobOutcome) => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    night.servers.plan(step, (job) => {
      print = job.print;
      resolve();
      return new Promise((done) => {
        end = (outcome) => {
          night.servers.model.run(step);
          done(outcome);
        };
      });
    });
  });
  night.engine.confirm(step, 'node_1');
  await begun;
  return { print: (text: string) => print(text), end: () => end({ kind: 'exited', code: 0 }) };
};

const told = async (step: string, holds: (progress: StepProgress) => boolean): Promise<StepProgress> => {
  const so = (progress: StepProgress | undefined): boolean => progress !== undefined && holds(progress);
  const view = await night.until(`how far ${step} is`, ({ progress }) => so(progress[step]));
  const progress = view.progress[step];
  if (progress === undefined) throw new Error('it was told, and is not there');
  return progress;
};

test('a base backup is asked for on the primary while it is taken, and at no other time', async () => {
  const step = 'H.node_2.join';
  const asked: string[] = [];
  night = new Window();
  const id = night.servers.facts.nodes.find(({ alias }) => alias === 'node_2')?.nodeId;
  await night.close();
  const job = await hold(step);
  let streamed = 0;
  night.servers.senders = (alias) => {
    asked.push(alias);
    streamed += 1024 ** 2;
    return JSON.stringify([
      {
        name: `pgautofailover_standby_${id}`,
        phase: 'streaming database files',
        streamed,
        total: 100 * 1024 ** 2,
      },
    ]);
  };
  const first = await told(step, ({ done }) => done > 0);
  expect(first).toMatchObject({
    unit: 'bytes',
    total: 100 * 1024 ** 2,
    doing: 'copying',
    rate: null,
    leftMs: null,
  });
  const later = await told(step, ({ rate }) => rate !== null);
  expect(later.rate).toBeGreaterThan(0);
  expect(later.leftMs).toBeGreaterThan(10_000);
  expect(new Set(asked)).toEqual(new Set(['node_1']));
  job.end();
  await night.until('its end', () => night.statusOf(step) === 'done');
  expect(night.view.progress).toEqual({});
  const before = asked.length;
  await night.stage('confirm');
  expect(asked).toHaveLength(before);
});

test('pg_upgrade is read from what it prints', async () => {
  const step = 'D.node_1.pg-upgrade';
  const job = await hold(step);
  job.print(`Performing Consistency Checks\n${'Checking cluster versions'.padEnd(62)}ok\n`);
  job.print('Checking database user is the install user'.padEnd(62));
  const progress = await told(step, ({ doing }) => doing !== null);
  expect(progress).toMatchObject({
    unit: 'results',
    done: 1,
    total: 35,
    doing: 'Checking database user is the install user',
    rate: null,
  });
  job.end();
  await night.until('its end', () => night.statusOf(step) === 'done');
  expect(night.view.progress).toEqual({});
});

describe('a pace', () => {
  test('needs a second, is calm, and does not count what was waited before the first byte', () => {
    const pace = new Pace();
    expect(pace.of(0, 0)).toBeNull();
    expect(pace.of(0, 60_000)).toBe(null);
    expect(pace.of(0, 61_500)).toBe(null);
    expect(pace.of(200, 63_500)).toBe(100);
    expect(pace.of(200, 64_500)).toBeCloseTo(66.7, 1);
  });

  test('forgets what is long past, and a copy that began anew', () => {
    const pace = new Pace();
    for (let second = 1; second <= 60; second += 1) pace.of(second * 10, second * 1000);
    for (let second = 61; second <= 85; second += 1) pace.of(600 + (second - 60) * 100, second * 1000);
    expect(pace.of(3200, 86_000)).toBe(100);
    expect(pace.of(5, 87_000)).toBeNull();
  });
});
