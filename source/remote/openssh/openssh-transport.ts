import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { Duplex, PassThrough, type Readable, type Writable } from 'node:stream';
import { fail, ok, type Result } from '../../cluster/result.ts';
import { debugEvent } from '../debug-events.ts';
import type { StreamTarget } from '../host.ts';
import type { Ending, NotOpened, Running, Transport } from '../transport.ts';
import type { PrivateDirectory } from './directory.ts';
import { MuxLog } from './log.ts';
import type { Master } from './master.ts';
import { askSsh } from './ssh-program.ts';

const goodbyeMs = 1_000;
const pollMs = 5;

type Client = ChildProcessByStdio<Writable, Readable, Readable>;

interface Started {
  readonly client: Client;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly log: MuxLog;
  readonly closed: Promise<number | null>;
}

const noticed = (thrown: unknown): void =>
  debugEvent('ssh.client', { why: thrown instanceof Error ? thrown.message : String(thrown) });

/** A process that goes by the master's socket, as pg's client wants its socket. */
const likeSocket = ({ client, stdout, closed }: Started): Duplex => {
  const stream = Duplex.from({ readable: stdout, writable: client.stdin });
  stream.on('error', noticed);
  const self = (): Duplex => stream;
  void closed.then(() => stream.destroy());
  stream.once('close', () => client.kill());
  return Object.assign(stream, {
    connect: () => {
      process.nextTick(() => stream.emit('connect'));
      return stream;
    },
    setNoDelay: self,
    setKeepAlive: self,
    setTimeout: self,
    ref: self,
    unref: self,
  });
};

/** The connection that this machine's ssh keeps as a master; commands and streams go by its socket. */
export class OpensshTransport implements Transport {
  readonly #master: Master;
  readonly #directory: PrivateDirectory;
  #count = 0;

  constructor(master: Master, directory: PrivateDirectory) {
    this.#master = master;
    this.#directory = directory;
  }

  /**
   * The command line of a client. Should the master be gone, ssh would connect by itself: a ProxyCommand that ends at once keeps it
   * from that, so whatever runs has gone by the connection that was verified.
   */
  #arguments(...more: string[]): string[] {
    const { socket } = this.#directory;
    return [
      '-F',
      'none',
      '-S',
      socket,
      '-o',
      'ControlMaster=no',
      '-o',
      'BatchMode=yes',
      '-o',
      'ProxyCommand=false',
      ...more,
    ];
  }

  #start(...more: string[]): Started {
    this.#count += 1;
    const file = join(this.#directory.path, `log.${this.#count}`);
    const client = spawn('ssh', this.#arguments('-vv', '-E', file, ...more), {
      stdio: ['pipe', 'pipe', 'pipe'],
      // ^C at the terminal is the console's alone.
      detached: true,
    });
    // Writing to a command that is already gone is no news: its ending says more.
    for (const stream of [client.stdin, client.stdout, client.stderr]) stream.on('error', noticed);
    // Read from the first moment on: what nobody reads, node throws away when the process has ended.
    const stdout = client.stdout.pipe(new PassThrough());
    const stderr = client.stderr.pipe(new PassThrough());
    const closed = new Promise<number | null>((resolve) => {
      client.once('error', () => resolve(null));
      client.once('close', (code) => resolve(code));
    });
    return { client, stdout, stderr, log: new MuxLog(file), closed };
  }

  /** Waits until the master says that the channel is open. Nothing has run before that. */
  async #opened({ client, stdout, stderr, log, closed }: Started): Promise<Result<void, NotOpened>> {
    let over = false;
    const exited = new Promise<void>((resolve) => {
      client.once('exit', () => resolve());
      client.once('error', () => resolve());
    }).then(() => {
      over = true;
    });
    for (;;) {
      const last = over;
      const said = await log.opened();
      if (said?.ok === true) return ok(undefined);
      if (said !== null || last) {
        client.kill();
        stdout.resume();
        stderr.resume();
        void closed.then(() => log.remove());
        const cause = said?.cause ?? this.#master.lastWords() ?? 'the SSH connection is gone';
        return fail({ cause, refused: said !== null });
      }
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, pollMs))]);
    }
  }

  async exec(command: string): Promise<Result<Running, NotOpened>> {
    const started = this.#start('host', command);
    const { client, stdout, stderr, log, closed } = started;
    const read = Promise.all(
      [stdout, stderr].map((stream) => new Promise((resolve) => stream.once('close', resolve))),
    );
    const ended = closed.then(async (code): Promise<Ending> => {
      await read;
      const known = code !== null && (code !== 255 || (await log.saidCode255()));
      log.remove();
      return { code: known ? code : null, signal: null };
    });
    const opened = await this.#opened(started);
    if (!opened.ok) return opened;
    return ok({
      stdin: client.stdin,
      stdout,
      stderr,
      ended,
      stop: () => {
        client.kill();
        client.stdout.destroy();
        client.stderr.destroy();
        stdout.destroy();
        stderr.destroy();
      },
    });
  }

  async stream(target: StreamTarget): Promise<Result<Duplex, string>> {
    if (target.kind === 'unix') return this.#forwarded(target.path);
    const started = this.#start('-W', `127.0.0.1:${target.port}`, 'host');
    const opened = await this.#opened(started);
    if (!opened.ok) return fail(opened.error.cause);
    started.stderr.resume();
    void started.closed.then(() => started.log.remove());
    return ok(likeSocket(started));
  }

  /** -W knows no unix sockets: one of our own, in the private directory, leads there. */
  async #forwarded(path: string): Promise<Result<Duplex, string>> {
    this.#count += 1;
    const local = join(this.#directory.path, `way.${this.#count}`);
    const way = ['-L', `${local}:${path}`, 'host'];
    const made = await askSsh(this.#arguments('-O', 'forward', ...way));
    if (made?.code !== 0) return fail(made?.stderr.trim() || 'ssh did not make the way there');
    return new Promise((resolve) => {
      const socket = connectSocket(local);
      socket.once('error', (error) => resolve(fail(error.message)));
      socket.once('connect', () => resolve(ok(socket)));
      socket.once('close', () => {
        // The name is taken for as long as the master lives, unless it is given back.
        void askSsh(this.#arguments('-O', 'cancel', ...way));
      });
    });
  }

  onClosed(listener: (cause: string | null) => void): void {
    void this.#master.ended.then(() => listener(this.#master.lastWords()));
  }

  async end(): Promise<void> {
    this.#master.end();
    await Promise.race([
      this.#master.ended,
      new Promise((resolve) => setTimeout(resolve, goodbyeMs).unref()),
    ]);
    this.destroy();
  }

  destroy(): void {
    this.#master.kill();
  }
}
