/** More than this between both clocks is no rounding, in milliseconds: the machine slept, or its clock was set. */
const asleepMs = 1_000;

let before = { steady: performance.now(), wall: Date.now() };
let ahead = before.wall - before.steady;

/**
 * The present, in milliseconds since the epoch as they were when this process began: what is told with an age, or compared with a moment of
 * the same process. It never goes back: a clock that is set back (NTP, an operator) changes no age; one that runs on while the
 * monotonic one stands still, as in a sleep, does. What is written down for others (journal, lock, names) has `Date`.
 */
export const present = (): number => {
  const now = { steady: performance.now(), wall: Date.now() };
  const slept = now.wall - before.wall - (now.steady - before.steady);
  if (slept > asleepMs) ahead += slept;
  before = now;
  return Math.round(now.steady + ahead);
};
