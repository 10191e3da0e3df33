import { createReadStream } from 'node:fs';
import { redactText } from '../../cluster/parse/redact.ts';
import { LineAssembler } from '../../cluster/parse/terminal-text.ts';

/**
 * The lines of a spool file as the screen shows them: no control sequence of a host is left in them, and no password.
 * Piece by piece, with other work in between: the file may be of any size. Throws what the file system throws.
 */
export async function* spoolLines(path: string): AsyncGenerator<readonly string[]> {
  const assembler = new LineAssembler();
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    if (chunk instanceof Uint8Array) yield assembler.push(chunk).map(redactText);
  }
  yield assembler.end().map(redactText);
}
