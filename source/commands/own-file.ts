import { closeSync, constants, fchmodSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { fail, messageOf, ok, type Problem, problem, type Result } from '../cluster/result.ts';

/** Files of lines of JSON that an option of this program writes: new ones, or ones that it has begun before. */

/** What the file's first line says, read as JSON; undefined: it is none. */
const firstLine = (descriptor: number): unknown => {
  const head = Buffer.alloc(4096);
  const [line = ''] = head.toString('utf8', 0, readSync(descriptor, head, 0, head.length, 0)).split('\n');
  try {
    return JSON.parse(line);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
};

/** Empty, and this user's alone: a run that could not start has left it so, or mktemp. */
const isFresh = (descriptor: number): boolean => {
  const { size, mode, uid } = fstatSync(descriptor);
  return size === 0 && (mode & 0o777) === 0o600 && uid === process.getuid?.();
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
const whyNotThere = (
  file: string,
  option: string,
  descriptor: number,
  isOurs: (line: unknown) => boolean,
): Problem | null => {
  if (!fstatSync(descriptor).isFile())
    return problem(`${file} is no regular file.`, `Name a file that you may write: \`${option} FILE\`.`);
  return isFresh(descriptor) || isOurs(firstLine(descriptor))
    ? null
    : problem(
        `${file} is there already, and was not written by ${option}: nothing was written to it.`,
        `Name a new file, or one that ${option} has written before.`,
      );
};

/** What is written to it, line by line. */
export interface OwnFile {
  /** Appends a line, given without its line feed. After one that cannot be written (a full disk, say) nothing more is. */
  readonly append: (line: string) => void;
  /** Closes it, and says why it is cut short; null: it is whole. */
  readonly close: () => Problem | null;
}

export type Append = (descriptor: number, line: string) => void;
/** A disk that fills up takes a part of a line, and says so only to whoever writes the rest. */
const writeWhole: Append = (descriptor, line) => {
  let rest = Buffer.from(line);
  while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
};

const linesTo = (file: string, descriptor: number, torn: boolean, write: Append): OwnFile => {
  let isTorn = torn;
  let trouble: Problem | null = null;
  return {
    append: (line) => {
      if (trouble !== null) return;
      try {
        // A line that was cut is left as it is, and ended.
        write(descriptor, `${isTorn ? '\n' : ''}${line}\n`);
        isTorn = false;
      } catch (thrown) {
        trouble = problem(
          `${file} is cut short: it could not be written to its end.`,
          'Make room, and keep what it has.',
          messageOf(thrown),
        );
      }
    },
    close: () => {
      closeSync(descriptor);
      return trouble;
    },
  };
};

/**
 * Opens it for lines at its end, for this user alone (0600). `isOurs`: whether its first line, as JSON, is one that the option begins a file with.
 * Errors: it cannot be opened, is no regular file, or is somebody else's; it is left as it was.
 */
export const openOwnFile = (
  file: string,
  option: string,
  isOurs: (line: unknown) => boolean,
  write: Append = writeWhole,
): Result<OwnFile> => {
  try {
    const there = openThere(file);
    const why = there === null ? null : whyNotThere(file, option, there, isOurs);
    if (there !== null && why !== null) {
      closeSync(there);
      return fail(why);
    }
    const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants;
    const descriptor = there ?? openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, 0o600);
    fchmodSync(descriptor, 0o600);
    return ok(linesTo(file, descriptor, there !== null && isCut(there), write));
  } catch (thrown) {
    return fail(
      problem(
        `${file} cannot be written.`,
        `Name a file that you may write: \`${option} FILE\`.`,
        messageOf(thrown),
      ),
    );
  }
};
