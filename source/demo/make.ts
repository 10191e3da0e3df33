import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { localMoment } from '../cluster/times.ts';
import { borderScript } from './hosts/border.ts';
import { newKeyPair } from './hosts/key-pair.ts';
import { systemPrograms } from './hosts/programs.ts';
import { writeStandIns } from './hosts/stand-ins.ts';
import { writeSettings } from './keeper/settings.ts';
import { type DemoLayout, login } from './layout.ts';
import type { Scenario } from './scenarios.ts';
import { readControl, writeControl } from './servers/control.ts';
import { configurationFiles, copyCluster, makeCluster, makeDatabase } from './servers/directory.ts';

/** What the demo's directory says of itself. */
const keptSchema = z.object({
  scenario: z.string(),
  hosts: z.array(z.string()),
  bootId: z.string(),
  ports: z.record(z.string(), z.number()),
});
export type KeptDemo = z.infer<typeof keptSchema>;

export const readKept = (layout: DemoLayout): KeptDemo =>
  keptSchema.parse(JSON.parse(readFileSync(layout.kept, 'utf8')));

export const writeKept = (layout: DemoLayout, kept: KeptDemo): void =>
  writeFileSync(layout.kept, `${JSON.stringify(kept, null, 2)}\n`);

/** Host keys and the one client key: made for this demo, gone with it. */
const makeKeys = (layout: DemoLayout, hosts: readonly string[]): void => {
  const client = newKeyPair();
  writeFileSync(layout.clientKey, client.private, { mode: 0o600 });
  writeFileSync(`${layout.clientKey}.pub`, `${client.public}\n`);
  for (const host of hosts) {
    const pair = newKeyPair();
    writeFileSync(layout.hostKey(host), pair.private, { mode: 0o600 });
    writeFileSync(`${layout.hostKey(host)}.pub`, `${pair.public}\n`);
  }
};

const unitText = (program: string, data: string): string => `[Unit]
Description = pg_auto_failover, in the demo of pgaf-upgrade

[Service]
Environment = 'PGDATA=${data}'
User = postgres
ExecStart=${program} run
Restart = always
StartLimitBurst = 5

[Install]
WantedBy = multi-user.target
`;

const makeHost = (layout: DemoLayout, host: string): void => {
  const paths = layout.host(host);
  for (const directory of [
    ...['dba', 'postgres', 'root'].map((user) => paths.home(user)),
    paths.socket,
    paths.backupDirectory,
    paths.runtimeUnits,
    dirname(paths.fragment),
    join(paths.here, 'tmp'),
    join(paths.here, 'sys/class/net/eth0'),
    join(paths.here, 'etc/cron.d'),
  ])
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(paths.here, 'sys/class/net/eth0/operstate'), 'up\n');
  writeFileSync(join(paths.here, 'sys/class/net/eth0/speed'), '10000\n');
  writeFileSync(join(paths.here, 'etc/crontab'), '# nothing\n');
  writeFileSync(join(paths.here, 'border.sed'), borderScript(paths, join(paths.here, 'border.sed')));
  writeFileSync(paths.fragment, unitText(join(layout.bin(15), 'pg_autoctl'), paths.data));
  writeSettings(
    layout,
    host,
    join(layout.bin(15), 'pg_ctl'),
    host === 'monitor' ? null : 'postgres://autoctl_node@monitor:5432/pg_auto_failover?sslmode=require',
  );
};

const configure = (data: string, library: string): void => {
  for (const [name, text] of Object.entries(configurationFiles))
    writeFileSync(join(data, name), text.replace('pg_stat_statements', library));
  for (const name of ['server.crt', 'server.key'])
    writeFileSync(join(data, name), `of the demo: ${name}\n`, { mode: 0o600 });
};

/** Every host's directory with a cluster of PostgreSQL 15 in it, before anything of it runs. */
const makeData = (layout: DemoLayout, hosts: readonly string[]): void => {
  const monitor = layout.host('monitor').data;
  makeCluster(monitor, 15);
  makeDatabase(monitor, 16384, 3);
  configure(monitor, 'pgautofailover');
  const [first, ...others] = hosts.filter((host) => host !== 'monitor');
  if (first === undefined) return;
  const primary = layout.host(first).data;
  makeCluster(primary, 15);
  makeDatabase(primary, 16384, 24);
  configure(primary, 'pg_stat_statements');
  const control = readControl(primary);
  if (control !== null)
    writeControl(primary, { ...control, checkpoint: 0x1536fa58n, timeline: 1, nextXid: 18_745 });
  for (const host of others) {
    const { data } = layout.host(host);
    copyCluster(primary, data);
    writeFileSync(join(data, 'standby.signal'), '');
    writeFileSync(
      join(data, 'postgresql-auto-failover-standby.conf'),
      `primary_conninfo = 'application_name=pgautofailover_standby host=${first} port=5432 user=pgautofailover_replicator sslmode=require'\n`,
    );
  }
};

const halfAnHourAhead = (): string =>
  localMoment(Date.now() + 30 * 60_000).slice(0, 'yyyy-mm-dd hh:mm'.length);

const clusterFile = (
  layout: DemoLayout,
  besides: string,
): string => `# The demo of pgaf-upgrade: nothing in it is a real server.
name: demo
monitor: { host: monitor }
ssh: { user: ${login}, configFile: ${layout.sshConfig}, knownHostsFile: ${layout.knownHosts}, agent: false }
target: { bindir: ${layout.bin(17)} }
${besides.replace('ENDS', halfAnHourAhead())}`;

/** Everything that lies in the demo's directory at its first start. */
export const makeDemo = (
  layout: DemoLayout,
  { name, nodes, clusterFile: besides = '' }: Pick<Scenario, 'name' | 'nodes' | 'clusterFile'>,
  programs = systemPrograms,
): KeptDemo => {
  const hosts = ['monitor', ...nodes];
  chmodSync(layout.root, 0o700);
  for (const directory of ['ssh', 'state', 'wire', 'processes'])
    mkdirSync(join(layout.root, directory), { mode: 0o700 });
  makeKeys(layout, hosts);
  writeStandIns(layout, programs);
  for (const host of hosts) makeHost(layout, host);
  makeData(layout, hosts);
  writeFileSync(layout.clusterFile, clusterFile(layout, besides));
  const kept: KeptDemo = { scenario: name, hosts, bootId: randomUUID(), ports: {} };
  writeKept(layout, kept);
  return kept;
};

/** ssh_config and known_hosts, once the ports are known. */
export const writeSshFiles = (layout: DemoLayout, ports: Readonly<Record<string, number>>): void => {
  const config = Object.entries(ports).map(
    ([host, port]) =>
      `Host ${host}\n  HostName 127.0.0.1\n  Port ${port}\n  User ${login}\n  IdentityFile ${layout.clientKey}\n  IdentitiesOnly yes\n  UserKnownHostsFile ${layout.knownHosts}\n`,
  );
  writeFileSync(layout.sshConfig, config.join('\n'));
  const keys = Object.entries(ports).map(([host, port]) => {
    const [type = '', key = ''] = readFileSync(`${layout.hostKey(host)}.pub`, 'utf8').split(' ');
    return `[127.0.0.1]:${port} ${type} ${key.trim()}\n`;
  });
  writeFileSync(layout.knownHosts, keys.join(''));
};
