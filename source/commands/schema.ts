import { z } from 'zod';
import { configSchema } from '../cluster/config/schema.ts';
import { print } from './say.ts';

/**
 * The cluster file's JSON Schema, for editors: its keys, which of them are required, what they may hold. What a value must look like
 * beyond that (paths, names) is said when the file is read.
 */
export const clusterFileSchema = (): object => ({
  title: 'cluster file of pgaf-upgrade',
  ...z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }),
});

/** `pgaf-upgrade schema`: prints it. 0. */
export const schema = async (): Promise<number> => {
  print(`${JSON.stringify(clusterFileSchema(), null, 2)}\n`, 'json');
  return 0;
};
