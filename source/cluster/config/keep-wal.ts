/** `upgrade.keepWal`, as PostgreSQL takes a size: `500MB`, `50GB`, `1TB`. */
export const keepWalPattern = /^[1-9]\d{0,5}(MB|GB|TB)$/;

const factors: Readonly<Record<string, number>> = { MB: 1, GB: 1024, TB: 1024 ** 2 };

/** Megabytes of what a server may have had: any number and unit that it takes; null: none of these. Source: PostgreSQL, config-setting, “Numeric with Unit”. */
export const sizeMegabytes = (text: string): number | null => {
  const [, number, unit = 'MB'] = /^\s*([-+]?[\d.]+)\s*([kMGT]?B)?\s*$/.exec(text) ?? [];
  const factor = { ...factors, kB: 1 / 1024, B: 1 / 1024 ** 2 }[unit];
  return number === undefined || factor === undefined ? null : Math.round(Number(number) * factor);
};

/** Megabytes of such a size. */
export const keepWalMegabytes = (size: string): number =>
  Number(size.slice(0, -2)) * (factors[size.slice(-2)] ?? Number.NaN);
