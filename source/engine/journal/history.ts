import type { ClusterFacts } from '../../cluster/facts.ts';
import { localClock, localTime } from '../../cluster/times.ts';
import type { Step } from '../../runbook/language/step.ts';
import type { ExpectedDowntime } from '../../runbook/timing/estimates.ts';
import type { Identity } from '../run/run-identity.ts';
import type { Downtime } from '../view/controller.ts';
import { downtimesIn } from './downtimes.ts';
import type { Recorded } from './entry.ts';

/** What an earlier console's journal tells: told to the operator, never taken for the truth about the servers. */

const shownEntries = 4;

/** What a journal tells of the downtimes of its run. */
export interface ToldDowntime {
  /** Since when the application could not write, and until when, as the journal has it last. */
  readonly downtime: Downtime;
  /** What the downtimes before the last one have cost together, in milliseconds. */
  readonly earlierMs: number;
  /** What was shown of it when its stop was confirmed; null: it was not begun, or the journal is older. */
  readonly expected: ExpectedDowntime | null;
}

export const downtimeTold = (
  facts: ClusterFacts,
  records: readonly Recorded[],
  stepOf: Parameters<typeof downtimesIn>[2],
): ToldDowntime => {
  const downtimes = downtimesIn(records, facts, stepOf);
  const last = downtimes.at(-1);
  if (last === undefined) return { downtime: { kind: 'not-started' }, earlierMs: 0, expected: null };
  const { from: since, over, expected } = last;
  return {
    downtime: over === null ? { kind: 'down', since } : { kind: 'over', since, until: over.at },
    earlierMs: downtimes
      .slice(0, -1)
      .reduce((sum, one) => sum + (one.over === null ? 0 : one.over.at - one.from), 0),
    expected,
  };
};

/** What the last rollback of these records gave up, in the words of its last verdict that says so; null: nothing, by what they tell. */
export const lostIn = (records: readonly Recorded[]): string | null => {
  const entries = records.flatMap((record) => ('entry' in record ? [record.entry] : []));
  const begun = entries.findLastIndex(({ kind }) => kind === 'turned');
  const verdicts = entries
    .slice(Math.max(0, begun))
    .flatMap((entry) => (entry.kind === 'turned' || entry.kind === 'done' ? [entry] : []));
  const [first] = verdicts;
  if (first?.kind !== 'turned' || first.direction !== 'rollback') return null;
  const last = verdicts.findLast(({ verdict }) => /\bis lost\b/.test(verdict))?.verdict;
  return last?.replace(/^possible.*?, but /, '') ?? null;
};

const wordsOf = (record: Recorded, titleOf: (step: string) => string): string | null => {
  if (!('entry' in record)) return null;
  const { entry, at } = record;
  const time = localClock(Date.parse(at));
  switch (entry.kind) {
    case 'confirmed':
      return `${time} started: ${titleOf(entry.step)} on ${entry.host}`;
    case 'ended':
      return `${time} its command ended with ${entry.exitCode === null ? 'an unknown end' : `exit code ${entry.exitCode}`}: ${titleOf(entry.step)}`;
    case 'done':
      return entry.by === 'found' ? null : `${time} done: ${titleOf(entry.step)}`;
    case 'failed':
      return `${time} failed: ${entry.what}`;
    case 'skipped':
      return `${time} skipped: ${titleOf(entry.step)}${entry.reason === '' ? '' : ` (${entry.reason})`}`;
    case 'on-failure':
      return `${time} behind the failure: ${entry.name} on ${entry.host} ${entry.exitCode === null ? 'has an unknown end' : `ended with exit code ${entry.exitCode}`}`;
    case 'without':
      return `${time} goes on without ${entry.host}: ${entry.reason}`;
    case 'cancelled':
      return `${time} ended by the operator: ${titleOf(entry.step)}`;
    case 'run-on':
      return `${time} ${entry.operator} ran on to the next stop, from: ${titleOf(entry.step)}`;
    case 'run-on-ended':
      return `${time} running on ended: ${entry.why}`;
    case 'left':
      return `${time} the console was left${entry.running === null ? '' : ' while the step went on'}`;
    case 'turned':
      return `${time} direction: ${entry.direction}`;
    case 'finished':
      return `${time} finished: ${entry.direction}`;
    default:
      return null;
  }
};

/** The last things that happened, in local time. */
export const happened = (
  records: readonly Recorded[],
  titleOf: (step: string) => string = (step) => step,
): readonly string[] => records.flatMap((record) => wordsOf(record, titleOf) ?? []).slice(-shownEntries);

/** Where the run stood: who began it and when, and the last things that happened, in local time. */
export const standsAt = (
  identity: Identity,
  steps: readonly Step[],
  records: readonly Recorded[],
): readonly string[] => {
  const titleOf = (id: string): string => steps.find((step) => step.id === id)?.title ?? id;
  const from =
    identity.known === 'here' ? '' : '; this machine has no journal of it, so only the servers can tell';
  return [
    `run ${identity.id}, begun ${localTime(identity.began)} by ${identity.by}${from}`,
    ...happened(records, titleOf),
  ];
};
