import { useEffect, useState } from 'react';
import type { EngineView } from '../../engine/controller.ts';
import { nextTick } from '../rows/staleness.ts';

/** The time as of this render; renders again when time alone changes the screen, and has no timer otherwise. */
export const useNow = (view: EngineView, clock: () => number): number => {
  const [tick, setTick] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every tick sets the next one
  useEffect(() => {
    const wait = nextTick(view, clock());
    if (wait === null) return undefined;
    const timer = setTimeout(() => setTick((count) => count + 1), wait);
    return () => clearTimeout(timer);
  }, [view, tick, clock]);
  return clock();
};
