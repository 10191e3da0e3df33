import { z } from 'zod';
import { localMinute, localTime } from './times.ts';

/**
 * When the window ends (`window.end` in the cluster file, or `--end`): a time of day here, or a day with it. It is for the people at the
 * console: nothing acts by itself.
 */

const timeOfDay = /^([01]\d|2[0-3]):([0-5]\d)$/;
const dayAndTime = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[ T]([01]\d|2[0-3]):([0-5]\d)$/;

const isDay = (year: number, month: number, day: number): boolean => {
  const date = new Date(year, month - 1, day);
  return date.getMonth() === month - 1 && date.getDate() === day;
};

const isEnd = (text: string): boolean => {
  const [, year, month, day] = dayAndTime.exec(text) ?? [];
  return timeOfDay.test(text) || (day !== undefined && isDay(Number(year), Number(month), Number(day)));
};

export const endError =
  'must be a time of day here, “03:00”, or a day with it, “2026-11-28 03:00”, in quotes';

/** As it is written. */
export const windowEndSchema = z.string({ error: endError }).refine(isEnd, { error: endError });

export interface WindowEnd {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Where the clocks are changed right then: which moment is meant; null: it is the only one. */
  readonly note: string | null;
}

/** So long after an end has passed it is still that one which a run means that was begun before it; then the next day's. */
const rememberedMs = 6 * 3_600_000;

const noteOf = (date: Date, hours: number, minutes: number): string | null => {
  const at = date.getTime();
  const asked = `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
  if (date.getHours() !== hours || date.getMinutes() !== minutes)
    return `${asked} is left out that night, when the clocks are set forward: ${localMinute(at)} is meant`;
  const twice = [30, 60, 120].some((later) => {
    const other = new Date(at + later * 60_000);
    return other.getHours() === hours && other.getMinutes() === minutes;
  });
  return twice
    ? `${asked} comes twice that night, when the clocks are set back: the first one, ${localMinute(at)}, is meant`
    : null;
};

const moment = (year: number, month: number, day: number, hours: number, minutes: number): WindowEnd => {
  const date = new Date(year, month, day, hours, minutes);
  return { at: date.getTime(), note: noteOf(date, hours, minutes) };
};

/**
 * The moment that is meant, by the clock and the zone of this machine. A time of day that lies before `now` is the next day's; in a run
 * that was begun (`begun`) before it, it has passed, for six hours. Null: `text` is no end.
 */
export const windowEndOf = (text: string, now: number, begun: number | null): WindowEnd | null => {
  const full = dayAndTime.exec(text)?.slice(1).map(Number);
  if (full !== undefined) {
    const [year = 0, month = 1, day = 1, hours = 0, minutes = 0] = full;
    return moment(year, month - 1, day, hours, minutes);
  }
  const [hours, minutes] = timeOfDay.exec(text)?.slice(1).map(Number) ?? [];
  if (hours === undefined || minutes === undefined) return null;
  const today = new Date(now);
  const on = (days: number): WindowEnd =>
    moment(today.getFullYear(), today.getMonth(), today.getDate() + days, hours, minutes);
  const all = [on(-1), on(0), on(1)];
  const last = all.findLast(({ at }) => at <= now);
  const next = all.find(({ at }) => at > now) ?? on(2);
  const passed = last !== undefined && begun !== null && begun < last.at && now - last.at < rememberedMs;
  return passed ? last : next;
};

/** `2026-11-28 03:00:00 CET`, and which one that is where the clocks are changed. */
export const windowEndWords = ({ at, note }: WindowEnd): string =>
  `${localTime(at)}${note === null ? '' : ` (${note})`}`;
