import type { Archiving } from '../../cluster/archiving.ts';

/** Seconds within which a file that is ready is taken at the latest: the archiver looks by itself once a minute. Source: PostgreSQL, pgarch.c, PGARCH_AUTOWAKE_INTERVAL. */
const awakeSeconds = 60;
/** Files that wait at once where writes come in bursts. */
const someFiles = 8;

/** How an archive fails, or is behind; null: it keeps up, or there is none. */
export const behindWords = (archiving: Archiving | null | undefined): string | null => {
  if (archiving === null || archiving === undefined) return null;
  const { waiting, seconds, failed } = archiving;
  const files = `${waiting} ${waiting === 1 ? 'file of WAL waits' : 'files of WAL wait'}`;
  if (failed !== null) return `archive_command has failed, for ${failed} last: ${files}`;
  return waiting > someFiles || (seconds !== null && seconds > 2 * awakeSeconds)
    ? `the archive is behind: ${files}, one for ${Math.round(seconds ?? 0)} s`
    : null;
};
