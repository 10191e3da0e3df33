import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import { fail, problem, type Result } from '../../cluster/result.ts';
import type { KeptDryRun } from '../../runbook/timing/dry-run.ts';
import {
  fitsFacts,
  type RehearsalTimes,
  rehearsalTimesSchema,
  rehearsedKinds,
} from '../../runbook/timing/rehearsed.ts';
import { ofKind, type Recorded } from './entry.ts';
import { clusterDirectory } from './journal.ts';
import { keptCheck } from './kept-check.ts';
import { readKeptFile, writeKeptFile } from './kept-file.ts';

/** The times of a cluster's last rehearsal, kept on this machine beside its runs: plan, window and status then expect them. */

const fileSchema = z.object({
  version: z.literal(1),
  formation: z.string(),
  systemIdentifier: z.string(),
  times: rehearsalTimesSchema,
});

const fileIn = (directory: string): string => join(directory, 'rehearsal.json');

/** The last rehearsal of this cluster, to these versions and in this mode; null: none, or it cannot be read. */
export const keptRehearsal = (home: string, facts: ClusterFacts): RehearsalTimes | null => {
  const kept = readKeptFile(fileIn(clusterDirectory(home, facts.name)), fileSchema, facts);
  return kept !== null && fitsFacts(facts, kept.times) ? kept.times : null;
};

/** What durations rest on beside what the hosts show: the last check of this machine, and the last rehearsal. */
export const keptDryRun = (home: string, facts: ClusterFacts): KeptDryRun | null => {
  const dryRun = keptCheck(home, facts)?.dryRun ?? null;
  const rehearsal = keptRehearsal(home, facts);
  if (rehearsal === null) return dryRun;
  return { ...(dryRun ?? { at: rehearsal.at, measurements: new Map() }), rehearsal };
};

/** How long each step took, from its confirmation until the servers showed it as done. A step that another console has begun has no time. */
const stepTimes = (records: readonly Recorded[]): Readonly<Record<string, number>> => {
  const attached = new Set(ofKind(records, 'attached').map(({ step }) => step));
  const begun = new Map<string, number>();
  const times: Record<string, number> = {};
  for (const record of records) {
    if (!('entry' in record)) continue;
    const { at, entry } = record;
    if (entry.kind === 'confirmed') begun.set(entry.step, Date.parse(at));
    if (entry.kind !== 'done' || entry.by !== 'run' || attached.has(entry.step)) continue;
    const [since, kind] = [begun.get(entry.step), entry.step.slice(entry.step.lastIndexOf('.') + 1)];
    if (since !== undefined && rehearsedKinds.some((one) => one === kind))
      times[kind] = Date.parse(at) - since;
  }
  return times;
};

/** What the first step has said of the data, in kilobytes. */
const sizeIn = (records: readonly Recorded[]): number | null => {
  const [, digits] =
    ofKind(records, 'done')
      .map(({ step, probe }) => (step.endsWith('.room') ? /for (\d+) kB of data/.exec(probe.says) : null))
      .findLast((found) => found !== null) ?? [];
  return digits === undefined ? null : Number(digits);
};

/**
 * Keeps the times of the rehearsal that a run's journal tells of, in place of an older one's. `directory`: the run's. Errors: the file cannot be
 * written, or the journal has no time of pg_upgrade, which a console that was killed meanwhile has not measured.
 */
export const keepRehearsal = (
  directory: string,
  facts: ClusterFacts,
  records: readonly Recorded[],
  on: string,
): Result<null> => {
  const path = fileIn(dirname(directory));
  const { oldVersion: from, newVersion: to } = primaryOf(facts);
  const { formation, systemIdentifier, mode, jobs } = facts;
  const at = new Date().toISOString();
  const times: RehearsalTimes = {
    at,
    on,
    kilobytes: sizeIn(records),
    from,
    to,
    mode,
    jobs,
    steps: stepTimes(records),
  };
  if (!fitsFacts(facts, times))
    return fail(
      problem(
        'This rehearsal has no time of pg_upgrade, because another console was at it: the estimates stay as they are.',
        'Rehearse once more, if you want its times.',
      ),
    );
  const kept: z.infer<typeof fileSchema> = { version: 1, formation, systemIdentifier, times };
  return writeKeptFile(path, kept, {
    what: `The times of this rehearsal could not be kept in ${path}.`,
    remedy: 'Make room there, or set XDG_STATE_HOME to another directory, and rehearse again.',
  });
};
