import { expect, test } from 'vitest';
import { secondsOfSteps } from '../../source/engine/view/rollback-preview.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { estimate } from '../../source/runbook/timing/estimates.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { labCluster } from '../runbook/clusters.ts';
import { type Moment, worldAt } from '../runbook/worlds.ts';

const ahead = (moment: Moment) => {
  const world = worldAt(moment);
  return rollbackRunbook(labCluster(), world).steps.filter((step) => step.probe(world).state !== 'done');
};

test('a kind of step takes as long in the preview of a rollback as in the estimate of the upgrade', () => {
  const upgrade = upgradeRunbook(labCluster());
  const estimates = estimate(labCluster(), new Map(), upgrade);
  for (const kind of ['monitor.start', 'node_1.stop', 'node_1.guard', 'monitor.sync-standbys']) {
    const step = upgrade.find((one) => one.id.endsWith(kind));
    if (step === undefined) throw new Error(`no step ${kind}`);
    expect(secondsOfSteps(labCluster(), [step]), kind).toBe(estimates.steps.get(step.id));
  }
});

/** docs/development/rollback-sweep.md: 8 to 12 s before 17 had been started, 20 to 27 s through a secondary, with its small copies. */
test.each([
  ['primary stopped', 8, 15],
  ['linked', 8, 15],
  ['verified', 15, 30],
  ['finished', 15, 30],
] as const)('a rollback from “%s” is expected to take what the sweep has measured', (moment, least, most) => {
  const seconds = secondsOfSteps(labCluster(), ahead(moment));
  expect(seconds).toBeGreaterThanOrEqual(least);
  expect(seconds).toBeLessThanOrEqual(most);
});

test('a rollback stopped pg_autoctls that report their stops to a monitor that is down, and 10 s of each were not expected', () => {
  const facts = labCluster();
  const coming = labCluster({ monitor: { ...facts.monitor, extensionVersion: '2.3' } });
  const steps = ahead('finished');
  const stops = steps.filter(({ id, host }) => id.endsWith('.stop') && host !== 'monitor');
  expect(stops.length).toBeGreaterThan(1);
  expect(secondsOfSteps(coming, steps) - secondsOfSteps(facts, steps)).toBeCloseTo(10 * stops.length);
});
