import { expect, test } from 'vitest';
import type { CheckInspection, Evidence } from '../../source/cluster/checks/evidence.ts';
import { checkJson, checkText } from '../../source/plain/check-report.ts';
import { checkInspectionScript } from '../../source/runbook/checks/inspection/script.ts';
import { judge } from '../../source/runbook/checks/judge.ts';
import type { CheckResult } from '../../source/usecases/check/check.ts';
import { withInspection } from '../runbook/checks/healthy.ts';
import { labCluster } from '../runbook/clusters.ts';

const resultOf = (evidence: Evidence): CheckResult => ({
  facts: evidence.facts,
  evidence,
  judgment: judge(evidence, []),
  tookMs: 3900,
});

test('passwords in cron lines and in settings are in no answer of check', () => {
  const evidence = withInspection('node_1', (look: CheckInspection) => ({
    cron: [
      '/etc/cron.d/a: * * * * * postgres PGPASSWORD=hunter2 pg_dump x',
      '/etc/cron.d/b: * * * * * postgres pgbackrest --repo1-cipher-pass=hunter2 backup',
      "/etc/cron.d/c: * * * * * postgres psql 'postgres://u:hunter2@h/db'",
    ],
    ...(look.server === null
      ? {}
      : {
          server: {
            ...look.server,
            removed: [{ name: 'old_conninfo', value: "password='hunter2'", file: null, line: null }],
            settings: { ...look.server.settings, archive_mode: 'on' },
          },
        }),
  }));
  const result = resultOf(evidence);
  const [text, json] = [checkText('lab', result), checkJson('lab', result)];
  expect(text).toContain('/etc/cron.d/a');
  expect(text).toContain('archive_mode is on');
  for (const shown of [text, json]) expect(shown).not.toContain('hunter2');
});

test('archive_command is not asked for: it may hold the keys of the archive', () => {
  const facts = labCluster();
  for (const host of [facts.monitor, ...facts.nodes])
    expect(checkInspectionScript(facts, host).text).not.toContain('archive_command');
});

test('a finding that a host makes as long as it likes is cut', () => {
  const evidence = withInspection('node_1', () => ({ cron: [`/etc/cron.d/a: ${'x'.repeat(1_000_000)}`] }));
  const longest = Math.max(...resultOf(evidence).judgment.findings.map(({ found }) => found.length));
  expect(longest).toBeLessThan(3000);
});
