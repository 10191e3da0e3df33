import { redactText } from '../../cluster/parse/redact.ts';
import { LineAssembler, type SequenceState } from '../../cluster/parse/terminal-text.ts';
import { ok } from '../../cluster/result.ts';
import { blockBytes, countLines, cutOf, decodeBlock } from './block.ts';
import type { Spool } from './spool.ts';

/** Blocks that are held in memory, whatever the file has: 2 MB. */
const heldBlocks = 32;
/** Blocks whose lines are held decoded: a screen looks at one or two of them. */
const decodedBlocks = 4;

/**
 * The lines of an output, counted as they come and decoded when they are read. Closed blocks are known by where they
 * begin; their bytes are in memory for a while, then only in the spool file. What is in neither can be shown no more.
 */
export class SpooledLines {
  readonly #spool: Spool;
  /** Of each closed block: its first line, and where its first byte is in the spool file. */
  readonly #firsts: number[] = [];
  readonly #offsets: number[] = [];
  /** How a block begins that continues a line of the one before. */
  readonly #states = new Map<number, SequenceState>();
  /** Lines of the console's own, each a block without bytes. */
  readonly #notes = new Map<number, string>();
  readonly #held = new Map<number, Buffer>();
  readonly #decoded = new Map<number, readonly string[]>();
  /** The first block that can still be shown. */
  #reachable = 0;
  #closedLines = 0;
  #closedBytes: number;
  #open: Buffer | null = null;
  #openBytes = 0;
  #openState: SequenceState = 'text';
  /** What of the open block has been decoded, because somebody looked. */
  #assembler: LineAssembler | null = null;
  #seenBytes = 0;
  #seenLines: string[] = [];

  /** `from`: the byte of the spool file with which the first line begins. */
  constructor(spool: Spool, from = 0) {
    this.#spool = spool;
    this.#closedBytes = from;
  }

  get first(): number {
    return this.#firsts[this.#reachable] ?? this.#closedLines;
  }

  get end(): number {
    return this.#closedLines + this.#look().length;
  }

  get unfinished(): string {
    this.#look();
    return redactText(this.#assembler?.unfinished ?? '');
  }

  line(index: number): string {
    if (index >= this.#closedLines) return this.#look()[index - this.#closedLines] ?? '';
    const block = this.#blockOf(index);
    if (block < this.#reachable) return '';
    return this.#linesOf(block)[index - (this.#firsts[block] ?? 0)] ?? '';
  }

  take(chunk: Buffer): void {
    for (let done = 0; done < chunk.length; ) {
      this.#open ??= Buffer.allocUnsafe(blockBytes);
      const copied = chunk.copy(this.#open, this.#openBytes, done);
      done += copied;
      this.#openBytes += copied;
      if (this.#openBytes === blockBytes) this.#cut();
    }
  }

  /** The unfinished line is one now. */
  finish(): void {
    if (this.#open === null || this.#openBytes === 0) return;
    const bytes = Buffer.from(this.#open.subarray(0, this.#openBytes));
    this.#close(bytes);
    this.#openState = 'text';
    this.#open = null;
    this.#openBytes = 0;
  }

  note(text: string): void {
    this.finish();
    this.#notes.set(this.#firsts.length, text);
    this.#firsts.push(this.#closedLines);
    this.#offsets.push(this.#closedBytes);
    this.#closedLines += 1;
  }

  #cut(): void {
    const full = this.#open;
    if (full === null) return;
    const at = cutOf(full);
    const rest = full.subarray(at);
    this.#open = this.#close(full.subarray(0, at)) ?? Buffer.allocUnsafe(blockBytes);
    this.#openBytes = rest.copy(this.#open);
  }

  /** Gives the memory of a block that is let go. */
  #close(bytes: Buffer): Buffer | null {
    const block = this.#firsts.length;
    if (this.#openState !== 'text') this.#states.set(block, this.#openState);
    this.#firsts.push(this.#closedLines);
    this.#offsets.push(this.#closedBytes);
    const counted = this.#openState === 'text' ? countLines(bytes) : null;
    if (counted !== null) {
      this.#closedLines += counted;
      this.#openState = 'text';
    } else {
      const { lines, state } = decodeBlock(bytes, this.#openState);
      this.#closedLines += lines.length;
      this.#openState = state;
    }
    this.#closedBytes += bytes.length;
    this.#held.set(block, bytes);
    this.#assembler = null;
    this.#seenBytes = 0;
    this.#seenLines = [];
    return this.#release();
  }

  #release(): Buffer | null {
    const [oldest] = this.#held;
    if (oldest === undefined || this.#held.size <= heldBlocks) return null;
    const [block, bytes] = oldest;
    this.#held.delete(block);
    const end = (this.#offsets[block] ?? 0) + bytes.length;
    if (this.#spool.path === null || end > this.#spool.size) this.#reachable = block + 1;
    const whole = bytes.buffer.byteLength === blockBytes && bytes.byteOffset === 0;
    return whole ? Buffer.from(bytes.buffer) : null;
  }

  /** The finished lines of the open block. */
  #look(): readonly string[] {
    if (this.#open === null || this.#openBytes === this.#seenBytes) return this.#seenLines;
    this.#assembler ??= new LineAssembler(undefined, this.#openState);
    const more = this.#assembler.push(this.#open.subarray(this.#seenBytes, this.#openBytes));
    for (const line of more) this.#seenLines.push(redactText(line));
    this.#seenBytes = this.#openBytes;
    return this.#seenLines;
  }

  #linesOf(block: number): readonly string[] {
    const note = this.#notes.get(block);
    if (note !== undefined) return [note];
    const known = this.#decoded.get(block);
    if (known !== undefined) return known;
    const lines = this.#read(block);
    const [oldest] = this.#decoded.keys();
    if (oldest !== undefined && this.#decoded.size >= decodedBlocks) this.#decoded.delete(oldest);
    this.#decoded.set(block, lines);
    return lines;
  }

  #read(block: number): readonly string[] {
    const from = this.#offsets[block] ?? 0;
    const to = this.#offsets[block + 1] ?? this.#closedBytes;
    const held = this.#held.get(block);
    const bytes = held === undefined ? this.#spool.read(from, to) : ok(held);
    if (!bytes.ok) return [`… cannot be read here: ${bytes.error}`];
    return decodeBlock(bytes.value, this.#states.get(block) ?? 'text').lines;
  }

  /** The closed block that has this line. */
  #blockOf(line: number): number {
    let low = 0;
    let high = this.#firsts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#firsts[middle] ?? 0) <= line) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
