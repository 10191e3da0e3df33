import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openEventsFile } from '../../source/commands/events-file.ts';
import { type RunEvent, runEventSchema } from '../../source/engine/view/run-events.ts';
import { ViewStore } from '../../source/engine/view/view-store.ts';
import { loneCluster } from '../runbook/clusters.ts';
import { closedBehindTests, Window } from './harness.ts';

/** What a program is told that watches a run: the same as the screen, one line an event. */

const window = closedBehindTests();
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgaf-events-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (): string => join(directory, 'events.ndjson');
const watched = (night: Window) => {
  const opened = openEventsFile(file());
  if (!opened.ok) throw new Error(opened.error.what);
  opened.value.watch(night.engine, false);
  return opened.value;
};
const events = (): readonly RunEvent[] =>
  readFileSync(file(), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => runEventSchema.parse(JSON.parse(line)));
const kinds = (): string[] => events().map(({ event }) => event);
/** `waits E.node_1.private-start irreversible` */
const short = (one: RunEvent): string =>
  'step' in one
    ? `${one.event} ${one.step.id}${one.event === 'waits' ? ` ${one.asks ?? 'a key'}` : one.event === 'step-ends' ? ` ${one.result}` : ''}`
    : one.event;

test('a window from its first step to its end: what begins, ends, waits for a person; writes down and up; what a rollback costs', async () => {
  const night = window(new Window(loneCluster()).open());
  const writing = watched(night);
  await night.goTo('G.node_1.start');
  night.engine.confirm('G.node_1.start', 'node_1', 'to-stop');
  await night.stage('finished');
  expect(writing.close()).toBeNull();
  expect(statSync(file()).mode & 0o777).toBe(0o600);

  const all = events();
  expect(all[0]).toMatchObject({
    version: 1,
    cluster: 'lab',
    direction: 'upgrade',
    event: 'begins',
    from: '15.20',
    to: '17.12',
  });
  expect(all.at(-1)).toMatchObject({ event: 'finished', says: expect.stringMatching(/every node runs/) });
  expect(all.filter(({ event }) => event === 'left')).toEqual([]);
  const said = all.map(short);
  expect(said.slice(said.indexOf('waits C.node_1.stop downtime')).slice(0, 4)).toEqual([
    'waits C.node_1.stop downtime',
    'step-begins C.node_1.stop',
    'writes-down',
    'step-ends C.node_1.stop done',
  ]);
  expect(said).toContain('waits E.node_1.private-start irreversible');
  expect(said).toContain('waits G.node_1.start opening');
  expect(all.find(({ event }) => event === 'writes-up')).toMatchObject({ seconds: expect.any(Number) });
  expect(all.flatMap((one) => (one.event === 'verdict' ? [one.verdict] : []))).toEqual([
    'nothing-to-undo',
    'safe',
    'backup-only',
  ]);
  // Each step that begins ends, once.
  const of = (event: string) =>
    all.flatMap((one) => (one.event === event && 'step' in one ? [one.step.id] : [])).sort();
  expect(of('step-begins').length).toBeGreaterThan(20);
  expect(of('step-ends')).toEqual(expect.arrayContaining(of('step-begins')));
}, 60_000);

test('a failure says why; what is left says so; the next console goes on in the same file', async () => {
  const night = window();
  const first = watched(night);
  await night.goTo('C.monitor.stop');
  night.servers.plans.set('C.monitor.stop', [async () => ({ kind: 'exited', code: 1 })]);
  night.engine.confirm('C.monitor.stop');
  await night.stage('failed');
  expect(first.close()).toBeNull();
  const [failed, left] = events().slice(-2);
  expect(failed).toMatchObject({
    event: 'step-ends',
    result: 'failed',
    why: expect.stringMatching(/ended with exit code 1/),
  });
  expect(left).toMatchObject({ event: 'left', says: expect.stringMatching(/has failed/) });

  night.kill().again();
  const second = watched(night);
  night.open();
  await night.next('C.monitor.stop');
  second.close();
  const behind = kinds().slice(kinds().lastIndexOf('begins'));
  // What an earlier console has done is not told again.
  expect(behind).toEqual(['begins', 'verdict', 'waits', 'left']);
});

test('a file of somebody else’s is left as it is', () => {
  writeFileSync(file(), 'mine\n');
  expect(openEventsFile(file())).toMatchObject({
    ok: false,
    error: { what: expect.stringMatching(/was not written by --events/) },
  });
  expect(readFileSync(file(), 'utf8')).toBe('mine\n');
});

test('an empty file of this user alone is taken: a run that could not start has left it, or mktemp made it', () => {
  writeFileSync(file(), '', { mode: 0o600 });
  const opened = openEventsFile(file());
  expect(opened.ok && opened.value.close()).toBeNull();
});

test('a full disk ends the file, and not the run', async () => {
  const night = window();
  const opened = openEventsFile(file(), () => {
    throw new Error('ENOSPC: no space left on device');
  });
  if (!opened.ok) throw new Error(opened.error.what);
  opened.value.watch(night.engine, false);
  await night.stage('confirm');
  expect(opened.value.close()).toMatchObject({ what: expect.stringMatching(/is cut short/) });
});

test('confirmed by --yes, it waits for nobody', async () => {
  const night = window();
  const opened = openEventsFile(file());
  if (!opened.ok) throw new Error(opened.error.what);
  opened.value.watch(night.engine, true);
  await night.goTo('A.node_1.initdb');
  opened.value.close();
  expect(kinds()).toContain('step-ends');
  expect(kinds()).not.toContain('waits');
});

test('a control character in what a host has said reached whoever reads the file on a terminal; its value stays the same', () => {
  const store = new ViewStore();
  const opened = openEventsFile(file());
  if (!opened.ok) throw new Error(opened.error.what);
  opened.value.watch({ view: store.view, onChange: (listener) => store.onChange(listener) }, false);
  const to = '17\u009b2J\u202e\u001b]0;x\u0007\n\u2028';
  store.set({ cluster: { name: 'shop', from: '15', to, mode: 'link' } });
  opened.value.close();
  expect(readFileSync(file(), 'utf8').replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
  expect(events()[0]).toMatchObject({ event: 'begins', to });
});
