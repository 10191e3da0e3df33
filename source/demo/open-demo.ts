import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { DemoCluster } from './cluster/cluster.ts';
import type { DemoHost } from './cluster/host.ts';
import { useExecutableAssets } from './executable-assets.ts';
import { mapCommand } from './hosts/border.ts';
import { systemPrograms } from './hosts/programs.ts';
import { Spawner } from './hosts/spawner.ts';
import { SshServer } from './hosts/ssh-server.ts';
import { Wire } from './hosts/wire.ts';
import { nodeStateOf, readState, writeState } from './keeper/keeper-state.ts';
import { type DemoLayout, layoutIn, login, postgresPort } from './layout.ts';
import { type KeptDemo, makeDemo, readKept, writeKept, writeSshFiles } from './make.ts';
import { openDemoMonitor } from './monitor/monitor.ts';
import { paceMs } from './pace.ts';
import { type Scenario, scenarioNamed } from './scenarios.ts';
import { readControl } from './servers/control.ts';
import { startSweeper } from './sweeper.ts';
import { answersOf } from './tools/answers.ts';

export interface OpenOptions {
  readonly scenario: Scenario;
  /** A directory that an earlier demo has kept. */
  readonly directory?: string;
  readonly keep: boolean;
  /** The search path of the hosts' programs, where it is not this machine's usual one. */
  readonly programs?: string | undefined;
  /** What the scenario makes happen, when it does. */
  readonly tell: (text: string) => void;
}

export interface Demo {
  readonly layout: DemoLayout;
  readonly scenario: Scenario;
  readonly cluster: DemoCluster;
  readonly close: () => Promise<void>;
}

/** Short and free of symbolic links, because sockets' paths are bounded and the product follows links. */
const newDirectory = (): string => mkdtempSync(join(realpathSync('/tmp'), 'pgaf-demo-'));

const parsedKey = (file: string): ssh2.ParsedKey => {
  const key = ssh2.utils.parseKey(readFileSync(file, 'utf8'));
  if (key instanceof Error) throw key;
  return key;
};

const spawnerFor = (layout: DemoLayout, name: string, programs: string): Spawner => {
  const paths = layout.host(name);
  const home = paths.home(login);
  const spawner = new Spawner({
    directory: join(paths.here, 'commands'),
    workingDirectory: home,
    environment: {
      PATH: `${layout.tools}:${programs}`,
      HOME: home,
      USER: login,
      LOGNAME: login,
      SHELL: '/bin/sh',
      PGAF_DEMO: layout.root,
      PGAF_DEMO_HOST: name,
      PGAF_DEMO_HERE: paths.here,
    },
  });
  writeFileSync(join(layout.processes, String(spawner.group)), '');
  return spawner;
};

const serverFor = (
  layout: DemoLayout,
  host: DemoHost,
  spawner: Spawner,
  clientKey: ssh2.ParsedKey,
): SshServer => {
  const { paths, name, cluster } = host;
  return new SshServer({
    hostKey: readFileSync(layout.hostKey(name), 'utf8'),
    clientKey,
    user: login,
    spawner,
    command: (command) => mapCommand(command, join(paths.here, 'border.sed')),
    forward: (to) =>
      name === 'monitor' && to === postgresPort && cluster.monitor.running ? cluster.monitor.port : null,
  });
};

/** The nodes are registered one after the other, each once the one before has settled. */
const register = async (cluster: DemoCluster): Promise<void> => {
  const nodes = cluster.hosts.filter((host) => host.name !== 'monitor');
  for (const host of nodes) {
    const control = readControl(host.paths.data);
    if (control === null) continue;
    const { systemIdentifier } = control;
    const registered = await cluster.monitor.registerNode({
      name: host.name,
      host: host.name,
      port: postgresPort,
      candidatePriority: 50,
      quorum: true,
      systemIdentifier,
      initialState: 'init',
    });
    if ('error' in registered) throw new Error(`${host.name}: ${registered.error}`);
    const assigned = nodeStateOf(registered.assigned);
    writeState(host.paths, { nodeId: registered.nodeId, systemIdentifier, current: 'init', assigned }, 15);
    host.service.enable();
    await host.service.start();
    await settled(cluster);
  }
};

const settled = async (cluster: DemoCluster): Promise<void> => {
  const nodes = () =>
    cluster.hosts.filter((host) => host.nodeId !== null).map((host) => readState(host.paths));
  for (let tries = 0; tries < 400; tries += 1) {
    const states = nodes();
    const at = states.map((state) => state?.current ?? 'init');
    const answer = await cluster.monitor.sql(
      'select count(*) from pgautofailover.node where reportedstate <> goalstate',
    );
    const moving = answer.ok ? answer.results[0]?.rows[0]?.[0] : '1';
    const rest = at.slice(1);
    const writer = rest.length === 0 ? 'single' : 'primary';
    if (moving === '0' && at[0] === writer && rest.every((one) => one === 'secondary')) return;
    await new Promise((resolve) => setTimeout(resolve, paceMs / 4));
  }
  throw new Error('the nodes of the demo’s cluster did not reach their assigned states');
};

const bringUp = async (cluster: DemoCluster, resumed: boolean): Promise<void> => {
  const [monitor, ...nodes] = cluster.hosts;
  if (monitor === undefined) return;
  if (resumed) {
    for (const host of [monitor, ...nodes]) if (host.service.wasActive) await host.service.start();
    return;
  }
  monitor.service.enable();
  await monitor.service.start();
  await register(cluster);
};

/** Makes the embedded cluster, or takes up one that was kept, and brings it up. */
export const openDemo = async (options: OpenOptions): Promise<Demo> => {
  const resumed = options.directory !== undefined;
  const programs = options.programs ?? systemPrograms;
  const layout = layoutIn(realpathSync(options.directory ?? newDirectory()));
  const kept: KeptDemo = resumed ? readKept(layout) : makeDemo(layout, options.scenario, programs);
  const scenario = scenarioNamed(kept.scenario) ?? options.scenario;
  const sweeper = startSweeper(layout, options.keep);
  // Before the database is loaded: a small process forks faster.
  await useExecutableAssets();
  const spawners = new Map(kept.hosts.map((name) => [name, spawnerFor(layout, name, programs)]));
  const monitor = await openDemoMonitor({
    directory: join(layout.root, 'monitor/database'),
    secondMs: paceMs,
  });
  const servers = new Map<string, SshServer>();
  const cut = (host: string, milliseconds: number) => void servers.get(host)?.cut(milliseconds);
  const stage = scenario.stage(cut, options.tell);
  const cluster = new DemoCluster(
    { layout, monitor, stage, slower: scenario.slower },
    kept.hosts,
    kept.bootId,
  );
  const wire = new Wire(layout, answersOf(cluster));
  wire.open();
  const clientKey = parsedKey(layout.clientKey);
  for (const host of cluster.hosts) {
    const spawner = spawners.get(host.name);
    if (spawner === undefined) continue;
    const server = serverFor(layout, host, spawner, clientKey);
    await server.listen(kept.ports[host.name] ?? 0);
    servers.set(host.name, server);
  }
  const ports = Object.fromEntries([...servers].map(([name, server]) => [name, server.port]));
  writeKept(layout, { ...kept, ports });
  writeSshFiles(layout, ports);
  await bringUp(cluster, resumed);
  return {
    layout,
    scenario,
    cluster,
    close: async () => {
      await Promise.all([...servers.values()].map((server) => server.close()));
      await cluster.close();
      for (const spawner of spawners.values()) spawner.close();
      wire.close();
      await sweeper.sweep();
    },
  };
};
