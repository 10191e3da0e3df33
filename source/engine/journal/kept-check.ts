import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { fail, messageOf, ok, problem, type Result } from '../../cluster/result.ts';
import { isHeld, type KeptDryRun } from '../../runbook/timing/dry-run.ts';
import { hostMeasurementsSchema, type Measurements } from '../../runbook/timing/measurements.ts';
import { type CheckResultKept, checkResultSchema } from './check-result.ts';
import { clusterDirectory } from './journal.ts';

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
  const path = fileOf(home, facts.name);
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // It only tells how long things take: what cannot be read is as if no check had been made.
    return null;
  }
  const { data } = fileSchema.safeParse(value);
  return data !== undefined &&
    data.formation === facts.formation &&
    data.systemIdentifier === facts.systemIdentifier &&
    data.newMajor === facts.newMajor
    ? data
    : null;
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
  try {
    mkdirSync(clusterDirectory(home, facts.name), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return ok(null);
  } catch (thrown) {
    return fail(
      problem(
        `What this check found and measured could not be kept in ${path}.`,
        'Make room there, or set XDG_STATE_HOME to another directory. Until then plan assumes typical hardware.',
        messageOf(thrown),
      ),
    );
  }
};
