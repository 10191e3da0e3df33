import { afterEach } from 'vitest';
import type { PlainRun } from './plain.ts';
import type { Desk } from './walk.ts';

/** Where a test's operator sits: cleared behind each test, whatever came of it. */
export interface Seat {
  desk: Desk | null;
  console: PlainRun | null;
}

export const clearedSeat = (): Seat => {
  const seat: Seat = { desk: null, console: null };
  afterEach(async () => {
    await seat.console?.kill();
    await seat.desk?.clear();
    seat.console = null;
    seat.desk = null;
  });
  return seat;
};
