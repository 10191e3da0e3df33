import { z } from 'zod';

/** What may leave something to do, in the order in which it is told. */
export const toDoParts = [
  'extensions',
  'statistics-first',
  'statistics',
  'inventory',
  'dependents',
  'wal',
  'custom',
] as const;
export type ToDoPart = (typeof toDoParts)[number];

/**
 * What a step has left undone so that nothing holds up the opening of the new version, with the command that does it later. It is noted on the
 * step's host, and so known to every console. `host`: the monitor's alias, absent where it is the primary's; `what`: what is not as it should be,
 * and why, in the server's words; `command`: to be typed on that host, '' where nothing repeats it.
 */
export const toDoSchema = z.object({
  part: z.enum(toDoParts),
  host: z.string().optional(),
  database: z.string(),
  what: z.string(),
  command: z.string(),
});
export type ToDo = z.infer<typeof toDoSchema>;

/** One line for a card: what, and the command. */
export const laterWords = (one: ToDo): string =>
  one.command === '' ? toDoWords(one) : `${toDoWords(one)}. Later: ${one.command}`;

/** `app: extension x stays at 1.0: ERROR: …`, or `monitor, pg_auto_failover: …`, for a list. */
export const toDoWords = ({
  host = '',
  database,
  what,
}: Pick<ToDo, 'host' | 'database' | 'what'>): string => {
  const where = [host, database].filter((one) => one !== '').join(', ');
  return where === '' ? what : `${where}: ${what}`;
};
