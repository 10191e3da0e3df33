import { describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../../source/cluster/facts.ts';
import { estimate } from '../../../source/runbook/timing/estimates.ts';
import { type HostMeasurements, measurementsOf } from '../../../source/runbook/timing/measurements.ts';
import { upgradeRunbook } from '../../../source/runbook/upgrade.ts';
import { healthy, withInspection } from '../checks/healthy.ts';
import { labCluster } from '../clusters.ts';
import { word } from '../word.ts';

const gigabyte = 1024 ** 3;
const measured = (change: Partial<HostMeasurements> = {}, facts: ClusterFacts = labCluster()) => {
  const from = measurementsOf(healthy(facts));
  return new Map([...from].map(([alias, host]) => [alias, { ...host, ...change }]));
};
const seconds = (
  id: string,
  change: Partial<HostMeasurements> = {},
  facts: ClusterFacts = labCluster(),
): number => estimate(facts, measured(change, facts)).steps.get(id) ?? Number.NaN;

test('every step of the runbook has an expected time', () => {
  const estimates = estimate(labCluster(), measured());
  for (const step of upgradeRunbook(labCluster()))
    expect(estimates.steps.get(step.id), step.id).toBeGreaterThan(0);
});

test('what was timed in the check is what the step is expected to take', () => {
  expect(seconds('A.node_1.initdb')).toBe(1.5);
  expect(seconds('A.node_1.check')).toBe(3);
  expect(seconds('A.node_1.configuration')).toBe(0.2);
});

test('pg_upgrade goes by the rehearsed schema and the number of files, and in copy mode by size and disk', () => {
  const quick = seconds('D.node_1.pg-upgrade');
  expect(seconds('D.node_1.pg-upgrade', { schemaMs: 600_000 })).toBeCloseTo(quick + 600 - 2.5, 0);
  expect(seconds('D.node_1.pg-upgrade', { relations: 1_000_000 })).toBeGreaterThan(quick + 90);
  expect(seconds('D.node_1.pg-upgrade', { dataBytes: 1000 * gigabyte })).toBe(quick);
  const copied = { ...labCluster(), mode: 'copy' as const };
  const change = { dataBytes: 100 * gigabyte, diskBytesPerSecond: gigabyte };
  expect(seconds('D.node_1.pg-upgrade', change, copied)).toBeCloseTo(quick + 200, 0);
});

describe('a base backup goes at the pace of the slowest', () => {
  const join = (change: Partial<HostMeasurements>) =>
    seconds('H.node_2.join', {
      dataBytes: 1000 * gigabyte,
      backupRate: gigabyte,
      linkBytesPerSecond: 10 * gigabyte,
      diskBytesPerSecond: 10 * gigabyte,
      ...change,
    });
  test.each([
    ['the rate that pg_autoctl allows', { backupRate: 0.1 * gigabyte }],
    ['the network', { linkBytesPerSecond: 0.1 * gigabyte }],
    ['the disk', { diskBytesPerSecond: 0.1 * gigabyte }],
  ])('%s', (_, change) => {
    expect(join({})).toBeLessThan(1_010);
    expect(join(change)).toBeGreaterThan(9_990);
  });
});

test('the downtime is from the stop of the primary to its start; the window is all but the preparation', () => {
  const estimates = estimate(labCluster(), measured());
  const of = (some: (id: string) => boolean) =>
    [...estimates.steps].reduce((sum, [id, one]) => sum + (some(id) ? one : 0), 0);
  expect(estimates.downtimeSeconds).toBeLessThan(estimates.windowSeconds);
  expect(estimates.windowSeconds).toBeLessThan(of((id) => !/^A\.|switch(over|-back)$/.test(id)));
  // The secondaries’ stops and the monitor’s start run beside pg_upgrade, its rows beside the look at the primary.
  const looks = Math.max(seconds('E.node_1.verify'), seconds('E.node_1.analyze-1'));
  const path =
    /^(C\.node_1\.stop|D\.node_1\.(pg-upgrade|swap)|E\.node_1\.(private-start|hand-over)|G\.node_1\.start)$/;
  expect(estimates.downtimeSeconds).toBeCloseTo(of((id) => path.test(id)) + looks, 3);
});

test('two base backups at the same time take as long as the longer one', () => {
  const slow = measured();
  const node3 = slow.get('node_3');
  if (node3 === undefined) throw new Error('it was measured');
  slow.set('node_3', { ...node3, backupRate: 1_000_000 });
  const [both, quick] = [estimate(labCluster(), slow), estimate(labCluster(), measured())];
  const join = (of: typeof both, alias: string): number => of.steps.get(`H.${alias}.join`) ?? Number.NaN;
  expect(both.windowSeconds - quick.windowSeconds).toBeCloseTo(
    join(both, 'node_3') - join(quick, 'node_3'),
    3,
  );
});

test('what was not measured is said', () => {
  const estimates = estimate(labCluster(), new Map());
  expect(estimates.assumed).toEqual([
    'node_1: the restore of the schema was not measured, typical hardware is assumed',
    'monitor: the restore of the schema was not measured, typical hardware is assumed',
    'node_2: the disk’s speed was not measured, typical hardware is assumed',
    'node_3: the disk’s speed was not measured, typical hardware is assumed',
    'the network card does not tell its speed: 1 Gbit/s is assumed',
  ]);
  expect(estimate(labCluster(), measured()).assumed).toEqual([]);
});

test('measurements are taken from what was seen', () => {
  const seen = measurementsOf(
    withInspection('node_1', () => ({ linkMegabits: 1_000, backupRate: '200M' })),
  ).get('node_1');
  expect(seen).toMatchObject({
    relations: 2_401,
    initdbMs: 1_500,
    upgradeCheckMs: 3_000,
    linkBytesPerSecond: 125_000_000,
    backupRate: 200 * 1024 ** 2,
    diskBytesPerSecond: 5 * 64 * 1024 ** 2,
  });
});

test('a pg_autoctl that reports its stop to a monitor that is down was expected to stop at once', () => {
  const facts = labCluster();
  const of = (extensionVersion: string) =>
    estimate(
      { ...facts, monitor: { ...facts.monitor, extensionVersion: word(extensionVersion) } },
      measured(),
    );
  const [now, coming] = [of('2.2'), of('2.3')];
  for (const id of ['C.node_1.stop', 'C.node_2.stop'] as const)
    expect((coming.steps.get(id) ?? 0) - (now.steps.get(id) ?? 0)).toBe(10);
  expect(coming.steps.get('C.monitor.stop')).toBe(now.steps.get('C.monitor.stop'));
  expect(coming.downtimeSeconds).toBeGreaterThan(now.downtimeSeconds + 9.9);
  expect(coming.assumed.join()).toContain('10 s more are counted for each stop');
  expect([of('2.10').downtimeSeconds, of('3.0').downtimeSeconds]).toEqual(
    Array(2).fill(coming.downtimeSeconds),
  );
  expect([of('1.6').downtimeSeconds, of('dummy').downtimeSeconds]).toEqual(
    Array(2).fill(now.downtimeSeconds),
  );
});
