import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal, stateHome } from '../../source/engine/journal/journal.ts';
import { Decisions } from '../../source/engine/run/decisions.ts';
import { whyNoTurn, whyNotByMethod, whyNotPrepared } from '../../source/engine/run/method-refusal.ts';
import { Prompts } from '../../source/engine/run/prompts.ts';
import { ViewStore } from '../../source/engine/view/view-store.ts';
import type { Answer, Question } from '../../source/remote/host.ts';
import { prepareRunbook } from '../../source/runbook/online.ts';
import type { Direction } from '../../source/runbook/runbooks.ts';
import { good } from '../cluster/recorded.ts';
import { citusCluster, labCluster } from '../runbook/clusters.ts';
import { OnlineModel } from '../runbook/online-model.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pgaf-parts-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('the journal', () => {
  test('each line is on the disk when write() returns', () => {
    const journal = good(Journal.open(home, 'a/b', 'run'));
    expect(journal.directory).toBe(join(home, 'a_b', 'run'));
    journal.write({ kind: 'left', running: 'A.x.y\n"' });
    const text = readFileSync(join(journal.directory, 'journal.ndjson'), 'utf8');
    expect(text.split('\n').length).toBe(2);
    expect(JSON.parse(text)).toMatchObject({ kind: 'left', running: 'A.x.y\n"' });
    journal.close();
  });

  test('opened again it is continued, never begun anew', () => {
    for (const running of ['one', 'two']) {
      const journal = good(Journal.open(home, 'c', 'run'));
      journal.write({ kind: 'left', running });
      journal.close();
    }
    expect(readFileSync(join(home, 'c', 'run', 'journal.ndjson'), 'utf8').match(/one|two/g)).toEqual([
      'one',
      'two',
    ]);
  });

  test('closed in mid job it wrote the job’s end into whatever file had got its number', () => {
    const journal = good(Journal.open(home, 'c', 'run'));
    journal.close();
    const other = openSync(join(home, 'innocent'), 'w');
    expect(journal.write({ kind: 'left', running: null })).toMatchObject({ ok: false });
    journal.close();
    closeSync(other);
    expect(readFileSync(join(home, 'innocent'), 'utf8')).toBe('');
  });

  test('kept where XDG says, else below the home directory', () => {
    expect(stateHome({ XDG_STATE_HOME: '/state' })).toBe('/state/pgaf-upgrade');
    expect(stateHome({ XDG_STATE_HOME: '' })).toMatch(/\/\.local\/state\/pgaf-upgrade$/);
    expect(stateHome({})).toBe(stateHome({ XDG_STATE_HOME: '' }));
  });
});

describe('questions', () => {
  const question = (alias: string): Question => ({
    kind: 'unknown-host-key',
    alias,
    host: alias,
    keyType: 'ssh-ed25519',
    fingerprint: 'SHA256:x',
  });

  test('of four hosts at once are asked one after the other, and what was shown before comes back', async () => {
    const board = new ViewStore();
    const asking = new Prompts(board);
    board.set({ stage: { kind: 'connecting', doing: 'connecting to node_1, node_2' } });
    const answers: Promise<Answer>[] = ['node_1', 'node_2', 'node_3'].map((alias) =>
      asking.ask(question(alias)),
    );
    const shown = () =>
      board.view.stage.kind === 'question' ? board.view.stage.question.alias : board.view.stage.kind;
    expect(shown()).toBe('node_1');
    asking.answer({ kind: 'yes' });
    expect(shown()).toBe('node_2');
    asking.answer({ kind: 'no' });
    expect(shown()).toBe('node_3');
    asking.answer({ kind: 'secret', secret: 'x' });
    expect(board.view.stage).toEqual({ kind: 'connecting', doing: 'connecting to node_1, node_2' });
    expect(await Promise.all(answers)).toEqual([
      { kind: 'yes' },
      { kind: 'no' },
      { kind: 'secret', secret: 'x' },
    ]);
    expect(JSON.stringify(board.view)).not.toContain('secret');
  });

  test('an answer that nobody asked for is dropped; leaving answers every open one with no', async () => {
    const board = new ViewStore();
    const asking = new Prompts(board);
    asking.answer({ kind: 'yes' });
    const answers = ['node_1', 'node_2'].map((alias) => asking.ask(question(alias)));
    asking.refuseAll();
    expect(await Promise.all(answers)).toEqual([{ kind: 'no' }, { kind: 'no' }]);
  });
});

describe('decisions', () => {
  test('wait for their own step, count once, and end when the console is left', async () => {
    const decisions = new Decisions();
    const first = decisions.next('A.x.save');
    expect([decisions.waitsFor('A.x.save'), decisions.waitsFor('B.x.y')]).toEqual([true, false]);
    decisions.give({ kind: 'run', typed: null, until: 'step' });
    decisions.give({ kind: 'skip', reason: 'too late' });
    expect(await first).toEqual({ kind: 'run', typed: null, until: 'step' });
    const second = decisions.next('B.x.y');
    decisions.leave();
    expect(await second).toEqual({ kind: 'leave' });
    expect(await decisions.next('C.x.y')).toEqual({ kind: 'leave' });
  });
});

test('notices are kept in number: a flapping line cannot fill the memory', () => {
  const board = new ViewStore();
  for (let count = 0; count < 1000; count += 1) board.notice(`lost ${count}`);
  expect(board.view.notices.length).toBe(100);
  expect(board.view.notices.at(-1)?.text).toBe('lost 999');
});

describe('which commands go with which method', () => {
  const online = labCluster({ method: 'online' });
  test.each([
    ['pg_upgrade', 'upgrade', null],
    ['pg_upgrade', 'rollback', null],
    ['pg_upgrade', 'prepare', /nothing is prepared days before/],
    ['pg_upgrade', 'call-off', /nothing is prepared days before/],
    ['online', 'prepare', null],
    ['online', 'call-off', null],
    ['online', 'upgrade', null],
    ['online', 'rollback', null],
    ['online', 'cleanup', null],
    ['pg_upgrade', 'rehearse', null],
    ['online', 'rehearse', /upgrades a copy of the primary itself/],
  ] as const)('%s, %s', (method, direction, why) => {
    const refusal = whyNotByMethod(method === 'online' ? online : labCluster(), direction);
    if (why === null) expect(refusal).toBeNull();
    else expect(refusal?.what).toMatch(why);
  });

  test('the online method refuses what it has no place for, by name', () => {
    const custom = labCluster({
      method: 'online',
      custom: [
        { name: 'drain', at: 'before-stop', run: 'true' },
        { name: 'smoke', at: 'before-open', run: 'true' },
      ],
    });
    expect(whyNotByMethod(custom, 'upgrade')?.what).toContain('at stopped or before-open (smoke)');
    expect(whyNotByMethod({ ...custom, custom: custom.custom.slice(0, 1) }, 'upgrade')).toBeNull();
    const groups = citusCluster({ method: 'online' });
    expect(whyNotByMethod(groups, 'prepare')?.what).toContain('has groups (0, 1');
    const bare = labCluster({ method: 'online' });
    const nodes = bare.nodes.map((node) => ({ ...node, service: { kind: 'none' } as const }));
    expect(whyNotByMethod({ ...bare, nodes }, 'upgrade')?.what).toContain(
      'pg_autoctl on node_1 is run by no unit',
    );
  });

  test('the window begins only where the new version follows', () => {
    const model = new OnlineModel(online);
    const refusal = () => whyNotPrepared(online, model.world(), 'upgrade');
    expect(refusal()?.what).toContain('does not follow yet: nothing is prepared');
    const steps = prepareRunbook(online, model.world());
    model.run(steps[0]?.id ?? '');
    expect(refusal()?.what).toContain('it is being prepared');
    for (const step of steps) model.run(step.id);
    expect(refusal()).toBeNull();
    model.server({ timeline: 4 });
    expect(refusal()?.what).toContain('There is nothing to cut over to');
    model.openWindow(); // the window is open: its own conditions tell
    expect(refusal()).toBeNull();
    model.run('cut-over');
    for (const direction of ['prepare', 'call-off'] as const)
      expect(whyNotPrepared(online, model.world(), direction)?.remedy).toContain('pgaf-upgrade cleanup');
    expect(whyNotPrepared(online, model.world(), 'rollback')).toBeNull();
  });

  test('a preparation is not rolled back but called off', () => {
    expect(whyNoTurn('prepare')).toContain('pgaf-upgrade call-off');
    expect(whyNoTurn('call-off')).not.toBeNull();
    const others: readonly Direction[] = ['upgrade', 'rollback', 'cleanup'];
    expect(others.map(whyNoTurn)).toEqual([null, null, null]);
  });
});
