import { z } from 'zod';
import { type ClusterFacts, isNode, linkedOf, primaryOf } from '../../cluster/facts.ts';
import { allSecondariesOf, groupOfHost, primariesOf } from '../../cluster/formation.ts';
import { carriesStatistics, reportsItsStop } from '../../cluster/version.ts';
import type { Step, StepId } from '../language/step.ts';
import { upgradeRunbook } from '../upgrade.ts';
import { dryRunSchema, type TimingBasis } from './dry-run.ts';
import type { Measurements } from './measurements.ts';
import { assumedDisk, backupSeconds, linkSeconds } from './paces.ts';
import { lengthOf, spansOf, type TimeSpan } from './schedule.ts';
import { pauseSecondsOf, reportSeconds, reportSecondsOf, usualSeconds } from './step-seconds.ts';

export interface Estimates {
  /** Seconds, by step. */
  readonly steps: ReadonlyMap<StepId, number>;
  /** Phases B to I, without the time that a person takes to read and decide. */
  readonly windowSeconds: number;
  /** From the beginning of the step that stops the writes to the end of the one that brings them back; 0 without them. Where they pause within one step: the pause. */
  readonly downtimeSeconds: number;
  /** Of steps that pause the writes for a part of their time: that part, in seconds. */
  readonly pauses: ReadonlyMap<StepId, number>;
  /** The same where one step follows the other, as by hand. */
  readonly oneByOne: { readonly windowSeconds: number; readonly downtimeSeconds: number };
  /** Seconds from the first step's beginning, where what may run at the same time does. */
  readonly spans: ReadonlyMap<StepId, TimeSpan>;
  /** What an estimate rests on where something could not be measured or was not tried. */
  readonly assumed: readonly string[];
}

/** The run itself starts and stops both servers about twice as often as its check, which was timed here. */
const runsPerCheck = 2;
const assumedCheckMs = 2_000;
/** pg_restore's share of a rehearsed schema is the same in the window; a link for each file on top. */
const secondsPerLink = 0.000_1;

/** The parts of a run of pg_upgrade that grow with the cluster, and what it needs in any case; seconds. */
export interface UpgradeSeconds {
  readonly floor: number;
  readonly dump: number;
  readonly restore: number;
  readonly files: number;
}

/** How long pg_upgrade's parts should take on this host; the monitor is always copied, by one job. */
export const upgradeSeconds = (
  facts: ClusterFacts,
  alias: string,
  measurements: Measurements,
): UpgradeSeconds => {
  const host = measurements.get(alias);
  const { mode, jobs } = alias === facts.monitor.alias ? { mode: 'copy' as const, jobs: 1 } : facts;
  const parallel = Math.max(1, Math.min(jobs, host?.databases ?? 1));
  const schema = (host?.schemaMs ?? 2_000) / 1000 / parallel;
  const dump = Math.min(schema, (host?.dumpMs ?? 1_000) / 1000 / parallel);
  const links = (host?.relations ?? 2_000) * secondsPerLink;
  const disk = host?.diskBytesPerSecond ?? assumedDisk;
  // A copy reads and writes the same disk.
  const copied = mode === 'copy' ? (2 * (host?.dataBytes ?? 0)) / disk : 0;
  const floor = (runsPerCheck * (host?.upgradeCheckMs ?? assumedCheckMs)) / 1000;
  return { floor, dump, restore: schema - dump, files: links + copied };
};

const upgradeSum = (facts: ClusterFacts, alias: string, measurements: Measurements): number => {
  const { floor, dump, restore, files } = upgradeSeconds(facts, alias, measurements);
  return floor + dump + restore + files;
};

const secondsOf = (cluster: ClusterFacts, measurements: Measurements, step: Step): number => {
  const facts = groupOfHost(cluster, step.host);
  const primary = measurements.get(primaryOf(facts).alias);
  const own = measurements.get(step.host);
  const kind = step.id.split('.').at(-1) ?? '';
  const seconds = (ms: number | null | undefined, otherwise: number): number =>
    ms === null || ms === undefined ? otherwise : ms / 1000;
  const rehearsed = own?.rehearsed?.[kind];
  if (rehearsed !== undefined) return rehearsed / 1000;
  switch (kind) {
    case 'initdb':
      return seconds(own?.initdbMs, 3);
    case 'check':
      return seconds(own?.upgradeCheckMs, 4);
    case 'checks':
    case 'rehearsal':
      return seconds(own?.rehearsalMs, 10);
    case 'configuration':
      return seconds(own?.configurationMs, 1);
    case 'pg-upgrade':
      return upgradeSum(facts, step.host, measurements);
    case 'analyze-1':
      // Each table is looked at; or 300 rows of each are read.
      return 0.2 + (primary?.relations ?? 2_000) * (carriesStatistics(facts.newMajor) ? 0.000_05 : 0.000_2);
    case 'analyze':
      // 30,000 rows of each table, from as many pages of a large one.
      return (
        0.3 +
        (primary?.relations ?? 2_000) * 0.000_4 +
        (0.1 * (primary?.dataBytes ?? 0)) / (primary?.diskBytesPerSecond ?? assumedDisk)
      );
    case 'verify':
      return 0.2 + (primary?.databases ?? 3) * 0.05;
    case 'link':
      return linkSeconds(primary, own);
    case 'stop':
      return usualSeconds(step.id) + reportSecondsOf(facts, step);
    case 'make-ready':
      // Every sequence travels once, and the schemas are compared.
      return usualSeconds(step.id) + (primary?.relations ?? 2_000) * 0.000_1;
    case 'cut-over':
    case 'cut-back':
      // Before the stop the schemas are compared once more.
      return usualSeconds(step.id) + (primary?.relations ?? 2_000) * 0.000_02;
    case 'join':
      return linkedOf(facts).some((node) => node.alias === step.host)
        ? usualSeconds(step.id)
        : backupSeconds(primary, own);
    default:
      return step.expectedSeconds ?? usualSeconds(step.id);
  }
};

const assumptions = (facts: ClusterFacts, measurements: Measurements): readonly string[] => {
  const missing = (alias: string, what: string): string =>
    `${alias}: ${what} was not measured, typical hardware is assumed`;
  const upgraded = [...primariesOf(facts), facts.monitor];
  return [
    ...upgraded.flatMap(({ alias }) =>
      measurements.get(alias)?.schemaMs == null && measurements.get(alias)?.rehearsed === undefined
        ? [missing(alias, 'the restore of the schema')]
        : [],
    ),
    ...allSecondariesOf(facts).flatMap(({ alias }) =>
      measurements.get(alias)?.diskBytesPerSecond == null ? [missing(alias, 'the disk’s speed')] : [],
    ),
    ...(isNode(primaryOf(facts)) && measurements.get(primaryOf(facts).alias)?.linkBytesPerSecond == null
      ? ['the network card does not tell its speed: 1 Gbit/s is assumed']
      : []),
    ...(reportsItsStop(facts.monitor.extensionVersion)
      ? [
          `pg_autoctl of the extension ${facts.monitor.extensionVersion} reports its stop, and the monitor is down then: ${reportSeconds} s more are counted for each stop, the primary’s too; not tried on a server`,
        ]
      : []),
  ];
};

/** The steps in which the application cannot write, in order; none where a runbook does not stop its writes. The online method stops them within one step, and custom steps before it. */
export const downtimeSteps = <One extends Pick<Step, 'writes' | 'optional'>>(
  runbook: readonly One[],
): readonly One[] => {
  const pauses = runbook.filter((step) => step.writes === 'pause' && !step.optional);
  if (pauses.length > 0) return pauses;
  const from = runbook.findIndex((step) => step.writes === 'stop');
  const to = runbook.findIndex((step) => step.writes === 'resume');
  return from < 0 || to < from ? [] : runbook.slice(from, to + 1);
};

/** Seconds as papers and screens show them: to a tenth, so that they all say the same. */
const tenths = (seconds: number): number => Math.round(seconds * 10) / 10;
const sumOf = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0);

const pausesOf = (
  facts: ClusterFacts,
  measurements: Measurements,
  downtime: readonly Step[],
): ReadonlyMap<StepId, number> =>
  new Map(
    downtime.flatMap(({ id, host }) => {
      const primary = measurements.get(primaryOf(groupOfHost(facts, host)).alias);
      const seconds = pauseSecondsOf(id, primary?.relations ?? 2_000);
      return seconds === null ? [] : [[id, tenths(seconds)] as const];
    }),
  );

/** What is told of the downtime before it begins; the journal keeps it as it was shown when the stop was confirmed. */
export const expectedDowntimeSchema = z.object({
  seconds: z.number().nonnegative(),
  dryRun: dryRunSchema.nullable(),
});
export type ExpectedDowntime = Readonly<z.infer<typeof expectedDowntimeSchema>>;

/** Of estimates, the downtime as it is told: one number for check, plan, cards, header, status and report. */
export const toldSeconds = ({ downtimeSeconds }: Estimates): number => tenths(downtimeSeconds);

/** The downtime that all of them expect. Null: this runbook does not stop the writes. */
export const expectedDowntime = (
  facts: ClusterFacts,
  { measurements, dryRun }: TimingBasis,
  runbook: readonly Step[] = upgradeRunbook(facts),
): ExpectedDowntime | null =>
  downtimeSteps(runbook).length === 0
    ? null
    : { seconds: toldSeconds(estimate(facts, measurements, runbook)), dryRun };

/**
 * How long each step will take, from what was measured on these hosts; calibrated on the lab (docs/checks.md). What may
 * run at the same time is counted so. Optional steps are not in the sums.
 */
export const estimate = (
  facts: ClusterFacts,
  measurements: Measurements,
  runbook: readonly Step[] = upgradeRunbook(facts),
): Estimates => {
  const steps = new Map(runbook.map((step) => [step.id, secondsOf(facts, measurements, step)]));
  const seconds = (step: Step): number => (step.optional ? 0 : (steps.get(step.id) ?? 0));
  const spans = spansOf(runbook, seconds);
  const together = (some: readonly Step[]): number => lengthOf(some.map((step) => spans.get(step.id)));
  const serial = (some: readonly Step[]): number => sumOf(some.map(seconds));
  const window = runbook.filter((step) => step.phase !== 'A');
  const downtime = downtimeSteps(runbook);
  const pauses = pausesOf(facts, measurements, downtime);
  // Behind a custom step that makes applications wait, the whole step counts.
  const within = downtime.every((step) => pauses.has(step.id)) ? sumOf([...pauses.values()]) : null;
  return {
    steps,
    spans,
    pauses,
    windowSeconds: together(window),
    downtimeSeconds: within ?? together(downtime),
    oneByOne: { windowSeconds: serial(window), downtimeSeconds: within ?? serial(downtime) },
    assumed: assumptions(facts, measurements),
  };
};
