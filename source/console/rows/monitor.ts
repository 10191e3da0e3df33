import type { MonitorNode } from '../../cluster/monitor-state.ts';
import { formatProblem } from '../../cluster/result.ts';
import { isWritable } from '../../cluster/states.ts';
import type { EngineView } from '../../engine/view/controller.ts';
import { age, bytes, padLeft, padRight, tame, timeOfDay, widthOf, wrapWords } from '../../wording/text.ts';
import type { Theme } from '../theme.ts';
import { lagOf } from './lag.ts';
import { blank, type Row, type Span, span, type Tone } from './row.ts';
import { staleAge } from './staleness.ts';

/** A WAL segment: a standby that is further behind is marked. */
const farBehind = 16_777_216n;

const healthWords = (health: number): readonly [string, Tone] =>
  health > 0 ? ['good', 'good'] : health === 0 ? ['bad', 'bad'] : ['unknown', 'dim'];

const glyphOf = (node: MonitorNode, theme: Theme): string => {
  if (isWritable(node.reported)) return theme.glyphs.writable;
  return node.reported === 'secondary' || node.reported === 'catchingup'
    ? theme.glyphs.standby
    : theme.glyphs.apart;
};

const stateText = (node: MonitorNode, theme: Theme): string =>
  node.reported === node.assigned ? node.reported : `${node.reported} ${theme.glyphs.arrow} ${node.assigned}`;

const wasText = (node: MonitorNode, before: readonly MonitorNode[]): string => {
  const was = before.find((other) => other.name === node.name);
  if (was === undefined) return before.length > 0 ? 'not there' : '';
  const settings = was.priority === node.priority && was.quorum === node.quorum;
  const words = was.reported === node.reported ? 'same' : was.reported;
  return settings ? words : `${words}, prio ${was.priority} ${was.quorum ? 'quorum' : 'no quorum'}`;
};

/** As the pane shows it: the group before it where there are several, as pg_autoctl's own table has it. */
const shownName = ({ group, name }: MonitorNode, nodes: readonly MonitorNode[]): string =>
  nodes.some((other) => other.group !== group) ? `${group}/${name}` : name;

interface Widths {
  readonly name: number;
  readonly state: number;
  readonly was: number;
}

const widthsFor = (nodes: readonly MonitorNode[], columns: number, theme: Theme): Widths => {
  const name = Math.min(16, Math.max(6, ...nodes.map((node) => widthOf(shownName(node, nodes)))));
  const widest = Math.max(19, ...nodes.map((node) => widthOf(stateText(node, theme))));
  // 2 glyph, then name, state, 14 TLI:LSN, 9 lag, 10 health, 11 settings, one space between.
  const room = columns - (2 + name + 1 + 1 + 14 + 1 + 9 + 1 + 9 + 1 + 11);
  const state = Math.max(19, Math.min(widest, room));
  return { name, state, was: Math.max(0, Math.min(24, room - state - 1)) };
};

const nodeRow = (node: MonitorNode, view: EngineView, widths: Widths, theme: Theme, old: boolean): Row => {
  const nodes = view.monitor.feed.state?.nodes ?? [];
  const lag = lagOf(node, nodes);
  const [health, healthTone] = healthWords(node.health);
  const mark = node.health > 0 ? theme.glyphs.done : node.health === 0 ? theme.glyphs.failed : '?';
  const far = lag !== null && lag > farBehind;
  const moving = node.reported !== node.assigned;
  const row: Span[] = [
    span(`${glyphOf(node, theme)} `),
    span(`${padRight(tame(shownName(node, nodes)), widths.name)} `, 'strong'),
    span(`${padRight(stateText(node, theme), widths.state)} `, moving ? 'warn' : 'plain'),
    span(`${padRight(`${node.timeline}:${node.lsn}`, 14)} `),
    span(`${padLeft(lag === null ? '-' : `${far ? '! ' : ''}${bytes(lag)}`, 9)} `, far ? 'warn' : 'plain'),
    span(padRight(`${mark} ${health}`, 9), healthTone),
    span(` ${padRight(`${node.priority} ${node.quorum ? 'quorum' : 'no'}`, 11)}`),
  ];
  if (widths.was >= 8) row.push(span(` ${padRight(wasText(node, view.monitor.before), widths.was)}`, 'dim'));
  return old ? row.map((part) => ({ ...part, tone: 'dim' as const })) : row;
};

/** Of the online method: how far behind each database of the version that follows is, the furthest first, in so many lines at most. */
const followRows = (view: EngineView, name: number, room: number, theme: Theme): readonly Row[] => {
  const { follows } = view;
  if (follows === undefined || room <= 0) return [];
  const all = follows.databases.toSorted((one, other) => (other.behindBytes ?? 0) - (one.behindBytes ?? 0));
  const shown = all.slice(0, room);
  const width = Math.min(24, Math.max(name, ...shown.map((one) => widthOf(one.name))));
  const amount = (count: number | null): string => (count === null ? '?' : bytes(count));
  return shown.map((one, index): Row => {
    const far = !one.active || follows.falls || (one.behindBytes ?? 0) > farBehind;
    const more = index === room - 1 && all.length > room ? `, and ${all.length - room} more databases` : '';
    const said = [
      `${one.active ? '' : 'nobody reads its slot, '}${amount(one.behindBytes)} and ${Math.round(one.behindSeconds ?? 0)} s behind`,
      ...(index === 0 && follows.trend !== null ? [follows.trend] : []),
      `${amount(one.keptBytes)} of WAL kept${more}`,
    ].join(', ');
    const when = index === 0 && follows.at !== null ? ` (${timeOfDay(follows.at)})` : '';
    return [
      span(`${theme.glyphs.standby} `),
      span(`${padRight(tame(one.name), width)} `, 'strong'),
      span(said, far ? 'warn' : 'plain'),
      span(when, 'dim'),
    ];
  });
};

const headingRow = (widths: Widths): Row => [
  span(
    `  ${padRight('node', widths.name)} ${padRight('reported → assigned', widths.state)} ${padRight('TLI:LSN', 14)} ${padLeft('lag', 9)} ${padRight('health', 9)} ${padRight('prio/quorum', 11)}${widths.was >= 8 ? ` ${padRight('before', widths.was)}` : ''}`,
    'dim',
  ),
];

/** Before the runbook lies there nobody can say whether a silent monitor is as planned. */
const tooEarlyToTell = ({ steps, stage }: EngineView): boolean =>
  steps.length === 0 && stage.kind !== 'stopped';

const emptyRows = (view: EngineView, columns: number): readonly Row[] => {
  const { plannedDown } = view.monitor;
  const { status } = view.monitor.feed;
  if (plannedDown !== null) {
    const { number, title } = plannedDown;
    return wrapWords(
      `It is stopped as planned: step ${number}, “${title}”, starts it again. How the nodes stood before that, this console has not seen.`,
      columns,
    ).map((line) => [span(line)]);
  }
  if (status.kind !== 'lost' || tooEarlyToTell(view))
    return [[span('Nothing read from the monitor yet.', 'dim')]];
  const { what, remedy } = status.problem;
  return [
    ...wrapWords(what, columns).map((line) => [span(line, 'bad')]),
    ...wrapWords(remedy, columns).map((line) => [span(line)]),
  ];
};

/** The monitor pane below its title, in exactly `rows` lines: nodes first, then the newest events that fit. */
export const monitorRows = (
  view: EngineView,
  columns: number,
  rows: number,
  now: number,
  theme: Theme,
): readonly Row[] => {
  const { feed } = view.monitor;
  if (feed.state === null) return emptyRows(view, columns).slice(0, rows);
  const { events } = feed.state;
  // Of several groups one below the other.
  const nodes = feed.state.nodes.toSorted((one, other) => one.group - other.group);
  const widths = widthsFor(nodes, columns, theme);
  const old = view.monitor.plannedDown !== null || staleAge(view, now) !== null;
  const lines: Row[] = nodes.map((node) => nodeRow(node, view, widths, theme, old));
  // What follows comes before what the columns are called.
  const databases = view.follows?.databases.length ?? 0;
  if (rows > nodes.length + Math.min(1, databases)) lines.unshift(headingRow(widths));
  if (lines.length > rows) {
    const kept = lines.slice(0, rows - 1);
    return [...kept, [span(`… ${nodes.length - kept.length} more nodes: 1 focuses this pane`, 'warn')]];
  }
  // While it is down as planned, the pane's title says so: a question whether it runs would only alarm.
  if (feed.status.kind === 'lost' && view.monitor.plannedDown === null && rows > lines.length)
    lines.push([span(formatProblem(feed.status.problem), 'bad')]);
  lines.push(...followRows(view, widths.name, rows - lines.length, theme));
  const room = rows - lines.length;
  const shown = room > 0 ? events.slice(-room) : [];
  for (const event of shown) {
    lines.push([
      span(`  ${timeOfDay(event.at)} `, 'dim'),
      span(`${padRight(tame(event.node), widths.name)} `),
      span(tame(event.text)),
    ]);
  }
  return lines.length === 0 ? [blank] : lines;
};

/** What stands at the right of the pane's title: where the rows come from, and how old they are. */
export const monitorSource = (view: EngineView, now: number): Row => {
  const { feed, plannedDown } = view.monitor;
  const read = feed.readAt === null ? '' : `, as of ${timeOfDay(feed.readAt)}`;
  if (plannedDown !== null)
    return [span(`stopped as planned until step ${plannedDown.number}`, 'strong'), span(read, 'dim')];
  const { status } = feed;
  const stale = staleAge(view, now);
  const old: Row = stale === null ? [] : [span(` STALE ${age(stale)}`, 'bad')];
  if (status.kind === 'connecting' || (status.kind === 'lost' && tooEarlyToTell(view)))
    return [span('connecting'), ...old];
  if (status.kind === 'lost') return [span('LOST', 'bad'), ...old];
  const names = { listen: 'LISTEN', poll: 'poll', psql: 'psql' } as const;
  const because = status.because === undefined ? '' : ` (${tame(status.because)})`;
  return [span(`${names[status.source]}${because}`, 'dim'), ...old];
};
