import { z } from 'zod';
import { reportedStateSchema } from './states.ts';
import * as words from './words.ts';

const nodeRowSchema = z.object({
  id: z.number().int(),
  name: words.nodeName,
  nodename: words.nodeName.exactOptional(),
  host: words.hostName,
  port: words.port,
  group: z.number().int(),
  /** uint64, hence text. */
  systemIdentifier: words.reportedIdentifier,
  reported: reportedStateSchema,
  assigned: reportedStateSchema,
  /** -1 unknown, 0 bad, 1 good. */
  health: z.number().int(),
  priority: z.number().int(),
  quorum: z.boolean(),
  /** Where the operator says that it stands; from extension 2.3 on. */
  region: words.label.nullish(),
  timeline: z.number().int(),
  lsn: words.lsn,
  /** Seconds since the node last reported. */
  reportAge: z.number(),
});

/**
 * One row of pgautofailover.node, as the monitor's database gives it, or a record. `name` is the node's alias from here on, and
 * `nodename` its name on the monitor, where that is another one.
 */
export const monitorNodeSchema = nodeRowSchema.transform(
  (row): MonitorNode => ({
    ...row,
    name: words.aliasOf(row.name),
    ...(row.name.includes(' ') ? { nodename: row.name } : {}),
  }),
);
export type MonitorNode = Omit<z.infer<typeof nodeRowSchema>, 'name'> & { readonly name: words.Alias };

/** A node's name for pg_autoctl and the monitor's functions. */
export const monitorNameOf = (row: MonitorNode): string => row.nodename ?? row.name;

/** A node of another formation that the same monitor keeps. */
export const otherRowSchema = z.object({
  formation: words.label,
  name: words.label,
  host: words.label,
  port: words.port,
  reported: reportedStateSchema,
  assigned: reportedStateSchema,
  health: z.number().int(),
  /** Seconds since the node last reported. */
  reportAge: z.number(),
  /** That report came since the monitor's server started: to the version that it has now. */
  sinceStart: z.boolean(),
});
export type OtherRow = z.infer<typeof otherRowSchema>;

export const monitorEventSchema = z.object({
  id: z.number().int(),
  /** ISO 8601. */
  at: z.string(),
  node: z.string(),
  text: z.string(),
});
export type MonitorEvent = z.infer<typeof monitorEventSchema>;

/** Everything that the monitor's database says about one formation, in one row of JSON. */
export const monitorStateSchema = z.object({
  formation: words.label,
  numberSyncStandbys: z.number().int(),
  /** server_version, e.g. `15.20`. */
  serverVersion: words.version,
  extensionVersion: words.extensionVersion,
  /** What the installed programs would bring: ALTER EXTENSION … UPDATE goes to it. */
  defaultExtensionVersion: words.extensionVersion,
  /** The monitor's pg_autoctl listens to the monitor's own events: what it does after its start is behind it. Not known: no. */
  listening: z.boolean().default(false),
  nodes: z.array(monitorNodeSchema).superRefine((nodes, context) => {
    const at = words.twinIn(nodes.map((node) => node.nodename ?? node.name));
    if (at !== null) context.addIssue({ code: 'custom', path: [at, 'name'], message: words.twinError });
  }),
  /** Of every other formation on this monitor. */
  others: z.array(otherRowSchema).default([]),
  events: z.array(monitorEventSchema),
});
export type MonitorState = z.infer<typeof monitorStateSchema>;
