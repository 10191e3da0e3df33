import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Evidence } from '../../source/cluster/checks/evidence.ts';
import { fail, ok, problem } from '../../source/cluster/result.ts';
import { alias } from '../../source/cluster/words.ts';
import { answerOf, forEachCluster } from '../../source/commands/each-cluster.ts';
import {
  checksExitCode,
  checksJson,
  checkTable,
  type OfCluster,
  statusesJson,
  statusTable,
} from '../../source/plain/many-clusters.ts';
import { judge } from '../../source/runbook/checks/judge.ts';
import type { CheckResult } from '../../source/usecases/check/check.ts';
import type { Status } from '../../source/usecases/status/status.ts';
import { healthy, withInspection } from '../runbook/checks/healthy.ts';
import type { Moment } from '../runbook/worlds.ts';
import { statusAt } from './status-at.ts';

const checked = (name: string, evidence: Evidence): OfCluster<CheckResult> => ({
  file: `${name}.yaml`,
  name,
  answer: ok({ facts: evidence.facts, evidence, judgment: judge(evidence, []), tookMs: 3_900 }),
});
const unread = {
  file: 'gone.yaml',
  name: null,
  answer: fail([problem('There is no cluster file gone.yaml.', 'Make one.')]),
};
const fullDisk = withInspection('node_2', ({ parent }) => ({ parent: { ...parent, freeBytes: 0 } }));
const three = [checked('shop', healthy()), checked('bank', fullDisk), unread];

test('check of several clusters: a line each, the worst first, and the worst counts for the exit code', () => {
  const [head = '', ...lines] = checkTable(three).trimEnd().split('\n');
  expect(head).toMatch(/^cluster +state +versions +blockers +warnings +downtime$/);
  expect(lines[0]).toMatch(/^gone\.yaml +INCOMPLETE +There is no cluster file gone\.yaml\.$/);
  expect(lines[1]).toMatch(/^bank +BLOCKED +15\.20 → 17\.12 +1 +0 +[\d.]+ s +disk-space node_2: /);
  expect(lines[2]).toMatch(/^shop +READY +15\.20 → 17\.12 +0 +0 +[\d.]+ s$/);
  expect(lines.slice(3)).toEqual([
    '',
    '3 clusters: 1 INCOMPLETE, 1 BLOCKED, 1 READY',
    'Everything about one of them: pgaf-upgrade check FILE',
  ]);
  expect(checksExitCode(three)).toBe(2);
  expect(checksExitCode(three.slice(0, 2))).toBe(1);
  expect(checksExitCode(three.slice(0, 1))).toBe(0);
});

test('a defect that one cluster brings to light took the answers of all others along', async () => {
  const all = await forEachCluster(['a.yaml', 'b.yaml'], (file) =>
    answerOf<CheckResult>(
      file,
      file === 'a.yaml'
        ? Promise.reject(new TypeError('no such step'))
        : Promise.resolve(checked('shop', healthy())),
    ),
  );
  const lines = checkTable(all).split('\n');
  expect(lines.slice(1, 3)).toEqual([
    expect.stringMatching(/^a\.yaml +INCOMPLETE +Internal error in the console\.$/),
    expect.stringMatching(/^shop +READY/),
  ]);
});

test('two files that call their clusters the same were two lines that nobody could tell apart', () => {
  const one = (file: string, evidence: Evidence) => ({ ...checked('shop', evidence), file });
  const all = [one('a.yaml', healthy()), one('b.yaml', fullDisk), checked('bank', healthy())];
  const names = checkTable(all)
    .split('\n')
    .slice(1, 4)
    .map((line) => line.split(/ {2,}/)[0]);
  expect(names).toEqual(['shop (b.yaml)', 'shop (a.yaml)', 'bank']);
});

test('no line is wider than 140 columns, however long the names and what was found', () => {
  const long = checked('a'.repeat(200), fullDisk);
  for (const line of checkTable([...three, long]).split('\n')) expect(line.length).toBeLessThanOrEqual(140);
});

test('for scripts: each cluster with its file, in the same order', () => {
  const json = z.object({ clusters: z.array(z.looseObject({})) }).parse(JSON.parse(checksJson(three)));
  expect(json.clusters).toMatchObject([
    { file: 'gone.yaml', cluster: null, outcome: 'unseen', problems: [{ remedy: 'Make one.' }] },
    { file: 'bank.yaml', cluster: 'bank', outcome: 'blocked', findings: [{ check: 'disk-space' }] },
    { file: 'shop.yaml', cluster: 'shop', outcome: 'ready' },
  ]);
});

const status = (name: string, moment: Moment, more: Partial<Status> = {}): OfCluster<Status> => ({
  file: `${name}.yaml`,
  name,
  answer: ok(statusAt(moment, more)),
});

test('status of several clusters: writes down before everything else, then what is not seen, then what is under way', () => {
  const silent = problem('node_3 does not answer.', 'Look at it.');
  const all = [
    status('quiet', 'running'),
    status('done', 'finished'),
    status('going', 'fenced'),
    status('silent', 'running', { problem: silent }),
    status('down', 'fenced', { writes: { kind: 'down', since: null } }),
    { ...unread },
  ];
  const lines = statusTable(all).split('\n');
  expect(lines.slice(0, 7).map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
    ['cluster', 'state'],
    ['down', 'WRITES DOWN'],
    ['gone.yaml', 'NOT SEEN'],
    ['silent', 'NOT WHOLLY SEEN'],
    ['going', 'UNDER WAY'],
    ['done', 'finished'],
    ['quiet', 'not begun'],
  ]);
  expect(lines[1]).toMatch(/next: step \d+, /);
  expect(lines[3]).toContain('node_3 does not answer.');
  const json = z.object({ clusters: z.array(z.looseObject({})) }).parse(JSON.parse(statusesJson(all)));
  expect(json.clusters[0]).toMatchObject({
    file: 'down.yaml',
    cluster: 'down',
    writes: { kind: 'down', since: null },
  });
  expect(json.clusters[1]).toMatchObject({ file: 'gone.yaml', problems: [{ remedy: 'Make one.' }] });
});

test('status of several clusters names the host on which a rehearsal is left, where nothing else is to be said', () => {
  const rehearsalsLeft = [{ host: alias.parse('node_3'), directory: '/x', server: false }];
  const table = statusTable([status('shop', 'running', { rehearsalsLeft })]);
  expect(table.split('\n')[1]).toMatch(/^shop +not begun .* a rehearsal is left on node_3$/);
});

test('thirty-two clusters take no more than three times as long as one, and their answers stay in order', async () => {
  const waiting: (() => void)[] = [];
  let rounds = 0;
  const round = (): Promise<void> =>
    new Promise((resolve) => {
      if (waiting.push(resolve) > 1) return;
      setImmediate(() => {
        rounds += 1;
        for (const answer of waiting.splice(0)) answer();
      });
    });
  const files = Array.from({ length: 32 }, (_, at) => `${at}.yaml`);
  const answers = forEachCluster(files, async (file) => {
    await round();
    return file;
  });
  expect(await answers).toEqual(files);
  expect(rounds).toBeLessThanOrEqual(3);
});
