import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, connect as dial } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { newKeyPair } from '../../source/demo/hosts/key-pair.ts';

const program = '/usr/sbin/sshd';
/** sshd wants this directory to exist when root starts it. */
const runDirectory = '/run/sshd';

/** Why there is no OpenSSH server to measure against; null when there is one. */
export const sshdObstacle = (): string | null =>
  existsSync(program) ? null : `${program} is not installed (apt-get install openssh-server)`;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object'
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = dial(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** The OpenSSH server of this machine, on a loopback port of its own, with keys and a home that go away with it. */
export class OpenSshd {
  readonly directory: string;
  readonly home: string;
  readonly port: number;
  readonly user = userInfo().username;
  readonly keyFile: string;
  readonly knownHosts: string;
  readonly #child: ChildProcess;
  readonly #madeRunDirectory: boolean;

  private constructor(directory: string, port: number, child: ChildProcess, madeRunDirectory: boolean) {
    this.directory = directory;
    this.home = join(directory, 'home');
    this.keyFile = join(directory, 'id');
    this.knownHosts = join(directory, 'known_hosts');
    this.port = port;
    this.#child = child;
    this.#madeRunDirectory = madeRunDirectory;
  }

  static async start(directory: string): Promise<OpenSshd> {
    const port = await freePort();
    const [login, host] = [newKeyPair(), newKeyPair()];
    const at = (name: string): string => join(directory, name);
    mkdirSync(at('home'), { mode: 0o700 });
    await writeFile(at('id'), login.private, { mode: 0o600 });
    await writeFile(at('host'), host.private, { mode: 0o600 });
    await writeFile(at('authorized'), `${login.public}\n`, { mode: 0o600 });
    await writeFile(at('known_hosts'), `[127.0.0.1]:${port} ${host.public}\n`);
    const config = [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${at('host')}`,
      `AuthorizedKeysFile ${at('authorized')}`,
      `SetEnv HOME=${at('home')}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
    ];
    await writeFile(at('sshd_config'), `${config.join('\n')}\n`);
    const made = userInfo().uid === 0 && !existsSync(runDirectory);
    if (made) mkdirSync(runDirectory, { mode: 0o755 });
    const child = spawn(program, ['-D', '-e', '-f', at('sshd_config')], { stdio: 'ignore' });
    for (let tries = 0; !(await answers(port)); tries += 1) {
      if (child.exitCode !== null || tries > 200) throw new Error(`${program} does not answer`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return new OpenSshd(directory, port, child, made);
  }

  /** The arguments with which OpenSSH's client runs a command here. */
  clientArguments(command: string): readonly string[] {
    return [
      ...['-F', 'none', '-p', String(this.port), '-i', this.keyFile],
      ...['-o', `UserKnownHostsFile=${this.knownHosts}`, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
      `${this.user}@127.0.0.1`,
      command,
    ];
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
    if (this.#madeRunDirectory) rmdirSync(runDirectory);
  }
}
