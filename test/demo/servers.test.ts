import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseControlData } from '../../source/cluster/parse/control-data.ts';
import { parseUnit, unitProperties } from '../../source/cluster/parse/unit.ts';
import { DemoCluster } from '../../source/demo/cluster/cluster.ts';
import type { DemoHost } from '../../source/demo/cluster/host.ts';
import { layoutIn } from '../../source/demo/layout.ts';
import { makeDemo } from '../../source/demo/make.ts';
import { openDemoMonitor } from '../../source/demo/monitor/monitor.ts';
import { lsnText, readControl } from '../../source/demo/servers/control.ts';
import { bringOver, makeCluster } from '../../source/demo/servers/directory.ts';
import type { Postmaster } from '../../source/demo/servers/postmaster.ts';
import { startServer } from '../../source/demo/servers/start.ts';

let cluster: DemoCluster;
let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'pgaf-servers-'));
  const layout = layoutIn(root);
  const hosts = ['monitor', 'node_1', 'node_2'];
  makeDemo(layout, { name: 'smooth', nodes: hosts.slice(1) });
  const stage = {
    upgradeLine: () => false,
    upgradeFailed: () => undefined,
    baseBackup: () => undefined,
  };
  const monitor = await openDemoMonitor({ directory: join(root, 'monitor/database') });
  cluster = new DemoCluster({ layout, monitor, stage, slower: 1 }, hosts, 'a-boot');
});
afterEach(async () => {
  await cluster.close();
  rmSync(root, { recursive: true });
});

const host = (name: string): DemoHost => {
  const found = cluster.host(name);
  if (found === null) throw new Error(`no ${name}`);
  return found;
};

const start = async (name: string, major: 15 | 17 = 15, options = ''): Promise<Postmaster> => {
  const { data } = host(name).paths;
  const started = await startServer(host(name), data, join(cluster.layout.bin(major), 'pg_ctl'), { options });
  if ('error' in started) throw new Error(started.error);
  return started;
};

test('pg_control is what pg_controldata prints, and the product reads it', async () => {
  const server = await start('node_1');
  const text = readFileSync(join(host('node_1').paths.data, 'global/pg_control'), 'utf8');
  const parsed = parseControlData(text);
  expect(parsed).toMatchObject({
    ok: true,
    value: {
      state: 'in production',
      systemIdentifier: server.systemIdentifier,
      latestCheckpoint: '0/1536FA58',
    },
  });
  expect(lsnText(0x1_0000_00afn)).toBe('1/AF');
  expect(lsnText(0n)).toBe('0/0');
});

test('the primary first: a standby that streams holds its shutdown checkpoint, whatever was written', async () => {
  const primary = await start('node_1');
  const standby = await start('node_2');
  expect(standby.inRecovery).toBe(true);
  expect(primary.standbys()).toEqual([standby]);
  primary.work(1_000);
  await primary.stop();
  await standby.stop();
  const [one, other] = ['node_1', 'node_2'].map((name) => readControl(host(name).paths.data));
  expect(one?.state).toBe('shut down');
  expect(other?.state).toBe('shut down in recovery');
  expect(other?.checkpoint).toBe(one?.checkpoint);
  expect(standby.lsn).toBeGreaterThan(one?.checkpoint ?? 0n);
});

test('the secondary first: what was written after its stop is missing from its fallback copy', async () => {
  const primary = await start('node_1');
  const standby = await start('node_2');
  await standby.stop();
  primary.work(1_000);
  await primary.stop();
  const [one, other] = ['node_1', 'node_2'].map((name) => readControl(host(name).paths.data));
  expect(other?.checkpoint).toBeLessThan(one?.checkpoint ?? 0n);
});

test('a standby that went its own way, or is of another system, receives nothing', async () => {
  const primary = await start('node_1');
  const standby = await start('node_2');
  standby.promote();
  expect(primary.standbys()).toEqual([]);
  expect(standby.timeline).toBe(2);
});

test('another fallback copy follows the one that was promoted, onto its timeline', async () => {
  const promoted = await start('node_1');
  const other = await start('node_2');
  expect(other.timeline).toBe(1);
  promoted.promote();
  expect(other.upstream()).toBe(promoted);
  expect(other.timeline).toBe(2);
});

test('no server of one version starts on a directory of another, nor on one without pg_control', async () => {
  await expect(start('node_1', 17)).rejects.toThrow('incompatible');
  rmSync(join(host('node_1').paths.data, 'global/pg_control'));
  await expect(start('node_1')).rejects.toThrow('could not open file');
});

test('a private server is nobody’s upstream, and not the one that others reach', async () => {
  const primary = await start('node_1', 15, `-c listen_addresses='' -c unix_socket_directories=${root}/s`);
  expect(primary.options).toMatchObject({ listen: '', socket: `${root}/s` });
  const standby = await start('node_2');
  expect(standby.upstream()).toBeNull();
  expect(host('node_1').server).toBeNull();
});

test('a server that is killed leaves a directory that was not shut down', async () => {
  const server = await start('node_1');
  const gone = new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (server.running) return;
      clearInterval(look);
      resolve();
    }, 5);
  });
  process.kill(server.pid, 'SIGKILL');
  await gone;
  expect(readControl(host('node_1').paths.data)?.state).toBe('in production');
});

test('linking gives the relations a second name, copying does not', () => {
  const { data } = host('node_1').paths;
  for (const [mode, links] of [
    ['link', 2],
    ['copy', 1],
  ] as const) {
    const fresh = join(root, mode);
    makeCluster(fresh, 17);
    bringOver(data, fresh, mode);
    expect(statSync(join(fresh, 'base/16384/16385')).nlink).toBe(links);
    rmSync(fresh, { recursive: true });
  }
});

test('the unit is what lies on the disk, once it was loaded', () => {
  const { service, paths } = host('node_1');
  const shown = () => {
    const unit = parseUnit(service.show([...unitProperties]).join('\n'));
    if (!unit.ok) throw new Error(unit.error.what);
    return unit.value;
  };
  expect(shown()).toMatchObject({ unitFileState: 'disabled', killMode: 'control-group', pgdata: paths.data });
  service.enable();
  writeFileSync(paths.fragment, readFileSync(paths.fragment, 'utf8').replace('/15/bin/', '/17/bin/'));
  expect(shown().bindir).toBe(cluster.layout.bin(15));
  service.reload();
  expect(shown()).toMatchObject({ bindir: cluster.layout.bin(17), unitFileState: 'enabled' });
});
