import type { Pty } from '../terminal/pty.ts';

/** Keys that only say why they do nothing now, and a part of what they say that the other does not share. */
const answers = [
  ['a', 'has failed'],
  ['t', 'holds the lock'],
] as const;

/** Presses keys like an impatient operator, until told to stop; gives the milliseconds until each was answered. */
export const keyTimes = async (pty: Pty, more: (pressed: number) => boolean): Promise<readonly number[]> => {
  const times: number[] = [];
  while (more(times.length)) {
    const [key, brings] = answers[times.length % 2] ?? answers[0];
    times.push(await pty.press(key, brings));
    // Not in step with the frames, and longer than any of them.
    await new Promise((resolve) => setTimeout(resolve, 80 + ((times.length * 37) % 61)));
  }
  return times;
};
