import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { describeStep } from '../../source/plain/describe.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { closedBehindTests, Window } from './harness.ts';

/** A second person: what cannot be undone waits for an approval from another login. */

const window = closedBehindTests();
const homes: string[] = [];
afterEach(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});
const anotherHome = (): string => {
  const home = mkdtempSync(join(tmpdir(), 'pgaf-approval-'));
  homes.push(home);
  return home;
};

const wanted = 'approve: [irreversible, opening]';
const start = 'E.node_1.private-start';

/** A console that comes when everything before the first start is done: it has run nothing, so the lock is nobody's. */
const atStart = (): Window => {
  const night = new Window(undefined, wanted);
  const { model } = night.servers;
  for (const { id } of upgradeRunbook(model.facts)) {
    if (id === start) break;
    model.run(id);
  }
  night.servers.record = JSON.stringify({ ...night.servers.facts, run: model.runName });
  return night.open();
};

test('it is run once another login has approved the text that is shown; both names and what each saw are in the journal', async () => {
  const night = window(atStart());
  const first = night.engine;
  await night.next(start);
  expect(first.view.approval).toEqual({ step: start, given: null, why: null });
  const refused = {
    refused: expect.stringMatching(/^it waits for a second person, .*approve FILE E\.node_1/),
  };
  expect(first.confirm(start, 'node_1')).toEqual(refused);
  // That has taken the lock: a second console is read-only from now on, and can approve.
  await vi.waitFor(() => expect(night.journal.some(({ kind }) => kind === 'lock')).toBe(true), 15_000);
  const step = first.view.steps.find(({ id }) => id === start);
  expect(step && describeStep(first.view, step).join('\n')).toContain('Approval: waits for a second person');

  // The same person at another machine is no second one.
  night.again('', { stateHome: anotherHome(), operator: 'tess@laptop' }).open();
  await night.until('their turn to watch', ({ stage }) => stage.kind === 'watching' && stage.step === start);
  expect(night.engine.approve(start, 'node_1')).toEqual({
    refused: expect.stringMatching(
      /^tess@laptop is the operator’s own login \(tess@bastion holds the lock\)/,
    ),
  });
  await night.engine.close();

  night.again('', { stateHome: anotherHome(), operator: 'ann@laptop' }).open();
  await night.until('their turn to watch', ({ stage }) => stage.kind === 'watching' && stage.step === start);
  const second = night.engine;
  expect(second.approve('G.node_1.full-statistics', 'node_1')).toHaveProperty('refused');
  expect(second.approve(start, 'node_2')).toEqual({ refused: 'type node_1 to approve' });
  expect(second.approve(start, 'node_1')).toEqual({ accepted: true });
  expect(first.confirm(start, 'node_1')).toHaveProperty('refused');
  await vi.waitFor(() => expect(first.view.approval?.given?.by).toBe('ann@laptop'), 15_000);
  await second.close();
  expect(first.confirm(start, 'node_1')).toEqual({ accepted: true });
  night.engine = first;
  await night.until('the start', () => night.statusOf(start) === 'done');
  expect(first.view.approval?.step).not.toBe(start);
  const approved = night.journal.find((entry) => entry.kind === 'approved');
  expect(approved).toMatchObject({
    step: start,
    by: 'ann@laptop',
    operator: 'tess@bastion',
    verdict: expect.stringMatching(/\w/),
    operatorVerdict: expect.stringMatching(/\w/),
  });
}, 40_000);
