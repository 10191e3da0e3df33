import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, connect as dialTcp, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, {
  type CipherAlgorithm,
  type Connection,
  type KeyboardAuthContext,
  type Prompt,
  type ServerChannel,
} from 'ssh2';
import { type KeyPair, newKeyPair } from '../../source/demo/hosts/key-pair.ts';

export const newEcdsaKey = (): KeyPair => ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });

/** `sudo -H -n -u USER -- COMMAND` and `runuser -u USER -- COMMAND`, without becoming anybody. */
const fakes: Record<string, string> = {
  sudo: '#!/bin/sh\n[ "$1 $2 $3" = "-H -n -u" ] || exit 96\n[ "$4" = forbidden ] && { echo "sudo: a password is required" >&2; exit 1; }\necho "sudo: unable to resolve host" >&2\nexport USER="$4" LOGNAME="$4" BECAME="sudo $4"\nshift 5\nexec "$@"\n',
  runuser: '#!/bin/sh\n[ "$1" = "-u" ] || exit 96\nexport BECAME="runuser $2"\nshift 3\nexec "$@"\n',
};

/** An SSH server in this process that runs commands with the local sh, in a home of its own. */
export class Sshd {
  readonly home: string;
  port = 0;
  hostKeys: string[];
  /** Connections accepted so far. */
  connections = 0;
  /** Commands that were asked for, as they would stand in a process list. */
  readonly commands: string[] = [];
  readonly forwards: string[] = [];
  /** Sessions to refuse, as sshd does when it has not yet reaped those that ended. */
  refusals = 0;
  /** Sessions that one connection may hold at once. */
  maxSessions = Number.POSITIVE_INFINITY;
  /** What is asked beside the key, as sshd does with AuthenticationMethods publickey,keyboard-interactive; rounds of questions. */
  asks: readonly { readonly says: string; readonly prompts: readonly Prompt[] }[] = [];
  /** What was answered, in order. */
  readonly answers: string[][] = [];
  /** Whether these are the right answers. */
  right: (answers: readonly string[]) => boolean = () => true;
  openExecs = 0;
  mostExecs = 0;
  /** The ciphers to offer; what ssh2 offers, unless it says so. */
  ciphers: CipherAlgorithm[] | null = null;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<Connection>();
  readonly #authorized: string[];
  readonly #net: Server;

  private constructor(home: string, hostKeys: string[], authorized: string[]) {
    this.home = home;
    this.hostKeys = hostKeys;
    this.#authorized = authorized;
    this.#net = createServer((socket) => this.#accept(socket));
  }

  static async start(authorized: KeyPair[], hostKeys: KeyPair[] = [newKeyPair()]): Promise<Sshd> {
    const home = await mkdtemp(join(tmpdir(), 'pgaf-sshd-'));
    await mkdir(join(home, 'fakes'));
    for (const [name, text] of Object.entries(fakes)) {
      await writeFile(join(home, 'fakes', name), text);
      await chmod(join(home, 'fakes', name), 0o755);
    }
    const sshd = new Sshd(
      home,
      hostKeys.map((key) => key.private),
      authorized.map((key) => key.public),
    );
    await new Promise<void>((resolve) => sshd.#net.listen(0, '127.0.0.1', resolve));
    const address: string | AddressInfo | null = sshd.#net.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    sshd.port = address.port;
    return sshd;
  }

  authorize(key: KeyPair): void {
    this.#authorized.push(key.public);
  }

  /** The connections that stand now. */
  get open(): number {
    return this.#connections.size;
  }

  /** Breaks every connection as a failing network does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Exchanges new keys on every connection, as sshd does after some time. */
  rekey(): void {
    for (const connection of this.#connections) connection.rekey();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#net.close(() => resolve()));
    await rm(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const algorithms = this.ciphers === null ? {} : { algorithms: { cipher: this.ciphers } };
    const server = new ssh2.Server({ hostKeys: this.hostKeys, ...algorithms }, (client) =>
      this.#serve(client),
    );
    server.injectSocket(socket);
  }

  #serve(client: Connection): void {
    let user = '';
    let keyTaken = false;
    let sessions = 0;
    this.#connections.add(client);
    client.on('close', () => this.#connections.delete(client));
    client.on('error', () => client.end());
    client.on('authentication', (context) => {
      user = context.username;
      if (context.method === 'keyboard-interactive' && keyTaken) return this.#ask(context);
      if (context.method !== 'publickey' || keyTaken)
        return context.reject([keyTaken ? 'keyboard-interactive' : 'publickey'], false);
      const offered = context.key.data;
      const known = this.#authorized
        .map((text) => ssh2.utils.parseKey(text))
        .find((key) => !(key instanceof Error) && key.getPublicSSH().equals(offered));
      if (known === undefined || known instanceof Error) return context.reject(['publickey']);
      if (
        context.signature &&
        context.blob &&
        known.verify(context.blob, context.signature, context.hashAlgo) !== true
      )
        return context.reject(['publickey']);
      if (this.asks.length === 0 || context.signature === undefined) return context.accept();
      keyTaken = true;
      context.reject(['keyboard-interactive'], true);
    });
    client.on('session', (accept, reject) => {
      if (this.refusals > 0) {
        this.refusals -= 1;
        return reject();
      }
      if (sessions >= this.maxSessions) return reject();
      sessions += 1;
      accept()
        .on('close', () => {
          sessions -= 1;
        })
        .on('exec', (acceptExec, _reject, { command }) => this.#exec(user, command, acceptExec()));
    });
    client.on('tcpip', (accept, reject, info) => {
      this.forwards.push(`${info.destIP}:${info.destPort}`);
      this.#join(dialTcp(info.destPort, info.destIP), accept, reject);
    });
    client.on('openssh.streamlocal', (accept, reject, info) => {
      this.forwards.push(info.socketPath);
      this.#join(dialTcp(info.socketPath), accept, reject);
    });
  }

  #ask(context: KeyboardAuthContext, from = 0): void {
    const round = this.asks[from];
    if (round === undefined) {
      context.accept();
      return;
    }
    context.prompt([...round.prompts], '', round.says, (answers) => {
      if (round.prompts.length > 0) this.answers.push(answers);
      if (!this.right(answers)) context.reject(['keyboard-interactive'], false);
      else this.#ask(context, from + 1);
    });
  }

  #join(socket: Socket, accept: () => ServerChannel, reject: () => void): void {
    let joined = false;
    socket.on('error', () => (joined ? socket.destroy() : reject()));
    socket.on('connect', () => {
      joined = true;
      const channel = accept();
      channel.on('error', () => socket.destroy());
      channel.on('close', () => socket.destroy());
      socket.pipe(channel).pipe(socket);
    });
  }

  #exec(user: string, command: string, channel: ServerChannel): void {
    this.commands.push(command);
    this.openExecs += 1;
    this.mostExecs = Math.max(this.mostExecs, this.openExecs);
    const env = {
      PATH: `${join(this.home, 'fakes')}:${process.env.PATH ?? ''}`,
      HOME: this.home,
      USER: user,
      LOGNAME: user,
      XDG_RUNTIME_DIR: '/run/user/1',
    };
    const child = spawn('/bin/sh', ['-c', command], { cwd: this.home, env, stdio: 'pipe' });
    child.stdin.on('error', () => child.stdin.destroy());
    channel.on('error', () => channel.destroy());
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    let closed = false;
    // Ended by us, it is over for the client as soon as that hears of it: the channel's own end comes here a while later.
    let open = true;
    const over = () => {
      if (open) this.openExecs -= 1;
      open = false;
    };
    channel.on('close', () => {
      closed = true;
      over();
      // As sshd does: the processes live on, their pipes do not.
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.on('close', (code, signal) => {
      over();
      if (closed) return;
      if (code !== null) channel.exit(code);
      else if (signal !== null) channel.exit(signal.replace('SIG', ''));
      channel.end();
    });
  }
}
