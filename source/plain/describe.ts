import { takes } from '../console/rows/rollback.ts';
import { stepNumber } from '../console/state/selectors.ts';
import type { EngineView, RollbackPreview, StepFailure, StepView } from '../engine/view/controller.ts';
import { lateWords } from '../engine/view/deadline-view.ts';
import { phases } from '../runbook/language/step.ts';
import { undoWords } from '../runbook/language/undo.ts';
import { approvalWords } from '../wording/approval.ts';
import { nameAskedWords, takesWords } from '../wording/danger.ts';
import { causeLines, standsWords } from '../wording/failure-cause.ts';

const dangers = {
  reads: 'only reads',
  changes: 'changes this host',
  'point-of-no-return': 'IRREVERSIBLE',
} as const;

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `    ${line}`);

/** `Step 12 of 59, node_1` … everything that is to be known of a step before it runs, in lines. */
export const describeStep = (view: EngineView, step: StepView): readonly string[] => {
  const phase = phases.find(({ id }) => id === step.phase);
  const differs = step.guide.deviation === undefined ? '' : ` Deviation: ${step.guide.deviation}`;
  const script =
    step.script === null
      ? [`not known yet: ${step.scriptNeeds ?? 'an earlier step must run first'}`]
      : step.script.replace(/\n$/, '').split('\n');
  return [
    '',
    ...(view.banner === undefined ? [] : [`${view.banner}: no real server is touched.`]),
    `Step ${stepNumber(view, step.id)} of ${view.steps.length}, ${step.host}: ${step.title}${step.optional ? ' (optional)' : ''}`,
    `  Phase:  ${step.phase} ${phase?.title ?? ''}`,
    `  Does:   ${dangers[step.danger]}, as ${step.as}`,
    ...(step.asksName === null ? [] : [`  Typed:  ${nameAskedWords[step.asksName]}`]),
    `  Why:    ${step.reason}`,
    `  Guide:  ${step.guide.step ?? 'not in the guide'}.${differs}`,
    ...step.before.map((says) => `  Before: ${says}`),
    ...step.after.map((says) => `  After:  ${says}`),
    ...(step.expectedMs === null ? [] : [`  Takes:  ${takesWords(step, step.expectedMs)}`]),
    ...(view.approval?.step === step.id ? [`  Approval: ${approvalWords(view.approval)}`] : []),
    ...(view.deadline?.late.has(step.id) === true ? [`  Window: ${lateWords(view.deadline)}`] : []),
    ...step.notes.map((note) => `  Warning: ${note}`),
    ...(step.givesUp === null ? [] : [`  Gives up: ${step.givesUp.text}`]),
    `  Undo:   ${undoWords(step.undo)}`,
    '  Script:',
    ...indented(script),
  ];
};

/** What a rollback is, before its first step is asked for. */
export const describeRollback = (preview: RollbackPreview): readonly string[] => [
  '',
  `Rollback: ${preview.verdict.says}`,
  `  Why:    ${preview.why}`,
  ...(preview.journalSays === null ? [] : [`  Journal: ${preview.journalSays}`]),
  ...(preview.steps.length === 0 ? [] : [`  Takes:  ${takes(preview)}`]),
  ...preview.steps.map(
    (step, at) =>
      `  ${String(at + 1).padStart(3)}. ${step.host}: ${step.title}${step.asksName === null ? '' : ` (${nameAskedWords[step.asksName]})`}`,
  ),
];

/** A failure with everything that is needed to choose how to go on. */
export const describeFailure = (
  view: EngineView,
  step: StepView,
  failure: StepFailure,
): readonly string[] => [
  '',
  `${failure.silent?.waits === true ? 'WAITS' : 'FAILED'}: step ${stepNumber(view, step.id)}, ${step.host}: ${failure.problem.what}`,
  ...causeLines(failure).map((says, at) => (at === 0 ? `  Error:     ${says}` : `             ${says}`)),
  `  Do:        ${failure.problem.remedy}`,
  ...(failure.silent?.waits === true
    ? []
    : [`  Exit code: ${failure.exitCode ?? 'none (not started, or outcome unknown)'}`]),
  ...(failure.problem.cause === undefined ? [] : [`  Cause:     ${failure.problem.cause}`]),
  ...(failure.probe === null ? [] : [`  Servers:   ${standsWords(failure.probe)}`]),
  ...failure.unmet.map(({ says, found }) => `  Failed:    ${says} (found: ${found})`),
  ...(failure.lastLines.length === 0 ? [] : ['  Last lines:', ...indented(failure.lastLines)]),
  ...failure.causes.flatMap(({ path, lines }) => [`  ${path}:`, ...indented(lines)]),
];
