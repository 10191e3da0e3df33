import type { DemoHost } from '../cluster/host.ts';
import type { Runner } from '../cluster/service.ts';
import { startServer } from '../servers/start.ts';
import { journal } from './journal.ts';
import { readSetting } from './settings.ts';

/** pg_autoctl on the monitor: its server, and the extension that goes with its version. */
export class MonitorKeeper implements Runner {
  readonly #host: DemoHost;

  constructor(host: DemoHost) {
    this.#host = host;
  }

  async start(): Promise<void> {
    const { data } = this.#host.paths;
    const started = await startServer(this.#host, data, readSetting(this.#host.paths, 'pg_ctl'), {});
    journal(
      this.#host.paths,
      'error' in started ? started.error : `INFO  PostgreSQL is running, pid ${started.pid}`,
    );
  }

  async stop(): Promise<void> {
    await this.#host.serverOn(this.#host.paths.data)?.stop();
  }

  suspend(): void {
    // Nothing of it runs by itself.
  }
}
