import { expect, test } from 'vitest';
import { pausesWords } from '../../source/cluster/amounts.ts';
import { pausesIn } from '../../source/engine/journal/downtimes.ts';
import type { Entry, Recorded } from '../../source/engine/journal/entry.ts';
import { downtimeWords } from '../../source/wording/closing.ts';
import { FakeEngine } from '../console/fake-engine.ts';

const probe = { state: 'done', says: 'it was done' } as const;
const confirmed = (step: string): Entry => ({
  kind: 'confirmed',
  step,
  host: 'monitor',
  as: 'postgres',
  typed: null,
  job: 'run/step.1',
  script: 'true',
});
const done = (step: string): Entry => ({ kind: 'done', step, by: 'run', probe, verdict: '' });
const at = (second: number, entry: Entry): Recorded => ({
  at: new Date(Date.UTC(2026, 10, 26, 15, 0, second)).toISOString(),
  entry,
});
const stepOf = (id: string) => ({
  writes: id.includes('switch') ? ('pause' as const) : ('unchanged' as const),
});

test('a switchover counts from its confirmation to its end, a failed one too; what was found done or has no end does not', () => {
  const records = [
    at(0, confirmed('I.monitor.final')),
    at(4, done('I.monitor.final')),
    at(5, confirmed('I.monitor.switchover')),
    at(13, { kind: 'failed', step: 'I.monitor.switchover', what: 'it waits', unmet: [], probe: null }),
    at(14, done('I.monitor.switchover')),
    at(20, confirmed('I.monitor.switch-back')),
    at(27, done('I.monitor.switch-back')),
    at(30, confirmed('I.monitor.switchover')),
  ];
  expect(pausesIn(records, stepOf)).toEqual([
    { step: 'I.monitor.switchover', ms: 8_000 },
    { step: 'I.monitor.switch-back', ms: 7_000 },
  ]);
  expect(pausesIn(records, () => undefined)).toEqual([]);
});

test('it is said as the most that it can have been, and counted beside the downtime', () => {
  const { view } = new FakeEngine();
  const pauses = [
    { step: 'I.monitor.switchover', ms: 8_000 },
    { step: 'I.monitor.switch-back', ms: 7_000 },
  ];
  expect(pausesWords([])).toBeNull();
  expect(pausesWords(pauses.slice(0, 1))).toBe('at most 8.0 s in a switchover');
  expect(downtimeWords(view)).toBeNull();
  expect(downtimeWords({ ...view, pauses })).toBe('at most 15 s in 2 switchovers');
  expect(downtimeWords({ ...view, pauses, downtime: { kind: 'over', since: 0, until: 6_400 } })).toBe(
    '6.4 s, and at most 15 s in 2 switchovers',
  );
});
