import { closeSync, constants, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs';
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

/**
 * `--debug FILE`: from now on every event of the SSH connections and of the engine is a line of JSON at the end of the file, which is
 * this user's alone (0600). After a line that cannot be written (a full disk, say) nothing more is written, and the console goes on. What
 * it gives ends it, and says why the file is cut short; null: it is whole. Errors: the file cannot be opened, or is no regular file.
 */
export const openDebugFile = (
  file: string,
  append: (descriptor: number, line: string) => void = (descriptor, line) => void writeSync(descriptor, line),
): Result<() => Problem | null> => {
  const remedy = 'Name a file that you may write: `--debug FILE`.';
  let descriptor: number;
  try {
    // Without waiting: a pipe without a reader would hold the console.
    const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
    descriptor = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
    if (!fstatSync(descriptor).isFile()) {
      closeSync(descriptor);
      return fail(problem(`${file} is no regular file.`, remedy));
    }
    fchmodSync(descriptor, 0o600);
  } catch (thrown) {
    return fail(problem(`${file} cannot be written.`, remedy, messageOf(thrown)));
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
      append(descriptor, debugLine(event, new Date()));
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
  write({ event: 'begun', version: process.version, platform: process.platform });
  return ok(close);
};

/** Does a command's work with its events in a file. Gives the exit code; 2: the file could not be opened. */
export const withDebugFile = async (file: string, work: () => Promise<number>): Promise<number> => {
  const opened = openDebugFile(file);
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
