import { readFileSync } from 'node:fs';
import type { IPty } from '@lydell/node-pty';
import { inTerminal, type ProgramOptions } from '../../test/terminal/spawn.ts';

/** What the console says of keys that are read at once. */
const pasted = 'several keys at once';

/** What begins each frame that Ink writes: the terminal is asked to show it whole. */
const frameMark = '\u001B[?2026h';
/** Less than a test has: what was waited for in vain is then named, with what came last. */
const patienceMs = 20_000;

/** Clock ticks of /proc in milliseconds: USER_HZ is 100 on every Linux that node runs on. */
const tickMs = 10;

export type PtyOptions = Omit<ProgramOptions, 'columns' | 'rows'> &
  Partial<Pick<ProgramOptions, 'columns' | 'rows'>>;

/** A program in a terminal of its own, and what it costs. Bytes are read raw: an emulator would cost more than what it measures. */
export class Pty {
  /** Bytes written to the terminal, and frames, so far. */
  written = 0;
  frames = 0;
  exitCode: number | null = null;
  readonly startedAt = performance.now();
  readonly #pty: IPty;
  readonly #watchers = new Set<(data: string) => void>();

  constructor({ columns = 120, rows = 40, ...options }: PtyOptions) {
    this.#pty = inTerminal({ ...options, columns, rows });
    this.#pty.onData((data) => {
      this.written += Buffer.byteLength(data);
      this.frames += data.split(frameMark).length - 1;
      for (const watcher of this.#watchers) watcher(data);
    });
    this.#pty.onExit(({ exitCode }) => {
      this.exitCode = exitCode;
      for (const watcher of this.#watchers) watcher('');
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** Waits until what is written from now on holds this text; gives the milliseconds that took. */
  painted(text: string, patience = patienceMs): Promise<number> {
    const from = performance.now();
    return this.#until(
      `“${text}”`,
      (seen) => seen.includes(text),
      () => performance.now() - from,
      patience,
    );
  }

  /** Presses a key; gives the milliseconds until the text that it brings is on its way to the terminal. */
  press(key: string, brings: string): Promise<number> {
    const painted = this.painted(brings);
    this.#pty.write(key);
    return painted;
  }

  /** Presses a key as often as it was read together with the one before: the console takes two at once for a paste. */
  async pressAlone(key: string, brings: string): Promise<void> {
    for (;;) {
      const answered = this.#until(
        `“${brings}”`,
        (seen) => seen.includes(brings) || seen.includes(pasted),
        (seen) => seen.includes(brings),
      );
      this.#pty.write(key);
      if (await answered) return;
    }
  }

  type(key: string): void {
    this.#pty.write(key);
  }

  /** Waits until the program has ended. */
  ended(): Promise<number> {
    return this.#until(
      'its end',
      () => this.exitCode !== null,
      () => this.exitCode ?? -1,
    );
  }

  /** Processor time used so far, in milliseconds. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  }

  /** Memory in use now and at most so far, in bytes. */
  memory(): { readonly now: number; readonly most: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const kilobytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    return { now: kilobytes('VmRSS') * 1024, most: kilobytes('VmHWM') * 1024 };
  }

  close(): void {
    if (this.exitCode === null) this.#pty.kill('SIGKILL');
  }

  #until<Value>(
    what: string,
    holds: (seen: string) => boolean,
    value: (seen: string) => Value,
    patience = patienceMs,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      let seen = '';
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const look = (data: string): void => {
        // A text may come in two pieces; no more of what went before is needed than that.
        seen = seen.slice(-4096) + data;
        if (holds(seen)) done(() => resolve(value(seen)));
        else if (this.exitCode !== null) done(() => reject(new Error(`it ended before ${what}`)));
      };
      const inVain = (): Error =>
        new Error(`waited in vain for ${what}; what came last: ${JSON.stringify(seen.slice(-2048))}`);
      const timer = setTimeout(() => done(() => reject(inVain())), patience);
      this.#watchers.add(look);
      look('');
    });
  }
}
