import { z } from 'zod';
import { type Problem, problem } from '../cluster/result.ts';
import type { Found, Instance } from '../inspect/discovery/parse.ts';
import { runFileSchema } from '../inspect/lock/parse.ts';

/**
 * Versions before the work directories were one for each data directory kept record, lock and marks of whatever cluster it
 * was in ~/pgaf-upgrade itself. Nothing of it is believed: it is told whose it was, and what to do.
 */

const oldRecordSchema = z.object({
  name: z.string(),
  readAt: z.string(),
  monitor: z.object({ pgdata: z.string() }),
});

const printable = (text: string): string => text.replaceAll(/[^ -~]/g, '?').slice(0, 120);

/** What an earlier version has left on this host; null: nothing. `mine`: as far as its record says, it is of this cluster. */
export const earlierOn = (
  alias: string,
  found: Found,
  instance: Instance,
): { readonly mine: boolean; readonly problem: Problem } | null => {
  if (found.earlier === null) return null;
  const record = oldRecordSchema.safeParse(found.earlier.record);
  const run = runFileSchema.safeParse(found.earlier.run);
  const mine = record.success && record.data.monitor.pgdata === instance.pgdata;
  const whose = record.success
    ? `the record of ${printable(record.data.name)} (monitor in ${printable(record.data.monitor.pgdata)}) of ${printable(record.data.readAt)}`
    : 'no record that can be read';
  const running =
    run.success && run.data.finished === null
      ? `, and its ${run.data.direction} ${run.data.id}, which has not finished`
      : '';
  const at = `${found.home}/pgaf-upgrade`;
  return {
    mine,
    problem: problem(
      `${alias}: an earlier version of pgaf-upgrade, which kept one place for every cluster, has left ${whose}${running} in ${at}; nothing of it is used.`,
      `${mine ? 'If that upgrade is still under way, finish it or roll it back with the version that began it; else move' : 'Move'} record.json, run.json, lock, saved and done out of ${at} on every host.`,
    ),
  };
};
