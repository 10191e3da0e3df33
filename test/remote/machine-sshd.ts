import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const place = server.address();
      server.close(() =>
        place === null || typeof place === 'string' ? reject(new Error('no port')) : resolve(place.port),
      );
    });
  });

export const keygen = (...args: string[]): void => {
  execFileSync('ssh-keygen', ['-q', ...args]);
};

/** This machine's own sshd on the loopback, for whoever runs the tests, with settings of its own. */
export class MachineSshd {
  readonly port: number;
  readonly user = userInfo().username;
  readonly directory: string;
  readonly #child: ReturnType<typeof spawn>;

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.port = port;
    this.#child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(directory, 'sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  /** In `directory`: host_key and id are there afterwards; `settings` are lines of sshd_config. */
  static async start(
    directory: string,
    settings: (directory: string) => readonly string[] = () => [],
  ): Promise<MachineSshd> {
    await mkdir(directory, { recursive: true });
    for (const name of ['host_key', 'id'])
      keygen('-t', 'ed25519', '-N', '', '-C', name, '-f', join(directory, name));
    await writeFile(join(directory, 'authorized'), await readFile(join(directory, 'id.pub')), {
      mode: 0o600,
    });
    await mkdir(join(directory, 'home'));
    if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    const port = await freePort();
    const lines = [
      ...settings(directory),
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(directory, 'host_key')}`,
      `AuthorizedKeysFile ${join(directory, 'authorized')}`,
      'StrictModes no',
      'PermitRootLogin yes',
      'UsePAM no',
      'PidFile none',
      `SetEnv HOME=${join(directory, 'home')}`,
    ];
    await writeFile(join(directory, 'sshd_config'), `${lines.join('\n')}\n`);
    await chmod(directory, 0o755);
    const sshd = new MachineSshd(directory, port);
    let said = '';
    await new Promise<void>((resolve, reject) => {
      sshd.#child.once('exit', (code) => reject(new Error(`sshd ended with ${code}: ${said}`)));
      sshd.#child.stderr?.on('data', (chunk: Buffer) => {
        said += String(chunk);
        if (said.includes('listening on')) resolve();
      });
    });
    return sshd;
  }

  get knownName(): string {
    return `[127.0.0.1]:${this.port}`;
  }

  get hostKey(): string {
    return readFileSync(join(this.directory, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    await gone;
  }
}
