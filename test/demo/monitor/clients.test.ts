import { cp, readdir } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ok, type Result } from '../../../source/cluster/result.ts';
import { openDemoMonitor } from '../../../source/demo/monitor/monitor.ts';
import type { FeedSnapshot } from '../../../source/monitor/feed.ts';
import { openFeed } from '../../../source/monitor/open-feed.ts';
import { FakeHost } from '../../monitor/fake-host.ts';
import { word } from '../../runbook/word.ts';
import { Cluster } from './keepers.ts';

let it: Cluster;
beforeEach(async () => {
  it = await Cluster.start();
});
afterEach(() => it.end());

const login = async (more: pg.ClientConfig = {}): Promise<pg.Client> => {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: it.monitor.port,
    user: 'autoctl_node',
    database: word('pg_auto_failover'),
    ...more,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

/** The monitor's host, with a tunnel that is a plain connection. */
class Tunnel extends FakeHost {
  override async openStream(): Promise<Result<Duplex>> {
    return ok(new Socket());
  }
}

test('the console’s own feed sees a live monitor, pushed by notifications', async () => {
  const host = new Tunnel({ answer: null, refusal: null, notifies: false });
  const feed = openFeed(host, {
    port: it.monitor.port,
    formation: 'default',
    database: word('pg_auto_failover'),
    postgresUser: 'postgres',
    bindir: word('/usr/bin'),
    // Only a notification can be what brings the second reading.
    pollMs: 600_000,
  });
  const until = (wanted: (snapshot: FeedSnapshot) => boolean): Promise<FeedSnapshot> =>
    new Promise((resolve) => {
      const look = (snapshot: FeedSnapshot): void => {
        if (wanted(snapshot)) resolve(snapshot);
      };
      feed.onChange(look);
      look(feed.snapshot);
    });
  try {
    const first = await until(({ status }) => status.kind === 'live' && status.source === 'listen');
    expect(first.state).toMatchObject({
      serverVersion: '15.20',
      extensionVersion: '2.0',
      defaultExtensionVersion: '2.0',
      listening: true,
      nodes: [],
    });
    await it.join('node_1');
    const second = await until(({ state }) => state?.nodes[0]?.assigned === 'single');
    expect(second.state?.nodes[0]?.systemIdentifier).toBe('17300000000000000015');
    expect(second.state?.events[0]?.text).toMatch(/^Registering node 1 "node_1"/);

    await it.monitor.stop();
    await until(
      ({ status }) => status.kind === 'lost' || (status.kind === 'live' && status.source === 'psql'),
    );
  } finally {
    await feed.close();
  }
});

test('two clients at once hear what they listen to, and nothing else', async () => {
  const heard: string[] = [];
  const one = await login();
  const other = await login();
  one.on('notification', ({ channel, payload }) => heard.push(`one ${channel} ${payload}`));
  other.on('notification', ({ channel }) => heard.push(`other ${channel}`));
  await one.query('listen state');
  await other.query('listen log; listen "Mine"; notify "Mine"');
  // Two connections: what one hears first says nothing of the other.
  await vi.waitFor(() => expect(heard).toEqual(['other Mine']), 20_000);
  await it.join('node_1');
  await vi.waitFor(() => expect(heard).toHaveLength(3), 20_000);
  expect(heard[0]).toBe('other Mine');
  const pushed = heard.find((line) => line.startsWith('one state ')) ?? '';
  expect(JSON.parse(pushed.replace('one state ', ''))).toEqual({
    type: 'state',
    formation: 'default',
    groupId: 0,
    nodeId: 1,
    name: 'node_1',
    host: 'node_1.example',
    port: 5432,
    reportedState: 'init',
    goalState: 'single',
    health: 'unknown',
  });
  expect(heard).toContain('other log');
  await other.query('unlisten log');
  await it.until({ node_1: 'single' });
  expect(heard.filter((line) => line === 'other log')).toHaveLength(1);
  expect(heard.filter((line) => line.startsWith('one state')).length).toBeGreaterThan(1);
  await Promise.all([one.end(), other.end()]);
});

test('the server is of the version that the demo says, and autoctl_node may read only', async () => {
  const client = await login();
  const value = async (sql: string, values: unknown[] = []): Promise<unknown> =>
    Object.values((await client.query(sql, values)).rows[0])[0];
  expect(await value('show server_version')).toBe('15.20');
  expect(await value('SHOW server_version_num;')).toBe('150020');
  expect(await value('select version()')).toMatch(/^PostgreSQL 15\.20 /);
  expect(await value("select setting from pg_settings where name = 'server_version'")).toBe('15.20');
  expect(await value("select current_setting('shared_preload_libraries', true)")).toBe('pgautofailover');
  expect(await value('select current_user')).toBe('autoctl_node');
  expect(await value('select $1::int + 1', [41])).toBe(42);
  await expect(client.query('update pgautofailover.node set sysidentifier = 1')).rejects.toThrow(
    'permission denied for table node',
  );
  await client.end();
  await expect(login({ user: 'nobody' })).rejects.toThrow('role "nobody" does not exist');
  await expect(login({ database: 'nowhere' })).rejects.toThrow('database "nowhere" does not exist');
});

test('an open transaction keeps others waiting until it ends, or its client is gone', async () => {
  await it.join('node_1');
  const client = await login({ user: 'autoctl' });
  await client.query('begin');
  await client.query('update pgautofailover.node set candidatepriority = 7');
  const waiting = it.value('select candidatepriority from pgautofailover.node');
  await client.query('commit');
  expect(await waiting).toBe('7');
  await client.query('begin');
  await client.query('update pgautofailover.node set candidatepriority = 8');
  const after = it.value('select candidatepriority from pgautofailover.node');
  await client.end();
  expect(await after).toBe('7');
});

test('stopped and started again it has its port, its nodes and its next version', async () => {
  await it.join('node_1');
  await it.until({ node_1: 'single' });
  const { port } = it.monitor;
  const client = await login();
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  await it.monitor.stop();
  await ended;
  expect(it.monitor.running).toBe(false);
  await expect(login()).rejects.toThrow('ECONNREFUSED');
  expect(await it.monitor.sql('select 1')).toEqual({
    ok: false,
    error: 'the monitor is down',
    sqlState: '08006',
  });

  const again = await openDemoMonitor({ directory: join(it.directory, 'monitor') });
  await again.start({ serverVersion: '17.12', extensionVersion: '2.2' });
  try {
    expect(again.port).toBe(port);
    expect(await again.sql('select nodename, reportedstate from pgautofailover.node')).toMatchObject({
      results: [{ rows: [['node_1', 'single']] }],
    });
    expect(
      await again.sql(
        "show server_version; select extversion from pg_extension where extname = 'pgautofailover'",
      ),
    ).toMatchObject({ results: [{ rows: [['17.12']] }, { rows: [['2.2']] }] });
  } finally {
    await again.stop();
  }
});

test('a process that was killed leaves a directory that starts, on another port if its own is taken', async () => {
  await it.join('node_1');
  await it.until({ node_1: 'single' });
  const copy = join(it.directory, 'copy');
  await cp(join(it.directory, 'monitor'), copy, { recursive: true });
  const again = await openDemoMonitor({ directory: copy });
  await again.start({ serverVersion: '15.20', extensionVersion: '2.0' });
  try {
    expect(again.port).not.toBe(it.monitor.port);
    expect(await again.sql('select nodename from pgautofailover.node')).toMatchObject({
      results: [{ rows: [['node_1']] }],
    });
  } finally {
    await again.stop();
  }
  expect(await readdir(copy)).toEqual(expect.arrayContaining(['pglite', 'port']));
});

test('a copy that was kept is what comes back', async () => {
  await it.join('node_1');
  await it.until({ node_1: 'single' });
  await expect(it.monitor.keepCopy('pg15')).rejects.toThrow('in use');
  await it.monitor.stop();
  await it.monitor.keepCopy('pg15');
  await it.monitor.start({ serverVersion: '17.12', extensionVersion: '2.2' });
  await it.rows('update pgautofailover.node set sysidentifier = 17');
  await it.monitor.stop();
  expect(await it.monitor.bringBack('pg14')).toBe(false);
  expect(await it.monitor.bringBack('pg15')).toBe(true);
  await it.monitor.start({ serverVersion: '15.20', extensionVersion: '2.0' });
  expect(await it.value('select sysidentifier from pgautofailover.node')).not.toBe('17');
  expect(await it.value('show server_version')).toBe('15.20');
  expect(await it.value("select extversion from pg_extension where extname = 'pgautofailover'")).toBe('2.0');
});
