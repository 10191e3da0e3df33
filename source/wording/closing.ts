import { pausesWords } from '../cluster/amounts.ts';
import { isPrimaryState, type ReportedState } from '../cluster/states.ts';
import { toDoWords } from '../cluster/to-do.ts';
import { countInView } from '../console/state/selectors.ts';
import type { EngineView, KeptDirectory, RunLeaves } from '../engine/view/controller.ts';
import { downtimeExpected } from '../engine/view/downtime.ts';
import { calledIn } from './farewell.ts';
import { bytes, took } from './text.ts';
import { warningCount } from './warnings.ts';

/** A line of the closing card: its label, and a sentence or a command that can be typed as it stands. */
export type ClosingLine = readonly [label: string, text: string];

/** So many things to do fit on the card; the report has all of them. */
const mostToDo = 12;

/** How many steps have come to which end. */
export const stepCounts = (view: EngineView): Readonly<Record<'done' | 'skipped' | 'failed', number>> => {
  const { done, skipped, open } = countInView(view.steps);
  return { done, skipped, failed: open.filter(({ status }) => status.kind === 'failed').length };
};

const counted = (view: EngineView): string => {
  const { done, skipped, failed } = stepCounts(view);
  return `${done} done, ${skipped} skipped, ${failed} failed`;
};

/** `6.4 s (estimate 6.1 s), and at most 27 s in 2 switchovers`: what the run has cost the application; null: nothing that is known. */
export const downtimeWords = (view: EngineView): string | null => {
  const { downtime } = view;
  const { earlierDowntimeMs: earlier = 0 } = view;
  const pauses = pausesWords(view.pauses);
  if (downtime.kind !== 'over' || downtime.since === null) return pauses;
  const expected = downtimeExpected(view);
  const estimate = expected === null ? '' : ` (estimate ${took(expected)})`;
  const before = earlier === 0 ? '' : `, besides ${took(earlier)} earlier in this window`;
  return `${took(downtime.until - downtime.since)}${estimate}${before}${pauses === null ? '' : `, and ${pauses}`}`;
};

const downtimeLine = (view: EngineView): readonly ClosingLine[] => {
  const words = downtimeWords(view);
  return words === null ? [] : [['Downtime', words]];
};

const toKnow = (view: EngineView, { extensionsUpdated: updated = 0 }: RunLeaves): readonly string[] => {
  const warnings = warningCount(view);
  const reasons = view.steps.filter(({ status }) => status.kind === 'skipped' && status.reason !== '').length;
  const byHand = view.steps.filter(({ status }) => status.kind === 'done' && status.by === 'hand').length;
  return [
    ...(updated === 0 ? [] : [`${updated} ${updated === 1 ? 'extension' : 'extensions'} updated`]),
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'} (in the report)`]),
    ...(reasons === 0 ? [] : [`${reasons} skipped with a reason`]),
    ...(byHand === 0 ? [] : [`${byHand} done by hand`]),
  ];
};

/** What is true at the end, as a sentence. What is kept has lines of its own, with its size. */
const resultWords = (says: string, kept: readonly KeptDirectory[]): string => {
  const said = kept.length === 0 ? says : says.replace(/; kept aside, until pgaf-upgrade cleanup: .*$/, '');
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${said.endsWith('.') ? '' : '.'}`;
};

/** `node_1:/data_pg15_bak, 41 GB (linked)`: linked files take their room once, so that removing it frees little. */
const keptWords = ({ host, path, bytes: size, linked }: KeptDirectory): string =>
  `${host}:${path}, ${size === null ? 'size not known' : bytes(size)}${linked ? ' (linked)' : ''}`;

/** Who is the primary now, where that is another node than before the window, or a rollback has been. Empty: not known, or as it was. */
const primaryLine = ({ direction, monitor }: EngineView): readonly ClosingLine[] => {
  const of = (nodes: readonly { readonly name: string; readonly reported: ReportedState }[] | undefined) =>
    nodes?.find(({ reported }) => isPrimaryState(reported))?.name;
  const [before, now] = [of(monitor.before), of(monitor.feed.state?.nodes)];
  if (now === undefined || (now === before && direction !== 'rollback')) return [];
  return [
    ['Primary', now === before || before === undefined ? now : `${now}; before the upgrade it was ${before}`],
  ];
};

/** What a rollback has given up, and where it still is. */
const lostLine = (
  { cluster, monitor }: EngineView,
  { lost, kept = [] }: RunLeaves,
): readonly ClosingLine[] => {
  if (lost === undefined) return [];
  const [major = ''] = cluster.to.split('.');
  const writer = monitor.before.find(({ reported }) => isPrimaryState(reported))?.name;
  const there = kept.find(({ host, path }) => host === writer && path.includes(`_pg${major}_abandoned`));
  const still =
    there === undefined ? '' : `; until cleanup it can be taken by hand from ${there.host}:${there.path}`;
  const words = lost.replace(/ is lost\b/, ` is not on PostgreSQL ${cluster.from}`);
  return [['Lost', `${words.charAt(0).toUpperCase()}${words.slice(1)}${still}.`]];
};

/** What steps have left undone, each with its command on a line of its own. */
const toDoLines = ({ direction, toDo = [] }: EngineView): readonly ClosingLine[] => {
  if (direction === 'cleanup' || direction === 'rehearse') return [];
  const shown = toDo.slice(0, mostToDo);
  const more = toDo.length - shown.length;
  return [
    ...shown.flatMap((one): readonly string[] => [
      toDoWords(one),
      ...(one.command === '' ? [] : [one.command]),
    ]),
    ...(more === 0 ? [] : [`${more} more: the report has all of them`]),
  ].map((says, at) => [at === 0 ? 'To do' : '', says] as const);
};

/** Commands for what comes after the window. */
const nextLines = (view: EngineView, kept: readonly KeptDirectory[]): readonly string[] => {
  if (view.fleeting === true) return [];
  const called = calledIn(view);
  // A demo that is kept has its own journals, and its cluster file lies elsewhere: the run's directory names both.
  if (view.banner !== undefined)
    return view.runDirectory === null ? [] : [`${called} report ${view.runDirectory}`];
  return [
    `${called} report > report-${view.cluster.name}.md`,
    ...(view.direction === 'upgrade'
      ? [
          'a backup of the new version',
          ...(view.verdict.kind === 'lossless'
            ? ['no change of the schema: it is frozen until the clean-up, and the old version follows']
            : []),
          `${called} cleanup, in some days`,
        ]
      : kept.length === 0
        ? []
        : [`${called} cleanup, when what is kept is not needed any more`]),
  ];
};

/** What is true at the end of a run, for the screen's last card and for plain lines; empty before the end. */
export const closingLines = (view: EngineView): readonly ClosingLine[] => {
  const { stage } = view;
  if (stage.kind !== 'finished') return [];
  const known = toKnow(view, stage);
  // Of a demo nothing is left that could be started again.
  const offered =
    view.fleeting === true
      ? []
      : view.steps.filter(({ optional, status }) => optional && status.kind === 'skipped');
  const { kept = [] } = stage;
  return [
    ['Result', resultWords(stage.says, kept)],
    ...lostLine(view, stage),
    ...primaryLine(view),
    ...downtimeLine(view),
    ...(view.begunAt === null || stage.at === undefined
      ? []
      : [['Window', took(stage.at - view.begunAt)] as const]),
    ['Steps', counted(view)],
    ...(known.length === 0 ? [] : [['To know', known.join(', ')] as const]),
    ...(view.verdict.says === '' ? [] : [['Rollback', view.verdict.says] as const]),
    ...kept.map((one, at) => [at === 0 ? 'Kept' : '', keptWords(one)] as const),
    ...toDoLines(view),
    ...nextLines(view, kept).map((says, at) => [at === 0 ? 'Next' : '', says] as const),
    ...offered.map(
      ({ title }, at) =>
        [
          at === 0 ? 'Offered' : '',
          `${title}: writes pause for some seconds, counted in the downtime; start again, and it is asked for`,
        ] as const,
    ),
  ];
};
