import { afterEach, beforeEach, expect, test } from 'vitest';
import { problem } from '../../source/cluster/result.ts';
import type { FeedSnapshot, MonitorFeed } from '../../source/monitor/feed.ts';
import { openFeed } from '../../source/monitor/open-feed.ts';
import { word } from '../runbook/word.ts';
import { FakeHost } from './fake-host.ts';

const state = (sync: number): string =>
  JSON.stringify({
    formation: 'default',
    numberSyncStandbys: sync,
    serverVersion: '15.20',
    extensionVersion: '2.0',
    defaultExtensionVersion: '2.0',
    listening: true,
    nodes: [],
    events: [{ id: 1, at: '2026-11-23T01:03:55.339Z', node: 'node_1', text: 'hello' }],
  });
const options = {
  port: 5432,
  formation: 'default',
  database: word('pg_auto_failover'),
  postgresUser: 'postgres',
  bindir: word('/usr/bin'),
  pollMs: 60_000,
};
const refusal = 'no pg_hba.conf entry for host "127.0.0.1", user "autoctl_node"';

let host: FakeHost;
let feed: MonitorFeed | null;
beforeEach(() => {
  host = new FakeHost({ answer: state(1), refusal: null, notifies: true });
  feed = null;
});
afterEach(() => feed?.close());

const open = (more: Partial<typeof options> = {}): MonitorFeed => {
  feed = openFeed(host, { ...options, ...more });
  return feed;
};
const until = (wanted: (snapshot: FeedSnapshot) => boolean, from = feed): Promise<FeedSnapshot> =>
  new Promise((resolve) => {
    if (from === null) throw new Error('no feed');
    if (wanted(from.snapshot)) return resolve(from.snapshot);
    const stop = from.onChange((snapshot) => {
      if (!wanted(snapshot)) return;
      stop();
      resolve(snapshot);
    });
  });
const source = (name: string) => (snapshot: FeedSnapshot) =>
  snapshot.status.kind === 'live' && snapshot.status.source === name;
const lost = (snapshot: FeedSnapshot) => snapshot.status.kind === 'lost';
const sync = (count: number) => (snapshot: FeedSnapshot) => snapshot.state?.numberSyncStandbys === count;

test('reads at once, then whenever the monitor notifies', async () => {
  expect(open().snapshot).toEqual({ status: { kind: 'connecting' }, state: null, readAt: null });
  const first = await until(source('listen'));
  expect(first.state?.events[0]?.text).toBe('hello');
  expect(first.readAt).toBeGreaterThan(0);
  host.database.answer = state(0);
  host.streams.at(-1)?.notify('state');
  await until(sync(0));
});

test('polls where notifications do not arrive, and says so', async () => {
  host.database.notifies = false;
  open({ pollMs: 20 });
  const first = await until(source('poll'));
  expect(first.status).toMatchObject({ because: expect.stringContaining('notification') });
  host.database.answer = state(0);
  await until(sync(0));
});

test('falls back to psql as postgres where pg_hba refuses, and says why', async () => {
  host.database.refusal = refusal;
  host.psql = { code: 0, stdout: `${state(1)}\n`, stderr: '' };
  open();
  const first = await until(source('psql'));
  expect(first.status).toMatchObject({ because: expect.stringContaining(refusal) });
  expect(host.runs[0]).toMatchObject({
    as: 'postgres',
    stdin: expect.stringContaining("f.formationid = 'default';"),
  });
  expect(host.runs[0]?.script).not.toContain('pgautofailover');
  expect(host.targets.map((target) => target.kind)).toEqual(['tcp', 'tcp', 'unix', 'unix']);
});

test('without any way it is lost, keeps the last state, and comes back by itself', async () => {
  host.psql = { code: 2, stdout: '', stderr: 'the database system is shutting down' };
  open();
  await until(source('listen'));
  host.forwarding = false;
  host.streams.at(-1)?.destroy();
  const down = await until(lost);
  expect(down.state?.numberSyncStandbys).toBe(1);
  expect(down.status).toMatchObject({ problem: { cause: 'the database system is shutting down' } });
  host.forwarding = true;
  await until(source('listen'));
});

test('a line that is down is said at once, and its return is noticed', async () => {
  open();
  await until(source('listen'));
  host.become('reconnecting', problem('The line is cut.', 'Wait.'));
  expect((await until(lost)).status).toMatchObject({ problem: { what: 'The line is cut.' } });
  host.become('connected');
  await until(source('listen'));
});

test.each([
  ['not JSON', 'drop table', 'not JSON'],
  [
    'a state that does not exist',
    state(1).replace('"nodes":[]', '"nodes":[{"reported":"\\u001b[2J"}]'),
    'does not understand',
  ],
  ['no such formation', '', 'no formation'],
])('believes nothing before it is checked: %s', async (_case, answer, what) => {
  host.database.answer = answer;
  open();
  const snapshot = await until(lost);
  expect(snapshot.status).toMatchObject({ problem: { what: expect.stringContaining(what) } });
  expect(snapshot.state).toBeNull();
});

test('closes at once, whatever it waits for', async () => {
  host.database.answer = null;
  const silent = open();
  await silent.close();
  host.database.answer = state(1);
  open();
  await until(source('listen'));
  await feed?.close();
  const { snapshot } = open();
  expect(snapshot.status.kind).toBe('connecting');
});
