/**
 * Runs `flush` at once when it has been quiet, else at the end of the interval: at most once per interval.
 * `pace` is asked for the next interval, in milliseconds, after each run.
 */
export const coalesce = (pace: () => number, now: () => number, flush: () => void) => {
  let timer: NodeJS.Timeout | null = null;
  let intervalMs = 0;
  let last = Number.NEGATIVE_INFINITY;
  const run = () => {
    timer = null;
    last = now();
    flush();
    intervalMs = pace();
  };
  return {
    /** Something changed. */
    touch(): void {
      if (timer !== null) return;
      const wait = last + intervalMs - now();
      if (wait <= 0) run();
      else timer = setTimeout(run, wait);
    },
    /** Runs what is pending now. */
    flushNow(): void {
      if (timer !== null) clearTimeout(timer);
      run();
    },
    /** Forgets what is pending. */
    stop(): void {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
};
