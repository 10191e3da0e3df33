import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import xterm, { type IBufferLine } from '@xterm/headless';

const compiled = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

export interface ConsoleOptions {
  readonly args?: readonly string[];
  /** On top of this process's environment. `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cols?: number;
  readonly rows?: number;
  readonly cwd?: string;
  /** Default: this Node and dist/cli.js. */
  readonly command?: readonly [string, ...string[]];
}

export interface WaitOptions {
  readonly timeoutMs?: number;
  /** What is waited for, in words, for the error message. */
  readonly what?: string;
}

const keys = {
  enter: '\r',
  escape: '\x1b',
  tab: '\t',
  'shift-tab': '\x1b[Z',
  space: ' ',
  backspace: '\x7f',
  clear: '\x15',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  'page-up': '\x1b[5~',
  'page-down': '\x1b[6~',
  'ctrl-c': '\x03',
  'ctrl-d': '\x04',
  'ctrl-l': '\x0c',
} as const;
export type Key = keyof typeof keys;

const isKey = (text: string): text is Key => Object.hasOwn(keys, text);

/** Neighbours on one row that look the same. Colours are numbers of the sixteen, null the terminal's own. */
export interface Run {
  readonly column: number;
  readonly columns: number;
  readonly text: string;
  readonly foreground: number | null;
  readonly background: number | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
}

const runsOf = (line: IBufferLine | undefined, columns: number): readonly Run[] => {
  const runs: Run[] = [];
  for (let column = 0; column < columns; column++) {
    const cell = line?.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const one: Run = {
      column,
      columns: cell.getWidth(),
      text: cell.getChars() || ' ',
      foreground: cell.isFgPalette() ? cell.getFgColor() : null,
      background: cell.isBgPalette() ? cell.getBgColor() : null,
      bold: cell.isBold() !== 0,
      dim: cell.isDim() !== 0,
      inverse: cell.isInverse() !== 0,
    };
    const last = runs.at(-1);
    if (last !== undefined && alike(last, one))
      runs[runs.length - 1] = { ...last, columns: last.columns + one.columns, text: last.text + one.text };
    else runs.push(one);
  }
  return runs;
};

const alike = (one: Run, other: Run): boolean =>
  one.foreground === other.foreground &&
  one.background === other.background &&
  one.bold === other.bold &&
  one.dim === other.dim &&
  one.inverse === other.inverse;

type Emulator = InstanceType<typeof xterm.Terminal>;
export type Cells = readonly (readonly Run[])[];

/** The visible rows of a terminal, without trailing blanks. */
export const screenOf = ({ buffer: { active }, rows }: Emulator): string =>
  Array.from(
    { length: rows },
    (_, row) => active.getLine(active.viewportY + row)?.translateToString(true) ?? '',
  )
    .join('\n')
    .trimEnd();

/** The visible rows as a picture needs them: what looks the same in one run. */
export const cellsOf = ({ buffer: { active }, rows, cols }: Emulator): Cells =>
  Array.from({ length: rows }, (_, row) => runsOf(active.getLine(active.viewportY + row), cols));

export class Console {
  readonly exited: Promise<number>;
  readonly #pty;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  readonly #listeners = new Set<() => void>();
  readonly #raw: string[] = [];
  #exitCode: number | null = null;
  #pressedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ConsoleOptions) {
    const cols = options.cols ?? 120;
    const rows = options.rows ?? 40;
    const [file, ...first] = options.command ?? [process.execPath, compiled];
    const env: Record<string, string> = {};
    for (const [name, value] of Object.entries({ ...process.env, TERM: 'xterm-256color', ...options.env })) {
      if (value !== undefined) env[name] = value;
    }
    // Vitest and CI announce themselves; the console must behave as it does for an operator.
    for (const name of ['CI', 'VITEST', 'NODE_ENV', 'NO_COLOR', 'FORCE_COLOR']) {
      if (options.env?.[name] === undefined) delete env[name];
    }
    this.#terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 10_000 });
    this.#pty = spawn(file, [...first, ...(options.args ?? [])], {
      name: 'xterm-256color',
      cols,
      rows,
      cwd: options.cwd ?? process.cwd(),
      env,
    });
    this.#pty.onData((data) => {
      this.#raw.push(data);
      this.#terminal.write(data, () => this.#notify());
    });
    // Answers to what the console asks its terminal (cursor position, device attributes).
    this.#terminal.onData((data) => {
      if (this.#exitCode === null) this.#pty.write(data);
    });
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        this.#exitCode = signal ? 128 + signal : exitCode;
        // The last output may still be in the emulator's queue.
        this.#terminal.write('', () => {
          this.#notify();
          resolve(this.#exitCode ?? -1);
        });
      });
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** Null while it runs. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Everything that was written to the terminal, control sequences and all. */
  get raw(): string {
    return this.#raw.join('');
  }

  /** Whether the alternate screen is in use. */
  get alternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate';
  }

  /** A frame has come in part: what stands on the screen was never meant to be read. */
  get #drawing(): boolean {
    return this.#exitCode === null && this.#terminal.modes.synchronizedOutputMode;
  }

  /** The visible rows, without trailing blanks. */
  screen(): string {
    return screenOf(this.#terminal);
  }

  /** The visible rows and all that has scrolled away above them. */
  scrollback(): string {
    const buffer = this.#terminal.buffer.active;
    const rows: string[] = [];
    for (let row = 0; row < buffer.length; row++)
      rows.push(buffer.getLine(row)?.translateToString(true) ?? '');
    return rows.join('\n').trimEnd();
  }

  /** Presses keys one after the other: names of keys, or single characters. */
  async press(...pressed: readonly (Key | (string & {}))[]): Promise<void> {
    for (const key of pressed) {
      this.#pty.write(isKey(key) ? keys[key] : key);
      this.#pressedAt = performance.now();
      // Apart, as a hand would: `escape` followed at once by another key is an Alt combination.
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  }

  /** Milliseconds since the last key was pressed. */
  get sincePressMs(): number {
    return performance.now() - this.#pressedAt;
  }

  /**
   * Types a name into a dialog's field, each key when the one before is on the screen: several at once would be a paste, unless they go on with
   * the name that is asked for. What a key that was pressed twice has left there is cleared first.
   */
  async typeName(name: string, field: 'Host' | 'Name' = 'Host'): Promise<void> {
    const filled = new RegExp(`${field}: +[\\w.@-]`);
    await this.waitFor(new RegExp(`${field}:`));
    if (filled.test(this.screen())) {
      await this.press('clear');
      await this.waitFor((screen) => !filled.test(screen), { what: 'an empty field' });
    }
    for (const at of name.split('').keys()) {
      this.#pty.write(name.charAt(at));
      await this.waitFor(new RegExp(`${field}: +${name.slice(0, at + 1)}`));
    }
  }

  /** Pastes a text in one write. */
  write(text: string): void {
    this.#pty.write(text);
  }

  resize(cols: number, rows: number): void {
    this.#terminal.resize(cols, rows);
    this.#pty.resize(cols, rows);
  }

  /** Resolves with the screen as soon as it matches. Rejects at the deadline, or when the console has ended without. */
  waitFor(wanted: RegExp | ((screen: string) => boolean), options: WaitOptions = {}): Promise<string> {
    const { timeoutMs = 15_000, what = wanted instanceof RegExp ? String(wanted) : 'a condition' } = options;
    const matches = (screen: string) =>
      wanted instanceof RegExp ? screen.search(wanted) >= 0 : wanted(screen);
    return new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        clearTimeout(deadline);
        clearInterval(again);
        this.#listeners.delete(look);
        act();
      };
      const giveUp = (why: string) =>
        finish(() =>
          reject(new Error(`${why} while waiting for ${what}. The screen was:\n${this.screen()}`)),
        );
      const look = () => {
        if (this.#drawing) return;
        const screen = this.screen();
        let found: boolean;
        try {
          found = matches(screen);
        } catch (thrown) {
          finish(() => reject(thrown));
          return;
        }
        if (found) finish(() => resolve(screen));
        else if (this.#exitCode !== null) giveUp(`the console ended with ${this.#exitCode}`);
      };
      const deadline = setTimeout(() => giveUp(`${timeoutMs / 1000} s passed`), timeoutMs);
      const again = setInterval(look, 500);
      this.#listeners.add(look);
      look();
    });
  }

  /** Ends it the hard way, as a closed laptop or an out-of-memory killer would. Does nothing when it has ended. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGHUP' | 'SIGINT' = 'SIGKILL'): Promise<number> {
    if (this.#exitCode === null) this.#pty.kill(signal);
    return this.exited;
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** The compiled console in a terminal of its own. */
export const openConsole = (options: ConsoleOptions = {}): Console => new Console(options);
