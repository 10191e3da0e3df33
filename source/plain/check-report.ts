import { isOnline } from '../cluster/facts.ts';
import type { Problem } from '../cluster/result.ts';
import { catalogue } from '../runbook/checks/catalogue.ts';
import type { Finding } from '../runbook/checks/check.ts';
import type { NotSeen, Readiness } from '../runbook/checks/judge.ts';
import { phasesOf, type Step } from '../runbook/language/step.ts';
import { type FailedStepAhead, failedStepsAhead } from '../runbook/steps/custom-failed.ts';
import { dryRunWords, withRehearsal } from '../runbook/timing/dry-run.ts';
import { type Estimates, estimate, expectedDowntime } from '../runbook/timing/estimates.ts';
import { measurementsOf } from '../runbook/timing/measurements.ts';
import { choiceWords, type RebuildChoice, rebuildChoices } from '../runbook/timing/rebuild-choice.ts';
import { lengthOf } from '../runbook/timing/schedule.ts';
import { upgradeRunbook } from '../runbook/upgrade.ts';
import { type CheckResult, versionsOf } from '../usecases/check/check.ts';
import { padRight, tame, took, wrapWords } from '../wording/text.ts';

const columns = 110;

export const readinessWords: Readonly<Record<Readiness, string>> = {
  ready: 'READY',
  'ready-with-warnings': 'READY WITH WARNINGS',
  blocked: 'BLOCKED',
  unseen: 'INCOMPLETE',
};

const lines = (all: readonly string[]): string => all.map((line) => `${tame(line)}\n`).join('');

const labelled = (label: string, text: string): readonly string[] =>
  wrapWords(tame(text), columns - 13).map(
    (line, index) => `    ${padRight(index === 0 ? label : '', 8)} ${line}`,
  );

/** The same thing found on several hosts is told once, and each check's reason once. */
const findingLines = (findings: readonly Finding[]): readonly string[] => {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.check, finding.found, finding.remedy, finding.command]);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  const explained = new Set<string>();
  return [...groups.values()].flatMap((group) => {
    const [finding] = group;
    if (finding === undefined) return [];
    const hosts = group.map((one) => one.host ?? 'the cluster').join(', ');
    const mark = finding.severity === 'blocker' ? '✗ blocker' : '! warning';
    const first = !explained.has(finding.check);
    explained.add(finding.check);
    return [
      `  ${mark}  ${padRight(finding.check, 24)} ${hosts}`,
      ...labelled('found', finding.found),
      ...(first ? labelled('why', finding.why) : []),
      ...labelled('do', finding.remedy),
      ...(finding.command === null ? [] : [`    ${padRight('', 8)} $ ${finding.command}`]),
    ];
  });
};

const notSeenLines = (notSeen: readonly NotSeen[]): readonly string[] => {
  const because = new Map<string, string[]>();
  for (const one of notSeen) {
    const key = `${one.host ?? 'the cluster'}: ${one.because}`;
    because.set(key, [...(because.get(key) ?? []), one.check]);
  }
  return [...because].flatMap(([key, checks]) => [
    `  ? ${key}`,
    ...labelled('', `not checked: ${checks.join(', ')}`),
  ]);
};

const duration = (seconds: number): string => took(seconds * 1000);

/** What the check expects: by the rule that plan, window and report go by, from what it has just measured. */
interface CheckEstimate {
  /** What it rests on: the last rehearsal, or what this check has measured. */
  readonly from: string;
  readonly runbook: readonly Step[];
  readonly estimates: Estimates;
  readonly downtimeSeconds: number;
  /** Own steps that run only if a step fails: counted in none of it. */
  readonly onFailure: readonly FailedStepAhead[];
  /** By the online method: it pauses within one step. */
  readonly pauses: boolean;
}

const estimateLines = ({
  runbook,
  estimates,
  downtimeSeconds,
  from,
  pauses,
  onFailure,
}: CheckEstimate): readonly string[] => [
  '',
  `Expected, ${from}, without the time to read and decide:`,
  pauses
    ? `  the application cannot write for ${duration(downtimeSeconds)} within the change of places, the whole window takes ${duration(estimates.windowSeconds)}`
    : `  the application cannot write for ${duration(downtimeSeconds)}, the whole window takes ${duration(estimates.windowSeconds)}`,
  ...phasesOf(runbook).flatMap(({ id, title }) => {
    const steps = runbook.filter((step) => step.phase === id && !step.optional);
    const [longest] = steps.toSorted(
      (one, other) => (estimates.steps.get(other.id) ?? 0) - (estimates.steps.get(one.id) ?? 0),
    );
    if (longest === undefined) return [];
    const seconds = lengthOf(steps.map((step) => estimates.spans.get(step.id)));
    const most = `, most of it ${longest.host} ${longest.title} (${duration(estimates.steps.get(longest.id) ?? 0)})`;
    return [
      `  ${id} ${padRight(title, 14)} ${padRight(duration(seconds), 7)}${steps.length > 1 ? most : ''}`,
    ];
  }),
  ...estimates.assumed.map((one) => `  (${one})`),
  ...onFailure.map(
    ({ title, host, when, expectedSeconds, timeoutSeconds }) =>
      `  If a step fails, not counted: “${title}” on ${host}, ${when === 'shown' ? 'as soon as the failure is shown' : 'when the run is left'}, ${duration(expectedSeconds)}, ${duration(timeoutSeconds)} at most`,
  ),
];

const estimatesOf = ({ facts, evidence, rehearsal }: CheckResult): CheckEstimate | null => {
  if (facts === null) return null;
  const runbook = upgradeRunbook(facts);
  const basis = withRehearsal(facts, { measurements: measurementsOf(evidence), dryRun: null }, rehearsal);
  return {
    runbook,
    from: `${basis.dryRun === null ? '' : `${dryRunWords(basis.dryRun)}, else `}from what was measured here`,
    estimates: estimate(facts, basis.measurements, runbook),
    downtimeSeconds: expectedDowntime(facts, basis, runbook)?.seconds ?? 0,
    onFailure: failedStepsAhead(facts),
    pauses: isOnline(facts),
  };
};

const choicesOf = ({ facts, evidence }: CheckResult): readonly RebuildChoice[] =>
  facts === null ? [] : rebuildChoices(facts, measurementsOf(evidence));

const tenths = (seconds: number | null): number | null =>
  seconds === null ? null : Math.round(seconds * 10) / 10;

/** What `check` says to a person. */
export const checkText = (name: string, result: CheckResult): string => {
  const { judgment } = result;
  const versions = versionsOf(result.facts);
  const blockers = judgment.findings.filter((finding) => finding.severity === 'blocker').length;
  const warnings = judgment.findings.length - blockers;
  const estimated = estimatesOf(result);
  return lines([
    `${name}${versions === null ? '' : `  ${versions.from} → ${versions.to} (${result.facts?.mode ?? ''})`}  ${result.evidence.hosts.length} hosts, ${catalogue.length} checks, ${took(result.tookMs)}`,
    '',
    ...findingLines(judgment.findings),
    ...(judgment.accepted.length === 0
      ? []
      : [
          `  accepted in the cluster file: ${[...new Set(judgment.accepted.map((one) => one.check))].join(', ')}`,
        ]),
    ...notSeenLines(judgment.notSeen),
    ...(estimated === null ? [] : estimateLines(estimated)),
    ...choicesOf(result).map((choice) => `  ${choiceWords(choice)}`),
    '',
    `${readinessWords[judgment.outcome]}: ${blockers} blockers, ${warnings} warnings, ${judgment.passed.length} checks passed`,
  ]);
};

/** What a check has found, as one value for scripts. */
export const checkValue = (name: string, result: CheckResult) => {
  const { judgment } = result;
  const estimated = estimatesOf(result);
  return {
    cluster: name,
    outcome: judgment.outcome,
    ...versionsOf(result.facts),
    mode: result.facts?.mode ?? null,
    findings: judgment.findings,
    accepted: judgment.accepted,
    notSeen: judgment.notSeen,
    passed: judgment.passed,
    estimates:
      estimated === null
        ? null
        : {
            downtimeSeconds: estimated.downtimeSeconds,
            windowSeconds: Math.round(estimated.estimates.windowSeconds * 10) / 10,
            steps: Object.fromEntries(
              [...estimated.estimates.steps].map(([id, seconds]) => [id, Math.round(seconds * 10) / 10]),
            ),
            assumed: estimated.estimates.assumed,
            onFailure: Object.fromEntries(
              estimated.onFailure.map(({ name, expectedSeconds }) => [name, tenths(expectedSeconds)]),
            ),
          },
    secondaries: choicesOf(result).map((one) => ({
      ...one,
      backupSeconds: tenths(one.backupSeconds),
      linkSeconds: tenths(one.linkSeconds),
    })),
    measured: Object.fromEntries(measurementsOf(result.evidence)),
    tookSeconds: Math.round(result.tookMs / 100) / 10,
  };
};

/** The same for scripts. */
export const checkJson = (name: string, result: CheckResult): string =>
  `${JSON.stringify(checkValue(name, result), null, 2)}\n`;

/** Of a cluster that could not be inspected. */
export const couldNotInspectValue = (problems: readonly Problem[]) => ({
  outcome: 'unseen' as const,
  findings: [],
  problems,
});

export const couldNotInspectJson = (problems: readonly Problem[]): string =>
  `${JSON.stringify(couldNotInspectValue(problems), null, 2)}\n`;

/** `check --list`. */
export const catalogueText = (): string =>
  lines(catalogue.map((check) => `${padRight(check.severity, 8)} ${padRight(check.id, 25)} ${check.title}`));

export const catalogueJson = (): string =>
  `${JSON.stringify(
    catalogue.map(({ id, severity, title, scope, why, source }) => ({
      id,
      severity,
      title,
      scope,
      why,
      source,
    })),
    null,
    2,
  )}\n`;
