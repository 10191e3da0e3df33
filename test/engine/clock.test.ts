import { afterEach, expect, test, vi } from 'vitest';
import { ageOf, moment } from '../../source/engine/clock.ts';
import { Observer } from '../../source/engine/observer.ts';
import type { RemoteHost } from '../../source/remote/host.ts';
import { labCluster } from '../runbook/clusters.ts';
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
const always = { says: 'x', holds: () => ({ holds: true }) as const };

test('with the clock set back by a minute an old inspection counted as fresh, and every new one was thrown away', async () => {
  const { servers, observer } = await observed();
  await observer.look();
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
  await observer.look();
  expect(autoctlOf(observer)).toBe('unknown');
});

test('with the clock set forward by an hour a condition is waited for as long as before', async () => {
  const { observer } = await observed();
  let asked = 0;
  const third = {
    says: 'the third inspection',
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
  const then = moment();
  setClock(600_000);
  expect(ageOf(then)).toBeGreaterThanOrEqual(600_000);
  vi.restoreAllMocks();
  setClock(-600_000);
  expect(ageOf(then)).toBeGreaterThanOrEqual(0);
});
