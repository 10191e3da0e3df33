/**
 * Times for people: the local time of the operator's machine, with its zone. What machines read (journal, JSON) has ISO
 * 8601 in UTC.
 */

const two = (value: number): string => String(value).padStart(2, '0');

const zoneIn = (locale: string, date: Date): string =>
  new Intl.DateTimeFormat(locale, { timeZoneName: 'short' })
    .formatToParts(date)
    .find((part) => part.type === 'timeZoneName')?.value ?? 'UTC';

/** By the offset and long name that a date is written with: a formatter takes long to make, and a verdict names a zone at every look. */
const zonesKnown = new Map<string, string>();

/** `CET`, `EDT`, `GMT+5:30`: the zone at that moment. English has names for some zones on either side of the Atlantic only. */
export const localZone = (at: number | string): string => {
  const date = new Date(at);
  const key = date.toTimeString().slice('hh:mm:ss '.length);
  const known = zonesKnown.get(key);
  if (known !== undefined) return known;
  const names = ['en-US', 'en-GB'].map((locale) => zoneIn(locale, date));
  const zone = names.find((name) => !/^GMT[+-]/.test(name)) ?? names[0] ?? 'UTC';
  zonesKnown.set(key, zone);
  return zone;
};

const isTime = (date: Date): boolean => !Number.isNaN(date.getTime());

/** `2026-11-25`. */
const localDate = (date: Date): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** `2026-11-25` here. */
export const localDay = (at: number): string => localDate(new Date(at));

/** `03:12:45`, where the zone stands beside it; `--:--:--` where there is no time. */
export const localTimeOfDay = (at: number | string): string => {
  const date = new Date(at);
  return isTime(date)
    ? `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
    : '--:--:--';
};

/** `2026-11-25 03:12:45`, where the zone stands beside it (a table's head); `–` where there is no time. */
export const localMoment = (at: number | string | null): string => {
  const date = new Date(at ?? Number.NaN);
  return isTime(date) ? `${localDate(date)} ${localTimeOfDay(date.getTime())}` : '–';
};

/** `2026-11-25 03:12:45 CET`; `–` where there is no time. */
export const localTime = (at: number | string | null): string => {
  const moment = localMoment(at);
  return moment === '–' ? moment : `${moment} ${localZone(at ?? 0)}`;
};

/** `03:12 CET`: to the minute, for a sentence. */
export const localMinute = (at: number | string): string =>
  `${localTimeOfDay(at).slice(0, 5)} ${localZone(at)}`;

/** `03:12:45 CET`; with the date where that is another day than `now`'s. */
export const localClock = (at: number, now: number = Date.now()): string => {
  const today = localDate(new Date(at)) === localDate(new Date(now));
  return today ? `${localTimeOfDay(at)} ${localZone(at)}` : localTime(at);
};
