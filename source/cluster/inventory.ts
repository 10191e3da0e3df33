import { z } from 'zod';

/**
 * What a server holds at one moment: the facts that a change ticket compares before and after. Read from the server
 * itself in one round trip (engine/inventory); secrets stay on the host.
 */

/** Of pg_settings, with its unit; `source` as PostgreSQL names it. Source: PostgreSQL, 54.24 pg_settings. */
const settingSchema = z.object({ value: z.string(), source: z.string() });
export type Setting = z.infer<typeof settingSchema>;

export const inventoryServerSchema = z.object({
  version: z.string(),
  systemIdentifier: z.string(),
  timeline: z.number().int(),
  inRecovery: z.boolean(),
  settings: z.record(z.string(), settingSchema),
  /** Of pg_hba_file_rules, in order, each as one line. Null: it could not be read. */
  hba: z.array(z.string()).nullable(),
});

const tableSchema = z.object({
  name: z.string(),
  bytes: z.number(),
  /** Counted, where the table is small enough; null: not counted. */
  rows: z.number().int().nonnegative().nullable(),
  /** What the statistics say; null: they say nothing (yet). */
  estimate: z.number().nullable(),
});
export type TableRows = z.infer<typeof tableSchema>;

export const inventoryDatabaseSchema = z.object({
  name: z.string(),
  bytes: z.number(),
  tables: z.number().int(),
  indexes: z.number().int(),
  sequences: z.number().int(),
  views: z.number().int(),
  functions: z.number().int(),
  largeObjects: z.number().int(),
  extensions: z.array(z.object({ name: z.string(), version: z.string() })),
  /** The largest ones, at most {@link listedTables}. */
  rows: z.array(tableSchema),
});
export type DatabaseInventory = z.infer<typeof inventoryDatabaseSchema>;

export const inventorySchema = inventoryServerSchema.extend({
  databases: z.array(inventoryDatabaseSchema),
  /** Databases that did not answer. */
  silent: z.array(z.string()),
});
export type Inventory = z.infer<typeof inventorySchema>;

/** So many tables of each database are listed. */
export const listedTables = 200;
/** Tables up to this size, in bytes, are counted: that takes no time to speak of. */
export const countedBytes = 1024 ** 2;
