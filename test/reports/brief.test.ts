import { describe, expect, test } from 'vitest';
import { type Entry, parseJournal } from '../../source/engine/journal/entry.ts';
import type { KeptCheck } from '../../source/engine/journal/kept-check.ts';
import { planBrief } from '../../source/reports/plan/brief.ts';
import { makeBriefReport } from '../../source/reports/report/brief.ts';
import { toHtml } from '../../source/reports/to-html.ts';
import { toMarkdown } from '../../source/reports/to-markdown.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { everyCluster, labCluster } from '../runbook/clusters.ts';
import { groundOf, recordedJournal, recordedRollback, section, told } from './journals.ts';
import { planAt } from './plans.ts';

/** Lines of Markdown on two pages of A4, as a browser prints them. */
const twoPages = 120;
const lines = (text: string): number => text.trimEnd().split('\n').length;

const check = (findings: number): KeptCheck => ({
  dryRun: null,
  result: {
    at: '2026-11-20T13:03:12.000Z',
    outcome: 'ready-with-warnings',
    findings: Array.from({ length: findings }, (_, at) => ({
      check: `check-${at}`,
      severity: 'warning' as const,
      host: 'node_1',
      found: 'x'.repeat(400),
    })),
    accepted: ['backup-known'],
    passed: 40,
  },
});

describe.each(everyCluster)('the plan of %s in brief', (_, facts) => {
  const plan = planAt('running', facts, check(30));
  const text = planBrief(plan);

  test('fits on two pages, however many warnings there are', () => {
    expect(lines(text)).toBeLessThanOrEqual(twoPages);
    expect(text).toContain('and 22 more');
  });

  test('has every step’s number in one row, in order', () => {
    const numbers = [...text.matchAll(/^\| (\d+)(?:–(\d+))? \|/gm)].flatMap(([, from, to]) => {
      const first = Number(from);
      return Array.from({ length: Number(to ?? from) - first + 1 }, (__, at) => first + at);
    });
    expect(numbers).toEqual(plan.steps.map((step) => step.number));
  });

  test('marks what begins and ends the downtime, and what cannot be undone, in rows of their own', () => {
    const rows = text.split('\n');
    const row = (number: number) => rows.find((line) => line.startsWith(`| ${number} |`)) ?? '';
    for (const step of plan.steps) {
      if (step.writes === 'stop') expect(row(step.number)).toContain('downtime begins');
      else if (step.danger === 'point-of-no-return') expect(row(step.number)).toContain('IRREVERSIBLE');
      else if (step.writes === 'resume') expect(row(step.number)).toContain('downtime ends');
    }
  });

  test('says the same downtime as the whole plan', () => {
    expect(text).toContain(
      `cannot write for about ${plan.estimates.downtimeSeconds < 9.95 ? plan.estimates.downtimeSeconds.toFixed(1) : Math.round(plan.estimates.downtimeSeconds)} s`,
    );
  });
});

test('a plan without a check says to make one', () => {
  expect(planBrief(planAt())).toContain(
    'No check of this cluster is known on this machine. Run `pgaf-upgrade check`',
  );
});

describe.each([
  ['an upgrade', recordedJournal],
  ['a rollback', recordedRollback],
])('the report of %s in brief, recorded on the lab', (_, journal) => {
  const made = makeBriefReport(groundOf(parseJournal(journal)));

  test('fits on two pages, as Markdown and as HTML', () => {
    expect(lines(toMarkdown(made.blocks))).toBeLessThanOrEqual(twoPages);
    expect(toHtml(made.title, made.blocks)).toContain('</html>');
  });

  test('says the downtime, what a rollback means, and where everything is kept', () => {
    expect(section(made, 'Downtime')[0]).toMatch(/^The application could not write for \d+ s/);
    expect(section(made, 'Rollback')[0]).toContain('by the last observation of this run');
    expect(section(made, 'What is kept where')[0]).toContain('/home/tess/.local/state/pgaf-upgrade/');
  });

  test('at every line at which somebody may ask, it can be made', () => {
    const all = journal.split('\n');
    for (let count = 0; count < all.length; count += 11) {
      const { blocks } = makeBriefReport(groundOf(parseJournal(all.slice(0, count).join('\n'))));
      expect(lines(toMarkdown(blocks))).toBeLessThanOrEqual(twoPages);
    }
  });
});

test('a run in which much went wrong stays within two pages, and says how much more there is', () => {
  const facts = labCluster();
  const runbook = upgradeRunbook(facts);
  const failing = runbook.flatMap((step): readonly Entry[] => [
    {
      kind: 'confirmed',
      step: step.id,
      host: step.host,
      as: step.as,
      typed: null,
      job: step.id,
      script: 'false',
    },
    { kind: 'failed', step: step.id, what: 'it ended with exit code 1', unmet: [], probe: null },
    {
      kind: 'skipped',
      step: step.id,
      reason: 'done elsewhere',
      probe: { state: 'pending', says: 'not yet' },
    },
    { kind: 'quiet', step: step.id, seconds: 300, found: [] },
  ]);
  const made = makeBriefReport(
    groundOf(
      told([
        { kind: 'facts', facts },
        { kind: 'runbook', direction: 'upgrade', steps: [...runbook] },
        ...failing,
      ]),
    ),
  );
  expect(lines(toMarkdown(made.blocks))).toBeLessThanOrEqual(twoPages);
  expect(section(made, 'Steps not run as planned').at(-1)).toBe(
    `And ${runbook.length - 12} more, in the whole report: pgaf-upgrade report.`,
  );
  expect(section(made, 'Skipped steps').join('\n')).toContain('done elsewhere');
});

test('the brief report lists the warnings of the window’s checks, each with its host, as they were told last', () => {
  const facts = labCluster();
  const runbook = upgradeRunbook(facts);
  const checked = (host: string, notes: readonly string[]): Entry => ({
    kind: 'done',
    step: `A.${host}.checks`,
    by: 'found',
    probe: { state: 'done', says: 'it was checked' },
    verdict: 'nothing to undo',
    notes: [...notes],
  });
  const made = makeBriefReport(
    groundOf(
      told([
        { kind: 'facts', facts },
        { kind: 'runbook', direction: 'upgrade', steps: [...runbook] },
        {
          kind: 'confirmed',
          step: 'A.monitor.save',
          host: 'monitor',
          as: 'postgres',
          typed: null,
          job: 'j',
          script: 'true',
          clusterNotes: ['same-minor: node_3 17.9'],
        },
        checked('node_1', ['room: little', 'backup-age: no backup is known']),
        checked('node_2', ['backup-age: no backup is known']),
        checked('node_1', ['backup-age: no backup is known']),
      ]),
    ),
  );
  expect(section(made, 'Warnings')).toEqual([
    'the cluster: same-minor: node_3 17.9',
    'node_1: backup-age: no backup is known',
    'node_2: backup-age: no backup is known',
  ]);
});
