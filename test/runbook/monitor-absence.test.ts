import { describe, expect, test } from 'vitest';
import type { Step } from '../../source/runbook/language/step.ts';
import { runbookFor } from '../../source/runbook/runbooks.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { monitorAbsence } from '../../source/runbook/verdict/monitor-absence.ts';
import { debianCluster, labCluster } from './clusters.ts';
import { modelAfter, modelAt } from './worlds.ts';

const clusters = [labCluster(), debianCluster()] as const;
const titles = (steps: readonly Step[], landmark: Step['milestone']): readonly string[] =>
  steps.filter((step) => step.milestone === landmark).map(({ id }) => id);

describe.each(clusters)('a monitor that does not answer ($name)', (facts) => {
  const steps = upgradeRunbook(facts);

  test('is stopped as planned from its stop to its start, and at no other step', () => {
    const planned = steps
      .filter(({ id }) => {
        const world = modelAfter(facts, id).world();
        return monitorAbsence(facts, world, steps, 'upgrade') !== null;
      })
      .map(({ id }) => id);
    const ids = steps.map(({ id }) => id);
    expect(planned).toEqual(ids.slice(ids.indexOf('C.monitor.stop'), ids.indexOf('D.monitor.start')));
  });

  test('is not, where it went down by itself before the secondaries were in maintenance', () => {
    const model = modelAt('prepared', facts);
    const monitor = model.host('monitor');
    model.run('C.monitor.stop');
    expect(monitor.monitor).toBeNull();
    expect(monitorAbsence(facts, model.world(), steps, 'upgrade')).toBeNull();
  });

  test('names the step that starts it, as the operator counts', () => {
    const absence = monitorAbsence(facts, modelAfter(facts, 'C.monitor.swap').world(), steps, 'upgrade');
    expect(absence?.step.id).toBe('D.monitor.start');
    expect(steps[(absence?.number ?? 0) - 1]).toBe(absence?.step);
  });

  test('is known by whoever saw the stop, while its host is out of reach; by nobody else', () => {
    const model = modelAfter(facts, 'C.monitor.stop');
    model.unreachable.add('monitor');
    const passed = (step: Step): boolean => step.id === 'C.monitor.stop';
    expect(monitorAbsence(facts, model.world(), steps, 'upgrade', passed)?.step.id).toBe('D.monitor.start');
    expect(monitorAbsence(facts, model.world(), steps, 'upgrade')).toBeNull();
  });

  test('in a rollback it is started by a step of the rollback', () => {
    const world = modelAfter(
      facts,
      'D.node_1.pg-upgrade'.replace('node_1', facts.nodes[0]?.alias ?? ''),
    ).world();
    const back = runbookFor(facts, world, 'rollback');
    expect(monitorAbsence(facts, world, back, 'rollback')?.step.id).toBe('S.monitor.start');
  });

  test('each runbook has one such moment of each kind', () => {
    expect(titles(steps, 'monitor-stops')).toEqual(['C.monitor.stop']);
    expect(titles(steps, 'monitor-starts')).toEqual(['D.monitor.start']);
    expect(titles(steps, 'verified')).toHaveLength(1);
  });
});
