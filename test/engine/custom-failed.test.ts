import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { behindFailureLines } from '../../source/wording/behind-failure.ts';
import { closedBehindTests, Window } from './harness.ts';

/** Custom steps at `failed`: what they are told, when they run, and that the failure stays what it is. They run on this machine, by a real shell. */

const closed = closedBehindTests();
let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pgaf-home-'));
  vi.stubEnv('HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});
const said = (): string => (existsSync(join(home, 'said')) ? readFileSync(join(home, 'said'), 'utf8') : '');
const stepsAt = (more: string): string => `steps:
  page:
    at: failed
    on: console
    ${more}
`;
const tells = `run: 'echo "$PGAF_DIRECTION $PGAF_FAILED_STEP $PGAF_FAILED_HOST, writes $PGAF_WRITES: $PGAF_FAILURE" >>"$HOME"/said'`;

/** A window in which the checkpoint before the stop fails. */
const failing = async (config: string): Promise<Window> => {
  const night = closed(new Window(undefined, config)).open();
  await night.goTo('C.node_1.checkpoint');
  night.servers.plans.set('C.node_1.checkpoint', [async () => ({ kind: 'exited', code: 1 })]);
  night.engine.confirm('C.node_1.checkpoint');
  await night.stage('failed');
  return night;
};
const entriesOf = (night: Window) => night.journal.filter(({ kind }) => kind === 'on-failure');

test('one runs when the run is left with the failure: it is told which step failed, and whether the application can write', async () => {
  const night = await failing(stepsAt(tells));
  expect([said(), entriesOf(night)]).toEqual(['', []]);
  await night.engine.close();
  expect(said()).toMatch(/^upgrade C\.node_1\.checkpoint node_1, writes up: node_1: .*exit code 1.*\n$/);
  expect(entriesOf(night)).toEqual([
    expect.objectContaining({ step: 'C.node_1.checkpoint', name: 'page', host: 'console', exitCode: 0 }),
  ]);
  expect(night.view.stage.kind).toBe('failed');
});

test('with `when: shown` it runs as soon as the failure is shown, once, and a retry waits until it is over', async () => {
  const night = await failing(stepsAt(`when: shown\n    ${tells}`));
  expect(night.engine.retry('C.node_1.checkpoint')).toEqual({ accepted: true });
  await night.until('the retry', () => night.statusOf('C.node_1.checkpoint') === 'done');
  expect(said().split('\n')).toHaveLength(2);
  await night.engine.close();
  expect(said().split('\n')).toHaveLength(2);
});

test('the card of the failure tells which has run, and which will run when the run is left; of another failure nothing', async () => {
  const two = `when: shown\n    run: exit 3\n  resume:\n    at: failed\n    on: console\n    ${tells}`;
  const night = await failing(stepsAt(two));
  const lines = () =>
    night.view.stage.kind === 'failed' ? behindFailureLines(night.view, night.view.stage.failure) : [];
  await night.until('the first has run', () => lines()[0]?.includes('has run') === true);
  expect(lines()).toEqual([
    '“page” on console, as the login: has run, and failed with exit code 3',
    '“resume” on console, as the login: runs when the run is left with this failure',
  ]);
  const { stage } = night.view;
  await night.engine.close();
  expect(lines()[1]).toBe('“resume” on console, as the login: has run, done');
  expect(stage.kind === 'failed' && behindFailureLines(night.view, { ...stage.failure })).toEqual([]);
  expect(entriesOf(night)).toMatchObject([{ exitCode: 3 }, { exitCode: 0, seconds: expect.any(Number) }]);
});

test('one that fails itself is told, and the failure of the window stays what it was', async () => {
  const night = await failing(stepsAt('run: echo nobody answers; exit 9'));
  const { stage } = night.view;
  await night.engine.close();
  expect(night.view.stage).toEqual(stage);
  expect(entriesOf(night)).toEqual([expect.objectContaining({ exitCode: 9, says: ['nobody answers'] })]);
  expect(night.view.notices.at(-1)?.text).toBe(
    'Behind the failure, on console: “page”: it failed with exit code 9 (nobody answers).',
  );
});

test('a run that is left without a failure runs none', async () => {
  const night = closed(new Window(undefined, stepsAt(tells))).open();
  await night.goTo('C.node_1.checkpoint');
  await night.engine.close();
  expect([said(), entriesOf(night)]).toEqual(['', []]);
});
