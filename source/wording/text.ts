import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

export { bytes, clock, took } from '../cluster/amounts.ts';

const printableAscii = /^[ -~]*$/;

/** Columns that the text takes in the terminal. */
export const widthOf = (text: string): number =>
  printableAscii.test(text) ? text.length : stringWidth(text);

/** Text that takes exactly the room it seems to: tabs expanded, what is left of control characters made visible. */
export const tame = (text: string): string => {
  if (printableAscii.test(text)) return text;
  let column = 0;
  const parts = text.split('\t').map((part, index, all) => {
    column += widthOf(part);
    if (index === all.length - 1) return part;
    const gap = 8 - (column % 8);
    column += gap;
    return part + ' '.repeat(gap);
  });
  return parts.join('').replace(/\p{Cc}/gu, '�');
};

const slice = (text: string, columns: number): string => {
  if (printableAscii.test(text)) return text.slice(0, columns);
  const cutText = sliceAnsi(text, 0, columns);
  // A wide character at the edge may stand out by one column.
  return widthOf(cutText) > columns ? sliceAnsi(text, 0, columns - 1) : cutText;
};

/** The text in at most that many columns, with a mark where it was cut. */
export const cut = (text: string, columns: number, mark = '…'): string => {
  if (columns <= 0) return '';
  return widthOf(text) <= columns ? text : slice(text, columns - 1) + mark;
};

/** The text in exactly that many columns. */
export const padRight = (text: string, columns: number): string => {
  const shown = cut(text, columns);
  return shown + ' '.repeat(Math.max(0, columns - widthOf(shown)));
};

/** As `padRight`, to the right. */
export const padLeft = (text: string, columns: number): string => {
  const shown = cut(text, columns);
  return ' '.repeat(Math.max(0, columns - widthOf(shown))) + shown;
};

/** Prose in lines of at most that many columns, broken at spaces. */
export const wrapWords = (text: string, columns: number): readonly string[] =>
  wrapAnsi(tame(text.replaceAll('\n', ' ')), Math.max(1, columns), { hard: true }).split('\n');

/** A line of output or script in rows of at most that many columns; nothing is left out or moved. */
export const wrapExact = (line: string, columns: number): readonly string[] => {
  const text = tame(line);
  const room = Math.max(2, columns);
  if (widthOf(text) <= room) return [text];
  if (!printableAscii.test(text))
    return wrapAnsi(text, room, { hard: true, wordWrap: false, trim: false }).split('\n');
  const rows: string[] = [];
  for (let at = 0; at < text.length; at += room) rows.push(text.slice(at, at + room));
  return rows;
};

const two = (value: number): string => String(value).padStart(2, '0');

/** `4 s`, `2 min`, `3 h`: an age in one unit. */
export const age = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
};

/** `0:12`, `3:07`: elapsed hours and minutes. */
export const hoursAndMinutes = (milliseconds: number): string => {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
};

/** `03:12 CET`: the time of day here, to the minute, with the zone's name where there is room for it. */
export const timeWithZone = (at: number, zone: boolean): string => {
  const date = new Date(at);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (!zone) return time;
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return `${time} ${parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''}`.trimEnd();
};

/** `03:12:45` of the console's own clock. */
export const timeOfDay = (at: number | string): string => {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '--:--:--';
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};
