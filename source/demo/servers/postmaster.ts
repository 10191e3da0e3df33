import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Processes, StandInProcess } from '../hosts/processes.ts';
import { type Major, versionOf } from '../layout.ts';
import { type ControlFile, lsnText, readControl, writeControl } from './control.ts';
import { versionIn } from './directory.ts';

export interface PostmasterOptions {
  readonly data: string;
  readonly major: Major;
  readonly port: number;
  readonly socket: string;
  /** Empty: private. */
  readonly listen: string;
  /** The host that a standby follows. */
  readonly follows: string | null;
}

/** What a server needs of the host on which it runs. */
export interface ServerHost {
  readonly name: string;
  readonly nodeId: number | null;
  readonly processes: Processes;
  readonly servers: Set<Postmaster>;
  readonly cluster: {
    servers(): readonly Postmaster[];
    host(name: string): { readonly server: Postmaster | null } | null;
  };
  onServerGone(server: Postmaster): Promise<void>;
}

/** What a shutdown checkpoint takes in the WAL. */
const checkpointBytes = 0x78n;

/** A running PostgreSQL of the demo: a process of its own, a socket, and where it stands. */
export class Postmaster {
  readonly host: ServerHost;
  readonly options: PostmasterOptions;
  readonly startedAt = new Date();
  readonly pid: number;
  #control: ControlFile;
  #lsn: bigint;
  #xid: number;
  readonly #firstXid: number;
  #standby: boolean;
  follows: string | null;
  synchronousStandbyNames = '';
  #listener: Server | null = null;
  #process: StandInProcess;
  #over = false;

  constructor(host: ServerHost, options: PostmasterOptions, control: ControlFile, process: StandInProcess) {
    this.host = host;
    this.options = options;
    this.#process = process;
    this.pid = process.pid;
    this.#standby = existsSync(join(options.data, 'standby.signal'));
    this.follows = options.follows;
    this.#lsn = control.checkpoint + checkpointBytes;
    this.#xid = control.nextXid;
    this.#firstXid = control.nextXid;
    this.#control = control;
    this.#keep(this.#standby ? 'in archive recovery' : 'in production');
  }

  /** Starts a server on a data directory. The error is what its log says. */
  static async start(host: ServerHost, options: PostmasterOptions): Promise<Postmaster | { error: string }> {
    const { data, major } = options;
    const found = versionIn(data);
    if (found === null) return { error: `FATAL:  "${data}" is not a valid data directory` };
    if (found !== major)
      return {
        error: `FATAL:  database files are incompatible with server\nDETAIL:  The data directory was initialized by PostgreSQL version ${found}, which is not compatible with this version ${versionOf(major)}.`,
      };
    const control = readControl(data);
    if (control === null)
      return { error: `LOG:  could not open file "${data}/global/pg_control": No such file or directory` };
    const process = host.processes.start('postgres', { directory: data });
    const server = new Postmaster(host, options, control, process);
    process.onEnd((signal) => server.#died(signal));
    await server.#listen();
    writeFileSync(
      join(data, 'postmaster.pid'),
      `${server.pid}\n${data}\n${Math.floor(Date.now() / 1000)}\n${options.port}\n${options.socket}\n${options.listen}\n        0         0\nready   \n`,
    );
    writeFileSync(join(data, 'postmaster.opts'), `postgres -D ${data}\n`);
    host.servers.add(server);
    // As on the lab: a primary has written before the application comes to it.
    if (host.name !== 'monitor') server.work(1);
    return server;
  }

  get running(): boolean {
    return !this.#over;
  }

  get inRecovery(): boolean {
    return this.#standby;
  }

  get version(): string {
    return versionOf(this.options.major);
  }

  get systemIdentifier(): string {
    return this.#control.systemIdentifier;
  }

  /** A standby that streams is on its upstream's, whatever its own pg_control says until the next checkpoint. */
  get timeline(): number {
    return this.upstream()?.timeline ?? this.#control.timeline;
  }

  get nextXid(): number {
    return this.#xid;
  }

  /** Whether the application has committed anything since this start. */
  get hasWritten(): boolean {
    return this.#xid > this.#firstXid;
  }

  get lsn(): bigint {
    return this.#lsn;
  }

  /** The application commits some transactions, where it can. */
  work(transactions: number): void {
    if (this.#standby || this.options.listen === '') return;
    this.#xid += transactions;
    this.#lsn += BigInt(transactions) * 0x168n;
    for (const standby of this.standbys()) standby.#lsn = this.#lsn;
  }

  /** Who receives this server's WAL. */
  standbys(): readonly Postmaster[] {
    return this.host.cluster.servers().filter((other) => other.upstream() === this);
  }

  /** The server whose WAL this one receives. */
  upstream(): Postmaster | null {
    if (!this.#standby || this.#over || this.follows === null) return null;
    const found = this.host.cluster.host(this.follows)?.server ?? null;
    return found !== null &&
      found !== this &&
      !found.inRecovery &&
      found.systemIdentifier === this.systemIdentifier &&
      found.#lsn >= this.#lsn
      ? found
      : null;
  }

  checkpoint(): void {
    this.#lsn += checkpointBytes;
    this.#control = { ...this.#control, checkpoint: this.#lsn - checkpointBytes, nextXid: this.#xid };
    this.#keep(this.#control.state);
    for (const standby of this.standbys()) standby.#receive(this.#control, this.#lsn);
  }

  #receive(control: ControlFile, lsn: bigint): void {
    const { checkpoint, nextXid, timeline } = control;
    this.#lsn = lsn;
    this.#xid = nextXid;
    this.#control = { ...this.#control, checkpoint, nextXid, timeline };
  }

  /** A standby becomes a primary of its own. */
  promote(): void {
    rmSync(join(this.options.data, 'standby.signal'), { force: true });
    this.#standby = false;
    this.follows = null;
    this.#control = { ...this.#control, timeline: this.#control.timeline + 1 };
    this.checkpoint();
    this.#keep('in production');
  }

  /** An orderly stop: what streams has received the shutdown checkpoint before this returns. */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (this.#over) return;
    if (mode === 'fast') this.#shutDown();
    this.#over = true;
    this.#process.end();
    await this.#gone();
  }

  #shutDown(): void {
    if (this.#standby) this.#keep('shut down in recovery');
    else {
      const standbys = this.standbys();
      const at = this.#lsn;
      this.#lsn += checkpointBytes;
      this.#control = { ...this.#control, checkpoint: at, nextXid: this.#xid };
      for (const standby of standbys) standby.#receive(this.#control, this.#lsn);
      this.#keep('shut down');
    }
  }

  /** A signal from a script: INT is a fast shutdown, everything harder is a crash. */
  #died(signal: NodeJS.Signals | null): void {
    if (this.#over) return;
    if (signal === 'SIGINT' || signal === 'SIGTERM') this.#shutDown();
    this.#over = true;
    void this.#gone();
  }

  async #gone(): Promise<void> {
    this.host.servers.delete(this);
    const listener = this.#listener;
    this.#listener = null;
    if (listener !== null) await new Promise<void>((resolve) => listener.close(() => resolve()));
    for (const file of [
      this.#socketFile,
      `${this.#socketFile}.lock`,
      join(this.options.data, 'postmaster.pid'),
    ])
      rmSync(file, { force: true });
    await this.host.onServerGone(this);
  }

  get #socketFile(): string {
    return join(this.options.socket, `.s.PGSQL.${this.options.port}`);
  }

  async #listen(): Promise<void> {
    rmSync(this.#socketFile, { force: true });
    const listener = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(this.#socketFile, () => resolve());
    });
    writeFileSync(`${this.#socketFile}.lock`, `${this.pid}\n`);
    this.#listener = listener;
  }

  #keep(state: ControlFile['state']): void {
    this.#control = { ...this.#control, state, modified: Date.now() };
    writeControl(this.options.data, this.#control);
  }

  log(text: string): void {
    appendFileSync(join(this.options.data, 'startup.log'), `${new Date().toISOString()} ${text}\n`);
  }

  get lsnText(): string {
    return lsnText(this.#lsn);
  }
}
