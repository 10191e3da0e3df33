import type { OutputView } from '../view/controller.ts';
import { SpooledLines } from './lines.ts';
import { Spool } from './spool.ts';
import { spoolLines } from './spool-lines.ts';

/** So much of an earlier console's spool file is read back for the screen. */
const readBackBytes = 8 * 1024 * 1024;
const newline = 0x0a;

/** The output of one step: raw bytes to the spool file, and from there lines that are safe to show. */
export class StepOutput implements OutputView {
  readonly #spool: Spool;
  readonly #lines: SpooledLines;
  #bytes: number;
  /** The beginning of what an earlier console wrote was not read back. */
  readonly #cut: boolean;

  /** What an earlier console of this run has written to the file is there again. */
  constructor(path: string | null) {
    this.#spool = new Spool(path);
    this.#bytes = this.#spool.size;
    const from = Math.max(0, this.#bytes - readBackBytes);
    this.#cut = from > 0;
    this.#lines = this.#readBack(from);
  }

  get firstLine(): number {
    return this.#lines.first;
  }
  get endLine(): number {
    return this.#lines.end;
  }
  get unfinished(): string {
    return this.#lines.unfinished;
  }
  get file(): string | null {
    return this.#bytes === 0 || this.#spool.trouble !== null ? null : this.#spool.path;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** Why the spool file is not complete; null while it is. */
  get spoolTrouble(): string | null {
    return this.#spool.trouble;
  }

  line(index: number): string {
    return this.#lines.line(index);
  }

  last(count: number): readonly string[] {
    const { endLine, firstLine, unfinished } = this;
    const whole = unfinished === '' ? count : count - 1;
    const from = Math.max(firstLine, endLine - whole);
    const lines = Array.from({ length: endLine - from }, (_, at) => this.line(from + at));
    return unfinished === '' ? lines : [...lines, unfinished];
  }

  get whole(): boolean {
    return this.firstLine === 0 && !this.#cut;
  }

  async *text(): AsyncGenerator<readonly string[]> {
    const { file } = this;
    if (file !== null) yield* spoolLines(file);
    else yield this.last(Number.POSITIVE_INFINITY);
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#spool.append(chunk);
    this.#lines.take(chunk);
  }

  /** A line of the console's own, between two tries of a step. */
  note(text: string): void {
    this.#lines.note(text);
  }

  close(): void {
    this.#lines.finish();
    this.#spool.close();
  }

  #readBack(from: number): SpooledLines {
    const { path, size } = this.#spool;
    if (size === 0) return new SpooledLines(this.#spool);
    const read = this.#spool.read(from, size);
    if (!read.ok) {
      const lines = new SpooledLines(this.#spool, size);
      lines.note(`… what was printed before cannot be read here: ${read.error}`);
      return lines;
    }
    const whole = from === 0 ? 0 : read.value.indexOf(newline) + 1;
    const lines = new SpooledLines(this.#spool, from + whole);
    if (from > 0) lines.note(`… ${from + whole} bytes before this are only in ${path}`);
    lines.take(read.value.subarray(whole));
    return lines;
  }
}
