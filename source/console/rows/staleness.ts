import type { EngineView } from '../../engine/view/controller.ts';

/** From this age on the monitor's rows are marked. */
export const staleAfterMs = 5_000;

/** The age of the monitor's rows once they are stale; null while fresh, or while the monitor is down as planned. */
export const staleAge = (view: EngineView, now: number): number | null => {
  const { feed, plannedDown } = view.monitor;
  if (plannedDown !== null || feed.readAt === null) return null;
  const old = now - feed.readAt;
  return old > staleAfterMs ? old : null;
};

/** Whether time alone changes more of the screen than the clock of the downtime. */
export const agesShow = (view: EngineView, now: number): boolean =>
  view.stage.kind === 'running' ||
  view.stage.kind === 'watching' ||
  view.hosts.some((host) => host.line === 'reconnecting') ||
  view.steps.some(({ status }) => status.kind === 'running' || status.kind === 'settling') ||
  staleAge(view, now) !== null;

/** Whether the screen is another one every second, by time alone. */
export const timeShows = (view: EngineView, now: number): boolean =>
  view.downtime.kind === 'down' || agesShow(view, now);

/**
 * When the screen changes by time alone, in milliseconds from now; null while nothing on it moves.
 * An idle console must not tick.
 */
export const nextTick = (view: EngineView, now: number): number | null => {
  const { stage } = view;
  if (timeShows(view, now)) return 1000;
  const { feed, plannedDown } = view.monitor;
  if (plannedDown !== null || feed.readAt === null || stage.kind === 'finished' || stage.kind === 'stopped')
    return null;
  return Math.max(50, feed.readAt + staleAfterMs - now + 50);
};
