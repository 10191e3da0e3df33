/** `upgrade.keepWal`, as PostgreSQL takes a size: `500MB`, `50GB`, `1TB`. */
export const keepWalPattern = /^[1-9]\d{0,5}(MB|GB|TB)$/;

const factors: Readonly<Record<string, number>> = { MB: 1, GB: 1024, TB: 1024 ** 2 };

/** Megabytes of such a size. */
export const keepWalMegabytes = (size: string): number =>
  Number(size.slice(0, -2)) * (factors[size.slice(-2)] ?? Number.NaN);
