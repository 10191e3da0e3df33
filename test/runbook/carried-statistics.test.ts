import { describe, expect, test } from 'vitest';
import { primaryOf } from '../../source/cluster/facts.ts';
import { dryRunScript } from '../../source/runbook/checks/dry-run-script.ts';
import { estimate } from '../../source/runbook/timing/estimates.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { labCluster } from './clusters.ts';
import { stepOf, worldAt } from './worlds.ts';

/** Seen 17.11 → 18.6: histograms of 101 were carried, and of 2 after `ANALYZE` with a target of 1. */
const to18 = labCluster({ oldMajor: 17, newMajor: 18 });
const to17 = labCluster();

const scriptOf = (facts: typeof to18, id: string): string => {
  const script = stepOf(upgradeRunbook(facts), id).script(worldAt('verified', facts));
  if (script.kind !== 'ready') throw new Error(`${id} has no script`);
  return script.text;
};

describe('the statistics that pg_upgrade to 18 carries', () => {
  test.each(['E.node_1.analyze-1', 'G.node_1.analyze'])('are not thrown away for coarser ones: %s', (id) => {
    expect(scriptOf(to18, id)).not.toContain('default_statistics_target');
    expect(scriptOf(to17, id)).toContain('default_statistics_target');
  });

  test('in the downtime only what is missing is collected, extended statistics too, table by table where vacuumdb ends', () => {
    const script = scriptOf(to18, 'E.node_1.analyze-1');
    expect(script).toContain('--missing-stats-only');
    expect(script).toContain('pg_statistic_ext_data');
    expect(scriptOf(to17, 'E.node_1.analyze-1')).not.toMatch(/missing-stats-only|pg_statistic_ext/);
    expect(scriptOf(to18, 'G.node_1.analyze')).not.toContain('--missing-stats-only');
  });

  test('title, rounds and estimate say so', () => {
    const [steps, before] = [upgradeRunbook(to18), upgradeRunbook(to17)];
    const titles = (all: typeof steps): string[] =>
      ['E.node_1.analyze-1', 'G.node_1.analyze'].map((id) => stepOf(all, id).title);
    expect(titles(steps)).toEqual(['Collect missing statistics', 'Collect full statistics']);
    expect(titles(before)).toEqual(['Collect minimal statistics', 'Collect full statistics']);
    expect(stepOf(steps, 'G.node_1.analyze').gauge).toEqual({ kind: 'vacuumdb', rounds: 1 });
    const seconds = (facts: typeof to18): number =>
      estimate(facts, new Map()).steps.get('E.node_1.analyze-1') ?? Number.NaN;
    expect(seconds(to18)).toBeLessThan(seconds(to17));
  });

  test('the dry run dumps and restores what pg_upgrade to that version does', () => {
    const dryRun = (facts: typeof to18): string => dryRunScript(facts, primaryOf(facts)).text;
    expect(dryRun(to18)).toContain('--no-data --sequence-data --statistics');
    expect(dryRun(to18)).not.toContain('--schema-only');
    expect(dryRun(to17)).toContain('--schema-only');
  });
});
