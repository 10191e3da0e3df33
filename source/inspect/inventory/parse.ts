import { z } from 'zod';
import {
  type DatabaseInventory,
  type Inventory,
  inventoryDatabaseSchema,
  inventoryServerSchema,
} from '../../cluster/inventory.ts';
import { fail, ok, problem, type Result } from '../../cluster/result.ts';
import { decodeJson, decodeText, linesOf, readWhole } from '../lines.ts';

const countSchema = z.tuple([z.string(), z.string(), z.number().int().nonnegative()]);

/** Rows counted, by database and table. A count that did not come, because the table was locked say, is left out. */
const countsOf = (text: string | null): ReadonlyMap<string, number> =>
  new Map(
    linesOf(text).flatMap((line) => {
      const count = countSchema.safeParse(decodeJson(line));
      return count.success ? [[JSON.stringify(count.data.slice(0, 2)), count.data[2]]] : [];
    }),
  );

/** Reads the answer to inventoryScript. Errors: it ended early, or the server did not answer for itself. */
export const parseInventory = (alias: string, output: string): Result<Inventory> => {
  const whole = readWhole(output, `${alias}: the inspection of what the server holds`, 'inspect again');
  if (!whole.ok) return whole;
  const text = (key: string): string | null => decodeText(whole.value.get(key));
  const server = inventoryServerSchema.safeParse(decodeJson(text('server')));
  if (!server.success)
    return fail(
      problem(`${alias}: the server did not answer.`, 'Check whether it runs, then inspect again.'),
    );
  const counts = countsOf(text('counts'));
  const databases = linesOf(text('databases')).flatMap((line): DatabaseInventory[] => {
    const database = inventoryDatabaseSchema.safeParse(decodeJson(line));
    if (!database.success) return [];
    const { name, rows } = database.data;
    return [
      {
        ...database.data,
        rows: rows.map((table) => ({
          ...table,
          rows: counts.get(JSON.stringify([name, table.name])) ?? null,
        })),
      },
    ];
  });
  const answered = new Set(databases.map((database) => database.name));
  return ok({
    ...server.data,
    databases,
    silent: linesOf(text('names')).filter((name) => !answered.has(name)),
  });
};
