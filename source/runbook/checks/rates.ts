const units: Readonly<Record<string, number>> = {
  '': 1,
  kB: 1024,
  k: 1024,
  M: 1024 ** 2,
  MB: 1024 ** 2,
  G: 1024 ** 3,
  GB: 1024 ** 3,
};

/** pg_autoctl's own default. Source: pg_auto_failover, MAXIMUM_BACKUP_RATE. */
const defaultRate = 100 * 1024 ** 2;

/** Bytes a second of replication.maximum_backup_rate as written (`100M`; a bare number is kB, as pg_basebackup takes it). */
export const rateOf = (written: string | null): number => {
  const [, number, unit = ''] = /^(\d{1,12})\s*(kB|k|MB|M|GB|G)?$/.exec(written?.trim() ?? '') ?? [];
  if (number === undefined || Number(number) === 0) return defaultRate;
  return Number(number) * (unit === '' ? 1024 : (units[unit] ?? 1));
};
