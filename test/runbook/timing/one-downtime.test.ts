import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ClusterFacts } from '../../../source/cluster/facts.ts';
import type { Recorded } from '../../../source/engine/journal/entry.ts';
import { type KeptCheck, keepCheck, keptCheck } from '../../../source/engine/journal/kept-check.ts';
import { stepEstimates } from '../../../source/engine/view/step-estimates.ts';
import { checkJson, checkText } from '../../../source/plain/check-report.ts';
import { planMarkdown } from '../../../source/reports/plan/markdown.ts';
import { judge } from '../../../source/runbook/checks/judge.ts';
import type { KeptDryRun } from '../../../source/runbook/timing/dry-run.ts';
import { estimate } from '../../../source/runbook/timing/estimates.ts';
import { upgradeRunbook } from '../../../source/runbook/upgrade.ts';
import { toKeep } from '../../../source/usecases/check/check.ts';
import { Window } from '../../engine/harness.ts';
import { reportOf, section } from '../../reports/journals.ts';
import { planAt } from '../../reports/plans.ts';
import { healthy } from '../checks/healthy.ts';
import { everyCluster, labCluster, newIdentifier } from '../clusters.ts';
import { word } from '../word.ts';
import { worldAt } from '../worlds.ts';

/** What check, plan, cards, header and report say of the coming downtime: one number. */

const home = mkdtempSync(join(tmpdir(), 'pgaf-downtime-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const checkedAt = '2026-11-20T13:03:12.000Z';
const checkOf = (facts: ClusterFacts) => {
  const evidence = healthy(facts);
  return { facts, evidence, judgment: judge(evidence, []), tookMs: 3_900 };
};
const checkSeconds = (facts: ClusterFacts): number =>
  z
    .object({ estimates: z.object({ downtimeSeconds: z.number() }) })
    .parse(JSON.parse(checkJson('lab', checkOf(facts)))).estimates.downtimeSeconds;

/** What check keeps on this machine, read back. */
const kept = (facts: ClusterFacts): KeptCheck => {
  expect(keepCheck(home, facts, ...toKeep(checkOf(facts), checkedAt))).toEqual({ ok: true, value: null });
  const read = keptCheck(home, facts);
  if (read === null) throw new Error('it was not kept');
  return read;
};

const ranUpgrade = (
  facts: ClusterFacts,
  expectedDowntime: { seconds: number; dryRun: null },
): readonly Recorded[] => {
  const runbook = upgradeRunbook(facts);
  const stop = runbook.find((step) => step.writes === 'stop');
  const resume = runbook.find((step) => step.writes === 'resume');
  if (stop === undefined || resume === undefined) throw new Error('it does not stop the writes');
  const at = (second: number): string =>
    new Date(Date.parse('2026-11-25T22:00:00Z') + second * 1000).toISOString();
  const probe = { state: 'done', says: '' } as const;
  return [
    { at: at(0), entry: { kind: 'facts', facts } },
    { at: at(0), entry: { kind: 'runbook', direction: 'upgrade', steps: [...runbook] } },
    {
      at: at(10),
      entry: {
        kind: 'confirmed',
        step: stop.id,
        host: stop.host,
        as: stop.as,
        typed: null,
        job: 'x',
        script: 'x',
        expectedDowntime,
      },
    },
    { at: at(20), entry: { kind: 'done', step: resume.id, by: 'run', probe, verdict: '' } },
  ];
};

describe.each(everyCluster)('%s', (_, facts) => {
  const expected = checkSeconds(facts);

  test('the plan made after a check expects what the check expects, and says whose number it is', () => {
    const plan = planAt('running', facts, kept(facts));
    expect(plan.estimates.downtimeSeconds).toBe(expected);
    expect(plan.estimates.dryRun).toEqual({ by: 'check', at: checkedAt });
    expect(planMarkdown(plan)).toContain('from check’s dry run of 2026-11-20');
    expect(plan.estimates.assumed).toEqual([]);
  });

  test('card and header expect it before the window’s own dry run, and after it', () => {
    const told = (moment: 'running' | 'prepared', dryRun: KeptDryRun | null) => {
      const world = worldAt(moment, facts);
      const { downtime, dryRun: whose } = stepEstimates(
        facts,
        world,
        'upgrade',
        upgradeRunbook(facts, world),
        dryRun,
      );
      return { seconds: (downtime ?? 0) / 1000, dryRun: whose };
    };
    expect(told('running', kept(facts).dryRun)).toEqual({
      seconds: expected,
      dryRun: { by: 'check', at: checkedAt },
    });
    // The window's dry run of the same hosts has measured the same here.
    expect(told('prepared', null)).toEqual({ seconds: expected, dryRun: { by: 'window' } });
    expect(told('prepared', kept(facts).dryRun)).toEqual({ seconds: expected, dryRun: { by: 'window' } });
  });

  test('the report says what was shown, whatever the steps took', () => {
    const [line] = section(reportOf(ranUpgrade(facts, { seconds: expected, dryRun: null })), 'Downtime');
    expect(line).toContain('for 10 s');
    expect(line).toContain(
      `the estimate shown before it was ${expected < 9.95 ? expected.toFixed(1) : Math.round(expected)} s`,
    );
  });

  test('the text of the check says the same number as its JSON', () => {
    const said = /cannot write for ([\d.]+) s/.exec(checkText('lab', checkOf(facts)))?.[1];
    expect(Number(said)).toBe(expected < 9.95 ? expected : Math.round(expected));
  });
});

describe('what check has kept', () => {
  const facts = labCluster();

  test('is another cluster’s, or of another version: it does not count', () => {
    kept(facts);
    expect(keptCheck(home, { ...facts, newMajor: 18 })).toBeNull();
    expect(keptCheck(home, { ...facts, systemIdentifier: word(newIdentifier) })).toBeNull();
  });

  test('cannot be read: as if no check had been made', () => {
    kept(facts);
    for (const text of ['{', '[]', '{"version":2}']) {
      writeFileSync(join(home, facts.name, 'check.json'), text);
      expect(keptCheck(home, facts)).toBeNull();
    }
  });

  test('without it, and without the window’s own, the plan says that hardware is assumed', () => {
    const { estimates } = planAt('running', facts);
    expect(estimates.dryRun).toBeNull();
    expect(estimates.downtimeSeconds).toBe(Math.round(estimate(facts, new Map()).downtimeSeconds * 10) / 10);
  });
});

test('the number on the stop’s card goes into the journal, and the report and a console that comes later have it', async () => {
  const night = new Window().open();
  try {
    await night.goTo('C.node_1.stop');
    const { expectedDowntimeMs, dryRun } = night.view;
    const shown = { seconds: (expectedDowntimeMs ?? 0) / 1000, dryRun };
    expect(shown).toEqual({ seconds: checkSeconds(labCluster()), dryRun: { by: 'window' } });
    await night.goTo('D.node_1.pg-upgrade');
    const stop = night.journal.find((entry) => entry.kind === 'confirmed' && entry.step === 'C.node_1.stop');
    expect(stop).toMatchObject({ expectedDowntime: shown });
    expect(night.view.downtime).toMatchObject({ kind: 'down', since: Date.parse(String(stop?.at)) });
    night.kill().again().open();
    await night.until('the resumed run', (view) => view.stage.kind === 'confirm');
    expect(night.view).toMatchObject({ expectedDowntimeMs, dryRun });
    expect(night.view.downtime).toMatchObject({ kind: 'down', since: Date.parse(String(stop?.at)) });
  } finally {
    await night.close();
  }
});
