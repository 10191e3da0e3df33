import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { monitorIn } from '../../source/cluster/observations.ts';
import { present } from '../../source/cluster/present.ts';
import { ageOf, readClocks } from '../../source/engine/observe/clock.ts';
import { Observer } from '../../source/engine/observe/observer.ts';
import { lockView } from '../../source/engine/run/watcher.ts';
import { Watchdog } from '../../source/engine/step/watchdog.ts';
import type { Quiet } from '../../source/engine/view/controller.ts';
import { ViewStore } from '../../source/engine/view/view-store.ts';
import { SnapshotBoard } from '../../source/monitor/snapshot.ts';
import type { RemoteHost } from '../../source/remote/host.ts';
import { clock } from '../../source/wording/text.ts';
import { labCluster } from '../runbook/clusters.ts';
import { word } from '../runbook/word.ts';
import { modelAfter } from '../runbook/worlds.ts';
import { FakeServers } from './fake-servers.ts';

/** An operator's clock is set back or forward in the middle of a window. */

afterEach(() => vi.restoreAllMocks());

const setClock = (byMs: number): void => {
  const now = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
};

const observed = async () => {
  const facts = labCluster();
  const servers = new FakeServers(facts);
  const hosts = new Map<string, RemoteHost>();
  for (const alias of ['monitor', 'node_1', 'node_2', 'node_3']) {
    const host = await servers.connect(
      { alias, host: alias, port: 22, user: 'dba' },
      { ask: () => Promise.resolve({ kind: 'no' }), become: 'sudo' },
    );
    if (!host.ok) throw new Error(host.error.what);
    hosts.set(alias, host.value);
  }
  return { servers, observer: new Observer(facts, hosts, () => undefined, 100) };
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const autoctlOf = (observer: Observer) => {
  const look = observer.world.hosts.node_1;
  return look?.kind === 'seen' ? look.host.pgAutoctl : null;
};
const always = { text: 'x', holds: () => ({ holds: true }) as const };

test('with the clock set back by a minute an old inspection counted as fresh, and every new one was thrown away', async () => {
  const { servers, observer } = await observed();
  await observer.inspect();
  servers.model.host('node_1').pgAutoctl = 'stopped';
  await pause(150);
  setClock(-60_000);
  await observer.until(
    [always],
    'node_1',
    5,
    () => undefined,
    () => false,
    'a fresh look',
  );
  expect(autoctlOf(observer)).toBe('stopped');
  servers.model.host('node_1').pgAutoctl = 'unknown';
  await observer.inspect();
  expect(autoctlOf(observer)).toBe('unknown');
});

test('with the clock set forward by an hour a condition is waited for as long as before', async () => {
  const { observer } = await observed();
  let asked = 0;
  const third = {
    text: 'the third inspection',
    holds: () => {
      asked += 1;
      if (asked === 1) setClock(3_600_000);
      return asked > 4 ? ({ holds: true } as const) : ({ holds: false, found: String(asked) } as const);
    },
  };
  const settled = await observer.until(
    [third],
    'node_1',
    20,
    () => undefined,
    () => false,
  );
  expect(settled.settled).toBe(true);
});

test('what is trusted while it is young is old after a sleep, which only the wall clock shows', () => {
  const then = readClocks();
  setClock(600_000);
  expect(ageOf(then)).toBeGreaterThanOrEqual(600_000);
  vi.restoreAllMocks();
  setClock(-600_000);
  expect(ageOf(then)).toBeGreaterThanOrEqual(0);
});

describe('the clock is set back by an hour in the middle', () => {
  const hour = 3_600_000;

  test('the present goes on, and a sleep is seen', () => {
    const first = present();
    setClock(-hour);
    const back = present();
    expect(back - first).toBeGreaterThanOrEqual(0);
    expect(back - first).toBeLessThan(5_000);
    vi.restoreAllMocks();
    present();
    setClock(hour);
    expect(present() - back).toBeGreaterThanOrEqual(hour);
  });

  test('no age on the screen changes: the downtime, what a host was heard of last, the monitor’s rows', () => {
    const board = new ViewStore();
    const feed = new SnapshotBoard();
    board.set({
      hosts: [
        {
          alias: word('node_1'),
          role: 'primary',
          address: '',
          line: 'connected',
          lastByteAt: present() - 2_000,
        },
      ],
      downtime: { kind: 'down', since: present() - 90_000 },
    });
    setClock(-hour);
    board.heard('node_1');
    const state = monitorIn(modelAfter(labCluster(), null).world());
    if (state === null) throw new Error('the model has a monitor');
    feed.read(state, { kind: 'connecting' });
    const { hosts, downtime } = board.view;
    const aged = (at: number | null | undefined) => present() - (at ?? Number.NaN);
    expect(aged(hosts[0]?.lastByteAt)).toBeLessThan(1_000);
    expect(aged(hosts[0]?.lastByteAt)).toBeGreaterThanOrEqual(0);
    expect(aged(feed.snapshot.readAt)).toBeLessThan(1_000);
    expect(downtime.kind === 'down' ? clock(aged(downtime.since)) : null).toMatch(/^0?0?:?01:3\d$/);
  });

  test('a step that prints nothing is silent since then, and not for an hour in the future', async () => {
    const said: (Quiet | null)[] = [];
    const dog = new Watchdog({
      quietMs: 30,
      inspect: async () => [],
      say: (quiet) => said.push(quiet),
    });
    setClock(-hour);
    await pause(120);
    dog.stop();
    const [quiet] = said;
    expect(quiet).not.toBeUndefined();
    const since = present() - (quiet?.since ?? Number.NaN);
    expect(since).toBeGreaterThanOrEqual(0);
    expect(since).toBeLessThan(5_000);
  });

  test('whoever holds the lock was alive when the monitor’s own clock says so', () => {
    const lock = { kind: 'held' as const, holder: null, token: 'x', silentSeconds: 7 };
    setClock(-hour);
    expect(Math.round((present() - lockView(lock).aliveAt) / 1000)).toBe(7);
  });
});

test('the operator’s wall clock is read only for what is written down or shown as a time of day', () => {
  const source = resolve(import.meta.dirname, '../../source');
  const read = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('demo/'))
    .flatMap((name) => {
      const count = readFileSync(join(source, name), 'utf8').split('Date.now').length - 1;
      return count === 0 ? [] : [`${name} ${count}`];
    });
  expect(read.sort()).toEqual([
    'cluster/present.ts 2',
    'cluster/times.ts 1',
    'commands/report.ts 1',
    'commands/session-record.ts 1',
    'engine/observe/clock.ts 2',
    'engine/run/run-loop.ts 1',
    'engine/step/step-run.ts 1',
    'engine/step/terminate-job.ts 1',
    'engine/view/view-store.ts 1',
  ]);
});
