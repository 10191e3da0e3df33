import { bytes, took } from '../../cluster/amounts.ts';
import { localTime } from '../../cluster/times.ts';
import { guideIs, publishedGuide } from '../../runbook/guide.ts';
import { dryRunWords } from '../../runbook/timing/dry-run.ts';
import { block, bullets, escapedProse, inlineCode, page, pipeTable } from '../markdown.ts';
import { holdsRecord, withoutRecord } from '../record.ts';
import type { Plan, PlannedOnFailure, PlannedStep } from './shape.ts';
import {
  dangerWords,
  downtimeEnds,
  failedMomentWords,
  guideWords,
  onFailureSays,
  onFailureTitle,
  parallelWords,
  pauseWords,
  plannedRole,
  pointsOfNoReturn,
  unresolvedWords,
  waitsWords,
  windowEndSentence,
  writesWords,
} from './words.ts';

const seconds = (count: number): string => took(count * 1000);
const size = (count: number | null): string => (count === null ? 'not measured' : bytes(count));

const systems = ({ cluster }: Plan): string =>
  cluster.groups === undefined
    ? inlineCode(cluster.systemIdentifier)
    : cluster.groups
        .map(({ group, systemIdentifier }) => `${inlineCode(systemIdentifier)} (group ${group})`)
        .join(', ');

const hosts = (plan: Plan): string =>
  pipeTable(
    [
      'host',
      'role',
      'reached at',
      'PostgreSQL',
      'data directory',
      'new cluster made in',
      'old one stays in',
      'unit',
      'data',
      'WAL',
      'free',
    ],
    plan.hosts.map((host) => [
      inlineCode(host.host),
      plannedRole(host),
      inlineCode(`${host.address}, PostgreSQL on ${host.port}`),
      `${escapedProse(host.from)} → ${escapedProse(host.to)}`,
      inlineCode(host.data),
      inlineCode(host.newData),
      inlineCode(host.oldDataStaysIn),
      host.unit === null ? 'none' : inlineCode(host.unit),
      size(host.dataBytes),
      size(host.walBytes),
      size(host.freeBytes),
    ]),
  );

const tablespaces = (plan: Plan): string | null => {
  const rows = plan.hosts.flatMap((host) =>
    host.tablespaces.map((one) => [
      inlineCode(host.host),
      inlineCode(one.location),
      inlineCode(one.oldPartStaysIn),
    ]),
  );
  return rows.length === 0
    ? null
    : pipeTable(['host', 'tablespace in', 'the old cluster’s part stays in'], rows);
};

const databases = (plan: Plan): string | null => {
  const rows = plan.hosts
    .filter((host) => host.role !== 'secondary')
    .flatMap((host) =>
      host.databases.map((database) => [
        inlineCode(host.host),
        inlineCode(database.name),
        bytes(database.bytes),
        database.extensions.map((one) => inlineCode(`${one.name} ${one.version}`)).join(', ') || 'none',
      ]),
    );
  return rows.length === 0 ? null : pipeTable(['host', 'database', 'size', 'extensions'], rows);
};

const secondariesWords = (plan: Plan): string => {
  const linked = plan.hosts.filter((host) => host.rebuild?.way === 'hard-link').map((host) => host.host);
  return linked.length === 0
    ? 'the secondaries are copied anew'
    : `${linked.map(inlineCode).join(', ')} by hard links, the other secondaries copied anew`;
};

const stepPlace = (step: PlannedStep): string =>
  `step ${step.number} (${escapedProse(step.host)}: ${escapedProse(step.title)})`;

const expected = (plan: Plan): string => {
  const downtime = downtimeEnds(plan);
  const pause = pauseWords(plan);
  return page(
    bullets([
      downtime === null
        ? 'No downtime is foreseen.'
        : pause !== null
          ? `**The application ${pause}.** Measured: docs/online.md.`
          : `**The application cannot write for about ${seconds(plan.estimates.downtimeSeconds)}** (${escapedProse(dryRunWords(plan.estimates.dryRun))}), from ${stepPlace(downtime.from)} to ${stepPlace(downtime.to)}, and whatever time people take in between to read and confirm. One step after the other, as by hand, it is about ${seconds(plan.estimates.oneByOne.downtimeSeconds)}.`,
      `The window, phases B to I, takes about ${seconds(plan.estimates.windowSeconds)} (one step after the other: ${seconds(plan.estimates.oneByOne.windowSeconds)}), without the time that people take. Phase A changes nothing of the running cluster and can be done in daylight.`,
      ...[windowEndSentence(plan)].flatMap((says) => (says === null ? [] : [escapedProse(says)])),
      'Where a step says that it may run at the same time as others, none of them waits for the other: pgaf-upgrade run starts them with one confirmation, each in its turn, and begins what comes behind only when all of them are over. One after the other, in the order of their numbers, is as safe, and takes longer.',
      ...plan.hosts.flatMap((host) =>
        host.rebuild === null ? [] : [escapedProse(`${host.rebuild.words}.`)],
      ),
      ...plan.estimates.assumed.map(escapedProse),
    ]),
    pipeTable(
      ['phase', 'what', 'about', 'the rollback once it is over'],
      plan.phases.map((phase) => [
        `${phase.id} ${escapedProse(phase.title)}`,
        escapedProse(phase.says),
        seconds(phase.estimateSeconds),
        escapedProse(phase.rollback.says),
      ]),
    ),
    'Each phase is counted from its first step to the end of its last. Phases overlap where their steps may run at the same time: these times do not add up to the window.',
  ).trimEnd();
};

const noReturn = (plan: Plan): string => {
  const points = pointsOfNoReturn(plan);
  if (points.length === 0)
    return 'There is none: until the clean-up the old directories are whole. What the application writes on the new version is lost by a rollback.';
  return bullets(
    points.map(
      (step) =>
        `**Step ${step.number}**, ${escapedProse(step.title)}, on ${escapedProse(step.host)}: ${escapedProse(step.givesUp ?? '')}`,
    ),
  );
};

const line = (label: string, text: string | null): string | null =>
  text === null ? null : `**${label}:** ${text}`;

const list = (label: string, all: readonly string[]): string | null =>
  all.length === 0 ? null : `**${label}**\n\n${bullets(all.map(escapedProse))}`;

const marks = (step: PlannedStep): string =>
  [
    step.danger === 'point-of-no-return' ? `**${dangerWords[step.danger]}**` : dangerWords[step.danger],
    step.optional ? 'optional' : null,
    step.state === 'pending'
      ? null
      : step.state === 'done'
        ? 'the servers show it done'
        : 'the servers show it half done',
    `about ${seconds(step.estimateSeconds)}`,
  ]
    .filter((one) => one !== null)
    .join(' · ');

/** The record is in the script of every host; on paper the first one is enough. */
const shownScript = (plan: Plan, step: PlannedStep, text: string): string => {
  const first = plan.steps.find((one) => one.script.kind === 'ready' && holdsRecord(one.script.text));
  return first === undefined || first === step
    ? text
    : withoutRecord(text, `here stands the record, as in step ${first.number}`);
};

const stepPage = (plan: Plan, step: PlannedStep): string => {
  const order = [waitsWords(step), parallelWords(step)].filter((one) => one !== null).join('; ');
  const writes = writesWords[step.writes];
  return page(
    `### ${step.number} · ${escapedProse(step.host)} · ${escapedProse(step.title)}`,
    `${inlineCode(step.id)} on ${inlineCode(step.host)} as ${inlineCode(step.as)} · ${marks(step)}`,
    writes === null ? null : `**${escapedProse(`${writes.charAt(0).toUpperCase()}${writes.slice(1)}`)}.**`,
    escapedProse(step.reason),
    line('Guide', escapedProse(guideWords(step))),
    line('Gives up', step.givesUp === null ? null : escapedProse(step.givesUp)),
    line('Order', order === '' ? null : escapedProse(order)),
    list('Must hold before', step.before),
    step.script.kind === 'ready'
      ? block(shownScript(plan, step, step.script.text), 'sh')
      : `*${escapedProse(unresolvedWords(step.script.needs))}*`,
    list(`Must hold after, within ${seconds(step.settleSeconds)}`, step.after),
    line('Undo', step.undoCommand === null ? escapedProse(step.undo) : inlineCode(step.undoCommand)),
    line(
      'If it fails, see',
      step.seeOnFailure.length === 0 ? null : step.seeOnFailure.map(inlineCode).join(', '),
    ),
  ).trimEnd();
};

const phasePage = (plan: Plan, phase: Plan['phases'][number]): string =>
  page(
    `## Phase ${phase.id}: ${escapedProse(phase.title)}`,
    `${escapedProse(phase.says)}; about ${seconds(phase.estimateSeconds)}.`,
    ...plan.steps.filter((step) => step.phase === phase.id).map((step) => stepPage(plan, step)),
    `**Rollback after phase ${phase.id}:** ${escapedProse(phase.rollback.says)}.`,
  ).trimEnd();

const onFailurePage = (step: PlannedOnFailure): string =>
  page(
    `### ${escapedProse(step.host)} · ${escapedProse(step.title)}`,
    `${inlineCode(`steps.${step.name}`)} on ${inlineCode(step.host)} as ${inlineCode(step.as)}, ${failedMomentWords[step.when]} · about ${seconds(step.estimateSeconds)}, ended after ${seconds(step.timeoutSeconds)}`,
    step.why === null ? null : escapedProse(step.why),
    block(step.script, 'sh'),
  ).trimEnd();

/** What stands in no phase; null: the cluster file has none. */
const onFailure = (plan: Plan): string | null =>
  plan.onFailure.length === 0
    ? null
    : page(`## ${onFailureTitle}`, onFailureSays, ...plan.onFailure.map(onFailurePage)).trimEnd();

/** The plan to attach to the change request. */
export const planMarkdown = (plan: Plan): string => {
  const { cluster } = plan;
  const done = plan.steps.filter((step) => step.state === 'done').length;
  return page(
    `# Upgrade of ${escapedProse(cluster.name)}: PostgreSQL ${escapedProse(cluster.from)} → ${escapedProse(cluster.to)}`,
    `Made by pgaf-upgrade on ${escapedProse(localTime(plan.madeAt))} from what the servers said then; nothing was changed. ${plan.steps.length} steps on ${plan.hosts.length} hosts.`,
    plan.underWay
      ? `**The upgrade is under way: ${done} of ${plan.steps.length} steps are done.** The facts are those from before it. Rollback now: ${escapedProse(plan.rollbackNow)}.`
      : done === 0
        ? null
        : `${done} of ${plan.steps.length} steps are done already, as the servers show. Rollback now: ${escapedProse(plan.rollbackNow)}.`,
    `${guideIs} [${escapedProse(publishedGuide.name)}](${publishedGuide.url}).`,
    '## The cluster',
    bullets([
      `Formation ${inlineCode(cluster.formation)}, pg\\_auto\\_failover’s extension ${inlineCode(cluster.autoctlExtension)}, ${inlineCode(`number_sync_standbys ${cluster.numberSyncStandbys}`)}`,
      `System identifier ${systems(plan)}; pg\\_upgrade with ${inlineCode(`--${cluster.mode}`)} and ${inlineCode(`--jobs ${cluster.jobs}`)} on the primary, ${inlineCode('--copy')} on the monitor; ${secondariesWords(plan)}`,
    ]),
    hosts(plan),
    tablespaces(plan),
    databases(plan),
    '## What is expected',
    expected(plan),
    '## Irreversible steps',
    noReturn(plan),
    '## What is measured and kept',
    bullets([
      'each step: who confirmed it and when, its script, exit code, duration and output; what the servers showed before and after',
      'the downtime, from the start of the stop’s command until the servers show that the primary takes writes again',
      'on primary and monitor, before the window, right before the stop of each, after the upgrade while nobody can write yet, and at the end: versions, settings, pg\\_hba rules, extensions, tables and rows (small tables counted, others estimated)',
      'pgaf-upgrade report writes the change-ticket report from it',
    ]),
    ...plan.phases.map((phase) => phasePage(plan, phase)),
    onFailure(plan),
  );
};
