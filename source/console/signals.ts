import { constants } from 'node:os';

const caught = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type Signal = (typeof caught)[number];

/** 128 and the signal's number, as a shell gives it for a program that a signal ended. */
export const exitCodeOf = (signal: Signal): number => 128 + constants.signals[signal];

let uninterruptible = 0;

/** Ctrl-C is somebody else's while `work` has the terminal: it reaches every program that has it open. */
export const uninterrupted = async <Value>(work: () => Promise<Value>): Promise<Value> => {
  uninterruptible += 1;
  try {
    return await work();
  } finally {
    uninterruptible -= 1;
  }
};

/**
 * The first signal that asks this process to end is a wish to leave, not a death: terminal, journal and lock are put in
 * order first. A second one ends it at once. `forget` gives the signals their own meaning back.
 */
export const untilSignal = (): { readonly signal: Promise<Signal>; readonly forget: () => void } => {
  let given: (signal: Signal) => void = () => undefined;
  let first: Signal | null = null;
  const signal = new Promise<Signal>((resolve) => {
    given = resolve;
  });
  const listeners = caught.map((name) => {
    const listener = () => {
      if (name === 'SIGINT' && uninterruptible > 0) return;
      if (first !== null) process.exit(exitCodeOf(name));
      first = name;
      given(name);
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  const forget = () => {
    for (const off of listeners) off();
  };
  return { signal, forget };
};
