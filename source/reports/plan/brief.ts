import { bytes, took } from '../../cluster/amounts.ts';
import { theLogin } from '../../cluster/login.ts';
import { localTime } from '../../cluster/times.ts';
import { dryRunWords } from '../../runbook/timing/dry-run.ts';
import { bullets, escapedProse, inlineCode, page, pipeTable } from '../markdown.ts';
import type { Plan, PlannedStep } from './shape.ts';
import {
  downtimeEnds,
  failedMomentWords,
  onFailureSays,
  onFailureTitle,
  pauseWords,
  plannedRole,
  pointsOfNoReturn,
  windowEndSentence,
} from './words.ts';

/** The plan on two pages, for whoever approves the change: no reason, condition or script of a step. */

const seconds = (count: number): string => took(count * 1000);

const clusterTable = (plan: Plan): string =>
  pipeTable(
    ['host', 'role', 'reached at', 'PostgreSQL', 'old cluster stays in', 'data', 'free'],
    plan.hosts.map((host) => [
      inlineCode(host.host),
      plannedRole(host),
      inlineCode(host.address),
      `${escapedProse(host.from)} → ${escapedProse(host.to)}`,
      inlineCode(host.oldDataStaysIn),
      host.dataBytes === null ? 'not measured' : bytes(host.dataBytes),
      host.freeBytes === null ? 'not measured' : bytes(host.freeBytes),
    ]),
  );

const outcomeWords: Readonly<Record<NonNullable<Plan['check']>['outcome'], string>> = {
  ready: 'READY',
  'ready-with-warnings': 'READY WITH WARNINGS',
  blocked: 'BLOCKED',
  unseen: 'INCOMPLETE',
};

const shownFindings = 8;
const foundLength = 160;
const shortened = (text: string): string =>
  text.length > foundLength ? `${text.slice(0, foundLength - 1)}…` : text;

const checkWords = ({ check }: Plan): string => {
  if (check === null)
    return 'No check of this cluster is known on this machine. Run `pgaf-upgrade check` before the change is approved.';
  const blockers = check.findings.filter((one) => one.severity === 'blocker');
  const warnings = check.findings.filter((one) => one.severity === 'warning');
  const found = [...blockers, ...warnings];
  const more = found.length - shownFindings;
  return page(
    `**${outcomeWords[check.outcome]}** on ${escapedProse(localTime(check.at))}: ${blockers.length} blockers, ${warnings.length} warnings, ${check.passed} checks passed.`,
    found.length === 0
      ? null
      : bullets([
          ...found
            .slice(0, shownFindings)
            .map((one) =>
              escapedProse(
                `${one.severity}: ${one.check}${one.host === null ? '' : ` on ${one.host}`}: ${shortened(one.found)}`,
              ),
            ),
          ...(more > 0 ? [`and ${more} more; \`pgaf-upgrade check\` lists them`] : []),
        ]),
    check.accepted.length === 0
      ? null
      : `Accepted in the cluster file: ${check.accepted.map(inlineCode).join(', ')}.`,
  ).trimEnd();
};

const downtimeWords = (plan: Plan): readonly string[] => {
  const downtime = downtimeEnds(plan);
  const pause = pauseWords(plan);
  const { estimates } = plan;
  return [
    downtime === null
      ? 'No downtime is expected.'
      : pause !== null
        ? `**The application ${pause}.**`
        : `**The application cannot write for about ${seconds(estimates.downtimeSeconds)}** (${escapedProse(dryRunWords(estimates.dryRun))}), from step ${downtime.from.number} to step ${downtime.to.number}, and for the time that people take to confirm in between. One step after the other it is about ${seconds(estimates.oneByOne.downtimeSeconds)}.`,
    `The window, phases B to I, takes about ${seconds(estimates.windowSeconds)}. Phase A changes nothing of the running cluster.`,
    ...[windowEndSentence(plan)].flatMap((says) => (says === null ? [] : [escapedProse(says)])),
    ...plan.hosts.flatMap((host) => (host.rebuild === null ? [] : [escapedProse(`${host.rebuild.words}.`)])),
    ...estimates.assumed.map((one) => escapedProse(`${one}.`)),
  ];
};

const dangerCell = (step: PlannedStep): string => {
  if (step.writes === 'stop') return '**downtime begins**';
  if (step.danger === 'point-of-no-return') return '**IRREVERSIBLE**';
  if (step.writes === 'pause' && !step.optional) return '**writes pause**';
  if (step.writes === 'resume') return '**downtime ends; from here a rollback loses new writes**';
  return step.optional ? 'optional' : '';
};

/** Steps that follow one another, in one row: of several hosts with the same title, or of one host where none is dangerous. */
interface StepRow {
  readonly from: number;
  readonly to: number;
  readonly hosts: readonly string[];
  readonly titles: readonly string[];
  readonly seconds: number;
  readonly danger: string;
}

const mostTitles = 5;

const rowOf = (step: PlannedStep): StepRow => ({
  from: step.number,
  to: step.number,
  hosts: [step.host],
  titles: [step.title],
  seconds: step.estimateSeconds,
  danger: dangerCell(step),
});

/** Both in one row; null: they need one each. */
const joined = (row: StepRow, step: PlannedStep): StepRow | null => {
  const one = rowOf(step);
  if (row.danger !== one.danger) return null;
  if (row.titles.length === 1 && row.titles[0] === step.title && !row.hosts.includes(step.host))
    return {
      ...row,
      to: step.number,
      hosts: [...row.hosts, step.host],
      seconds: Math.max(row.seconds, one.seconds),
    };
  const harmless = row.danger === '' && row.hosts.length === 1 && row.hosts[0] === step.host;
  return harmless && row.titles.length < mostTitles
    ? { ...row, to: step.number, titles: [...row.titles, step.title], seconds: row.seconds + one.seconds }
    : null;
};

const rowsOf = (steps: readonly PlannedStep[]): readonly StepRow[] => {
  const rows: StepRow[] = [];
  for (const step of steps) {
    const last = rows.at(-1);
    const both = last === undefined ? null : joined(last, step);
    if (both === null) rows.push(rowOf(step));
    else rows[rows.length - 1] = both;
  }
  return rows;
};

const stepTable = (plan: Plan): string =>
  pipeTable(
    ['step', 'host', 'what', 'about', 'danger'],
    plan.phases.flatMap((phase) => [
      [
        `**${phase.id}**`,
        '',
        `**${escapedProse(phase.title)}**`,
        `**${seconds(phase.estimateSeconds)}**`,
        '',
      ],
      ...rowsOf(plan.steps.filter((step) => step.phase === phase.id)).map((row) => [
        row.from === row.to ? String(row.from) : `${row.from}–${row.to}`,
        row.hosts.map(escapedProse).join(', '),
        row.titles.map(escapedProse).join('; '),
        seconds(row.seconds),
        row.danger,
      ]),
    ]),
  );

/** Phases behind which a rollback means the same: one row. */
const rollbackTable = (plan: Plan): string => {
  const rows: { from: string; to: string; says: string }[] = [];
  for (const { id, rollback } of plan.phases) {
    const last = rows.at(-1);
    if (last?.says === rollback.says) last.to = id;
    else rows.push({ from: id, to: id, says: rollback.says });
  }
  return pipeTable(
    ['after phase', 'rollback'],
    rows.map(({ from, to, says }) => [from === to ? from : `${from} to ${to}`, escapedProse(says)]),
  );
};

/** Own steps that stand in no phase; null: the cluster file has none. */
const onFailure = ({ onFailure: own }: Plan): string | null =>
  own.length === 0
    ? null
    : page(
        `## ${onFailureTitle}`,
        onFailureSays,
        pipeTable(
          ['own step', 'host', 'as', 'runs', 'about', 'ended after'],
          own.map((step) => [
            escapedProse(step.title),
            inlineCode(step.host),
            inlineCode(step.as),
            failedMomentWords[step.when],
            seconds(step.estimateSeconds),
            seconds(step.timeoutSeconds),
          ]),
        ),
      ).trimEnd();

/** The cluster's user first; a host may have another. */
const usersOf = (plan: Plan): readonly string[] => [
  ...new Set([
    plan.cluster.postgres,
    ...[...plan.steps, ...plan.onFailure]
      .map((step) => step.as)
      .filter((as) => as !== 'root' && as !== theLogin),
  ]),
];

const needs = (plan: Plan): readonly string[] => {
  const typed = pointsOfNoReturn(plan);
  return [
    `SSH to every host, with the right to become ${usersOf(plan).map(inlineCode).join(', ')}${[...plan.steps, ...plan.onFailure].some((step) => step.as === 'root') ? ' and root' : ''}.`,
    `PostgreSQL ${escapedProse(plan.hosts[0]?.to ?? plan.cluster.to)} with pg\\_auto\\_failover installed on every host.`,
    'A backup that was restored once, and a new base backup after the upgrade: backups of the old version cannot be restored into the new one.',
    typed.length === 0
      ? 'Somebody at the keyboard, or `--yes` with the cluster’s name.'
      : `Somebody at the keyboard, or \`--yes\` with the cluster’s name. Irreversible: ${typed.map((step) => `step ${step.number} (${escapedProse(step.title)})`).join(', ')}.`,
    'Some days later `pgaf-upgrade cleanup`: until then the old clusters take their room.',
  ];
};

/** The plan on two pages. */
export const planBrief = (plan: Plan): string => {
  const { cluster } = plan;
  const done = plan.steps.filter((step) => step.state === 'done').length;
  return page(
    `# Upgrade of ${escapedProse(cluster.name)}: PostgreSQL ${escapedProse(cluster.from)} → ${escapedProse(cluster.to)}, in brief`,
    `Made by pgaf-upgrade plan --brief on ${escapedProse(localTime(plan.madeAt))}; nothing was changed. ${plan.steps.length} steps on ${plan.hosts.length} hosts; \`pgaf-upgrade plan\` has every script, its conditions and what undoes it.${done === 0 ? '' : ` ${done} steps are done already.`}`,
    '## Cluster',
    `Formation ${inlineCode(cluster.formation)}, pg\\_auto\\_failover ${inlineCode(cluster.autoctlExtension)}, ${inlineCode(`pg_upgrade --${cluster.mode}`)}. Rollback now: ${escapedProse(plan.rollbackNow)}.`,
    clusterTable(plan),
    '## Checks',
    checkWords(plan),
    '## Downtime',
    bullets(downtimeWords(plan)),
    '## Steps',
    stepTable(plan),
    'Hosts in one row run in parallel: the longest counts. Phases overlap: their times do not add up to the window.',
    '## Rollback',
    rollbackTable(plan),
    onFailure(plan),
    '## What is needed',
    bullets(needs(plan)),
  );
};
