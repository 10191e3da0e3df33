import { useRef } from 'react';
import type { EngineView } from '../../engine/controller.ts';
import { agesShow } from '../rows/staleness.ts';

/**
 * The time as the panes show it: that of the last change, while no age is on the screen that grows by itself. The clock of the
 * downtime ticks for hours in the header; the panes below it are not made anew for that.
 */
export const usePaneTime = (view: EngineView, now: number): number => {
  const held = useRef({ view, now });
  if (held.current.view !== view || agesShow(view, now)) held.current = { view, now };
  return held.current.now;
};
