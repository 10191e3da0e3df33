import type { IPty } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { bundleOf, root } from './bundle.ts';
import { inTerminal } from './spawn.ts';

let built: Promise<string> | null = null;
let bundle = '';

/** Bundles the console over a pretended cluster, once. */
export const bundled = async (): Promise<void> => {
  built ??= bundleOf('scripts/dev-console.tsx', 'terminal-tests');
  bundle = await built;
};

interface Options {
  readonly columns?: number;
  readonly rows?: number;
  /** Default: the console over a pretended cluster. */
  readonly program?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const keys = {
  enter: '\r',
  esc: '\u001B',
  up: '\u001B[A',
  down: '\u001B[B',
  pageUp: '\u001B[5~',
  ctrlC: '\u0003',
} as const;

const patience = 30_000;

/** A real terminal with the console in it, and an emulator that tells what a person would see. */
export class TestTerminal {
  /** Every byte that the console wrote. */
  raw = '';
  /** Null until it has ended, and all that it wrote is on the screen. */
  exitCode: number | null = null;
  #gone = false;
  readonly #pty: IPty;
  readonly #screen: InstanceType<typeof xterm.Terminal>;
  readonly #watchers = new Set<() => void>();

  constructor({ columns = 80, rows = 24, program = bundle, args = [], env = {} }: Options) {
    this.#screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    this.#pty = inTerminal({
      program: process.execPath,
      args: [program, ...args],
      cwd: root,
      columns,
      rows,
      env,
    });
    this.#pty.onData((data) => {
      this.raw += data;
      this.#screen.write(data, () => this.#tell());
    });
    this.#pty.onExit(({ exitCode }) => {
      this.#gone = true;
      // Behind what it wrote last: that is still on its way to the screen.
      this.#screen.write('', () => {
        this.exitCode = exitCode;
        this.#tell();
      });
    });
  }

  /** The lines that are on the screen. */
  lines(): readonly string[] {
    const { active } = this.#screen.buffer;
    return Array.from(
      { length: this.#screen.rows },
      (_, at) => active.getLine(active.viewportY + at)?.translateToString(true) ?? '',
    );
  }

  text(): string {
    return this.lines().join('\n');
  }

  /** Whether the alternate screen is in use. */
  alternate(): boolean {
    return this.#screen.buffer.active.type === 'alternate';
  }

  press(...keysPressed: readonly string[]): void {
    for (const key of keysPressed) this.#pty.write(key);
  }

  /** Types the name of a host, each key when the one before is on the screen: all at once it would be a paste. */
  async typeName(name: string): Promise<void> {
    for (const [at, key] of [...name].entries()) {
      this.press(key);
      await this.see(`Host: ${name.slice(0, at + 1)}`);
    }
  }

  resize(columns: number, rows: number): void {
    this.#screen.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Waits until the screen shows all of this. */
  see(...wanted: readonly (string | RegExp)[]): Promise<void> {
    const missing = () =>
      wanted.filter((part) =>
        typeof part === 'string' ? !this.text().includes(part) : !part.test(this.text()),
      );
    return this.#until(
      () => missing().length === 0,
      () => `${missing().join(', ')} in:\n${this.text()}`,
    );
  }

  /** Waits until the screen does not show this any more. */
  gone(part: string): Promise<void> {
    return this.#until(
      () => !this.text().includes(part),
      () => `the end of ${part} in:\n${this.text()}`,
    );
  }

  /** Waits until the console has ended. */
  async ended(): Promise<number> {
    await this.#until(
      () => this.exitCode !== null,
      () => `the end of the console in:\n${this.text()}`,
    );
    return this.exitCode ?? -1;
  }

  /** As another process would. */
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void {
    this.#pty.kill(name);
  }

  close(): void {
    if (!this.#gone) this.#pty.kill('SIGKILL');
    this.#screen.dispose();
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #until(holds: () => boolean, waitedFor: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const look = () => {
        // A frame has come in part: what stands on the screen was never meant to be read.
        if (this.exitCode === null && this.#screen.modes.synchronizedOutputMode) return;
        if (holds()) done(resolve);
        else if (this.exitCode !== null) done(() => reject(new Error(`it ended before ${waitedFor()}`)));
      };
      const timer = setTimeout(
        () => done(() => reject(new Error(`waited in vain for ${waitedFor()}`))),
        patience,
      );
      this.#watchers.add(look);
      look();
    });
  }
}
