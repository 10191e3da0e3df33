import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { translate } from './border.ts';
import { Database, type SqlAnswer } from './database.ts';
import { DemoClock } from './demo-clock.ts';
import type {
  DemoMonitor,
  DemoMonitorOptions,
  NewNode,
  NodeReport,
  OrderOutcome,
  StartOptions,
} from './demo-monitor.ts';
import { checkHealth } from './health.ts';
import { drop, register } from './membership.ts';
import { nodeActive } from './node-active.ts';
import { ask, firstValue, Refused, readGroup } from './rows.ts';
import { DatabaseServer } from './server.ts';
import { settingsSql } from './settings.ts';
import type { Notification } from './wire.ts';

const portFile = 'port';
/** The directory of the database in use; copies lie beside it. */
const current = 'pglite';
const isDown = 'the monitor is down';

interface Up {
  readonly database: Database;
  readonly server: DatabaseServer;
  readonly clock: DemoClock;
}

class Monitor implements DemoMonitor {
  readonly #directory: string;
  readonly #secondMs: number;
  readonly #listeners = new Set<(channel: 'state' | 'log', payload: string) => void>();
  #up: Up | null = null;
  #port = 0;

  constructor(directory: string, secondMs: number) {
    this.#directory = directory;
    this.#secondMs = secondMs;
  }

  get running(): boolean {
    return this.#up !== null;
  }

  get port(): number {
    return this.#port;
  }

  async start({ serverVersion, extensionVersion }: StartOptions): Promise<void> {
    if (this.#up !== null) return;
    const hear = (notification: Notification): void => this.#hear(notification);
    const database = await Database.open(this.#placeOf(current), hear);
    await database.own(() => ask(database, settingsSql(serverVersion, extensionVersion)));
    const server = new DatabaseServer(database);
    await server.open(await this.#wantedPort());
    this.#port = server.port;
    await writeFile(join(this.#directory, portFile), `${server.port}\n`);
    const clock = new DemoClock(this.#secondMs, () => this.#check());
    this.#up = { database, server, clock };
    // pg_autoctl: the extension first, then it listens.
    await database.own(() =>
      ask(
        database,
        'update demo.extension set installed = available; update demo.pg_autoctl set listening = true',
      ),
    );
  }

  async stop(): Promise<void> {
    const up = this.#up;
    if (up === null) return;
    this.#up = null;
    up.clock.stop();
    await up.server.close();
    await up.database.close();
  }

  async sql(text: string): Promise<SqlAnswer> {
    const up = this.#up;
    if (up === null) return { ok: false, error: isDown, sqlState: '08006' };
    return up.database.own(() => up.database.ask(translate(text)));
  }

  async nodeActive(report: NodeReport): Promise<{ assigned: string } | { error: string }> {
    this.#up?.clock.heardOf(report.nodeId);
    return this.#transaction((up) => nodeActive(up.database, () => this.#group(up), report));
  }

  async registerNode(node: NewNode): Promise<{ nodeId: number; assigned: string } | { error: string }> {
    return this.#transaction(async (up) => {
      const registered = await register(up.database, await this.#group(up), node);
      if (!registered.ok) return registered;
      const nodeId = registered.value;
      const group = await this.#group(up);
      const assigned = group.members.find(({ id }) => id === nodeId)?.goal ?? 'init';
      return { nodeId, assigned };
    });
  }

  async dropNode(wanted: { host: string; port: number; force: boolean }): Promise<OrderOutcome> {
    const outcome = await this.#transaction(async (up) => {
      const group = await this.#group(up);
      const node = group.members.find(({ host, port }) => host === wanted.host && port === wanted.port);
      if (node === undefined)
        return { error: `couldn't find node with hostname "${wanted.host}" and port ${wanted.port}` };
      await drop(up.database, group, node, wanted.force);
      return { ok: true };
    });
    return 'error' in outcome ? { ok: false, error: outcome.error } : { ok: true };
  }

  startMaintenance(nodeId: number): Promise<OrderOutcome> {
    return this.#order(`select pgautofailover.start_maintenance(${nodeId})`, nodeId);
  }

  stopMaintenance(nodeId: number): Promise<OrderOutcome> {
    return this.#order(`select pgautofailover.stop_maintenance(${nodeId})`, nodeId);
  }

  async keepCopy(name: string): Promise<void> {
    const copy = this.#placeOf(name);
    for (const old of [copy, `${copy}.fresh`]) await rm(old, { recursive: true, force: true });
    await cp(this.#placeOf(current), `${copy}.fresh`, { recursive: true, force: true });
    await rename(`${copy}.fresh`, copy);
  }

  async bringBack(name: string): Promise<boolean> {
    const copy = this.#placeOf(name);
    if (!existsSync(copy)) return false;
    await rm(this.#placeOf(current), { recursive: true, force: true });
    await rename(copy, this.#placeOf(current));
    return true;
  }

  onNotification(listener: (channel: 'state' | 'log', payload: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Only the files of a stopped database are whole. */
  #placeOf(name: string): string {
    if (this.#up !== null) throw new Error('the demo monitor runs: its files are in use');
    return join(this.#directory, name);
  }

  async #order(sql: string, nodeId: number): Promise<OrderOutcome> {
    const outcome = await this.#transaction(async (up) => {
      if (firstValue(await ask(up.database, sql)) === 't') return { ok: true };
      return { error: `couldn't find node with nodeid ${nodeId}` };
    });
    return 'error' in outcome ? { ok: false, error: outcome.error } : { ok: true };
  }

  /** All of it or, when it ends with an error, nothing. */
  async #transaction<T extends object>(
    work: (up: Up) => Promise<T | { error: string }>,
  ): Promise<T | { error: string }> {
    const up = this.#up;
    if (up === null) return { error: isDown };
    const { database } = up;
    try {
      return await database.own(async () => {
        await ask(database, 'begin');
        const outcome = await work(up);
        if (!('error' in outcome)) await ask(database, 'commit');
        return outcome;
      });
    } catch (thrown) {
      if (thrown instanceof Refused) return { error: thrown.message };
      throw thrown;
    }
  }

  #group(up: Up) {
    return readGroup(up.database, this.#secondMs, (id) => up.clock.silenceOf(id));
  }

  async #check(): Promise<void> {
    await this.#transaction(async (up) => {
      await checkHealth(up.database, await this.#group(up));
      return {};
    });
  }

  #hear({ channel, payload }: Notification): void {
    this.#up?.server.notify({ channel, payload });
    if (channel === 'state' || channel === 'log')
      for (const listener of [...this.#listeners]) listener(channel, payload);
  }

  async #wantedPort(): Promise<number> {
    try {
      return Number.parseInt(await readFile(join(this.#directory, portFile), 'utf8'), 10);
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return 0;
      throw thrown;
    }
  }
}

/** A monitor over a directory, stopped. Errors: the file system's, thrown. */
export const openDemoMonitor = async (options: DemoMonitorOptions): Promise<DemoMonitor> => {
  await mkdir(options.directory, { recursive: true });
  return new Monitor(options.directory, options.secondMs ?? 1_000);
};
