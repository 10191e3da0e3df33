import { useEffect, useState } from 'react';
import { minuteOf, nextTick, timeShows } from '../rows/staleness.ts';
import type { ConsoleStore } from '../state/console-store.ts';

/** The time as of this render; renders again when time alone changes the screen: its clock with each minute, ages with each second. */
export const useNow = (store: ConsoleStore, clock: () => number): number => {
  const [tick, setTick] = useState(0);
  const { drawn } = store.state.getState();
  // biome-ignore lint/correctness/useExhaustiveDependencies: every tick and every drawing sets the next one
  useEffect(() => {
    let timer: NodeJS.Timeout | undefined;
    const latest = () => store.state.getState().view;
    const drawnIn = minuteOf(clock());
    const arm = () => {
      timer = setTimeout(tickOrWait, nextTick(latest(), clock()));
    };
    const tickOrWait = () => {
      // Rows that were to be stale by now may have been read again meanwhile.
      if (timeShows(latest(), clock()) || minuteOf(clock()) !== drawnIn) setTick((count) => count + 1);
      else arm();
    };
    arm();
    return () => clearTimeout(timer);
  }, [drawn, tick, store, clock]);
  return clock();
};
