import { redactText } from '../../cluster/parse/redact.ts';
import { LineAssembler, type SequenceState } from '../../cluster/parse/terminal-text.ts';

/** Bytes of output that are kept, counted and decoded together. */
export const blockBytes = 64 * 1024;

const newline = 0x0a;
const tab = 0x09;
/** A line of so many bytes is one line however many of them are tabs, which count eightfold. */
const surelyOneLine = 512;
/** A line of so many bytes without a tab is one line: the assembler cuts only longer ones. */
const oneLineWithoutTabs = 4096;

export interface DecodedBlock {
  readonly lines: readonly string[];
  /** Where the next block begins if this one does not end with a newline. */
  readonly state: SequenceState;
}

/** The lines of a block, safe to show: no control sequences, no secrets. What has no newline is a line too. */
export const decodeBlock = (bytes: Uint8Array, state: SequenceState): DecodedBlock => {
  const assembler = new LineAssembler(undefined, state);
  const lines = assembler.push(bytes);
  const after = assembler.state;
  lines.push(...assembler.end());
  return { lines: lines.map(redactText), state: after };
};

/**
 * How many lines decoding would give of bytes that end with a newline; null where only decoding can tell.
 * Most output is never read: to count its lines costs a tenth of reading them.
 */
export const countLines = (bytes: Buffer): number | null => {
  let count = 0;
  let from = 0;
  for (;;) {
    const at = bytes.indexOf(newline, from);
    if (at < 0) return from === bytes.length ? count : null;
    const length = at - from;
    if (length > surelyOneLine) {
      if (length > oneLineWithoutTabs || bytes.subarray(from, at).includes(tab)) return null;
    }
    count += 1;
    from = at + 1;
  }
};

/** Where a full block is cut: behind its last newline, else before a character that is not whole yet. */
export const cutOf = (bytes: Buffer): number => {
  const last = bytes.lastIndexOf(newline);
  if (last >= 0) return last + 1;
  // UTF-8: the first byte of a character of several has its two upper bits set, those after it only the uppermost.
  for (let back = 1; back <= 3; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return bytes.length - back;
  }
  return bytes.length;
};
