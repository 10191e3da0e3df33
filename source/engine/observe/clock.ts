/**
 * Two clocks, because each can be wrong in its way: the wall clock is set back and forward (NTP, an operator), the monotonic one
 * stands still while the machine sleeps (CLOCK_MONOTONIC, clock_gettime(2)). Order, deadlines and silence go by the monotonic
 * one; Date is for the screen and the journal.
 */
export const steady = (): number => performance.now();

/** A moment of this machine, for telling its age. */
export interface ClockReading {
  readonly steady: number;
  readonly wall: number;
}

export const readClocks = (): ClockReading => ({ steady: steady(), wall: Date.now() });

/**
 * How old it is at least as far as anybody can tell, in milliseconds: what is trusted only while it is young must look old after
 * a sleep, which the wall clock alone shows, and after the wall clock was set back, which the monotonic one shows.
 */
export const ageOf = (past: ClockReading): number => Math.max(steady() - past.steady, Date.now() - past.wall);
