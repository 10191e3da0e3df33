export interface BackupProgress {
  /** Kilobytes. `total` is an estimate, and grows when the server turns out to have more. */
  readonly done: number;
  readonly total: number;
  /** 0 to 100. */
  readonly percent: number;
  readonly tablespacesDone: number;
  readonly tablespaces: number;
}

const line = /^\s*(\d{1,15})\/(\d{1,15}) kB \((\d{1,3})%\), (\d{1,6})\/(\d{1,6}) tablespaces?\b/;

/**
 * Reads one line of `pg_basebackup --progress`, with or without --verbose; null when it is another line.
 * Source: PostgreSQL, src/bin/pg_basebackup/pg_basebackup.c, progress_report.
 */
export const parseBackupLine = (text: string): BackupProgress | null => {
  const match = line.exec(text);
  if (match === null) return null;
  const [done = 0, total = 0, percent = 0, tablespacesDone = 0, tablespaces = 0] = match.slice(1).map(Number);
  return { done, total, percent: Math.min(percent, 100), tablespacesDone, tablespaces };
};
