import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { ok, type Result } from '../../cluster/result.ts';
import { ofKind, type Recorded } from './entry.ts';
import { clusterDirectory } from './journal.ts';
import { readKeptFile, writeKeptFile } from './kept-file.ts';

/** How long each custom step of a cluster took when it ran last, kept on this machine beside its runs: card, plan and check then expect that. */

const fileSchema = z.object({
  version: z.literal(1),
  formation: z.string(),
  systemIdentifier: z.string(),
  /** Seconds, by the step's name. */
  steps: z.record(z.string(), z.number().nonnegative()),
});

const fileIn = (directory: string): string => join(directory, 'steps.json');

/** The facts with what each custom step took last, where this machine has seen it run. */
export const withStepTimes = (home: string, facts: ClusterFacts): ClusterFacts => {
  if (facts.custom.length === 0) return facts;
  const kept = readKeptFile(fileIn(clusterDirectory(home, facts.name)), fileSchema, facts, 'any system');
  const times = new Map(Object.entries(kept?.steps ?? {}));
  const custom = facts.custom.map((step) => {
    const took = times.get(step.name);
    return took === undefined ? step : { ...step, took };
  });
  return kept === null ? facts : { ...facts, custom };
};

/** Seconds of each custom step that ran to its end, the longest of those that ran once for each secondary. One that another console has begun has no time. */
const timesIn = (facts: ClusterFacts, records: readonly Recorded[]): ReadonlyMap<string, number> => {
  const names = new Set<string>(facts.custom.map(({ name }) => name));
  const attached = new Set(ofKind(records, 'attached').map(({ step }) => step));
  const begun = new Map<string, number>();
  const times = new Map<string, number>();
  for (const record of records) {
    if (!('entry' in record)) continue;
    const { at, entry } = record;
    // One at `failed` may run more than once: the last time counts.
    if (
      entry.kind === 'on-failure' &&
      entry.exitCode === 0 &&
      entry.seconds !== undefined &&
      names.has(entry.name)
    )
      times.set(entry.name, entry.seconds);
    if (entry.kind === 'confirmed') begun.set(entry.step, Date.parse(at));
    if (entry.kind !== 'done' || entry.by !== 'run' || attached.has(entry.step)) continue;
    const [since, [, name = ''] = []] = [
      begun.get(entry.step),
      /\.custom-([a-z0-9-]+)(?:_.*)?$/.exec(entry.step) ?? [],
    ];
    if (since !== undefined && names.has(name))
      times.set(name, Math.max((Date.parse(at) - since) / 1000, times.get(name) ?? 0));
  }
  return times;
};

/** Keeps the times that a run's journal tells of, over older ones. `directory`: the run's. Errors: the file cannot be written. */
export const keepStepTimes = (
  directory: string,
  facts: ClusterFacts,
  records: readonly Recorded[],
): Result<null> => {
  const times = timesIn(facts, records);
  if (times.size === 0) return ok(null);
  const path = fileIn(dirname(directory));
  const { formation, systemIdentifier } = facts;
  const earlier = readKeptFile(path, fileSchema, facts, 'any system')?.steps ?? {};
  const kept: z.infer<typeof fileSchema> = {
    version: 1,
    formation,
    systemIdentifier,
    steps: { ...earlier, ...Object.fromEntries(times) },
  };
  return writeKeptFile(path, kept, {
    what: `How long the custom steps took could not be kept in ${path}.`,
    remedy: 'Make room there; their estimates stay as they were.',
  });
};
