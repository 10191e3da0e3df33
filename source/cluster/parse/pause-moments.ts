/**
 * The two moments of a pause in writes, as the command that makes it says them: by one clock, the host’s since its boot, which nobody sets. Source: proc_uptime(5).
 */

export interface PauseMoments {
  /** Seconds since the host's boot at which the order to stop was given; null: it was not given. */
  readonly stopped: number | null;
  /** The same, at which a server was found to answer; null: none was. */
  readonly serving: number | null;
}

const line = /^writes (stop|go on): (\d+\.\d+) s since boot$/;

/** Of the last try in a step's output: when it stopped the writes, and when they went on behind that. */
export const pauseMomentsIn = (lines: readonly string[]): PauseMoments => {
  const moments = lines.flatMap((one) => {
    const [, what, at] = line.exec(one.trim()) ?? [];
    return at === undefined ? [] : [{ what, at: Number(at) }];
  });
  const stop = moments.findLastIndex(({ what }) => what === 'stop');
  return {
    stopped: moments[stop]?.at ?? null,
    serving: moments.slice(stop + 1).at(-1)?.at ?? null,
  };
};
