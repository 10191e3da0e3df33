import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { DemoLayout } from '../layout.ts';

/** A stand-in that was called on a host and asks what to say. */
export interface Call {
  readonly host: string;
  readonly tool: string;
  /** The directory of the stand-in: whose version it is. */
  readonly bin: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly user: string;
  readonly pid: number;
  /** PGAF_UPGRADE_JOB of its environment. */
  readonly job: string;
  readonly environment: { readonly database: string; readonly monitor: string };
  /** Reads the stand-in's stdin to its end. */
  readonly stdin: () => Promise<string>;
  /** A line on stdout; without its newline where more of it follows. */
  readonly out: (text: string) => void;
  readonly part: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Answers a call with its exit code. */
export type ToolAnswer = (call: Call) => Promise<number>;

/** What the stand-ins send before their arguments, in this order. */
const fields = ['host', 'program', 'directory', 'user', 'job', 'database', 'monitor'] as const;

/**
 * The stand-ins' line to this process: they write their process id into one fifo, their question into a file, and read
 * the answer from a fifo of their own; nothing but a shell and mkfifo is needed for it.
 */
export class Wire {
  readonly #layout: DemoLayout;
  readonly #answer: ToolAnswer;
  readonly #input = new Map<string, (text: string) => void>();
  #socket: Socket | null = null;
  #rest = '';

  constructor(layout: DemoLayout, answer: ToolAnswer) {
    this.#layout = layout;
    this.#answer = answer;
  }

  open(): void {
    if (!existsSync(this.#layout.ask)) execFileSync('mkfifo', ['-m', '600', this.#layout.ask]);
    // For reading and writing, so that it never ends while no stand-in has it open.
    const fd = openSync(this.#layout.ask, constants.O_RDWR | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (chunk: Buffer | string) => this.#heard(String(chunk)));
    this.#socket.on('error', () => this.#socket?.destroy());
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #heard(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [name = '', what] = line.split(' ');
      if (!/^\d+$/.test(name)) continue;
      if (what === 'in') this.#handInput(name);
      else void this.#serve(name);
    }
  }

  #handInput(name: string): void {
    const file = join(this.#layout.wire, `${name}.in`);
    const waiting = this.#input.get(name);
    this.#input.delete(name);
    waiting?.(readFileSync(file, 'utf8'));
    unlinkSync(file);
  }

  async #serve(name: string): Promise<void> {
    const fifo = join(this.#layout.wire, name);
    const question = readFileSync(`${fifo}.q`, 'utf8').split('\0').slice(0, -1);
    unlinkSync(`${fifo}.q`);
    // The stand-in has it open for both, so this neither waits nor is lost.
    const fd = openSync(fifo, constants.O_RDWR);
    unlinkSync(fifo);
    const named = Object.fromEntries(fields.map((field, at) => [field, question[at] ?? ''] as const));
    const say = (kind: string, text: string): void => {
      for (const line of text.split('\n')) writeSync(fd, `${kind}${line}\n`);
    };
    const code = await this.#answer({
      host: named.host ?? '',
      tool: basename(named.program ?? ''),
      bin: dirname(named.program ?? ''),
      directory: named.directory ?? '',
      user: named.user ?? '',
      job: named.job ?? '',
      environment: { database: named.database ?? '', monitor: named.monitor ?? '' },
      args: question.slice(fields.length),
      pid: Number(name),
      stdin: () =>
        new Promise((resolve) => {
          this.#input.set(name, resolve);
          writeSync(fd, 'i\n');
        }),
      out: (text) => say('o', text),
      part: (text) => writeSync(fd, `p${text}\n`),
      err: (text) => say('e', text),
    }).catch((error: unknown) => {
      say(
        'e',
        `the demo's ${basename(named.program ?? '')} broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
      return 125;
    });
    writeSync(fd, `x${code}\n`);
    closeSync(fd);
  }
}
