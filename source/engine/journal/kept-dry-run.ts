import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { fail, messageOf, ok, problem, type Result } from '../../cluster/result.ts';
import type { KeptDryRun } from '../../runbook/timing/dry-run.ts';
import { hostMeasurementsSchema, type Measurements } from '../../runbook/timing/measurements.ts';
import { clusterDirectory } from './journal.ts';

/** What the last `check` of a cluster measured, kept on this machine beside its runs: plan and window expect the same then. */

const fileSchema = z.object({
  version: z.literal(1),
  at: z.string(),
  formation: z.string(),
  systemIdentifier: z.string(),
  newMajor: z.number().int(),
  hosts: z.record(z.string(), hostMeasurementsSchema),
});

const fileOf = (home: string, cluster: string): string =>
  join(clusterDirectory(home, cluster), 'dry-run.json');

/** Keeps them, in place of an older check's. Errors: the directory cannot be written. */
export const keepDryRun = (
  home: string,
  facts: ClusterFacts,
  measurements: Measurements,
  at: string,
): Result<null> => {
  const { formation, systemIdentifier, newMajor } = facts;
  const path = fileOf(home, facts.name);
  const kept: z.infer<typeof fileSchema> = {
    version: 1,
    at,
    formation,
    systemIdentifier,
    newMajor,
    hosts: Object.fromEntries(measurements),
  };
  try {
    mkdirSync(clusterDirectory(home, facts.name), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return ok(null);
  } catch (thrown) {
    return fail(
      problem(
        `What this check measured could not be kept in ${path}.`,
        'Make room there, or set XDG_STATE_HOME to another directory. Until then plan assumes typical hardware.',
        messageOf(thrown),
      ),
    );
  }
};

/** What the last check of this cluster, to this version, measured; null: there was none here, or it cannot be read. */
export const keptDryRun = (home: string, facts: ClusterFacts): KeptDryRun | null => {
  const path = fileOf(home, facts.name);
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // It only tells how long things take: what cannot be read is as if no check had been made.
    return null;
  }
  const read = fileSchema.safeParse(value);
  if (!read.success) return null;
  const { at, formation, systemIdentifier, newMajor, hosts } = read.data;
  return formation === facts.formation &&
    systemIdentifier === facts.systemIdentifier &&
    newMajor === facts.newMajor
    ? { at, measurements: new Map(Object.entries(hosts)) }
    : null;
};
