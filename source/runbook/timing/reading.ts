import type { BackupSender } from '../../cluster/parse/basebackup.ts';
import { pgUpgradeProgress } from '../../cluster/parse/pg-upgrade-output.ts';
import { databaseBegun } from '../../cluster/parse/vacuumdb.ts';
import { type Gauge, standbyPrefix } from '../language/gauge.ts';
import type { UpgradeSeconds } from './estimates.ts';

/** How far a step is. */
export interface Reading {
  readonly unit: 'results' | 'databases' | 'bytes';
  readonly done: number;
  /** Null: not known. It may grow. */
  readonly total: number | null;
  /** What is being worked on; null: not known. */
  readonly doing: string | null;
  /** What is done, in the tool's words; empty where nothing follows from it. */
  readonly through: readonly string[];
}

/** From the last run of pg_upgrade on: an earlier try's lines are not this one's. */
const lastRun = (lines: readonly string[]): readonly string[] =>
  lines.slice(
    Math.max(
      0,
      lines.findLastIndex((line) => line.startsWith('Performing Consistency Checks')),
    ),
  );

/**
 * How far a step is, from the lines that it has printed; null before it has said anything about it.
 * `databases`: how many there are, where that is known.
 */
export const readLines = (
  gauge: Gauge,
  lines: readonly string[],
  databases: number | null,
): Reading | null => {
  if (gauge.kind === 'pg_upgrade') {
    const { finished, expected, current, through } = pgUpgradeProgress(
      lastRun(lines).join('\n'),
      gauge.run,
      gauge.majors,
    );
    if (finished === 0 && current === null) return null;
    // Other majors print a line more or less: the total is never behind what was counted.
    return { unit: 'results', done: finished, total: Math.max(expected, finished), doing: current, through };
  }
  if (gauge.kind === 'base-backup') return null;
  const begun = lines.map(databaseBegun).filter((name) => name !== null);
  const doing = begun.at(-1);
  if (doing === undefined) return null;
  // A name that comes again begins another round: then the first round has told how many there are.
  const again = begun.indexOf(begun[0] ?? '', 1);
  const each = again > 0 ? again : databases;
  const done = begun.length - 1;
  const total = each === null ? null : each * gauge.rounds;
  const round = each === null ? 1 : Math.floor(done / each) + 1;
  return {
    unit: 'databases',
    done,
    total: total === null || total < begun.length ? null : total,
    doing: gauge.rounds === 1 ? doing : `${doing}, round ${round} of ${gauge.rounds}`,
    through: [],
  };
};

const phaseWords: Readonly<Record<BackupSender['phase'], string>> = {
  initializing: 'the base backup begins',
  'waiting for checkpoint to finish': 'waiting for a checkpoint on the primary',
  'estimating backup size': 'adding up the size of the files',
  'streaming database files': 'copying',
  'waiting for wal archiving to finish': 'copied; waiting for the WAL to be archived',
  'transferring wal files': 'copied; the last WAL follows',
};

/** How far the copy for `standby` is, from everything that its source sends; null while it is not among that. */
export const readSenders = (
  standby: string,
  senders: readonly BackupSender[],
  /** The names of the other nodes' connections: another node's copy is never taken for this one's. */
  others: readonly string[] = [],
): Reading | null => {
  // By its name: somebody's nightly backup must not be taken for it. A node that was registered anew has another number.
  const copies = senders.filter(({ name }) => name.startsWith(standbyPrefix) && !others.includes(name));
  const own = copies.find(({ name }) => name === standby) ?? (copies.length === 1 ? copies[0] : undefined);
  if (own === undefined) return null;
  const { streamed, total, phase } = own;
  return {
    unit: 'bytes',
    done: streamed,
    total: total === null ? null : Math.max(total, streamed),
    doing: phaseWords[phase],
    through: [],
  };
};

const partOf = (label: string): Exclude<keyof UpgradeSeconds, 'floor'> | null => {
  if (label === 'Creating dump of database schemas') return 'dump';
  if (label === 'Restoring database schemas in the new cluster') return 'restore';
  return /^(Linking|Cloning|Copying) user relation files$/.test(label) ? 'files' : null;
};

/**
 * What pg_upgrade still has before it, in seconds: the parts that have no result yet, less the time that the present one
 * has taken so far.
 */
export const upgradeLeft = (reading: Reading, parts: UpgradeSeconds, secondsInThis: number): number => {
  const over = new Set(reading.through.map(partOf));
  const now = reading.doing === null ? null : partOf(reading.doing);
  const rest = (['dump', 'restore', 'files'] as const)
    .filter((part) => !over.has(part))
    .reduce((sum, part) => sum + Math.max(0, parts[part] - (part === now ? secondsInThis : 0)), 0);
  const share = reading.total === null ? 0 : 1 - reading.done / reading.total;
  return rest + parts.floor * share;
};
