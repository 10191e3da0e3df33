import { z } from 'zod';
import type { Evidence, HostEvidence } from '../../cluster/checks/evidence.ts';
import { sectionsOf } from '../../cluster/checks/sections.ts';
import { isNode } from '../../cluster/facts.ts';
import { rateOf } from '../checks/rates.ts';
import { catalogBytes, dataBytes } from '../checks/room.ts';

const amount = z.number().nonnegative().nullable();

/** What was measured on a host, as far as durations follow from it. Null: it was not measured. */
export const hostMeasurementsSchema = z.object({
  dataBytes: amount,
  catalogBytes: amount,
  relations: amount,
  databases: amount,
  initdbMs: amount,
  upgradeCheckMs: amount,
  configurationMs: amount,
  /** Dump and restore of the whole schema. */
  schemaMs: amount,
  /** The dump alone. */
  dumpMs: amount,
  /** Of the whole dry run; its name is the one that is kept on the disk. */
  rehearsalMs: amount,
  diskBytesPerSecond: amount,
  /** What pg_autoctl allows a base backup, bytes a second. */
  backupRate: amount,
  /** Nominal, of the slowest network card. */
  linkBytesPerSecond: amount,
  /** What a rehearsal took for steps of the primary, milliseconds by the last part of their ids. Absent: there was none. */
  rehearsed: z.record(z.string(), z.number().nonnegative()).exactOptional(),
});
export type HostMeasurements = Readonly<z.infer<typeof hostMeasurementsSchema>>;

/** Of a host that nothing is known of. */
export const notMeasured: HostMeasurements = {
  dataBytes: null,
  catalogBytes: null,
  relations: null,
  databases: null,
  initdbMs: null,
  upgradeCheckMs: null,
  configurationMs: null,
  schemaMs: null,
  dumpMs: null,
  rehearsalMs: null,
  diskBytesPerSecond: null,
  backupRate: null,
  linkBytesPerSecond: null,
};
export type Measurements = ReadonlyMap<string, HostMeasurements>;

/** The throwaway writes 64 MB. */
const diskBytes = 64 * 1024 ** 2;

const measured = ({ inspection, dryRun, facts }: HostEvidence): HostMeasurements => {
  const ms = (name: string): number | null => {
    const section = dryRun?.get(name);
    return section === undefined || section.code !== 0 ? null : section.ms;
  };
  const all = (kind: string): number =>
    dryRun === null ? 0 : sectionsOf(dryRun, kind).reduce((sum, section) => sum + section.ms, 0);
  const served = inspection !== null && inspection.server !== null;
  const disk = ms('disk');
  const schema = ms('stop') === null ? null : all('dump') + all('restore');
  const whole = dryRun === null ? 0 : [...dryRun.values()].reduce((sum, section) => sum + section.ms, 0);
  return {
    dataBytes: served ? dataBytes(inspection) : null,
    catalogBytes: served ? catalogBytes(inspection) : null,
    relations: served
      ? inspection.databases.reduce((sum, one) => sum + one.relations + one.largeObjects, 0)
      : null,
    databases: served ? inspection.databases.length : null,
    initdbMs: ms('initdb'),
    upgradeCheckMs: ms('pg upgrade'),
    configurationMs: ms('configuration'),
    schemaMs: schema,
    dumpMs: schema === null ? null : all('dump'),
    rehearsalMs: whole === 0 ? null : whole,
    diskBytesPerSecond: disk === null || disk === 0 ? null : (diskBytes * 1000) / disk,
    backupRate: facts !== null && isNode(facts) ? rateOf(inspection?.backupRate ?? null) : null,
    linkBytesPerSecond:
      inspection?.linkMegabits === null || inspection?.linkMegabits === undefined
        ? null
        : (inspection.linkMegabits * 1_000_000) / 8,
  };
};

/** Everything that the check measured, by host. */
export const measurementsOf = (evidence: Evidence): Measurements =>
  new Map(evidence.hosts.map((host) => [host.alias, measured(host)]));
