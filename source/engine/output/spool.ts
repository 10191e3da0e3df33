import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { fail, messageOf, ok, type Result } from '../../cluster/result.ts';

/** The file on this machine that has every byte a step printed, as it came. Without a path nothing is kept. */
export class Spool {
  readonly path: string | null;
  /** Bytes that are in the file; as many as were printed, unless there is `trouble`. */
  size: number;
  /** Why the file is not complete; null while it is. */
  trouble: string | null = null;
  #descriptor: number | null = null;

  /** A file that an earlier console of this run has written is continued. */
  constructor(path: string | null) {
    this.path = path;
    this.size = path === null ? 0 : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  }

  /** Returns once the bytes are the kernel's: the network is not read on while the disk hangs, so nothing piles up here. */
  append(chunk: Buffer): void {
    if (this.path === null || this.trouble !== null) return;
    try {
      this.#descriptor ??= openSync(this.path, 'a', 0o600);
      for (let done = 0; done < chunk.length; ) {
        const written = writeSync(this.#descriptor, chunk, done);
        done += written;
        this.size += written;
      }
    } catch (thrown) {
      // The job and the screen go on: losing the copy on this machine must not stop an upgrade.
      this.trouble = messageOf(thrown);
    }
  }

  /** The bytes from `from` up to `to`. Errors: the file cannot be read, or is shorter than it was. */
  read(from: number, to: number): Result<Buffer, string> {
    if (this.path === null) return fail('there is no file');
    const bytes = Buffer.allocUnsafe(to - from);
    try {
      const descriptor = openSync(this.path, 'r');
      try {
        for (let done = 0; done < bytes.length; ) {
          const read = readSync(descriptor, bytes, done, bytes.length - done, from + done);
          if (read === 0) return fail(`${this.path} ends early`);
          done += read;
        }
      } finally {
        closeSync(descriptor);
      }
    } catch (thrown) {
      return fail(messageOf(thrown));
    }
    return ok(bytes);
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
