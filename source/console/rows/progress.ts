import type { StepProgress, StepView } from '../../engine/view/controller.ts';
import { age, bytes, clock, tame, took, widthOf } from '../../wording/text.ts';
import type { Theme } from '../theme.ts';
import { cutRow, type Row, rowWidth, span } from './row.ts';

const leastBar = 10;
const mostBar = 40;
/** The server is asked every second or two: a reading that is older than this is marked. */
const oldMs = 15_000;

const units = { results: 'stages', databases: 'databases' } as const;

/** Only bytes are all alike: of stages and databases one takes a second and another an hour, and a share would mislead. */
const percentOf = ({ unit, done, total }: StepProgress): number | null =>
  unit !== 'bytes' || total === null || total <= 0 ? null : Math.floor((Math.min(done, total) * 100) / total);

/** `35 %` or `28/35`, for where there is little room; empty where the whole is not known. */
export const inShort = (progress: StepProgress | undefined): string => {
  if (progress === undefined || progress.total === null) return '';
  const share = percentOf(progress);
  return share === null ? `${progress.done}/${progress.total}` : `${share} %`;
};

const counted = (progress: StepProgress): string => {
  const { unit, done, total } = progress;
  const share = percentOf(progress);
  if (unit === 'bytes')
    return `${bytes(done)}${total === null ? '' : ` of ${bytes(total)}`}${share === null ? '' : `, ${share} %`}`;
  return `${done}${total === null ? '' : ` of ${total}`} ${units[unit]}`;
};

const leftWords = ({ unit, leftMs, at }: StepProgress, now: number): string | null => {
  if (leftMs === null) return null;
  const left = leftMs - (now - at);
  if (left >= 1000)
    return `about ${took(left < 9_950 ? Math.ceil(left / 1000) * 1000 : left).replace('.0', '')} left`;
  return unit === 'bytes' ? 'almost done' : 'longer than expected';
};

/** Rate, time so far and time to go, as far as they are known. */
const tempo = (progress: StepProgress, since: number, now: number): readonly string[] => {
  const { rate, total, at } = progress;
  return [
    rate === null ? null : `${bytes(Math.round(rate))}/s`,
    `${clock(now - since)} so far`,
    leftWords(progress, now),
    total === null ? 'total unknown' : null,
    now - at > oldMs && progress.unit === 'bytes' ? `as of ${age(now - at)} ago` : null,
  ].filter((part) => part !== null);
};

const barOf = (progress: StepProgress, width: number, { glyphs }: Theme): Row => {
  const { done, total } = progress;
  const share = total === null || total <= 0 ? 0 : Math.min(1, done / total);
  const full = Math.floor(share * width);
  return [span(glyphs.full.repeat(full), 'strong'), span(glyphs.empty.repeat(width - full), 'dim')];
};

/** In one sentence, for plain lines: `1.2 GB of 3.4 GB, 35 %, 98 MB/s, 00:12 so far, about 23 s left: copying`. */
export const progressSentence = (progress: StepProgress, since: number, now: number): string =>
  `${[counted(progress), ...tempo(progress, since, now)].join(', ')}${progress.doing === null ? '' : `: ${tame(progress.doing)}`}`;

/** How far a running step is: a bar with its numbers, then what is being worked on. At most two rows; none where nothing tells. */
export const progressRows = (
  progress: StepProgress | undefined,
  step: StepView,
  columns: number,
  now: number,
  theme: Theme,
): readonly Row[] => {
  const { status } = step;
  if (progress === undefined || (status.kind !== 'running' && status.kind !== 'settling')) return [];
  const head = counted(progress);
  const rest = tempo(progress, status.since, now);
  const doing = progress.doing === null ? '' : tame(progress.doing);
  const whole = [head, ...rest].join(', ');
  if (progress.total === null)
    return [
      cutRow([span(whole, 'strong')], columns),
      ...(doing === '' ? [] : [cutRow([span(doing)], columns)]),
    ];
  const room = columns - widthOf(whole) - 1;
  if (room >= leastBar) {
    const bar = barOf(progress, Math.min(mostBar, room), theme);
    return [[...bar, span(` ${whole}`, 'strong')], ...(doing === '' ? [] : [cutRow([span(doing)], columns)])];
  }
  const bar = barOf(progress, Math.max(leastBar, Math.min(mostBar, columns - widthOf(head) - 1)), theme);
  const second: Row = [span(rest.join(', '), 'strong'), span(doing === '' ? '' : `: ${doing}`)];
  return [
    cutRow([...bar, span(` ${head}`, 'strong')], columns),
    ...(rowWidth(second) === 0 ? [] : [cutRow(second, columns)]),
  ];
};
