import { useRef } from 'react';
import { agesShow } from '../rows/staleness.ts';
import type { ConsoleState } from '../state/state.ts';

/**
 * The time as the panes show it: that of the last change, while no age is on the screen that grows by itself. The clock of the
 * downtime ticks for hours in the header; the panes below it are not made anew for that.
 */
export const usePaneTime = ({ view, drawn }: ConsoleState, now: number): number => {
  const ages = agesShow(view, now);
  const held = useRef({ drawn, now, ages });
  // Once more when the last age has gone: it is to go from the screen, too.
  if (held.current.drawn !== drawn || ages || held.current.ages) held.current = { drawn, now, ages };
  return held.current.now;
};
