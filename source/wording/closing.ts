import type { EngineView } from '../engine/view/controller.ts';
import { downtimeExpected } from '../engine/view/downtime.ts';
import { calledIn } from './farewell.ts';
import { took } from './text.ts';
import { warningCount } from './warnings.ts';

/** A line of the closing card: its label, and a sentence or a command that can be typed as it stands. */
export type ClosingLine = readonly [label: string, text: string];

/** How many steps have come to which end. */
export const stepCounts = (view: EngineView): Readonly<Record<'done' | 'skipped' | 'failed', number>> => {
  const count = (kind: string) => view.steps.filter(({ status }) => status.kind === kind).length;
  return { done: count('done'), skipped: count('skipped'), failed: count('failed') };
};

const counted = (view: EngineView): string => {
  const { done, skipped, failed } = stepCounts(view);
  return `${done} done, ${skipped} not taken, ${failed} failed`;
};

const downtimeLine = (view: EngineView): readonly ClosingLine[] => {
  const { downtime } = view;
  if (downtime.kind !== 'over' || downtime.since === null) return [];
  const expected = downtimeExpected(view);
  const estimate = expected === null ? '' : ` (estimate ${took(expected)})`;
  return [['Downtime', `${took(downtime.until - downtime.since)}${estimate}`]];
};

const toKnow = (view: EngineView): readonly string[] => {
  const warnings = warningCount(view);
  const reasons = view.steps.filter(({ status }) => status.kind === 'skipped' && status.reason !== '').length;
  const byHand = view.steps.filter(({ status }) => status.kind === 'done' && status.by === 'hand').length;
  return [
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`]),
    ...(reasons === 0 ? [] : [`${reasons} skipped with a reason`]),
    ...(byHand === 0 ? [] : [`${byHand} done by hand`]),
  ];
};

/** Commands for what comes after the window. */
const nextLines = (view: EngineView): readonly string[] => {
  if (view.fleeting === true) return [];
  const called = calledIn(view);
  // A demo that is kept has its own journals, and its cluster file lies elsewhere: the run's directory names both.
  if (view.banner !== undefined)
    return view.runDirectory === null ? [] : [`${called} report ${view.runDirectory}`];
  return [
    `${called} report > report-${view.cluster.name}.md`,
    ...(view.direction === 'upgrade'
      ? ['a backup of the new version', `${called} cleanup, in some days`]
      : []),
  ];
};

/** What is true at the end of a run, for the screen's last card and for plain lines; empty before the end. */
export const closingLines = (view: EngineView): readonly ClosingLine[] => {
  const { stage } = view;
  if (stage.kind !== 'finished') return [];
  const known = toKnow(view);
  // Of a demo nothing is left that could be started again.
  const offered =
    view.fleeting === true
      ? []
      : view.steps.filter(({ optional, status }) => optional && status.kind === 'skipped');
  const { kept = [] } = stage;
  return [
    ['Result', stage.says],
    ...downtimeLine(view),
    ...(view.begunAt === null || stage.at === undefined
      ? []
      : [['Window', took(stage.at - view.begunAt)] as const]),
    ['Steps', counted(view)],
    ...(known.length === 0 ? [] : [['To know', known.join(', ')] as const]),
    ...(view.verdict.says === '' ? [] : [['Rollback', view.verdict.says] as const]),
    ...kept.map((where, at) => [at === 0 ? 'Kept' : '', where] as const),
    ...nextLines(view).map((says, at) => [at === 0 ? 'Next' : '', says] as const),
    ...offered.map(
      ({ title }, at) =>
        [
          at === 0 ? 'Offered' : '',
          `${title}: writes pause for some seconds; start again, and it is asked for`,
        ] as const,
    ),
  ];
};
