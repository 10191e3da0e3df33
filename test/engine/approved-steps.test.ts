import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ok, type Result } from '../../source/cluster/result.ts';
import {
  approvalOf,
  approvalsBy,
  digestOf,
  otherThanApproved,
  whyNoApproval,
} from '../../source/engine/run/approvals.ts';
import { RunLock } from '../../source/engine/run/run-lock.ts';
import { approvedWith } from '../../source/engine/view/approved-with.ts';
import type { StepView } from '../../source/engine/view/controller.ts';
import { viewOf } from '../../source/engine/view/step-view.ts';
import { ViewStore } from '../../source/engine/view/view-store.ts';
import type { Output } from '../../source/remote/host.ts';
import { prepareRunbook } from '../../source/runbook/online.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { FakeHost } from '../monitor/fake-host.ts';
import { customCluster, labCluster } from '../runbook/clusters.ts';
import { OnlineModel } from '../runbook/online-model.ts';
import { word } from '../runbook/word.ts';

/** Which steps a second person approves, and how the operator hears of it. */

const { verdict } = new ViewStore().view;
const beforeCutOver = (facts = labCluster({ method: 'online' })): readonly StepView[] => {
  const model = new OnlineModel(facts);
  for (const step of prepareRunbook(facts, model.world())) model.run(step.id);
  model.openWindow();
  const world = model.world();
  return upgradeRunbook(facts).map((step) =>
    viewOf(step, world, { kind: 'waiting' }, { direction: 'upgrade' }),
  );
};
const among = (steps: readonly StepView[], end: string): StepView => {
  const found = steps.find(({ id }) => id.endsWith(end));
  if (found === undefined) throw new Error(`there is no ${end}`);
  return found;
};

test('the cut-over, which opens by the online method and waits for a second person, could be approved by nobody', () => {
  const steps = beforeCutOver();
  const cut = among(steps, '.cut-over');
  expect(cut.asksName).toBe('pause');
  expect(whyNoApproval({ direction: 'upgrade', steps }, cut, 'tess@bastion', 'ann@laptop')).toBeNull();
  expect(whyNoApproval({ direction: 'upgrade', steps }, cut, 'tess@bastion', 'tess@laptop')).not.toBeNull();
});

test('a pooler’s pause leads on to the cut-over: who approves it approves both texts, and not the first alone', () => {
  const steps = beforeCutOver(customCluster({ method: 'online' }));
  const pause = among(steps, '.custom-pause');
  const cut = among(steps, '.cut-over');
  expect(approvedWith({ steps }, pause).map(({ id }) => id)).toEqual([pause.id, cut.id]);
  const written = approvalsBy({ steps, verdict }, pause, 'r1', 'ann@laptop', 'ann');
  expect(written.map(({ step, digest }) => [step, digest])).toEqual(
    [pause, cut].map(({ id, script }) => [id, digestOf(script ?? '')]),
  );
  // Turned back by itself and tried again, the cut-over has its approval.
  expect(approvalOf(cut, 'r1', 'tess@bastion', written).given?.by).toBe('ann@laptop');
  const unknown = steps.map((step) => (step.id === cut.id ? { ...step, script: null } : step));
  expect(
    whyNoApproval({ direction: 'upgrade', steps: unknown }, pause, 'tess@bastion', 'ann@laptop'),
  ).toMatch(/^the script of “Cut over to 17”, which follows at once, is not known yet/);
});

test('an approval counts for its run, step, text and another login, whatever else a line of the file says', () => {
  const steps = beforeCutOver();
  const cut = among(steps, '.cut-over');
  const [good] = approvalsBy({ steps, verdict }, cut, 'r1', 'ann@laptop', 'ann');
  if (good === undefined) throw new Error('nothing was written');
  const given = (change: Partial<typeof good>): string | null =>
    approvalOf(cut, 'r1', 'tess@bastion', [{ ...good, ...change }]).given?.by ?? null;
  expect(given({})).toBe('ann@laptop');
  for (const change of [{ run: 'r0' }, { step: 'G.node_1.other' }, { digest: digestOf('older') }])
    expect(given(change)).toBeNull();
  for (const by of ['tess@laptop', 'tess', 'Tess@laptop', 'TESS']) expect(given({ by })).toBeNull();
});

test('a text that changed between the confirmation and the last look was run without its approval', () => {
  const approved = new Map([
    ['N.node_1.custom-pause', digestOf('PAUSE')],
    ['N.node_1.cut-over', digestOf('cut')],
  ]);
  const other = (id: string, texts: Readonly<Record<string, string>>): string | null =>
    otherThanApproved(approved, id, (one) => texts[one] ?? null);
  const [pause, cut] = ['N.node_1.custom-pause', 'N.node_1.cut-over'];
  expect(other(pause, { [pause]: 'PAUSE', [cut]: 'cut' })).toBeNull();
  expect(other(pause, { [pause]: 'PAUSE 2', [cut]: 'cut' })).toBe(pause);
  expect(other(pause, { [pause]: 'PAUSE', [cut]: 'cut 2' })).toBe(cut);
  expect(other(pause, { [pause]: 'PAUSE' })).toBe(cut);
  expect(other('A.node_1.nobody-approves', {})).toBeNull();
});

/** A monitor's host whose scripts run here. */
class LocalHost extends FakeHost {
  override async run(script: string): Promise<Result<Output>> {
    const { status, stdout, stderr } = spawnSync('sh', { input: script, encoding: 'utf8' });
    return ok({ code: status ?? 1, stdout, stderr });
  }
}

test('behind fifty approvals in the file the next one was not heard of; lines that are none are passed over', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pgaf-approvals-'));
  try {
    const host = new LocalHost({ answer: null, refusal: null, notifies: false });
    const lock = new RunLock({ host, workDir: word(directory), as: 'postgres', operator: 'tess@bastion' });
    const steps = beforeCutOver();
    const [one] = approvalsBy({ steps, verdict }, among(steps, '.cut-over'), 'r1', 'ann@laptop', 'ann');
    if (one === undefined) throw new Error('nothing was written');
    const line = (step: string): string => `${JSON.stringify({ ...one, step })}\n`;
    for (let at = 0; at < 60; at += 1) appendFileSync(join(directory, 'approvals'), line(`old-${at}`));
    await lock.read();
    let heard = 0;
    lock.onApproval(() => {
      heard += 1;
    });
    await lock.read();
    expect(heard).toBe(0);
    appendFileSync(join(directory, 'approvals'), `{"run":"r1"}\nnonsense\n[]\n${line('N.node_1.cut-over')}`);
    await lock.read();
    expect([heard, lock.approvals.at(-1)?.step]).toEqual([1, 'N.node_1.cut-over']);
    const both = await lock.approve([one, { ...one, step: 'second' }]);
    expect(both.ok && both.value.approvals.slice(-2).map(({ step }) => step)).toEqual([one.step, 'second']);
    // A full disk has cut a line: the next approval, written behind it, was lost with it.
    appendFileSync(join(directory, 'approvals'), '{"run":"r1","step":"c');
    const behind = await lock.approve([{ ...one, step: 'third' }]);
    expect(behind.ok && behind.value.approvals.at(-1)?.step).toBe('third');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
