import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ReadFacts } from '../../source/cluster/facts.ts';
import type { Observations } from '../../source/cluster/observations.ts';
import { problem } from '../../source/cluster/result.ts';
import { parseState } from '../../source/inspect/state/parse.ts';
import { cleanupRunbook } from '../../source/runbook/cleanup.ts';
import type { Step } from '../../source/runbook/language/step.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { good } from '../cluster/recorded.ts';
import { labCluster } from './clusters.ts';
import { modelAfter, modelAt, stepOf } from './worlds.ts';

/** Custom steps on a load balancer, on the operator's machine, and as root: where they run, as whom, and what tells how far they are. */

const custom: ReadFacts['custom'] = [
  { name: 'drain', at: 'before-stop', on: 'lb', run: 'echo drain', undo: 'echo ready', as: 'root' },
  { name: 'page', at: 'finished', on: 'console', run: 'echo page' },
  { name: 'firewall', at: 'before-stop', run: 'echo close', undo: 'echo open', as: 'root' },
];
const facts = labCluster({
  custom,
  outside: [
    { alias: 'lb', kind: 'ssh' },
    { alias: 'console', kind: 'console' },
  ],
});
const steps = upgradeRunbook(facts);
const without = labCluster();
const world = (markers: Readonly<Record<string, readonly string[]>>): Observations => {
  const seen = ['lb', 'console'].map((alias) => {
    const host = good(parseState(alias, `markers\t${(markers[alias] ?? []).join('\u001e')}\nend\tyes\n`));
    return [alias, { kind: 'seen' as const, at: 0, host }] as const;
  });
  return { hosts: { ...modelAt('running', without).world().hosts, ...Object.fromEntries(seen) } };
};
const textOf = (all: readonly Step[], id: string): string => {
  const script = stepOf(all, id).script(world({}));
  return script.kind === 'ready' ? script.text : '';
};

test('outside the cluster a step runs as the login, or as root where the file says so, and each place is checked for misspelt words', () => {
  const users = steps.filter(({ host }) => host === 'lb' || host === 'console').map(({ id, as }) => [id, as]);
  expect(users).toEqual([
    ['A.lb.steps-syntax', 'the login'],
    ['A.console.steps-syntax', 'the login'],
    ['C.lb.custom-drain', 'root'],
    ['I.console.custom-page', 'the login'],
  ]);
  expect(stepOf(steps, 'C.lb.custom-drain').inspects).toContain('lb');
});

test('it finds where in the window it is, and no server; its marker files lie in the home of whoever runs it', () => {
  const text = textOf(steps, 'C.lb.custom-drain');
  expect(text).toContain('PGAF_STEP=drain PGAF_AT=before-stop');
  expect(text).not.toMatch(/PGHOST|PGOPTIONS|PATH=/);
  expect(text).toContain(`"$HOME"/.pgaf-upgrade/steps/${facts.systemIdentifier}`);
});

test('as root on a host of the cluster it looks for no program where another user may have laid one, and writes no file where another may have laid a link', () => {
  const text = textOf(steps, 'C.node_1.custom-firewall');
  expect(stepOf(steps, 'C.node_1.custom-firewall').as).toBe('root');
  expect(text).toContain('PGHOST=');
  expect(text).not.toContain('PATH=');
  expect(text.match(/runuser -u postgres -- sh -euc/g)).toHaveLength(2);
});

test('one that has begun on a host outside is undone in a rollback, and while that host is not seen nobody says that nothing is left', () => {
  const model = modelAfter(without, 'C.node_1.checkpoint');
  const back = rollbackRunbook(facts, model.world()).steps;
  const undo = stepOf(back, 'T.lb.undo-custom-drain');
  const states = [{}, { lb: ['custom-drain.begun'] }].map((markers) => undo.probe(world(markers)).state);
  expect(states).toEqual(['done', 'pending']);
  const dark = { hosts: { lb: { kind: 'unseen' as const, at: 0, problem: problem('lb is off.', 'wait') } } };
  expect(undo.probe(dark)).toEqual({ state: 'pending', says: 'not seen' });
});

test('a rollback and a clean-up end without marker files outside, each taken away by whom they are', () => {
  const model = modelAfter(without, 'C.node_1.checkpoint');
  const tidyOf = (all: readonly Step[]) =>
    all.filter(({ host, id }) => ['lb', 'console'].includes(host) && id.includes('.tidy'));
  const back = rollbackRunbook(facts, model.world()).steps;
  expect(tidyOf(back).map(({ id, as }) => [id, as])).toEqual([
    ['V.lb.tidy', 'the login'],
    ['V.lb.tidy-root', 'root'],
    ['V.console.tidy', 'the login'],
  ]);
  expect(tidyOf(cleanupRunbook(facts, model.world())).map(({ id }) => id)).toEqual([
    'W.lb.tidy',
    'W.lb.tidy-root',
    'W.console.tidy',
  ]);
  const left = world({ lb: ['custom-drain', 'steps-syntax'] });
  expect(tidyOf(back).map((step) => step.probe(left).state)).toEqual(['pending', 'pending', 'done']);
});

test('a place where nothing runs but a step at `failed` is checked for misspelt words too, before anything is changed', () => {
  const page = { name: 'page', at: 'failed', on: 'console', run: 'if', done: 'true' } as const;
  const only = labCluster({ custom: [page], outside: [{ alias: 'console', kind: 'console' }] });
  const runbook = upgradeRunbook(only);
  expect(runbook.map(({ id }) => id).filter((id) => id.includes('console'))).toEqual([
    'A.console.steps-syntax',
  ]);
  const text = textOf(runbook, 'A.console.steps-syntax');
  expect(text).toContain("sh -nc if || { echo 'steps.page.run of the cluster file is no shell");
  expect(text).toContain('steps.page.done of the cluster file');
});

test.skipIf(process.getuid?.() !== 0)(
  'with another user’s home (sudo -E) root wrote through whatever link lay there, and shut that user out',
  () => {
    const home = mkdtempSync(join(tmpdir(), 'pgaf-home-'));
    try {
      const marks = join(home, '.pgaf-upgrade');
      const run = () => {
        const input = textOf(steps, 'A.console.steps-syntax');
        return spawnSync('sh', { input, encoding: 'utf8', env: { ...process.env, HOME: home } });
      };
      mkdirSync(marks);
      chownSync(marks, 1, 1);
      expect(run()).toMatchObject({ status: 1, stderr: expect.stringMatching(/belongs to another user/) });
      expect(readdirSync(marks)).toEqual([]);
      // A link to a directory of one's own is fine.
      rmSync(marks, { recursive: true });
      mkdirSync(join(home, 'elsewhere'));
      symlinkSync('elsewhere', marks);
      expect(run()).toMatchObject({ status: 0, stderr: '' });
    } finally {
      rmSync(home, { recursive: true });
    }
  },
);
