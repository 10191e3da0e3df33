import { z } from 'zod';

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

const phases = [
  'initializing',
  'waiting for checkpoint to finish',
  'estimating backup size',
  'streaming database files',
  'waiting for wal archiving to finish',
  'transferring wal files',
] as const;

const count = z.number().int().nonnegative();
const sender = z.object({
  /** application_name: pg_autoctl names the node that the copy is for. */
  name: z.string().max(200),
  phase: z.enum(phases).catch('initializing'),
  /** Bytes. `total` is null before the server has estimated it, and without --progress. */
  streamed: count.catch(0),
  total: count.nullable().catch(null),
});
export type BackupSender = z.infer<typeof sender>;

/**
 * The base backups that a server is sending, from version 13 on, as one line of JSON.
 * Source: PostgreSQL, 27.4.6 Base Backup Progress Reporting.
 */
export const backupSendersSql = `select coalesce(json_agg(json_build_object('name', coalesce(application_name, ''),
  'phase', phase, 'streamed', coalesce(backup_streamed, 0), 'total', backup_total)), '[]')
  from pg_stat_progress_basebackup join pg_stat_activity using (pid)`;

/** Reads what `backupSendersSql` gave; null when it is anything else. */
export const parseBackupSenders = (text: string): readonly BackupSender[] | null => {
  try {
    const parsed = z.array(sender).max(100).safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    // A message of psql, or half an answer.
    return null;
  }
};
