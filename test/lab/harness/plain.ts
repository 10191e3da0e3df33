import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ConsoleHome } from './walk.ts';

const compiled = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/** What a console in plain lines waits for. */
export type PlainStop =
  | {
      readonly kind: 'confirm';
      readonly number: number;
      readonly of: number;
      readonly host: string;
      readonly title: string;
      /** Yes would start more than this step. */
      readonly together: boolean;
    }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'finished' }
  | { readonly kind: 'ended'; readonly code: number | null };

const offered = /\nStep (\d+) of (\d+), (\S+): (.*)\n/g;

/** The compiled console in plain lines over a pipe: quick to start, and to kill. */
export class PlainRun {
  /** Everything that it has printed. */
  text = '';
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #read = 0;
  #code: number | null | undefined;

  constructor(home: ConsoleHome, args: readonly string[] = [], command = 'run') {
    this.#child = spawn(process.execPath, [compiled, command, ...home.args, '--plain', ...args], {
      env: { ...process.env, ...home.env },
      stdio: 'pipe',
    });
    const more = (chunk: string) => {
      this.text += chunk;
      for (const listener of [...this.#listeners]) listener();
    };
    this.#child.stdout?.setEncoding('utf8').on('data', more);
    this.#child.stderr?.setEncoding('utf8').on('data', more);
    this.#child.stdin?.on('error', () => undefined);
    this.#child.on('close', (code) => {
      this.#code = code;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  get exited(): Promise<number | null> {
    return this.until(
      'its end',
      () => (this.#code === undefined ? undefined : { code: this.#code }),
      60_000,
    ).then(({ code }) => code);
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ends it the hard way; resolves when it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.#code === undefined) this.#child.kill(signal);
    return this.exited;
  }

  /** What `find` finds, as soon as it finds it; it is asked again whenever something is printed. */
  until<Found>(what: string, find: (text: string) => Found | undefined, timeoutMs = 120_000): Promise<Found> {
    return new Promise((resolve, reject) => {
      const over = (act: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        act();
      };
      const look = () => {
        const found = find(this.text);
        if (found !== undefined) over(() => resolve(found));
        else if (this.#code !== undefined)
          over(() =>
            reject(new Error(`it ended with ${this.#code} before ${what}:\n${this.text.slice(-4000)}`)),
          );
      };
      const timer = setTimeout(
        () => over(() => reject(new Error(`${what} did not come in time:\n${this.text.slice(-4000)}`))),
        timeoutMs,
      );
      this.#listeners.add(look);
      look();
    });
  }

  /** Waits for something printed, from here on or before. */
  async sees(wanted: RegExp, timeoutMs?: number): Promise<void> {
    await this.until(String(wanted), (text) => (wanted.test(text) ? true : undefined), timeoutMs);
  }

  /** The next place where it waits for somebody, or its end; each one once. */
  stop(timeoutMs = 240_000): Promise<PlainStop> {
    return this.until(
      'the next question',
      (text) => {
        const rest = text.slice(this.#read);
        const asks = /^Run this step on (\S+)\? |^Run steps (\d+).* together\? |Next: \[retry/m.exec(rest);
        if (asks !== null) {
          const before = text.slice(0, this.#read + asks.index);
          this.#read += asks.index + asks[0].length;
          if (asks[0].startsWith('Next:'))
            return { kind: 'failed', text: before.slice(before.lastIndexOf('\nFAILED')) };
          const first = asks[2];
          const [, number = '0', of = '0', host = '', title = ''] =
            [...before.matchAll(offered)].findLast((one) => first === undefined || one[1] === first) ?? [];
          const together = first !== undefined;
          return { kind: 'confirm', number: Number(number), of: Number(of), host, title, together };
        }
        if (/every node runs PostgreSQL [\d.]+/.test(rest) && this.#code !== undefined)
          return { kind: 'finished' };
        if (this.#code !== undefined) return { kind: 'ended', code: this.#code };
        return undefined;
      },
      timeoutMs,
    );
  }

  /** Says yes to the step that it asks for, alone, and the host's name where that is wanted. */
  async confirm(stop: Extract<PlainStop, { kind: 'confirm' }>): Promise<void> {
    const from = this.text.length;
    this.say(stop.together ? 'one' : 'y');
    if (stop.together) return;
    if (!/\n {2}Typed: /.test(this.text.slice(this.text.lastIndexOf('\nStep ')))) return;
    await this.until('the question for the name', (text) =>
      /Type the name of the host/.test(text.slice(from)) ? true : undefined,
    );
    this.say(stop.host);
  }

  /** Says yes to all that the question names. */
  confirmTogether(stop: Extract<PlainStop, { kind: 'confirm' }>): Promise<void> {
    return this.confirm({ ...stop, together: false });
  }

  /** Confirms one step after the other until this one is asked for. */
  async goTo(wanted: RegExp): Promise<Extract<PlainStop, { kind: 'confirm' }>> {
    for (;;) {
      const stop = await this.stop();
      if (stop.kind !== 'confirm')
        throw new Error(`on the way to ${wanted}: ${JSON.stringify(stop)}\n${this.text.slice(-3000)}`);
      if (wanted.test(`${stop.host}: ${stop.title}`)) return stop;
      await this.confirmOrSkip(stop);
    }
  }

  /** A switchover is skipped, as in the other tests. */
  async confirmOrSkip(stop: Extract<PlainStop, { kind: 'confirm' }>): Promise<void> {
    if (!/^Switch/.test(stop.title)) return this.confirm(stop);
    const from = this.text.length;
    this.say('skip');
    // An answer counts only behind its question.
    await this.until('the question for a reason', (text) =>
      text.slice(from).includes('Reason (may be empty): ') ? true : undefined,
    );
    this.say('');
  }

  /** From the question that it waits with to its end. */
  async finish(first: PlainStop): Promise<void> {
    for (let stop = first; ; stop = await this.stop()) {
      if (stop.kind === 'finished') return;
      if (stop.kind !== 'confirm') throw new Error(`${JSON.stringify(stop)}\n${this.text.slice(-3000)}`);
      await this.confirmOrSkip(stop);
    }
  }
}
