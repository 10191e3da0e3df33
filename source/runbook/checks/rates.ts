/** pg_autoctl's own default. Source: pg_auto_failover, MAXIMUM_BACKUP_RATE. */
const defaultRate = 100 * 1024 ** 2;

/**
 * Bytes a second of replication.maximum_backup_rate as written: `100M`, `2048k`, or a bare number of kilobytes; with
 * or without a B. Source: PostgreSQL, pg_basebackup --max-rate, which knows no gigabytes.
 */
export const rateOf = (written: string | null): number => {
  const [, number, unit] = /^(\d{1,12})\s*(k|kB|M|MB)?$/.exec(written?.trim() ?? '') ?? [];
  if (number === undefined || Number(number) === 0) return defaultRate;
  return Number(number) * (unit?.startsWith('M') === true ? 1024 ** 2 : 1024);
};
