/** Amounts in words: for screens, plain lines and papers alike. */

const two = (value: number): string => String(value).padStart(2, '0');

/** `3:07`, `1:02:03`: a clock of elapsed time. */
export const clock = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours > 0
    ? `${hours}:${two(minutes % 60)}:${two(seconds % 60)}`
    : `${two(minutes)}:${two(seconds % 60)}`;
};

/** `0.4 s`, `12 s`, `3:07`: how long something took. */
export const took = (milliseconds: number): string => {
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  return milliseconds < 99_500 ? `${Math.round(milliseconds / 1000)} s` : clock(milliseconds);
};

/** `40 s`, `12 min`, `5 h`, `3 days`: of seconds, about how long. */
export const roughly = (seconds: number): string => {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
};

/** `a, b and c`. */
export const andWords = (all: readonly string[]): string =>
  all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1) ?? ''}`;

/** `0.9 s (node_1, cut over)`, `at most 27 s in 2 switchovers`: writes pause somewhere within each of these, and nobody measures when; null: there was none. */
export const pausesWords = (
  pauses: readonly {
    readonly ms: number;
    readonly step: string;
    readonly host: string | null;
    readonly measured: boolean;
  }[],
): string | null => {
  const measured = pauses
    .filter((one) => one.measured)
    .map(({ ms, step, host }) => {
      const what = step.endsWith('.cut-back') ? 'cut back' : 'cut over';
      return `${took(ms)} (${host === null ? what : `${host}, ${what}`})`;
    });
  const others = pauses.filter((one) => !one.measured);
  // Of the online method a server takes another one’s place, and custom steps may make applications wait before it; elsewhere a node does.
  const places = others.filter(({ step }) => /\.cut-(over|back)$/.test(step)).length;
  const [count, one, more] =
    places > 0
      ? [places, 'the change of places', 'changes of places']
      : [others.length, 'a switchover', 'switchovers'];
  const most =
    others.length === 0
      ? []
      : [
          `at most ${took(others.reduce((sum, { ms }) => sum + ms, 0))} in ${count === 1 ? one : `${count} ${more}`}`,
        ];
  const all = [...measured, ...most];
  return all.length === 0 ? null : andWords(all);
};

/** `a, b and 3 more`: so many of the names at most. */
export const firstOf = (names: readonly string[], most: number): string => {
  const more = names.length - most;
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

/** `16 kB`: bytes in words. */
export const bytes = (count: bigint | number): string => {
  let value = Number(count);
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (Math.abs(value) < 1024)
      return unit === 'B' ? `${value} B` : `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TB`;
};
