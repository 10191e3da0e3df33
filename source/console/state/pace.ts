import { performance } from 'node:perf_hooks';

/** Milliseconds between two drawings of growing output: 30 a second, or 8 where there is no time left for more. */
const normalMs = Math.ceil(1000 / 30);
const busyMs = 125;
/** So much of the time since it was asked last the process must have been at work to count as busy. */
const busyShare = 0.8;

/**
 * How long to wait before output is drawn again, asked after each drawing. A drawing costs some ten milliseconds of the
 * processor. While a host prints more than this process can read, they are better spent on reading; a key is drawn at once
 * in any case.
 */
export const outputPace = (): (() => number) => {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization > busyShare ? busyMs : normalMs;
  };
};
