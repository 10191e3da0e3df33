import { describe, expect, test } from 'vitest';
import type { Entry, Recorded } from '../../source/engine/journal/entry.ts';
import { barRows, covered } from '../../source/reports/report/spans.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { labCluster } from '../runbook/clusters.ts';
import { outcome, reportOf, section } from './journals.ts';

const start = Date.parse('2026-11-25T22:00:00Z');
const facts = labCluster();

/** Entries at seconds of the window. */
const at = (...told: readonly (readonly [number, Entry])[]): readonly Recorded[] =>
  told
    .toSorted(([one], [other]) => one - other)
    .map(([second, entry]) => ({ at: new Date(start + second * 1000).toISOString(), entry }));

const confirmed = (step: string, expectedMs: number): Entry => ({
  kind: 'confirmed',
  step,
  host: step.split('.')[1] ?? '',
  as: 'postgres',
  typed: null,
  job: step,
  script: 'true\n',
  expectedMs,
  ...(step === 'C.node_1.stop' ? { expectedDowntime: { seconds: 12.3, dryRun: { by: 'window' } } } : {}),
});
const ended = (step: string, exitCode = 0): Entry => ({
  kind: 'ended',
  step,
  job: step,
  exitCode,
  tookMs: 1,
  outputFrom: 0,
  outputTo: 0,
});
const done = (step: string): Entry => ({
  kind: 'done',
  step,
  by: 'run',
  probe: { state: 'done', says: '' },
  verdict: 'safe',
});
type Told = readonly [number, Entry];
const ran = (step: string, from: number, to: number, expectedMs: number): readonly Told[] => [
  [from, confirmed(step, expectedMs)],
  [to, ended(step)],
  [to, done(step)],
];
const begin: readonly Told[] = [
  [0, { kind: 'run', cluster: 'lab', operator: 'tess@bastion', from: '15.20', to: '17.12', factsId: 'x' }],
  [0, { kind: 'facts', facts }],
  [0, { kind: 'runbook', direction: 'upgrade', steps: [...upgradeRunbook(facts)] }],
];
/** The stop, then side by side pg_upgrade (12 s), pg_ctl and unit, node_2's stop and behind it the monitor; then the start. */
const stage: readonly Told[] = [
  ...ran('C.node_1.stop', 10, 12, 1000),
  ...ran('D.node_1.pg-upgrade', 12, 24, 10_000),
  ...ran('D.node_1.pg-ctl', 12, 13, 250),
  ...ran('D.node_1.unit', 13, 14, 250),
  ...ran('C.node_2.stop', 12, 15, 2000),
  ...ran('D.monitor.start', 15, 16, 1000),
];

describe('steps that ran side by side', () => {
  const report = reportOf(at(...begin, ...stage, ...ran('G.node_1.start', 24, 26, 1000)));

  test('the downtime goes by the clock, and its estimate is the one that was shown before the stop', () => {
    expect(section(report, 'Downtime')[0]).toMatch(
      /for 16 s, .*the estimate shown before it was 12 s, from the dry run of the window’s own checks/,
    );
  });

  test('time in commands is counted once', () => {
    expect(section(report, 'Window')[0]).toContain(': 16 s, of which 16 s with at least one command at work');
  });

  test('durations are named as added up, and by the clock', () => {
    const durations = section(report, 'Durations against estimates');
    expect(durations[0]).toContain('added up about 16 s');
    expect(durations[0]).toContain('they took 22 s, added up. By the clock it was 16 s');
    expect(durations.find((line) => line.startsWith('D '))).toMatch(/\| 4 \| 12 s \| 15 s \| 12 s$/);
  });

  test('in the drawing no bar lies on another: a host has as many rows as ran at the same time', () => {
    const charts = report.blocks.flatMap((one) => (one.kind === 'chart' ? [one] : []));
    const lanes = charts.flatMap((one) => one.lanes);
    expect(lanes.map(({ name, bars }) => [name, bars.length])).toEqual([
      ['node_1', 3],
      ['at the same time', 2],
      ['node_2', 1],
      ['monitor', 1],
    ]);
    for (const { bars } of lanes)
      bars.forEach((bar, index) => {
        expect(bar.from).toBeGreaterThanOrEqual(bars[index - 1]?.to ?? 0);
      });
  });
});

describe('one lane fails, another goes on to the end of its step', () => {
  const failing: readonly Told[] = [
    ...ran('C.node_1.stop', 10, 12, 1000),
    [12, confirmed('D.node_1.pg-upgrade', 10_000)],
    [14, ended('D.node_1.pg-upgrade', 1)],
    [
      14,
      {
        kind: 'failed',
        step: 'D.node_1.pg-upgrade',
        what: 'it ended with exit code 1',
        unmet: [],
        probe: null,
      },
    ],
  ];

  test('the report stands at the failed step, though another was begun and done after it', () => {
    const says = outcome(reportOf(at(...begin, ...failing, ...ran('C.node_2.stop', 13, 15, 2000))));
    expect(says).toMatch(
      /^Not finished: the upgrade stands at step \d+, node_1: Run pg_upgrade .* The step has failed\.$/,
    );
  });

  test('and says of which no end is known', () => {
    const says = outcome(reportOf(at(...begin, ...failing, [13, confirmed('C.node_2.stop', 2000)])));
    expect(says).toMatch(/The step has failed; of step \d+, node_2: .*, no end is known\.$/);
  });

  test('none has failed: every step that is at work is named', () => {
    const says = outcome(
      reportOf(at(...begin, [12, confirmed('D.node_1.pg-upgrade', 1)], [12, confirmed('C.node_2.stop', 1)])),
    );
    expect(says).toMatch(/^Under way at step \d+, node_1: Run pg_upgrade .*, and step \d+, node_2: /);
  });
});

test('spans: what overlaps counts once, gaps do not; rows are as many as overlap', () => {
  const spans = [
    { from: 5, to: 9 },
    { from: 0, to: 4 },
    { from: 1, to: 2 },
    { from: 8, to: 12 },
  ];
  expect(covered(spans)).toBe(11);
  expect(covered([])).toBe(0);
  expect(barRows(spans)).toEqual([
    [
      { from: 0, to: 4 },
      { from: 5, to: 9 },
    ],
    [
      { from: 1, to: 2 },
      { from: 8, to: 12 },
    ],
  ]);
});
