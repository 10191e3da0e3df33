import { Keeper } from '../keeper/keeper.ts';
import { MonitorKeeper } from '../keeper/monitor-keeper.ts';
import type { DemoLayout } from '../layout.ts';
import type { DemoMonitor } from '../monitor/demo-monitor.ts';
import type { Postmaster } from '../servers/postmaster.ts';
import { DemoHost, type HostCluster } from './host.ts';
import type { Runner } from './service.ts';
import type { ScenarioHooks } from './stage.ts';

/** In milliseconds: how often the application writes. */
const workMs = 500;

export interface ClusterParts {
  readonly layout: DemoLayout;
  readonly monitor: DemoMonitor;
  readonly stage: ScenarioHooks;
  /** How much longer than usual pg_upgrade and a base backup take. */
  readonly slower: number;
}

const runnerOf = (host: DemoHost): Runner =>
  host.name === 'monitor' ? new MonitorKeeper(host) : new Keeper(host);

/** Every host of the demo, and the database that its monitor keeps. */
export class DemoCluster implements HostCluster {
  readonly layout: DemoLayout;
  readonly monitor: DemoMonitor;
  readonly stage: ScenarioHooks;
  readonly slower: number;
  readonly hosts: readonly DemoHost[];
  readonly #timer: NodeJS.Timeout;

  constructor(parts: ClusterParts, names: readonly string[], bootId: string) {
    this.layout = parts.layout;
    this.monitor = parts.monitor;
    this.stage = parts.stage;
    this.slower = parts.slower;
    this.hosts = names.map((name) => new DemoHost(this, name, bootId, runnerOf));
    // An application that writes, wherever it can.
    this.#timer = setInterval(() => {
      for (const server of this.servers()) if (server.host.name !== 'monitor') server.work(3);
    }, workMs);
  }

  host(name: string): DemoHost | null {
    return this.hosts.find((one) => one.name === name) ?? null;
  }

  servers(): readonly Postmaster[] {
    return this.hosts.flatMap((host) => [...host.servers]);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.hosts.map((host) => host.close()));
    await this.monitor.stop();
  }
}
