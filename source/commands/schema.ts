import { z } from 'zod';
import { configSchema } from '../cluster/config/schema.ts';
import { problem } from '../cluster/result.ts';
import { recordedSchema } from '../engine/journal/entry.ts';
import { runEventSchema } from '../engine/view/run-events.ts';
import { print, sayProblems } from './say.ts';

/**
 * The cluster file's JSON Schema, for editors: its keys, which of them are required, what they may hold. What a value must look like
 * beyond that (paths, names) is said when the file is read.
 */
export const clusterFileSchema = (): object => ({
  title: 'cluster file of pgaf-upgrade',
  ...z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }),
});

/** The JSON Schema of a line of `--events`. */
export const eventsSchema = (): object => ({
  title: 'event of a run of pgaf-upgrade',
  ...z.toJSONSchema(runEventSchema),
});

/** The JSON Schema of a line of a run's journal. */
export const journalSchema = (): object => ({
  title: 'entry of the journal of a run of pgaf-upgrade',
  ...z.toJSONSchema(recordedSchema, { io: 'input', unrepresentable: 'any' }),
});

const schemas = { events: eventsSchema, journal: journalSchema } as const;
const isSchema = (of: string): of is keyof typeof schemas => Object.hasOwn(schemas, of);

/** `pgaf-upgrade schema [events | journal]`: prints one of them. 0; 2 where another thing is asked for. */
export const schema = async (of: string | undefined): Promise<number> => {
  if (of !== undefined && !isSchema(of)) {
    sayProblems([
      problem(`There is no schema of “${of}”.`, 'Name events or journal, or nothing for the cluster file.'),
    ]);
    return 2;
  }
  const made = of === undefined ? clusterFileSchema() : schemas[of]();
  print(`${JSON.stringify(made, null, 2)}\n`, 'json');
  return 0;
};
