import { localTimeOfDay } from '../cluster/times.ts';
import type { Bar, ChartRow, Shade } from './document.ts';
import { Html, html } from './html.ts';

const laneHeight = 30;
const labelWidth = 130;
const width = 1000;
const top = 26;

/** Steps of the time axis, in seconds. */
const ticks = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** Bars by host over time, as inline SVG: no script, no resource, readable in light, dark and print. */
export const chart = (title: string, lanes: readonly ChartRow[], shades: readonly Shade[]): Html => {
  const bars = lanes.flatMap((lane) => lane.bars);
  if (bars.length === 0) return new Html('');
  const from = bars.reduce((least, bar) => Math.min(least, bar.from), Number.POSITIVE_INFINITY);
  const to = bars.reduce((most, bar) => Math.max(most, bar.to), from + 1000);
  const room = width - labelWidth - 10;
  const x = (at: number): number =>
    Math.round((labelWidth + ((Math.min(Math.max(at, from), to) - from) / (to - from)) * room) * 10) / 10;
  const height = top + lanes.length * laneHeight + 6;
  const step =
    (ticks.find((one) => (to - from) / 1000 / one <= 8) ?? 86_400 * Math.ceil((to - from) / 8 / 86_400_000)) *
    1000;
  const marks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) marks.push(at);
  const grid = marks.map(
    (at) =>
      html`<line class="grid" x1="${x(at)}" x2="${x(at)}" y1="${top - 6}" y2="${height - 4}"/><text class="tick" x="${x(at)}" y="${top - 11}" text-anchor="middle">${localTimeOfDay(at)}</text>`,
  );
  const shade = shades
    .filter((one) => one.to >= from && one.from <= to)
    .map(
      (one) =>
        html`<rect class="shade" x="${x(one.from)}" y="${top - 6}" width="${Math.max(1, x(one.to) - x(one.from))}" height="${height - top + 2}"><title>${one.says}</title></rect>`,
    );
  const drawn = (bar: Bar, y: number): Html =>
    html`<rect class="bar ${bar.tone}" x="${x(bar.from)}" y="${y + 5}" width="${Math.max(2, Math.round((x(bar.to) - x(bar.from)) * 10) / 10)}" height="${laneHeight - 10}" rx="2"><title>${bar.says}</title></rect>`;
  const rows = lanes.map((lane, index) => {
    const y = top + index * laneHeight;
    return html`<text class="lane" x="0" y="${y + laneHeight / 2 + 5}">${lane.name}</text>${lane.bars.map((bar) => drawn(bar, y))}`;
  });
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">${shade}${grid}${rows}</svg>`;
};
