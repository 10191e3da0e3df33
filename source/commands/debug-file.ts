import { z } from 'zod';
import { redactAll } from '../cluster/parse/redact.ts';
import { ok, type Problem, type Result } from '../cluster/result.ts';
import { localZone } from '../cluster/times.ts';
import { type DebugEvent, onDebugEvent } from '../remote/debug-events.ts';
import { type Append, openOwnFile } from './own-file.ts';
import { sayProblems } from './say.ts';

const two = (value: number, digits = 2): string => String(value).padStart(digits, '0');

/** `2026-11-26 11:52:03.417 CET`: the local time, to the millisecond, with its zone. */
const moment = (date: Date): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)} ${localZone(date.getTime())}`;

/** An event as JSON, without secrets. */
export const debugLine = (event: DebugEvent, at: Date): string =>
  JSON.stringify(redactAll({ at: moment(at), ...event }));

const program = 'pgaf-upgrade';
const begunSchema = z.object({ event: z.literal('begun'), program: z.literal(program) });

/**
 * `--debug FILE`: from now on every event of the SSH connections and of the engine is a line of JSON at the end of the file, which is
 * this user's alone (0600): a new one, or one that this program has begun before. After a line that cannot be written (a full disk, say)
 * nothing more is written, and the console goes on. What it gives ends it, and says why the file is cut short; null: it is whole.
 * Errors: the file cannot be opened, is no regular file, or is somebody else's; it is left as it was.
 */
export const openDebugFile = (
  file: string,
  version: string,
  append?: Append,
): Result<() => Problem | null> => {
  const opened = openOwnFile(file, '--debug', (line) => begunSchema.safeParse(line).success, append);
  if (!opened.ok) return opened;
  const write = (event: DebugEvent): void => opened.value.append(debugLine(event, new Date()));
  const forget = onDebugEvent(write);
  write({ event: 'begun', program, version, node: process.version, platform: process.platform });
  return ok(() => {
    forget();
    return opened.value.close();
  });
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
