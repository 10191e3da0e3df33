import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { fail, messageOf, ok, type Problem, problem, type Result } from '../../cluster/result.ts';

/** What is kept of a cluster beside its runs, in a file of JSON: it only tells how long things take. */
interface KeptOfCluster {
  readonly formation: string;
  readonly systemIdentifier: string;
}

/** What the file has of this cluster. Null: nothing, or it cannot be read, which is as if nothing had been kept. */
export const readKeptFile = <Kept extends KeptOfCluster>(
  path: string,
  schema: z.ZodType<Kept>,
  { formation, systemIdentifier }: ClusterFacts,
  /** What has to do with no data outlives an upgrade, which gives the cluster another system identifier. */
  of: 'this system' | 'any system' = 'this system',
): Kept | null => {
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
  const { data } = schema.safeParse(value);
  return data !== undefined &&
    data.formation === formation &&
    (of === 'any system' || data.systemIdentifier === systemIdentifier)
    ? data
    : null;
};

/** Writes it whole, in place of an older one. Errors: the file cannot be written, in the words of whoever keeps it. */
export const writeKeptFile = (
  path: string,
  kept: KeptOfCluster,
  { what, remedy }: Pick<Problem, 'what' | 'remedy'>,
): Result<null> => {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return ok(null);
  } catch (thrown) {
    return fail(problem(what, remedy, messageOf(thrown)));
  }
};
