import { z } from 'zod';
import type { Evidence } from '../../cluster/checks/evidence.ts';
import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import { primariesOf } from '../../cluster/formation.ts';
import { localTime } from '../../cluster/times.ts';
import { type HostMeasurements, type Measurements, measurementsOf, notMeasured } from './measurements.ts';
import type { RehearsalTimes } from './rehearsed.ts';

/**
 * Which dry run durations rest on. One rule for check, plan, cards, header, status and report: the window's own, as soon
 * as it was held on every host that pg_upgrade runs on; until then the last one of `check` that this machine keeps. What
 * the chosen one did not measure is taken from the other.
 */

export const dryRunSchema = z.discriminatedUnion('by', [
  /** The window's own checks, not older than a day: the hosts keep it. */
  z.object({ by: z.literal('window') }),
  /** `pgaf-upgrade check`; `at`: ISO 8601. */
  z.object({ by: z.literal('check'), at: z.string() }),
  /** `pgaf-upgrade rehearse`, on a copy on this node's host: the window's own steps, measured. */
  z.object({ by: z.literal('rehearsal'), at: z.string(), on: z.string() }),
]);
export type DryRun = z.infer<typeof dryRunSchema>;

/** What the last `check` of this cluster on this machine has measured. `at`: ISO 8601. */
export interface KeptDryRun {
  readonly at: string;
  readonly measurements: Measurements;
  /** What the last rehearsal of the same upgrade has measured. Absent: there was none. */
  readonly rehearsal?: RehearsalTimes;
}

/** What durations are computed from, and whose it is; `dryRun` null: none was held, typical hardware is assumed. */
export interface TimingBasis {
  readonly measurements: Measurements;
  readonly dryRun: DryRun | null;
}

/** Whether the schema was restored on every host that pg_upgrade runs on: the largest part of a downtime. */
export const isHeld = (facts: ClusterFacts, measurements: Measurements): boolean =>
  [...primariesOf(facts), facts.monitor].every(({ alias }) => measurements.get(alias)?.schemaMs != null);

const filled = (first: HostMeasurements, second: HostMeasurements | undefined): HostMeasurements =>
  second === undefined
    ? first
    : { ...second, ...Object.fromEntries(Object.entries(first).filter(([, value]) => value !== null)) };

/** The first ones; what they lack, from the second. */
export const filledFrom = (first: Measurements, second: Measurements): Measurements =>
  new Map([
    ...second,
    ...[...first].map(([alias, host]) => [alias, filled(host, second.get(alias))] as const),
  ]);

/** A rehearsal's times go before what any dry run lets expect: they are those of the steps themselves, on the same data. */
export const withRehearsal = (
  facts: ClusterFacts,
  basis: TimingBasis,
  rehearsal: RehearsalTimes | undefined,
): TimingBasis => {
  if (rehearsal === undefined) return basis;
  const { alias } = primaryOf(facts);
  const measured = basis.measurements.get(alias) ?? notMeasured;
  return {
    measurements: new Map([...basis.measurements, [alias, { ...measured, rehearsed: rehearsal.steps }]]),
    dryRun: { by: 'rehearsal', at: rehearsal.at, on: rehearsal.on },
  };
};

/** The measurements that count. `evidence`: what was seen of the hosts now, with what the window's checks have left there. */
export const timingBasis = (facts: ClusterFacts, evidence: Evidence, kept: KeptDryRun | null): TimingBasis =>
  withRehearsal(facts, dryRunBasis(facts, evidence, kept), kept?.rehearsal);

const dryRunBasis = (facts: ClusterFacts, evidence: Evidence, kept: KeptDryRun | null): TimingBasis => {
  const seen = measurementsOf(evidence);
  if (isHeld(facts, seen))
    return { measurements: filledFrom(seen, kept?.measurements ?? new Map()), dryRun: { by: 'window' } };
  if (kept !== null && isHeld(facts, kept.measurements))
    return { measurements: filledFrom(kept.measurements, seen), dryRun: { by: 'check', at: kept.at } };
  return { measurements: filledFrom(seen, kept?.measurements ?? new Map()), dryRun: null };
};

/** `from check’s dry run of 2026-11-20 14:03:12 CET`: what an estimate rests on. */
export const dryRunWords = (dryRun: DryRun | null): string => {
  switch (dryRun?.by) {
    case 'window':
      return 'from the dry run of the window’s own checks';
    case 'check':
      return `from check’s dry run of ${localTime(dryRun.at)}`;
    case 'rehearsal':
      return `from the rehearsal of ${localTime(dryRun.at)} on ${dryRun.on}`;
    case undefined:
      return 'typical hardware assumed, because no dry run was made';
  }
};
