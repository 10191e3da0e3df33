import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ReadFacts } from '../../source/cluster/facts.ts';
import type { Recorded } from '../../source/engine/journal/entry.ts';
import { keepStepTimes, withStepTimes } from '../../source/engine/journal/kept-steps.ts';
import { failedStepsAhead } from '../../source/runbook/steps/custom-failed.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { labCluster } from '../runbook/clusters.ts';

/** How long custom steps took when they ran last is what the next window expects of them. */

const custom: ReadFacts['custom'] = [
  { name: 'pause', at: 'stopping', run: 'echo', expect: 3 },
  { name: 'ready', at: 'secondary-back', run: 'echo' },
  { name: 'report', at: 'finished', run: 'echo' },
];
const facts = labCluster({ custom });
let home = '';
let run = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pgaf-steps-'));
  run = join(home, facts.name, 'a-run');
  mkdirSync(run, { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));

const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 27, 12, 0, seconds)).toISOString();
const probe = { state: 'done' as const, says: '' };
const ran = (step: string, from: number, to: number, by: 'run' | 'found' = 'run'): readonly Recorded[] => [
  {
    at: at(from),
    entry: {
      kind: 'confirmed',
      step,
      host: 'node_1',
      as: 'postgres',
      job: step,
      typed: null,
      script: '',
      outputFrom: 0,
    },
  },
  { at: at(to), entry: { kind: 'done', step, by, probe, verdict: '' } },
];
const expected = (of: typeof facts): readonly (number | null)[] =>
  upgradeRunbook(withStepTimes(home, of))
    .filter(({ id }) => id.includes('.custom-'))
    .map(({ expectedSeconds }) => expectedSeconds);

test('the cluster file counts until a step has run, then what it took, the longest of those that ran for several secondaries', () => {
  expect(expected(facts)).toEqual([3, 1, 1, 1]);
  const records = [
    ...ran('C.node_1.custom-pause', 0, 7),
    ...ran('H.node_1.custom-ready_node_2', 8, 10),
    ...ran('H.node_1.custom-ready_node_3', 8, 13),
    ...ran('I.node_1.custom-report', 20, 50, 'found'),
    ...ran('I.monitor.final', 20, 22),
  ];
  expect(keepStepTimes(run, facts, records)).toEqual({ ok: true, value: null });
  expect(expected(facts)).toEqual([7, 5, 5, 1]);
});

test('they outlive the upgrade, which gives the cluster another system identifier; another formation’s are not taken', () => {
  keepStepTimes(run, facts, ran('C.node_1.custom-pause', 0, 7));
  keepStepTimes(run, facts, ran('I.node_1.custom-report', 0, 9));
  expect(expected(labCluster({ custom, systemIdentifier: '7000000000000000001' }))).toEqual([7, 1, 1, 9]);
  expect(expected(labCluster({ custom, formation: 'other' }))).toEqual([3, 1, 1, 1]);
});

test('of a step at `failed` the last time counts that it came to its end', () => {
  const own = labCluster({ custom: [{ name: 'page', at: 'failed', run: 'echo', expect: 3 }] });
  const ran = (exitCode: number | null, seconds?: number): Recorded => ({
    at: at(0),
    entry: {
      ...{ kind: 'on-failure', step: 'C.node_1.stop', name: 'page', host: 'node_1', as: 'postgres' },
      ...{ job: 'j', script: '', exitCode, says: [] },
      ...(seconds === undefined ? {} : { seconds }),
    },
  });
  const ahead = () =>
    failedStepsAhead(withStepTimes(home, own)).map(({ expectedSeconds }) => expectedSeconds);
  expect(ahead()).toEqual([3]);
  keepStepTimes(run, own, [ran(0, 9), ran(0, 6), ran(1, 20), ran(null)]);
  expect(ahead()).toEqual([6]);
});
