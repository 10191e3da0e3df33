import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Evidence } from '../../source/cluster/checks/evidence.ts';
import { catalogueJson, catalogueText, checkJson, checkText } from '../../source/plain/check-report.ts';
import { catalogue } from '../../source/runbook/checks/catalogue.ts';
import { judge } from '../../source/runbook/checks/judge.ts';
import { healthy, withInspection } from '../runbook/checks/healthy.ts';
import { labCluster } from '../runbook/clusters.ts';

const result = (evidence: Evidence, accept: readonly string[] = []) => ({
  facts: evidence.facts,
  evidence,
  judgment: judge(evidence, accept),
  tookMs: 3_900,
});

test('a healthy cluster is READY, with how long it will take', () => {
  const text = checkText('lab', result(healthy()));
  expect(text).toContain('15.20 → 17.12 (link)');
  expect(text).toMatch(/cannot write for [\d.]+ s, the whole window takes/);
  expect(text.trimEnd().split('\n').at(-1)).toMatch(/^READY: 0 blockers, 0 warnings/);
});

test('the same thing on several hosts is told once, with the reason and the command', () => {
  const evidence = labCluster().nodes.reduce(
    (seen, node) =>
      withInspection(
        node.alias,
        ({ unit }) => ({ unit: unit === null ? null : { ...unit, killMode: 'process' } }),
        seen,
      ),
    healthy(),
  );
  const text = checkText('lab', result(evidence));
  expect(text).toMatch(/! warning +unit-kill-mode +node_1, node_2, node_3/);
  expect(text.match(/KillMode=process/g)).toHaveLength(1);
  expect(text).toContain('READY WITH WARNINGS: 0 blockers, 3 warnings');
});

test('what hosts send cannot write to the terminal', () => {
  const text = checkText(
    'lab',
    result(withInspection('node_1', () => ({ cron: ['/etc/cron.d/x: psql \u001b[2J\u0007'] }))),
  );
  expect(text).not.toContain('\u001b');
});

test('own steps at `failed` are told beside what is expected, and counted in none of it', () => {
  const page = { name: 'page', at: 'failed', when: 'shown', run: 'echo', expect: 500, timeout: 600 } as const;
  const [before, facts] = [result(healthy()), labCluster({ custom: [page] })];
  const text = checkText('lab', { ...before, facts });
  expect(text).toContain(
    '  If a step fails, not counted: “page” on node_1, as soon as the failure is shown, 08:20, 10:00 at most',
  );
  const window = /the whole window takes .*/;
  expect(window.exec(text)?.[0]).toBe(window.exec(checkText('lab', before))?.[0]);
  expect(JSON.parse(checkJson('lab', { ...before, facts }))).toMatchObject({
    estimates: { onFailure: { page: 500 } },
  });
});

test('for scripts: outcome, findings, estimates by step', () => {
  const json: unknown = JSON.parse(
    checkJson(
      'lab',
      result(withInspection('node_2', ({ parent }) => ({ parent: { ...parent, freeBytes: 0 } }))),
    ),
  );
  expect(json).toMatchObject({
    cluster: 'lab',
    outcome: 'blocked',
    from: '15.20',
    to: '17.12',
    findings: [{ check: 'disk-space', severity: 'blocker', host: 'node_2', command: 'df -h /var/lib/pgsql' }],
    estimates: { steps: { 'A.node_1.initdb': 1.5 } },
  });
});

test('--list documents every check; --json as an array of objects', () => {
  const listed = z
    .array(z.looseObject({ id: z.string(), severity: z.enum(['blocker', 'warning']), title: z.string() }))
    .parse(JSON.parse(catalogueJson()));
  expect(listed.map((one) => one.id)).toEqual(catalogue.map((one) => one.id));
  expect(catalogueText().trimEnd().split('\n')).toHaveLength(catalogue.length);
});
