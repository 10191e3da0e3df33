/** What pg_upgrade is asked to do; each has its own number of lines. */
export type PgUpgradeKind = 'check' | 'link' | 'clone' | 'copy';

/**
 * How many lines with a result a successful run prints. Counted on 15.20 → 17.12 and 15.19 → 18.6, with and without extensions; other
 * pairs may have a line more or less, so this feeds a progress bar and no decision.
 */
const expectedLines: Readonly<Record<PgUpgradeKind, number>> = { check: 11, link: 35, clone: 34, copy: 34 };

/** Which majors pg_upgrade goes between. */
export interface Majors {
  readonly from: number;
  readonly to: number;
}

/**
 * What is checked beside that by pair of majors. Counted on 17.11 → 18.6, three more: logical slots and subscriptions from 17 on, and
 * what Unicode has changed. Between 15 and 18 others come and go in equal number. Source: PostgreSQL 18, src/bin/pg_upgrade/check.c.
 */
const moreLines = ({ from, to }: Majors): number => (from >= 17 ? 2 : 0) + (from === 17 && to >= 18 ? 1 : 0);

export interface PgUpgradeFailure {
  /** The line that did not finish well; null when it failed between two. */
  readonly at: string | null;
  /** What pg_upgrade said about it, without the closing "Failure, exiting". */
  readonly reason: string;
  /** The files that hold the cause, as it names them. */
  readonly files: readonly string[];
}

export interface PgUpgradeProgress {
  /** Lines with a result so far. */
  readonly finished: number;
  /** Those lines without their results, in order. */
  readonly through: readonly string[];
  readonly expected: number;
  /** 0 to 1; 1 only once pg_upgrade has said that it is through. */
  readonly fraction: number;
  /** The line that is being worked on; pg_upgrade prints its result, and the newline, when it is done. */
  readonly current: string | null;
  readonly phase: 'checking' | 'upgrading' | 'complete' | 'failed';
  readonly failure: PgUpgradeFailure | null;
  /** update_extensions.sql was written. */
  readonly extensionUpdates: boolean;
}

/** Source: PostgreSQL, src/bin/pg_upgrade/pg_upgrade.h, MESSAGE_WIDTH. */
const labelWidth = 62;
const results: ReadonlySet<string> = new Set(['ok', 'notice', 'warning', 'fatal', 'skipped']);
/** pg_upgrade prints 3 kB; the rest of anything longer comes from programs that it runs. */
const tail = 1_000_000;

interface Line {
  readonly label: string;
  readonly result: string | null;
}

/**
 * A label with its result, or one that waits for it; null for text. Labels are padded to the column of the result, and
 * none is that long: this tells them from sentences.
 */
const statusLine = (line: string): Line | null => {
  const label = line.slice(0, labelWidth);
  const result = line.slice(labelWidth);
  if (label.length < labelWidth || !label.endsWith(' ')) return null;
  if (results.has(result)) return { label: label.trimEnd(), result };
  return result === '' && label.trim() !== '' ? { label: label.trimEnd(), result: null } : null;
};

/** Everything that pg_upgrade said from the first sign of failure on. */
const failureText = (lines: readonly string[]): string | null => {
  const exiting = lines.findIndex((line) => line.trim() === 'Failure, exiting');
  const star = lines.findIndex((line) => line.trim() === '*failure*');
  const fatal = lines.findIndex((line) => statusLine(line)?.result === 'fatal');
  if (exiting < 0 && star < 0 && fatal < 0) return null;
  const end = exiting < 0 ? lines.length : exiting;
  // The message is what follows the last line with a label; mostly, but not always, there is a mark before it.
  const label = lines.findLastIndex((line, index) => index < end && statusLine(line) !== null);
  return lines
    .slice(label + 1, end)
    .filter((line) => line.trim() !== '*failure*')
    .join('\n')
    .trim()
    .slice(0, 10_000);
};

const fileName = /^[^\p{Cc}]{1,1024}$/u;

/**
 * The files that hold the cause of a failure, in the order in which pg_upgrade names them: those of "Consult the last
 * few lines of …" and the lists of "… is in the file:". Absolute from 15 on, relative to the working directory before.
 * Empty when pg_upgrade did not fail, or said everything on the screen. They are remote text: quote them.
 */
export const causeFiles = (output: string): readonly string[] => {
  const reason = failureText(output.slice(-tail).split('\n'));
  if (reason === null) return [];
  const sentences = [
    ...reason.matchAll(/Consult the last few lines of ([\s\S]{1,2500}?) for\s+the probable cause/g),
  ];
  const logs = sentences.flatMap(([, text]) =>
    [...(text ?? '').matchAll(/"([^"\n]+)"/g)].map(([, name]) => name ?? ''),
  );
  const lists = [...reason.matchAll(/in the file:\n {4}(\S[^\n]*)/g)].map(([, name]) => name ?? '');
  return [...new Set([...logs, ...lists])].filter((name) => fileName.test(name)).slice(0, 20);
};

/**
 * How far pg_upgrade is, from all that it has printed up to now (standard output and error together, through a pipe or
 * into a file: on a terminal it prints otherwise).
 */
export const pgUpgradeProgress = (
  output: string,
  kind: PgUpgradeKind,
  majors: Majors = { from: 15, to: 17 },
): PgUpgradeProgress => {
  const lines = output.slice(-tail).split('\n');
  const expected = expectedLines[kind] + moreLines(majors);
  let current: string | null = null;
  const through: string[] = [];
  for (const line of lines) {
    const status = statusLine(line);
    if (status?.result === null) current = status.label;
    else if (status !== null) {
      // A result alone on its line belongs to a label above it, as with --verbose.
      if (status.result === 'fatal') current = status.label || current;
      else {
        through.push(status.label || (current ?? ''));
        current = null;
      }
    }
  }
  const reason = failureText(lines);
  const said = (text: string): boolean => lines.some((line) => line.trim() === text);
  const complete =
    reason === null && said(kind === 'check' ? '*Clusters are compatible*' : 'Upgrade Complete');
  const ratio = Math.min(through.length / expected, 0.99);
  return {
    finished: through.length,
    through,
    expected,
    fraction: complete ? 1 : ratio,
    current: reason === null ? current : null,
    phase: phaseOf(reason !== null, complete, said('Performing Upgrade')),
    failure: reason === null ? null : { at: current, reason, files: causeFiles(output) },
    extensionUpdates: said('update_extensions.sql'),
  };
};

const phaseOf = (failed: boolean, complete: boolean, upgrading: boolean): PgUpgradeProgress['phase'] => {
  if (failed) return 'failed';
  if (complete) return 'complete';
  return upgrading ? 'upgrading' : 'checking';
};
