import { randomBytes } from 'node:crypto';
import type { Evidence, HostEvidence } from '../../cluster/checks/evidence.ts';
import { isComplete, parseSections } from '../../cluster/checks/sections.ts';
import type { Config } from '../../cluster/config.ts';
import { type ClusterFacts, type HostFacts, primaryOf, userOn } from '../../cluster/facts.ts';
import { groupOfHost, groupsOf } from '../../cluster/formation.ts';
import { sh } from '../../cluster/fragment.ts';
import { theLogin } from '../../cluster/login.ts';
import { type Problem, problem, type Result } from '../../cluster/result.ts';
import { formationsOf } from '../../discover/cluster-facts.ts';
import { helperProblem } from '../../discover/helper.ts';
import { outsideTroubles } from '../../discover/outside.ts';
import type { OpenHost } from '../../discover/reach.ts';
import type { CheckResultKept } from '../../engine/journal/check-result.ts';
import { parseCrontabs } from '../../inspect/checks/parse.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { type DryRunOptions, dryRunScript } from '../../runbook/checks/dry-run-script.ts';
import { type CheckJudgment, judge } from '../../runbook/checks/judge.ts';
import {
  getsPrimaryFiles,
  parsePrimaryFiles,
  primaryFilesScript,
} from '../../runbook/checks/primary-files.ts';
import { rootScript, rootUser } from '../../runbook/shell/root-verbs.ts';
import { type Measurements, measurementsOf } from '../../runbook/timing/measurements.ts';
import type { RehearsalTimes } from '../../runbook/timing/rehearsed.ts';
import { inspectForChecks } from '../inspect-for-checks.ts';
import { rehearsalsLeft } from '../rehearsal-left.ts';
import { forgetJobScript } from './forget-job.ts';
import { survey } from './survey.ts';

export interface CheckOptions {
  readonly config: Config;
  readonly open: OpenHost;
  readonly say: (doing: string) => void;
  /** Keeps the initialised new directories on primary and monitor. */
  readonly keepNewDirectory: boolean;
}

export interface CheckResult {
  readonly facts: ClusterFacts | null;
  readonly evidence: Evidence;
  readonly judgment: CheckJudgment;
  readonly tookMs: number;
  /** The times of the last rehearsal, where this machine keeps them: they go before what was measured. */
  readonly rehearsal?: RehearsalTimes;
}

/** sudo's round trip: what the window needs root for. */
const askRoot = async (
  host: RemoteHost,
  needed: boolean,
  config: Config,
  its: HostFacts | null,
): Promise<Problem | null> => {
  if (!needed) return null;
  if (config.become.root === 'helper')
    return its === null
      ? null
      : helperProblem(host, { root: 'helper', postgres: config.become.postgres }, its);
  const answer = await host.run(sh`id -u`.text, { as: 'root', timeoutMs: 30_000 });
  if (!answer.ok) return answer.error;
  return answer.value.code === 0 && answer.value.stdout.trim() === '0'
    ? null
    : problem(
        `${host.alias}: sudo to root returned ${answer.value.stdout.trim().slice(0, 40)}.`,
        'Check sudo on that host.',
      );
};

/** Lines of crontabs that only root may read; none where root is not reached, which is told by itself. */
const crontabsOf = async (
  host: RemoteHost,
  config: Config,
  its: HostFacts | null,
): Promise<readonly string[]> => {
  const way = { root: config.become.root, postgres: config.become.postgres };
  if (its === null || its.service.kind === 'none') return [];
  const answer = await host.run(rootScript(way, its, 'crontabs').text, {
    as: rootUser(way),
    timeoutMs: 30_000,
  });
  return answer.ok && answer.value.code === 0 ? parseCrontabs(answer.value.stdout) : [];
};

const withCrontabs = ({ inspection, ...evidence }: HostEvidence, lines: readonly string[]): HostEvidence => ({
  ...evidence,
  inspection:
    inspection === null ? null : { ...inspection, cron: [...new Set([...inspection.cron, ...lines])] },
});

/** What the inspection shows, and whether the login becomes root, asked at the same time. */
const inspectionOf = async (
  evidence: HostEvidence,
  host: RemoteHost,
  facts: ClusterFacts | null,
  config: Config,
): Promise<HostEvidence> => {
  const needsRoot = evidence.facts?.service.kind !== 'none';
  const [root, crontabs, inspected] = await Promise.all([
    askRoot(host, needsRoot, config, evidence.facts),
    crontabsOf(host, config, evidence.facts),
    facts === null ? evidence : inspectForChecks(evidence, facts, host),
  ]);
  return { ...withCrontabs(inspected, crontabs), root };
};

/** What has run is of no use to anybody later: the check leaves nothing. The job's directory is the login's own. */
const forget = async (host: RemoteHost, job: string): Promise<void> => {
  await host.run(forgetJobScript(job).text, { as: theLogin, timeoutMs: 30_000 });
};

/** Makes the dry run on one host as a job, so that a lost SSH connection does not end it half way. */
const runDry = async (
  host: RemoteHost,
  hostFacts: HostFacts,
  facts: ClusterFacts,
  id: string,
  options: DryRunOptions,
): Promise<Pick<HostEvidence, 'dryRun' | 'dryRunTrouble'>> => {
  const chunks: Buffer[] = [];
  const job = `${id}/${host.alias.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`;
  const outcome = await host.job(
    { id: job, as: userOn(facts, host.alias), script: dryRunScript(facts, hostFacts, options).text },
    { onBytes: (chunk) => chunks.push(chunk) },
  );
  const sections = parseSections(Buffer.concat(chunks).toString('utf8'));
  if (outcome.kind === 'unknown') return { dryRun: null, dryRunTrouble: outcome.problem };
  await forget(host, job);
  const short =
    isComplete(sections) || [...sections.values()].some((one) => one.code !== 0)
      ? null
      : problem(`${host.alias}: the dry run ended early (exit ${outcome.code}).`, 'Check again.');
  return { dryRun: short === null ? sections : null, dryRunTrouble: short };
};

/** The primary's configuration, for the secondaries that will have it. Null: it cannot be read, or is more than configuration. */
const primaryFilesOf = async (
  facts: ClusterFacts,
  hosts: ReadonlyMap<string, RemoteHost>,
): Promise<readonly string[] | null> => {
  if (!facts.nodes.some(getsPrimaryFiles)) return null;
  const primary = primaryOf(facts);
  const host = hosts.get(primary.alias);
  const answer = await host?.run(primaryFilesScript(primary).text, {
    as: userOn(facts, primary.alias),
    timeoutMs: 60_000,
  });
  return answer?.ok === true && answer.value.code === 0 ? parsePrimaryFiles(answer.value.stdout) : null;
};

const checkId = (): string =>
  `check-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(2).toString('hex')}`;

/** Inspects every host, makes the dry runs, all hosts side by side, and judges. Every connection is closed at the end. */
export const check = async (options: CheckOptions): Promise<Result<CheckResult>> => {
  const { config, open, say, keepNewDirectory } = options;
  const began = performance.now();
  const surveyed = await survey(config, open, say);
  if (!surveyed.ok) return surveyed;
  const { facts, state, hosts } = surveyed.value;
  const id = checkId();
  say('inspecting every host, and a dry run with the new binaries');
  const files = new Map(
    (facts === null ? [] : groupsOf(facts)).map((group) => [group, primaryFilesOf(group, hosts)] as const),
  );
  const left = facts === null ? [] : rehearsalsLeft(facts, hosts);
  const seen = await Promise.all(
    surveyed.value.evidence.map(async (evidence): Promise<HostEvidence> => {
      const host = hosts.get(evidence.alias);
      if (host === undefined || evidence.reach.kind !== 'reached') return evidence;
      const group = facts === null ? null : groupOfHost(facts, evidence.alias);
      const inspected = await inspectionOf(evidence, host, group, config);
      if (group === null || evidence.facts === null) return inspected;
      const dry = { keepNewDirectory, primaryFiles: (await files.get(group)) ?? null };
      return { ...inspected, ...(await runDry(host, evidence.facts, group, id, dry)) };
    }),
  );
  const rehearsals = await left;
  await Promise.all([...hosts.values()].map((host) => host.close()));
  const outside = facts === null ? [] : await outsideTroubles(config, open, facts);
  const evidence: Evidence = {
    facts,
    oldMajor: facts?.oldMajor ?? null,
    newMajor: facts?.newMajor ?? null,
    state,
    formations: formationsOf(config),
    hosts: seen,
    ...(outside.length === 0 ? {} : { outside }),
    ...(rehearsals.length === 0 ? {} : { rehearsals }),
  };
  return {
    ok: true,
    value: {
      facts,
      evidence,
      judgment: judge(evidence, config.check.accept),
      tookMs: Math.round(performance.now() - began),
    },
  };
};

/** Of a check, what stays on this machine for plan and window; `at`: ISO 8601. */
export const toKeep = (
  { judgment, evidence }: CheckResult,
  at: string,
): [result: CheckResultKept, measurements: Measurements] => [
  {
    at,
    outcome: judgment.outcome,
    findings: judgment.findings.map(({ check: id, severity, host, found }) => ({
      check: id,
      severity,
      host,
      found,
    })),
    accepted: [...new Set(judgment.accepted.map((one) => one.check))],
    passed: judgment.passed.length,
  },
  measurementsOf(evidence),
];

export const versionsOf = (
  facts: ClusterFacts | null,
): { readonly from: string; readonly to: string } | null => {
  if (facts === null) return null;
  const primary = primaryOf(facts);
  return { from: primary.oldVersion, to: primary.newVersion };
};
