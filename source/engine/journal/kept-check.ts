import { join } from 'node:path';
import { z } from 'zod';
import type { ClusterFacts } from '../../cluster/facts.ts';
import type { Result } from '../../cluster/result.ts';
import { isHeld, type KeptDryRun } from '../../runbook/timing/dry-run.ts';
import { hostMeasurementsSchema, type Measurements } from '../../runbook/timing/measurements.ts';
import { type CheckResultKept, checkResultSchema } from './check-result.ts';
import { clusterDirectory } from './journal.ts';
import { readKeptFile, writeKeptFile } from './kept-file.ts';

/**
 * What the last `check` of a cluster found and measured, kept on this machine beside the cluster's runs: plan and window
 * then expect what the check expects.
 */

const fileSchema = z.object({
  version: z.literal(1),
  formation: z.string(),
  systemIdentifier: z.string(),
  newMajor: z.number().int(),
  result: checkResultSchema,
  /** The last dry run that was held on every host that pg_upgrade runs on; null: none yet. */
  dryRun: z.object({ at: z.string(), hosts: z.record(z.string(), hostMeasurementsSchema) }).nullable(),
});
type KeptFile = z.infer<typeof fileSchema>;

export interface KeptCheck {
  readonly result: CheckResultKept;
  readonly dryRun: KeptDryRun | null;
}

const fileOf = (home: string, cluster: string): string => join(clusterDirectory(home, cluster), 'check.json');

const read = (home: string, facts: ClusterFacts): KeptFile | null => {
  const kept = readKeptFile(fileOf(home, facts.name), fileSchema, facts);
  return kept !== null && kept.newMajor === facts.newMajor ? kept : null;
};

/** What the last check of this cluster, to this version, left here; null: there was none, or it cannot be read. */
export const keptCheck = (home: string, facts: ClusterFacts): KeptCheck | null => {
  const kept = read(home, facts);
  if (kept === null) return null;
  const { result, dryRun } = kept;
  return {
    result,
    dryRun: dryRun === null ? null : { at: dryRun.at, measurements: new Map(Object.entries(dryRun.hosts)) },
  };
};

/**
 * Keeps a check in place of an older one; its measurements only where the dry run was held on every host that pg_upgrade
 * runs on, else the older ones stay. Errors: the directory cannot be written.
 */
export const keepCheck = (
  home: string,
  facts: ClusterFacts,
  result: CheckResultKept,
  measurements: Measurements,
): Result<null> => {
  const { formation, systemIdentifier, newMajor } = facts;
  const path = fileOf(home, facts.name);
  const dryRun = isHeld(facts, measurements)
    ? { at: result.at, hosts: Object.fromEntries(measurements) }
    : (read(home, facts)?.dryRun ?? null);
  const kept: KeptFile = { version: 1, formation, systemIdentifier, newMajor, result, dryRun };
  return writeKeptFile(path, kept, {
    what: `What this check found and measured could not be kept in ${path}.`,
    remedy:
      'Make room there, or set XDG_STATE_HOME to another directory. Until then plan assumes typical hardware.',
  });
};
