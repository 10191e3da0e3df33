import { z } from 'zod';
import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';

/** The steps of the primary whose times a rehearsal measures, by the last part of their ids: the same scripts, on a copy of the same data. */
export const rehearsedKinds = [
  'initdb',
  'check',
  'configuration',
  'checkpoint',
  'pg-upgrade',
  'swap',
  'private-start',
  'verify',
  'analyze-1',
  'analyze',
] as const;

/** What a rehearsal has measured, and of what: with other versions, another mode or other jobs its times are no window's. */
export const rehearsalTimesSchema = z.object({
  /** ISO 8601. */
  at: z.string(),
  /** The node on whose host it was. */
  on: z.string(),
  /** Of the data that were copied; null: not known. */
  kilobytes: z.number().nonnegative().nullable(),
  from: z.string(),
  to: z.string(),
  mode: z.string(),
  jobs: z.number().int(),
  /** Milliseconds by the last part of the step's id. */
  steps: z.record(z.string(), z.number().nonnegative()),
});
export type RehearsalTimes = Readonly<z.infer<typeof rehearsalTimesSchema>>;

/** Whether these are times of the upgrade that these facts are of. */
export const fitsFacts = (facts: ClusterFacts, times: RehearsalTimes): boolean => {
  const { oldVersion, newVersion } = primaryOf(facts);
  return (
    times.from === oldVersion &&
    times.to === newVersion &&
    times.mode === facts.mode &&
    times.jobs === facts.jobs &&
    times.steps['pg-upgrade'] !== undefined
  );
};
