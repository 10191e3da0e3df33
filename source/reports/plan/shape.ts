import { z } from 'zod';
import { failedMoments } from '../../cluster/custom-steps.ts';
import { checkResultSchema } from '../../engine/journal/check-result.ts';
import { phases } from '../../runbook/language/step.ts';
import { dryRunSchema } from '../../runbook/timing/dry-run.ts';

/**
 * The plan as JSON: documented in docs/plan.md. `version` grows when a field changes its meaning or goes; new fields
 * may come without that. Times are ISO 8601 in UTC, sizes bytes, durations seconds.
 */

const hostSchema = z.object({
  host: z.string(),
  role: z.enum(['monitor', 'primary', 'secondary']),
  /** Of a node where the formation has several groups. */
  group: z.number().int().exactOptional(),
  address: z.string(),
  port: z.number().int(),
  from: z.string(),
  to: z.string(),
  data: z.string(),
  newData: z.string(),
  oldDataStaysIn: z.string(),
  /** Directories of tablespaces, and where the old cluster's part of each stays. */
  tablespaces: z.array(z.object({ location: z.string(), oldPartStaysIn: z.string() })).default([]),
  unit: z.string().nullable(),
  /** Null: not measured. */
  dataBytes: z.number().nullable(),
  walBytes: z.number().nullable(),
  freeBytes: z.number().nullable(),
  /** Of a secondary: how it gets the new version's data, and what either way would take; `words` says it. */
  rebuild: z
    .object({
      way: z.enum(['base-backup', 'hard-link']),
      /** After the downtime; null: not measured. */
      backupSeconds: z.number().nullable(),
      /** In the downtime; null: not measured, or pg_upgrade does not link. */
      linkSeconds: z.number().nullable(),
      words: z.string(),
    })
    .nullable(),
  databases: z.array(
    z.object({
      name: z.string(),
      bytes: z.number(),
      extensions: z.array(z.object({ name: z.string(), version: z.string() })),
    }),
  ),
});

const scriptSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), text: z.string() }),
  /** It is made from what an earlier step finds; `needs` says what. */
  z.object({ kind: z.literal('unresolved'), needs: z.string() }),
]);

/** A step of the runbook, by its number in it, and its host. */
const placeSchema = z.object({ number: z.number().int(), host: z.string() });

const stepSchema = z.object({
  number: z.number().int().positive(),
  id: z.string(),
  phase: z.enum(phases.map((phase) => phase.id)),
  host: z.string(),
  as: z.string(),
  title: z.string(),
  reason: z.string(),
  guide: z.object({ step: z.string().nullable(), differs: z.string().nullable() }),
  danger: z.enum(['reads', 'changes', 'point-of-no-return']),
  /** What the point of no return gives up; null where it is none. */
  givesUp: z.string().nullable(),
  writes: z.enum(['stop', 'resume', 'pause', 'unchanged']),
  optional: z.boolean(),
  /** As the servers show it when the plan is made. */
  state: z.enum(['pending', 'half', 'done']),
  /** The steps that must be over right before it, on whichever host. */
  waitsFor: z.array(placeSchema),
  /** The steps that may run while this one does. */
  together: z.array(placeSchema),
  before: z.array(z.string()),
  after: z.array(z.string()),
  /** Seconds that `after` may take to become true. */
  settleSeconds: z.number(),
  undo: z.string(),
  /** The same where it is a command on the step's host; null where it is words. */
  undoCommand: z.string().nullable(),
  seeOnFailure: z.array(z.string()),
  estimateSeconds: z.number(),
  script: scriptSchema,
});

/** A custom step at `failed`, in the order of the cluster file. */
const onFailureSchema = z.object({
  name: z.string(),
  title: z.string(),
  /** Null: the cluster file gives no reason. */
  why: z.string().nullable(),
  host: z.string(),
  as: z.string(),
  /** As soon as the failure is shown, or once the run is left with it. */
  when: z.enum(failedMoments),
  estimateSeconds: z.number(),
  /** After so many seconds its commands are ended. */
  timeoutSeconds: z.number(),
  /** As it will run, but for what it is told of the failure. */
  script: z.string(),
});

export const planSchema = z.object({
  format: z.literal('pgaf-upgrade plan'),
  version: z.literal(3),
  madeAt: z.string(),
  cluster: z.object({
    name: z.string(),
    formation: z.string(),
    from: z.string(),
    to: z.string(),
    mode: z.enum(['link', 'clone', 'copy']),
    jobs: z.number().int(),
    systemIdentifier: z.string(),
    /** Where the formation has several groups: the coordinator's is the first, and the one that the field above is of. */
    groups: z.array(z.object({ group: z.number().int(), systemIdentifier: z.string() })).exactOptional(),
    numberSyncStandbys: z.number().int(),
    autoctlExtension: z.string(),
    postgres: z.string(),
  }),
  /** Steps that the servers show as done already; the facts are then those of the record. */
  underWay: z.boolean(),
  rollbackNow: z.string(),
  /** The last check that was made on this machine; null: none. */
  check: checkResultSchema.nullable(),
  hosts: z.array(hostSchema),
  /** Of the whole runbook; what may run at the same time is counted so. */
  estimates: z.object({
    windowSeconds: z.number(),
    downtimeSeconds: z.number(),
    /** Which dry run they rest on; null: none, typical hardware is assumed. */
    dryRun: dryRunSchema.nullable(),
    /** The same where one step follows the other, as by hand. */
    oneByOne: z.object({ windowSeconds: z.number(), downtimeSeconds: z.number() }),
    assumed: z.array(z.string()),
  }),
  /** The end of the window; null: nobody has said. `beginBy`: phase B, for all to be over by then. `late`: the steps, by number, that would be over behind it if phase B were begun when the plan is made. */
  windowEnd: z
    .object({
      end: z.string(),
      note: z.string().nullable(),
      beginBy: z.string(),
      late: z.array(z.number().int()),
    })
    .nullable()
    .default(null),
  phases: z.array(
    z.object({
      id: z.enum(phases.map((phase) => phase.id)),
      title: z.string(),
      says: z.string(),
      /** From its first step's beginning to its last one's end; phases overlap, these do not add up. */
      estimateSeconds: z.number(),
      /** What a rollback means once the phase is over. */
      rollback: z.object({
        kind: z.enum([
          'nothing-to-undo',
          'safe',
          'safe-through',
          'lossless',
          'loses-new-writes',
          'backup-only',
        ]),
        says: z.string(),
      }),
    }),
  ),
  steps: z.array(stepSchema),
  /** Own steps that run only if a step has failed: no estimate counts them. */
  onFailure: z.array(onFailureSchema).default([]),
});

export type Plan = z.infer<typeof planSchema>;
export type PlannedStep = Plan['steps'][number];
export type PlannedOnFailure = Plan['onFailure'][number];
export type PlannedHost = Plan['hosts'][number];
