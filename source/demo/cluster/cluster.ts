import type { Layout } from '../layout.ts';
import type { DemoMonitor } from '../monitor/demo-monitor.ts';
import type { Postmaster } from '../servers/postmaster.ts';
import { DemoHost } from './host.ts';
import type { Stage } from './stage.ts';

/** How long a second of the lab takes here, in milliseconds; waiting that nobody watches is shorter still. */
export const paceMs = 200;
const workMs = 500;

/** Every host of the demo, and the database that its monitor keeps. */
export class DemoCluster {
  readonly layout: Layout;
  readonly monitor: DemoMonitor;
  readonly stage: Stage;
  readonly hosts: readonly DemoHost[];
  readonly #timer: NodeJS.Timeout;

  constructor(layout: Layout, monitor: DemoMonitor, stage: Stage, names: readonly string[], bootId: string) {
    this.layout = layout;
    this.monitor = monitor;
    this.stage = stage;
    this.hosts = names.map((name) => new DemoHost(this, name, bootId));
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
