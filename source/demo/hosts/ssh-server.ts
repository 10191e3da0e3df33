import { spawn } from 'node:child_process';
import { connect as connectTo, createServer, type Server as NetServer, type Socket } from 'node:net';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';

export interface SshServerOptions {
  readonly hostKey: string;
  /** The one key that is let in, as ssh2 parses it. */
  readonly clientKey: ssh2.ParsedKey;
  readonly user: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What the shell runs for a command. */
  readonly command: (command: string) => string;
  /** Where a tunnel to a port of the host's own loopback ends on this machine; null: nothing listens there. */
  readonly forward: (port: number) => number | null;
  /** A process group that must not outlive the demo. */
  readonly onProcess: (pid: number) => void;
}

/** One sshd on 127.0.0.1, for one key; it runs commands in the host's directory and forwards to the monitor's database. */
export class SshServer {
  readonly #options: SshServerOptions;
  readonly #ssh: ssh2.Server;
  readonly #sockets = new Set<Socket>();
  #listener: NetServer | null = null;
  #port = 0;
  #closed = false;

  constructor(options: SshServerOptions) {
    this.#options = options;
    this.#ssh = new ssh2.Server({ hostKeys: [options.hostKey] }, (client) => this.#serve(client));
  }

  get port(): number {
    return this.#port;
  }

  /** Listens on `port`, or on a free one where it is 0. */
  async listen(port: number): Promise<void> {
    const listener = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      // With Nagle's algorithm a command costs 135 ms instead of 10.
      socket.setNoDelay(true);
      this.#ssh.injectSocket(socket);
    });
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(port, '127.0.0.1', () => resolve());
    });
    const address = listener.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
    this.#listener = listener;
  }

  /** The line is cut for so many milliseconds: what runs goes on. */
  async cut(milliseconds: number): Promise<void> {
    await this.#shut();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    if (!this.#closed) await this.listen(this.#port);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#shut();
  }

  async #shut(): Promise<void> {
    const listener = this.#listener;
    this.#listener = null;
    for (const socket of this.#sockets) socket.destroy();
    if (listener !== null) await new Promise<void>((resolve) => listener.close(() => resolve()));
  }

  #serve(client: Connection): void {
    // A client that goes away in mid-handshake is no event here.
    client.on('error', () => client.end());
    client.on('authentication', (asked) => {
      const { clientKey, user } = this.#options;
      if (asked.method !== 'publickey') return asked.reject(['publickey']);
      const same =
        asked.username === user &&
        asked.key.algo === clientKey.type &&
        asked.key.data.equals(clientKey.getPublicSSH());
      const proven =
        same &&
        (asked.signature === undefined ||
          asked.blob === undefined ||
          clientKey.verify(asked.blob, asked.signature, asked.hashAlgo) === true);
      if (proven) asked.accept();
      else asked.reject(['publickey']);
    });
    client.on('ready', () => {
      client.on('session', (accept) => {
        const session = accept();
        session.on('exec', (acceptExec, _reject, { command }) => this.#run(acceptExec(), command, session));
      });
      client.on('tcpip', (accept, reject, { destPort }) => {
        const port = this.#options.forward(destPort);
        if (port === null) return reject();
        const socket = connectTo({ host: '127.0.0.1', port });
        socket.once('error', () => reject());
        socket.once('connect', () => {
          const channel = accept();
          socket.removeAllListeners('error');
          socket.on('error', () => channel.destroy());
          channel.on('error', () => socket.destroy());
          channel.pipe(socket).pipe(channel);
        });
      });
    });
  }

  #run(channel: ServerChannel, command: string, session: ssh2.Session): void {
    const { environment, directory } = this.#options;
    const child = spawn('/bin/sh', ['-c', this.#options.command(command)], {
      cwd: directory,
      env: environment,
      // A group of its own, so that Ctrl-C in the terminal is not for it.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) this.#options.onProcess(child.pid);
    for (const stream of [child.stdin, child.stdout, child.stderr, channel])
      stream.on('error', () => undefined);
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    session.on('signal', (accept, _reject, { name }) => {
      if (child.pid !== undefined && (name === 'TERM' || name === 'KILL'))
        process.kill(-child.pid, `SIG${name}`);
      accept?.();
    });
    channel.once('close', () => {
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.once('error', () => channel.close());
    child.once('close', (code, signal) => {
      if (code !== null) channel.exit(code);
      else channel.exit((signal ?? 'SIGKILL').replace(/^SIG/, ''), false, '');
      channel.end();
    });
  }
}
