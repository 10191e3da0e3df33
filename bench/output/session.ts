import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FloodSettings, variable } from '../console/settings.ts';
import { bundled, nodeFlags, root } from '../terminal/bundle.ts';
import { Pty } from '../terminal/pty.ts';

/** What came of the job that a console followed. */
export interface FloodResult {
  readonly tookMs: number;
  readonly exitCode: number | null;
  readonly bytes: number;
  readonly lines: number;
  readonly file: string;
}

/** An SSH server that runs commands on this machine. */
export interface FloodServer {
  readonly port: number;
  readonly user: string;
  readonly keyFile: string;
  readonly knownHosts: string;
  /** Of the user that logs in. */
  readonly home: string;
  /** For files of the console. */
  readonly directory: string;
}

let built: Promise<string> | null = null;
const program = (): Promise<string> => {
  built ??= bundled('bench/console/flood-console.tsx', 'flood');
  return built;
};

/** A console whose waiting step runs a script on an SSH server of this machine. */
export class FloodSession {
  readonly pty: Pty;
  /** What the host keeps of the job. */
  readonly hostLog: string;
  readonly #settings: FloodSettings;

  private constructor(pty: Pty, settings: FloodSettings, home: string) {
    this.pty = pty;
    this.hostLog = join(home, '.pgaf-upgrade/jobs', settings.jobId, 'log');
    this.#settings = settings;
  }

  static async open(
    sshd: FloodServer,
    script: string,
    { columns = 120, rows = 40, done = 26 } = {},
  ): Promise<FloodSession> {
    const name = randomBytes(4).toString('hex');
    const spool = join(sshd.directory, `run-${name}`);
    mkdirSync(join(spool, 'output'), { recursive: true });
    const settings: FloodSettings = {
      port: sshd.port,
      user: sshd.user,
      keyFile: sshd.keyFile,
      knownHosts: sshd.knownHosts,
      script,
      jobId: `${name}/flood.1`,
      spool,
      done,
      result: join(spool, 'result.json'),
    };
    const pty = new Pty({
      program: process.execPath,
      args: [...nodeFlags(), await program()],
      cwd: root,
      env: { [variable]: JSON.stringify(settings) },
      columns,
      rows,
    });
    await pty.painted('Enter runs this script');
    return new FloodSession(pty, settings, sshd.home);
  }

  /** Confirms the step: its job begins. */
  async begin(): Promise<void> {
    await this.pty.press('\r', 'Output');
  }

  /** The job has ended, and everything of it is in the spool file. Fails after this many milliseconds, and says how far both sides came. */
  async result(patienceMs = Number.POSITIVE_INFINITY): Promise<FloodResult> {
    const { result } = this.#settings;
    const since = performance.now();
    while (!existsSync(result)) {
      if (this.pty.exitCode !== null) throw new Error('the console ended before its job');
      if (performance.now() - since > patienceMs) throw new Error(this.#stuck());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return JSON.parse(readFileSync(result, 'utf8'));
  }

  #stuck(): string {
    const job = dirname(this.hostLog);
    const files = readdirSync(job).map((name) => `${name} ${statSync(join(job, name)).size}`);
    const spooled = readdirSync(join(this.#settings.spool, 'output'), { recursive: true }).map(String);
    const sizes = spooled.map(
      (name) => `${name} ${statSync(join(this.#settings.spool, 'output', name)).size}`,
    );
    return `the job has no result; bytes on the host: ${files.join(', ')}; in the spool: ${sizes.join(', ')}`;
  }

  close(): void {
    this.pty.close();
  }
}
