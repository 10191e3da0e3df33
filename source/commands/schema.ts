import { z } from 'zod';
import { configSchema } from '../cluster/config/schema.ts';
import { problem } from '../cluster/result.ts';
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

/** `pgaf-upgrade schema [events]`: prints one of them. 0; 2 where another thing is asked for. */
export const schema = async (of: string | undefined): Promise<number> => {
  if (of !== undefined && of !== 'events') {
    sayProblems([problem(`There is no schema of “${of}”.`, 'Name events, or nothing for the cluster file.')]);
    return 2;
  }
  print(JSON.stringify(of === undefined ? clusterFileSchema() : eventsSchema(), null, 2), 'json');
  return 0;
};
