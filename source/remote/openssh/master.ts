import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cleanText } from '../../cluster/parse/terminal-text.ts';
import { debugEvent } from '../debug-events.ts';
import type { PrivateDirectory } from './directory.ts';
import masterFile from './master.sh' with { type: 'text' };

const pollMs = 25;
const maximumWords = 8_000;

/** The ssh that keeps a connection. It ends when told, when the connection is lost, and when this process is gone. */
export class Master {
  readonly ended: Promise<void>;
  readonly #child: ReturnType<typeof spawn>;
  readonly #directory: PrivateDirectory;
  #words = '';
  #over = false;

  constructor(args: readonly string[], directory: PrivateDirectory) {
    this.#directory = directory;
    this.#child = spawn('/bin/sh', ['-c', masterFile, 'pgaf-ssh', directory.path, 'ssh', ...args], {
      stdio: ['pipe', 'ignore', 'pipe'],
      // A group of its own: ^C at the terminal is the console's alone, and everything that ssh starts ends with it.
      detached: true,
      env: {
        ...process.env,
        SSH_ASKPASS: directory.askpass,
        SSH_ASKPASS_REQUIRE: 'force',
        // Before OpenSSH 8.4 ssh asks by a program only where there is a display.
        DISPLAY: process.env.DISPLAY ?? ':0',
      },
    });
    this.#child.stdin?.on('error', (error) => debugEvent('ssh.master', { why: error.message }));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + chunk.toString('utf8')).slice(-maximumWords);
    });
    this.ended = new Promise((resolve) => {
      const over = (): void => {
        this.#over = true;
        resolve();
      };
      this.#child.once('close', over);
      this.#child.once('error', (error) => {
        this.#words += error.message;
        over();
      });
    });
  }

  /** Everything that ssh has said, as it may be shown. */
  words(): string {
    return cleanText(this.#words).trim();
  }

  /** The end of it, for a cause; null: it has said nothing. */
  lastWords(): string | null {
    const lines = this.words()
      .split('\n')
      .filter((line) => line.trim() !== '');
    return lines.length === 0 ? null : lines.slice(-3).join(' ').slice(-400);
  }

  /** Waits until commands can go by it. False: it has ended. The socket is there once somebody has been let in. */
  async ready(): Promise<boolean> {
    while (!this.#over) {
      if (existsSync(this.#directory.socket)) return true;
      await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, pollMs))]);
    }
    return false;
  }

  /** Its input ends: so it would if this process were gone. */
  end(): void {
    this.#child.stdin?.end();
  }

  kill(): void {
    this.end();
    const { pid } = this.#child;
    if (pid === undefined || this.#over) return;
    try {
      process.kill(-pid, 'SIGTERM');
    } catch (thrown) {
      debugEvent('ssh.master-gone', { why: String(thrown) });
    }
  }
}
