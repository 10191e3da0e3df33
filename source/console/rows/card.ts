import { awaitsApproval } from '../../engine/view/approval-view.ts';
import type { EngineView, StepFailure, StepView } from '../../engine/view/controller.ts';
import { lateWords } from '../../engine/view/deadline-view.ts';
import { undoWords } from '../../runbook/language/undo.ts';
import { approvalWords } from '../../wording/approval.ts';
import { behindFailureLines } from '../../wording/behind-failure.ts';
import { clientsOf } from '../../wording/clients.ts';
import { nameAskedWords, nameWords, takesWords } from '../../wording/danger.ts';
import { causeLines, standsWords } from '../../wording/failure-cause.ts';
import {
  afterWords,
  groupSentence,
  hasOrder,
  stepsOnHosts,
  togetherLines,
  togetherNow,
} from '../../wording/parallel.ts';
import { stepNumber, stepOf } from '../state/selectors.ts';
import type { Theme } from '../theme.ts';
import { clientRows } from './clients.ts';
import { labelled, labelledList, proseRows, verbatim } from './prose.ts';
import { blank, type Row, rowWidth, span } from './row.ts';
import { verdictTone, verdictWords } from './verdict.ts';

const dangerSentence = (step: StepView): string => {
  switch (step.danger) {
    case 'reads':
      return `only reads on ${step.host}; nothing is changed`;
    case 'changes':
      return `changes ${step.host}; see Undo below`;
    case 'point-of-no-return':
      return `cannot be undone on ${step.host} after this`;
  }
};

/** What is typed for: what is true once it has run, and what a rollback costs then. Above everything else. */
const dangerRows = (view: EngineView, step: StepView, columns: number): readonly Row[] => {
  const words = nameWords(view, step);
  if (words === null || step.status.kind === 'done') return [];
  const bar = (row: Row): Row => [span('▌ ', 'bad'), ...row];
  return [words.title, words.afterwards, `Rollback then: ${words.rollback}`].flatMap((says, at) =>
    proseRows(says, columns - 2, at === 2 ? 'plain' : 'bad').map(bar),
  );
};

const guideText = (step: StepView): string => {
  const place = step.guide.step ?? 'not in the guide';
  return step.guide.deviation === undefined ? place : `${place}. Deviation: ${step.guide.deviation}`;
};

const statusRows = (step: StepView, columns: number): readonly Row[] => {
  const { status } = step;
  if (status.kind === 'skipped')
    return labelled('Skipped', status.reason === '' ? 'without a reason' : status.reason, columns, 'warn');
  if (status.kind === 'done' && status.by === 'found')
    return labelled('Done', 'the servers showed it done before it was run here', columns, 'good');
  if (status.kind === 'done' && status.by === 'hand')
    return labelled('Done', 'by hand; the servers agree', columns, 'good');
  return [];
};

/** Where an earlier console left the run; on the card that is due, until a step was run. */
const resumedRows = (view: EngineView, step: StepView, columns: number): readonly Row[] => {
  const due = view.stage.kind === 'confirm' && view.stage.step === step.id;
  return due && view.resumed !== null ? labelledList('Resumed', view.resumed, columns) : [];
};

/** What else the same Enter starts, on the card that is due. */
const togetherRows = (view: EngineView, step: StepView, columns: number): readonly Row[] => {
  const together = togetherNow(view);
  if (together === null || view.stage.kind !== 'confirm' || view.stage.step !== step.id) return [];
  return [
    ...labelled('Group', groupSentence(view, together), columns, 'strong'),
    ...labelledList('', togetherLines(view, together), columns),
  ];
};

/** Of the other steps that the same Enter starts: what runs, why, what was noted, and what undoes it. */
const othersRows = (view: EngineView, step: StepView, columns: number, theme: Theme): readonly Row[] => {
  const together = togetherNow(view);
  if (together === null || view.stage.kind !== 'confirm' || view.stage.step !== step.id) return [];
  return together.flatMap((id) => {
    const one = stepOf(view, id);
    if (one === null || one.id === step.id) return [];
    const after = afterWords(view, together, id);
    return [
      blank,
      ...proseRows(
        `Step ${stepNumber(view, id)}, ${one.host}, as ${one.as}: ${one.title}${after === null ? '' : `, ${after}`}`,
        columns,
        'strong',
      ),
      ...labelled('Why', one.reason, columns),
      ...scriptRows(one, columns, theme),
      ...labelledList('Warnings', one.notes, columns),
      ...labelled('Undo', undoWords(one.undo), columns),
    ];
  });
};

const scriptRows = (step: StepView, columns: number, theme: Theme): readonly Row[] => {
  if (step.script === null) {
    return labelled(
      'Script',
      `not known yet: ${step.scriptNeeds ?? 'an earlier step must run first'}`,
      columns,
      'warn',
    );
  }
  const lines = step.script.replace(/\n$/, '').split('\n');
  return [
    [
      span('Script   ', 'dim'),
      span(`${lines.length} ${lines.length === 1 ? 'line' : 'lines'}, run exactly as they stand here:`),
    ],
    ...verbatim(lines, columns, theme),
  ];
};

/** Everything that is to be known of a step before it runs. */
export const cardRows = (view: EngineView, step: StepView, columns: number, theme: Theme): readonly Row[] => {
  const address = view.hosts.find((host) => host.alias === step.host)?.address;
  const clients = clientsOf(view, step);
  const where = `${step.host}${address === undefined ? '' : ` (${address})`}, as ${step.as}`;
  const tone = step.asksName !== null ? 'bad' : step.danger === 'changes' ? 'strong' : 'good';
  return [
    ...proseRows(step.title, columns, 'strong'),
    ...dangerRows(view, step, columns),
    ...(view.approval?.step === step.id
      ? labelled(
          'Approval',
          approvalWords(view.approval),
          columns,
          view.approval.given === null ? 'warn' : 'good',
        )
      : []),
    ...(clients === null ? [] : clientRows(clients, columns)),
    ...statusRows(step, columns),
    ...resumedRows(view, step, columns),
    ...togetherRows(view, step, columns),
    ...labelled('Where', where, columns, 'strong'),
    ...labelled('Does', dangerSentence(step), columns, tone),
    ...labelled('Why', step.reason, columns),
    ...labelled('Guide', guideText(step), columns),
    ...scriptRows(step, columns, theme),
    ...labelledList('Before', step.before, columns),
    ...labelledList('After', step.after, columns),
    ...(step.expectedMs === null
      ? []
      : labelled(
          'Takes',
          `${takesWords(step, step.expectedMs)}, from what was measured on these hosts`,
          columns,
        )),
    ...(view.deadline?.late.has(step.id) === true
      ? labelled('Window', lateWords(view.deadline), columns, 'warn')
      : []),
    ...labelledList('Warnings', step.notes, columns),
    ...(step.givesUp === null ? [] : labelled('Gives up', step.givesUp.text, columns, 'bad')),
    ...labelled('Undo', undoWords(step.undo), columns),
    ...othersRows(view, step, columns, theme),
  ];
};

/** The line under the card that never scrolls away: what Enter does. */
export const enterSentence = (view: EngineView, step: StepView, columns: number): Row => {
  const waits = view.stage.kind === 'confirm' && view.stage.step === step.id;
  if (!waits) {
    if (view.stage.kind === 'watching') return [span('Read-only: nothing runs from here.', 'dim')];
    if (step.status.kind === 'failed')
      return [span('This step has failed: o shows the failure and the choices.', 'warn')];
    if (step.status.kind === 'done') return [span('Done.', 'good')];
    if (step.status.kind === 'skipped') return [span('Skipped.', 'warn')];
    return [span('Not its turn yet: nothing runs from here.', 'dim')];
  }
  if (view.runsOn !== null) return [span('It runs on without asking; Esc: ask again.', 'warn')];
  if (step.script === null) return [span('Nothing can run yet: the script is not known.', 'warn')];
  if (step.asksName !== null) {
    const danger = span(` ${nameAskedWords[step.asksName]} `, 'danger');
    if (awaitsApproval(view, step.id)) return [danger, span('  It waits for a second person.', 'bad')];
    const long: Row = [danger, span(`  Enter asks for the host's name first.`, 'bad')];
    const ends = view.clients === null ? [] : [[...long, span('  t: terminate clients.')]];
    const short: Row = [danger, span('  Enter asks for its name.', 'bad')];
    return [...ends, long].find((row) => rowWidth(row) <= columns) ?? short;
  }
  if (step.optional) return [span('Optional: Enter goes on without it; e runs it.', 'strong')];
  const together = togetherNow(view);
  if (together !== null) {
    const words = (hosts: 'named' | 'counted'): Row => [
      span(
        `Enter runs ${stepsOnHosts(view, together, hosts)}${hasOrder(view, together) ? ', in their order' : ', side by side'}.`,
        'strong',
      ),
    ];
    // The card and the footer name e, too; the card names every host.
    const wordings: readonly Row[] = [[...words('named'), span('  e: this one alone.')], words('named')];
    return wordings.find((row) => rowWidth(row) <= columns) ?? words('counted');
  }
  return [span(`Enter runs this script on ${step.host} as ${step.as}.`, 'strong')];
};

const exitText = (failure: StepFailure): string =>
  failure.exitCode === null ? 'none (not started, or outcome unknown)' : `code ${failure.exitCode}`;

/** Everything that is to be known of a failure before choosing how to go on. */
export const failureRows = (
  view: EngineView,
  step: StepView,
  failure: StepFailure,
  columns: number,
  theme: Theme,
): readonly Row[] => [
  ...proseRows(`${step.title} on ${step.host}`, columns, 'strong'),
  ...causeLines(failure).flatMap((says, at) =>
    proseRows(says, columns - 2, at === 0 ? 'bad' : 'strong').map((row): Row => [span('▌ ', 'bad'), ...row]),
  ),
  ...labelled('Failed', failure.problem.what, columns, 'bad'),
  ...(failure.probe === null ? [] : labelled('Servers', standsWords(failure.probe), columns)),
  ...labelled('Do', failure.problem.remedy, columns, 'strong'),
  ...labelled('Rollback', verdictWords(view.verdict), columns, verdictTone(view.verdict)),
  ...labelled('Exit', exitText(failure), columns),
  ...labelledList(
    'Not met',
    failure.unmet.map(({ says, found }) => `${says} (found: ${found})`),
    columns,
  ),
  ...labelledList('Custom', behindFailureLines(view, failure), columns),
  ...(failure.problem.cause === undefined ? [] : labelled('Cause', failure.problem.cause, columns)),
  ...(failure.lastLines.length === 0 ? [] : [[span('Last lines of the output:', 'dim')]]),
  ...verbatim(failure.lastLines, columns, theme),
  ...failure.causes.flatMap(({ path, lines }) => [
    ...labelled('In', path, columns, 'strong'),
    ...verbatim(lines, columns, theme),
  ]),
];

/** The line under a failure that never scrolls away. */
export const choicesRow: Row = [
  span('a', 'strong'),
  span(' retry  '),
  span('s', 'strong'),
  span(' skip  '),
  span('p', 'strong'),
  span(' mark as done  '),
  span('r', 'strong'),
  span(' rollback  '),
  span('o', 'strong'),
  span(' output'),
];
