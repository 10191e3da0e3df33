import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { redactAll } from '../../cluster/parse/redact.ts';
import { fail, messageOf, ok, problem, type Result } from '../../cluster/result.ts';
import { type Entry, parseJournal, type Recorded } from './entry.ts';

export type { Entry };

/** Where runs are kept: the XDG state home. Source: XDG Base Directory Specification, 0.8. */
export const stateHome = (env: Readonly<Record<string, string | undefined>>): string =>
  join(
    env.XDG_STATE_HOME !== undefined && env.XDG_STATE_HOME !== ''
      ? env.XDG_STATE_HOME
      : join(homedir(), '.local/state'),
    'pgaf-upgrade',
  );

/** Where the runs of one cluster are kept, below the state home. */
export const clusterDirectory = (home: string, cluster: string): string =>
  join(home, cluster.replaceAll('/', '_'));

export const journalFile = (directory: string): string => join(directory, 'journal.ndjson');

/** What consoles of this machine wrote of a run; nothing where there is no journal of it. Changes nothing. */
export const readEarlier = (home: string, cluster: string, run: string): readonly Recorded[] => {
  const path = journalFile(join(clusterDirectory(home, cluster), run));
  return existsSync(path) ? parseJournal(readFileSync(path, 'utf8')) : [];
};

/** Makes a directory for this user alone; one that is there already and open to others is closed to them. */
const privateDirectory = (directory: string): void => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if ((statSync(directory).mode & 0o077) !== 0) chmodSync(directory, 0o700);
};

const syncDirectory = (directory: string): void => {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** Bytes after the last newline: a line that was not written whole. */
const tornBytes = (descriptor: number): number => {
  const { size } = fstatSync(descriptor);
  const tail = Buffer.alloc(Math.min(size, 4 * 1024 * 1024));
  readSync(descriptor, tail, 0, tail.length, size - tail.length);
  return tail.length - (tail.lastIndexOf(0x0a) + 1);
};

/** A directory of one run, 0700, and its append-only journal, 0600, each line on the disk before the next thing happens. */
export class Journal {
  readonly directory: string;
  /** What earlier consoles wrote of this run, oldest first. */
  readonly earlier: readonly Recorded[];
  /** Null once closed: the number may already be another file's. */
  #descriptor: number | null;
  /** The file ends within a line. */
  #torn = false;

  private constructor(directory: string, descriptor: number, earlier: readonly Recorded[]) {
    this.directory = directory;
    this.#descriptor = descriptor;
    this.earlier = earlier;
  }

  /**
   * Makes the run's directory and opens its journal, or goes on with the one that is there. A torn last line stays, is
   * ended and marked. Errors: the directory cannot be written.
   */
  static open(home: string, cluster: string, run: string): Result<Journal> {
    const parent = clusterDirectory(home, cluster);
    const directory = join(parent, run);
    try {
      for (const one of [home, parent, directory, join(directory, 'output')]) privateDirectory(one);
      const path = journalFile(directory);
      const descriptor = openSync(path, 'a+', 0o600);
      if ((fstatSync(descriptor).mode & 0o077) !== 0) chmodSync(path, 0o600);
      const journal = new Journal(directory, descriptor, parseJournal(readFileSync(path, 'utf8')));
      syncDirectory(directory);
      const torn = tornBytes(descriptor);
      if (torn > 0) {
        journal.#torn = true;
        const marked = journal.write({ kind: 'torn', bytes: torn });
        if (!marked.ok) {
          journal.close();
          return marked;
        }
      }
      return ok(journal);
    } catch (thrown) {
      return fail(
        problem(
          `The journal cannot be kept in ${directory}.`,
          'Make room there, or set XDG_STATE_HOME to another directory.',
          messageOf(thrown),
        ),
      );
    }
  }

  /** Appends one entry, without secrets, and waits until the disk has it. `at`: its moment. Errors: the disk is full or gone. */
  write(entry: Entry, at = new Date()): Result<null> {
    if (this.#descriptor === null)
      return fail(problem(`The journal in ${this.directory} is closed.`, 'Start the console again.'));
    const line = JSON.stringify(redactAll({ at: at.toISOString(), ...entry }));
    // A line that was cut short before is ended first, so that this one is whole.
    const bytes = Buffer.from(`${this.#torn ? '\n' : ''}${line}\n`);
    try {
      this.#torn = true;
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done);
      this.#torn = false;
      fsyncSync(this.#descriptor);
      return ok(null);
    } catch (thrown) {
      return fail(
        problem(
          `The journal in ${this.directory} cannot be written.`,
          'Make room there, then retry.',
          messageOf(thrown),
        ),
      );
    }
  }

  /** What it has by now, this console's own entries too; only the earlier ones where it cannot be read. */
  records(): readonly Recorded[] {
    try {
      return parseJournal(readFileSync(journalFile(this.directory), 'utf8'));
    } catch {
      return this.earlier;
    }
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
