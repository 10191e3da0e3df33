import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { redactText } from '../../cluster/parse/redact.ts';
import { cleanText } from '../../cluster/parse/terminal-text.ts';
import { fail, messageOf, ok, problem, type Result } from '../../cluster/result.ts';
import { parseJournal, type Recorded } from './entry.ts';
import { clusterDirectory, journalFile } from './journal.ts';

/** A run as this machine has it. Nothing is locked or changed: it may be under way. */
export interface KeptRun {
  readonly run: string;
  readonly directory: string;
  /** The other runs beside it. */
  readonly others: readonly string[];
  /** What the terminals of its consoles showed, oldest first: paths. */
  readonly sessions: readonly string[];
  readonly records: readonly Recorded[];
}

/** Whether a path is a run's directory. */
export const isRunDirectory = (path: string): boolean => existsSync(journalFile(path));

const runsIn = (parent: string): readonly string[] =>
  existsSync(parent)
    ? readdirSync(parent)
        .filter((name) => isRunDirectory(join(parent, name)))
        .sort()
    : [];

/** Reads a run's directory. Errors: there is no journal in it, or it cannot be read. */
export const readRun = (path: string): Result<KeptRun> => {
  const directory = resolve(path);
  try {
    const records = parseJournal(readFileSync(journalFile(directory), 'utf8'));
    const run = basename(directory);
    const others = runsIn(dirname(directory)).filter((name) => name !== run);
    const sessions = readdirSync(directory)
      .filter((name) => /^session-[\w-]+\.cast$/.test(name))
      .sort()
      .map((name) => join(directory, name));
    return ok({ run, directory, others, sessions, records });
  } catch (thrown) {
    return fail(
      problem(`The journal of ${directory} cannot be read.`, 'Name a run’s directory.', messageOf(thrown)),
    );
  }
};

/** The directory of a cluster's run: `run`, or the latest one. Errors: there is none. */
export const findRun = (home: string, cluster: string, run: string | null): Result<string> => {
  const parent = clusterDirectory(home, cluster);
  const runs = runsIn(parent);
  const found = run === null ? runs.at(-1) : runs.find((name) => name === run);
  if (found !== undefined) return ok(join(parent, found));
  return fail(
    run === null || runs.length === 0
      ? problem(
          `This machine has no run of ${cluster} in ${parent}.`,
          'Make the report on the machine that the console ran on, or name the run’s directory.',
        )
      : problem(`There is no run ${run} of ${cluster}.`, `Name one of them with --run: ${runs.join(', ')}.`),
  );
};

const tailBytes = 64 * 1024;
const tailLines = 15;

/**
 * The last lines of what a try of a step printed, clean and without secrets. `from` and `to` are bytes of the step's
 * output file; `to` null: to its end. Null: there is no such file.
 */
export const outputTail = (
  directory: string,
  step: string,
  from: number,
  to: number | null,
): readonly string[] | null => {
  const path = join(directory, 'output', `${step.replaceAll('/', '_')}.log`);
  if (!existsSync(path)) return to !== null && to <= from ? [] : null;
  const descriptor = openSync(path, 'r');
  try {
    const end = Math.min(to ?? Number.POSITIVE_INFINITY, fstatSync(descriptor).size);
    const start = Math.max(from, end - tailBytes);
    const bytes = Buffer.alloc(Math.max(0, end - start));
    readSync(descriptor, bytes, 0, bytes.length, start);
    const lines = cleanText(bytes.toString('utf8')).split('\n');
    return lines
      .filter((line, index) => line !== '' || index < lines.length - 1)
      .slice(-tailLines)
      .map(redactText);
  } finally {
    closeSync(descriptor);
  }
};
