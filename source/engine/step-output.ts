import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { redactText } from '../cluster/parse/redact.ts';
import { LineAssembler } from '../cluster/parse/terminal-text.ts';
import { messageOf } from '../cluster/result.ts';
import type { OutputView } from './controller.ts';
import { spoolLines } from './spool-lines.ts';

/** Lines of one step that are held in memory; the spool file has all of them. */
const heldLines = 10_000;
/** So much of an earlier console's spool file is read back for the screen. */
const readBackBytes = 8 * 1024 * 1024;

/** The output of one step: raw bytes to the spool file, clean lines to a bounded ring. */
export class StepOutput implements OutputView {
  readonly #assembler = new LineAssembler();
  #lines: string[] = [];
  #first = 0;
  #bytes = 0;
  #descriptor: number | null = null;
  #spoolTrouble: string | null = null;
  /** The beginning of what an earlier console wrote was not read back. */
  #cut = false;
  readonly #path: string | null;

  /** What an earlier console of this run has written to the file is there again. */
  constructor(path: string | null) {
    this.#path = path;
    if (path !== null) this.#readBack(path);
  }

  get firstLine(): number {
    return this.#first;
  }
  get endLine(): number {
    return this.#first + this.#lines.length;
  }
  get unfinished(): string {
    return redactText(this.#assembler.unfinished);
  }
  get file(): string | null {
    return this.#bytes === 0 || this.#spoolTrouble !== null ? null : this.#path;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** Why the spool file is not complete; null while it is. */
  get spoolTrouble(): string | null {
    return this.#spoolTrouble;
  }

  line(index: number): string {
    return this.#lines[index - this.#first] ?? '';
  }

  last(count: number): readonly string[] {
    const rest = this.unfinished;
    return (rest === '' ? this.#lines : [...this.#lines, rest]).slice(-count);
  }

  get whole(): boolean {
    return this.#first === 0 && !this.#cut;
  }

  async *text(): AsyncGenerator<readonly string[]> {
    const { file } = this;
    if (file !== null) yield* spoolLines(file);
    else yield this.last(Number.POSITIVE_INFINITY);
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#spool(chunk);
    this.#add(this.#assembler.push(chunk));
  }

  /** A line of the console's own, between two tries of a step. */
  note(text: string): void {
    this.#add([...this.#assembler.end(), text]);
  }

  close(): void {
    this.#add(this.#assembler.end());
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #add(lines: readonly string[]): void {
    for (const line of lines) this.#lines.push(redactText(line));
    // Cutting in big pieces keeps a fast stream from copying the ring for each line.
    if (this.#lines.length > heldLines * 2) {
      const cut = this.#lines.length - heldLines;
      this.#lines = this.#lines.slice(cut);
      this.#first += cut;
    }
  }

  #spool(chunk: Buffer): void {
    if (this.#path === null || this.#spoolTrouble !== null) return;
    try {
      this.#descriptor ??= openSync(this.#path, 'a', 0o600);
      for (let done = 0; done < chunk.length; ) done += writeSync(this.#descriptor, chunk, done);
    } catch (thrown) {
      // The job and the screen go on: losing the copy on this machine must not stop an upgrade.
      this.#spoolTrouble = messageOf(thrown);
    }
  }

  #readBack(path: string): void {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size === 0) return;
    this.#bytes = size;
    const from = Math.max(0, size - readBackBytes);
    this.#cut = from > 0;
    if (from > 0) this.#add([`… ${from} bytes before this are only in ${path}`]);
    try {
      const descriptor = openSync(path, 'r');
      try {
        const chunk = Buffer.alloc(256 * 1024);
        for (let at = from; at < size; ) {
          const read = readSync(descriptor, chunk, 0, Math.min(chunk.length, size - at), at);
          if (read === 0) break;
          at += read;
          this.#add(this.#assembler.push(chunk.subarray(0, read)));
        }
      } finally {
        closeSync(descriptor);
      }
    } catch (thrown) {
      this.#add([`… what was printed before cannot be read here: ${messageOf(thrown)}`]);
    }
  }
}
