const written = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

/**
 * A log sequence number as bytes since the beginning of the WAL; null when the text is not one.
 * Source: PostgreSQL, 8.20 pg_lsn Type.
 */
export const parseLsn = (text: string): bigint | null => {
  const [, high, low] = written.exec(text.trim()) ?? [];
  return high === undefined || low === undefined ? null : (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
};

/** The text of a log sequence number, as PostgreSQL 18 and older print it. */
export const formatLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase();

/** Bytes from `behind` to `ahead`, negative when they are the other way round; null when one is not an LSN. */
export const lsnDistance = (ahead: string, behind: string): bigint | null => {
  const to = parseLsn(ahead);
  const from = parseLsn(behind);
  return to === null || from === null ? null : to - from;
};

/** Whether two texts name the same place in the WAL (`0/0A` is `0/A`); false when one is not an LSN. */
export const sameLsn = (one: string, other: string): boolean => lsnDistance(one, other) === 0n;

/**
 * Negative, 0 or positive: where `one` is relative to `other`. NaN when one of them is not an LSN, so that no
 * comparison with it holds.
 */
export const compareLsn = (one: string, other: string): number => {
  const distance = lsnDistance(one, other);
  if (distance === null) return Number.NaN;
  return distance === 0n ? 0 : distance < 0n ? -1 : 1;
};
