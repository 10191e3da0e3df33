import { Processes } from '../hosts/processes.ts';
import { readState } from '../keeper/keeper-state.ts';
import type { DemoLayout, HostPaths } from '../layout.ts';
import type { DemoMonitor } from '../monitor/demo-monitor.ts';
import type { Postmaster } from '../servers/postmaster.ts';
import { type Runner, UnitService } from './service.ts';
import type { ScenarioHooks } from './stage.ts';

/** What a host knows of the cluster to which it belongs. */
export interface HostCluster {
  readonly layout: DemoLayout;
  readonly monitor: DemoMonitor;
  readonly stage: ScenarioHooks;
  readonly slower: number;
  readonly hosts: readonly DemoHost[];
  host(name: string): DemoHost | null;
  servers(): readonly Postmaster[];
}

/** One host of the demo: its directory, its processes, its servers and the unit that runs pg_autoctl. */
export class DemoHost {
  readonly name: string;
  readonly paths: HostPaths;
  readonly cluster: HostCluster;
  readonly processes: Processes;
  readonly servers = new Set<Postmaster>();
  readonly service: UnitService;

  /** `runnerOf` makes what the unit runs here: the keeper of a node, or of the monitor. */
  constructor(cluster: HostCluster, name: string, bootId: string, runnerOf: (host: DemoHost) => Runner) {
    this.cluster = cluster;
    this.name = name;
    this.paths = cluster.layout.host(name);
    this.processes = new Processes(this.paths.proc, bootId);
    this.service = new UnitService(this.paths, this.processes, runnerOf(this));
  }

  /** The node's id, as pg_autoctl keeps it. */
  get nodeId(): number | null {
    return readState(this.paths)?.nodeId ?? null;
  }

  /** The server on the host's data directory that others can reach. */
  get server(): Postmaster | null {
    const { data } = this.paths;
    return [...this.servers].find((one) => one.options.data === data && one.options.listen !== '') ?? null;
  }

  /** The one on this data directory, private or not. */
  serverOn(data: string): Postmaster | null {
    return [...this.servers].find((one) => one.options.data === data) ?? null;
  }

  serverAt(socket: string, port: number): Postmaster | null {
    return (
      [...this.servers].find((one) => one.options.socket === socket && one.options.port === port) ?? null
    );
  }

  /** The monitor's database lives and dies with the server on its host. */
  async onServerGone(server: Postmaster): Promise<void> {
    if (this.name === 'monitor' && server.options.data === this.paths.data) await this.cluster.monitor.stop();
  }

  async close(): Promise<void> {
    this.processes.close();
    await this.service.suspend();
    for (const server of [...this.servers]) await server.stop('immediate');
  }
}
