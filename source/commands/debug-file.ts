import { closeSync, constants, fchmodSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { redactAll } from '../cluster/parse/redact.ts';
import { fail, messageOf, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { localZone } from '../cluster/times.ts';
import { type DebugEvent, onDebugEvent } from '../remote/debug-events.ts';
import { sayProblems } from './say.ts';

const two = (value: number, digits = 2): string => String(value).padStart(digits, '0');

/** `2026-11-26 11:52:03.417 CET`: the local time, to the millisecond, with its zone. */
const moment = (date: Date): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)} ${localZone(date.getTime())}`;

/** An event as a line of JSON, without secrets. */
export const debugLine = (event: DebugEvent, at: Date): string =>
  `${JSON.stringify(redactAll({ at: moment(at), ...event }))}\n`;

const program = 'pgaf-upgrade';
const begunSchema = z.object({ event: z.literal('begun'), program: z.literal(program) });

/** Whether the file begins with the line that this program begins one with: then it is no file of anybody else's. */
const isOwn = (descriptor: number): boolean => {
  const head = Buffer.alloc(1024);
  const [line = ''] = head.toString('utf8', 0, readSync(descriptor, head, 0, head.length, 0)).split('\n');
  try {
    return begunSchema.safeParse(JSON.parse(line)).success;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return false;
    throw thrown;
  }
};

/** Whether a full disk, or a kill, has cut its last line. */
const isCut = (descriptor: number): boolean => {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
};

/** A file of that name which is there already; null: there is none. */
const openThere = (file: string): number | null => {
  const { O_APPEND, O_NONBLOCK, O_RDWR } = constants;
  try {
    // Without waiting: a pipe without a reader would hold the console.
    return openSync(file, O_RDWR | O_APPEND | O_NONBLOCK);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null;
    throw thrown;
  }
};

/** What is in the way of writing to a file that is there: nothing of it is changed then. */
const whyNotThere = (file: string, descriptor: number): Problem | null => {
  if (!fstatSync(descriptor).isFile())
    return problem(`${file} is no regular file.`, 'Name a file that you may write: `--debug FILE`.');
  return isOwn(descriptor)
    ? null
    : problem(
        `${file} is there already, and was not written by --debug: nothing was written to it.`,
        'Name a new file, or one that --debug has written before.',
      );
};

/**
 * `--debug FILE`: from now on every event of the SSH connections and of the engine is a line of JSON at the end of the file, which is
 * this user's alone (0600): a new one, or one that this program has begun before. After a line that cannot be written (a full disk, say)
 * nothing more is written, and the console goes on. What it gives ends it, and says why the file is cut short; null: it is whole.
 * Errors: the file cannot be opened, is no regular file, or is somebody else's; it is left as it was.
 */
export const openDebugFile = (
  file: string,
  version: string,
  append: (descriptor: number, line: string) => void = (descriptor, line) => void writeSync(descriptor, line),
): Result<() => Problem | null> => {
  let descriptor: number;
  let isTorn = false;
  try {
    const there = openThere(file);
    const why = there === null ? null : whyNotThere(file, there);
    if (there !== null && why !== null) {
      closeSync(there);
      return fail(why);
    }
    const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants;
    descriptor = there ?? openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, 0o600);
    fchmodSync(descriptor, 0o600);
    isTorn = there !== null && isCut(there);
  } catch (thrown) {
    return fail(
      problem(
        `${file} cannot be written.`,
        'Name a file that you may write: `--debug FILE`.',
        messageOf(thrown),
      ),
    );
  }
  let trouble: Problem | null = null;
  let forget = (): void => undefined;
  const close = (): Problem | null => {
    forget();
    closeSync(descriptor);
    return trouble;
  };
  const write = (event: DebugEvent): void => {
    try {
      append(descriptor, `${isTorn ? '\n' : ''}${debugLine(event, new Date())}`);
      isTorn = false;
    } catch (thrown) {
      forget();
      trouble = problem(
        `${file} is cut short: it could not be written to its end.`,
        'Make room, and keep what it has.',
        messageOf(thrown),
      );
    }
  };
  forget = onDebugEvent(write);
  write({ event: 'begun', program, version, node: process.version, platform: process.platform });
  return ok(close);
};

/** Does a command's work with its events in a file. Gives the exit code; 2: the file could not be opened. */
export const withDebugFile = async (
  file: string,
  version: string,
  work: () => Promise<number>,
): Promise<number> => {
  const opened = openDebugFile(file, version);
  if (!opened.ok) {
    sayProblems([opened.error]);
    return 2;
  }
  try {
    return await work();
  } finally {
    const trouble = opened.value();
    // Not before: a screen may have been up.
    if (trouble !== null) sayProblems([trouble]);
  }
};
