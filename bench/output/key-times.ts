import type { Pty } from '../terminal/pty.ts';

/** Keys that only say why they do nothing now, and a part of what they say that the other does not share. */
const answers = [
  ['a', 'has failed'],
  ['t', 'holds the lock'],
] as const;

/** Until there is no more to press for. */
const overOnce = async (more: () => boolean): Promise<null> => {
  while (more()) await new Promise((resolve) => setTimeout(resolve, 20));
  return null;
};

/**
 * Presses keys like an impatient operator, until told to stop; gives the milliseconds until each was answered. A key that is
 * pressed as the step ends does not count: the next step's card takes its answer off the screen before it is drawn.
 */
export const keyTimes = async (pty: Pty, more: (pressed: number) => boolean): Promise<readonly number[]> => {
  const times: number[] = [];
  while (more(times.length)) {
    const [key, brings] = answers[times.length % 2] ?? answers[0];
    const waiting = { still: true };
    const took = await Promise.race([
      pty.press(key, brings),
      overOnce(() => waiting.still && more(times.length)),
    ]);
    waiting.still = false;
    if (took === null) break;
    times.push(took);
    // Not in step with the frames, and longer than any of them.
    await new Promise((resolve) => setTimeout(resolve, 80 + ((times.length * 37) % 61)));
  }
  return times;
};
