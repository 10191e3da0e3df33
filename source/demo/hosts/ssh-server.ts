import { connect as connectTo, createServer, type Server as NetServer, type Socket } from 'node:net';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';
import type { Spawner } from './spawner.ts';

export interface SshServerOptions {
  readonly hostKey: string;
  /** The one key that is let in, as ssh2 parses it. */
  readonly clientKey: ssh2.ParsedKey;
  readonly user: string;
  readonly spawner: Spawner;
  /** What the shell runs for a command. */
  readonly command: (command: string) => string;
  /** Where a tunnel to a port of the host's own loopback ends on this machine; null: nothing listens there. */
  readonly forward: (port: number) => number | null;
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

  /** Its script comes on stdin, whole, before it runs: that is how the console sends every command. */
  #run(channel: ServerChannel, command: string, session: ssh2.Session): void {
    const chunks: Buffer[] = [];
    channel.on('error', () => undefined);
    channel.on('data', (chunk: Buffer) => chunks.push(chunk));
    channel.once('end', () => {
      const spawned = this.#options.spawner.run(this.#options.command(command), Buffer.concat(chunks), {
        out: (chunk) => channel.write(chunk),
        err: (chunk) => channel.stderr.write(chunk),
        end: (code) => {
          if (channel.destroyed) return;
          channel.exit(code);
          channel.end();
        },
      });
      channel.once('close', () => spawned.forget());
      session.on('signal', (accept, _reject, { name }) => {
        if (name === 'TERM' || name === 'KILL') spawned.signal(name);
        accept?.();
      });
    });
  }
}
