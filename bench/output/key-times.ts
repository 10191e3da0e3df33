import type { Pty } from '../terminal/pty.ts';

/** Keys that only say why they do nothing now, and a part of what they say that the other does not share. */
const answers = [
  ['a', 'has failed'],
  ['t', 'can be terminated'],
] as const;

/** Presses no end of keys. */
const always = (): boolean => true;
const never = new Promise<unknown>(() => undefined);

/**
 * Presses keys like an impatient operator, while there are `more` to press and until `ended`; gives the milliseconds until each
 * was answered. A key that is pressed as the step ends does not count: the next step's card takes its answer off the screen
 * before it is drawn.
 */
export const keyTimes = async (
  pty: Pty,
  { more = always, ended = never }: { more?: (pressed: number) => boolean; ended?: Promise<unknown> },
): Promise<readonly number[]> => {
  const times: number[] = [];
  const over = ended.then(() => null);
  while (more(times.length)) {
    const [key, brings] = answers[times.length % 2] ?? answers[0];
    const took = await Promise.race([over, pty.press(key, brings)]);
    if (took === null) break;
    times.push(took);
    // Not in step with the frames, and longer than any of them.
    await new Promise((resolve) => setTimeout(resolve, 80 + ((times.length * 37) % 61)));
  }
  return times;
};
