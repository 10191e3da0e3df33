import { describe, expect, test } from 'vitest';
import { inParallel } from '../../../source/runbook/language/parallel.ts';
import type { Step } from '../../../source/runbook/language/step.ts';
import { estimate } from '../../../source/runbook/timing/estimates.ts';
import { lengthOf, orderOf, spansOf } from '../../../source/runbook/timing/schedule.ts';
import { upgradeRunbook } from '../../../source/runbook/upgrade.ts';
import { labCluster } from '../clusters.ts';
import { stepOf } from '../worlds.ts';

const ids = (steps: readonly Step[] = []): readonly string[] => steps.map((step) => step.id);

describe('a stage between two steps', () => {
  const some = upgradeRunbook(labCluster());
  const named = (id: string): Step => ({ ...stepOf(some, 'C.node_1.checkpoint'), id });
  const steps = [
    named('first'),
    ...inParallel('s', 'long', [named('long 1'), named('long 2')]),
    ...inParallel('s', 'short', [named('short')]),
    ...inParallel('s', 'behind', [named('behind')], ['short']),
    named('last'),
  ];

  test('lanes wait for what came before, within a lane for the step before, behind others for their ends; the next for all', () => {
    const order = orderOf(steps);
    expect(Object.fromEntries(steps.map(({ id }) => [id, ids(order.get(id)?.after)]))).toEqual({
      first: [],
      'long 1': ['first'],
      'long 2': ['long 1'],
      short: ['first'],
      behind: ['short'],
      last: ['long 2', 'short', 'behind'],
    });
    expect(ids(order.get('long 1')?.alongside)).toEqual(['short', 'behind']);
    expect(ids(order.get('behind')?.alongside)).toEqual(['long 1', 'long 2']);
    expect(order.get('last')?.alongside).toEqual([]);
  });

  test('a step that is confirmed alone is beside nothing, and nothing beside it', () => {
    const order = orderOf(steps, ({ id }) => id === 'short');
    expect(order.get('short')?.alongside).toEqual([]);
    expect(ids(order.get('long 1')?.alongside)).toEqual(['behind']);
  });

  test('takes as long as its longest chain', () => {
    const spans = spansOf(steps, ({ id }) => (id === 'behind' ? 5 : 1));
    expect(spans.get('behind')).toEqual({ from: 2, to: 7 });
    expect(spans.get('last')).toEqual({ from: 7, to: 8 });
    expect(lengthOf(['long 1', 'long 2'].map((id) => spans.get(id)))).toBe(2);
    expect(lengthOf([])).toBe(0);
  });
});

test('the estimates of the upgrade: no longer than one step after the other, and as long as the longest step', () => {
  const facts = labCluster();
  const { steps, downtimeSeconds, windowSeconds, oneByOne } = estimate(facts, new Map());
  expect(downtimeSeconds).toBeLessThan(oneByOne.downtimeSeconds);
  expect(windowSeconds).toBeLessThan(oneByOne.windowSeconds);
  expect(downtimeSeconds).toBeGreaterThan(steps.get('D.node_1.pg-upgrade') ?? Number.NaN);
});
