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

const minuteMs = 60_000;

/** Which minute it is: with the next one the clock in the header is another. */
export const minuteOf = (now: number): number => Math.floor(now / minuteMs);

/** When the screen changes by time alone, in milliseconds from now: an idle console ticks with the minutes of its clock, and no more. */
export const nextTick = (view: EngineView, now: number): number => {
  const { stage } = view;
  if (timeShows(view, now)) return 1000;
  const minute = (minuteOf(now) + 1) * minuteMs - now;
  const { feed, plannedDown } = view.monitor;
  if (plannedDown !== null || feed.readAt === null || stage.kind === 'finished' || stage.kind === 'stopped')
    return minute;
  return Math.min(minute, Math.max(50, feed.readAt + staleAfterMs - now + 50));
};
