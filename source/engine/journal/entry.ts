import { z } from 'zod';
import { inventorySchema } from '../../cluster/inventory.ts';
import { toDoSchema } from '../../cluster/to-do.ts';
import { phases, type Step } from '../../runbook/language/step.ts';
import { directions } from '../../runbook/runbooks.ts';
import { expectedDowntimeSchema } from '../../runbook/timing/estimates.ts';

/** One line of the journal, without its time. What an older or newer console wrote otherwise is kept, and not understood. */

const probeSchema = z.object({ state: z.enum(['pending', 'done', 'half']), says: z.string() });
const directionSchema = z.enum(directions);

/** Every step was confirmed by `--yes`: nobody sat at the keyboard. */
const unattendedSchema = z.boolean().optional();

/**
 * `begin`: before the first step of the run; `stop`: right before the writes stop; `verified`: the new version runs
 * on the local socket only and nobody can have written; `end`: the run is at its end.
 */
export const momentSchema = z.enum(['begin', 'stop', 'verified', 'end']);
export type Moment = z.infer<typeof momentSchema>;

const phaseIdSchema = z.enum(phases.map((phase) => phase.id));

export const journaledStepSchema = z.object({
  id: z.string(),
  phase: phaseIdSchema,
  host: z.string(),
  title: z.string(),
  danger: z.enum(['reads', 'changes', 'point-of-no-return']),
  writes: z.enum(['stop', 'resume', 'pause', 'unchanged']),
  optional: z.boolean(),
});
export type JournaledStep = z.infer<typeof journaledStepSchema>;

export const entrySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('run'),
    cluster: z.string(),
    operator: z.string(),
    from: z.string(),
    to: z.string(),
    factsId: z.string(),
    unattended: unattendedSchema,
    /** The change that it belongs to. */
    ticket: z.string().optional(),
    /** `DEMO` where no server of it is real. */
    banner: z.string().optional(),
  }),
  /** A console opened a run that was begun before; `journal` says whether this file or only the host knew of it. */
  z.object({
    kind: z.literal('resumed'),
    operator: z.string(),
    began: z.string(),
    by: z.string(),
    known: z.enum(['here', 'host']),
    unattended: unattendedSchema,
    ticket: z.string().optional(),
  }),
  z.object({ kind: z.literal('facts'), facts: z.unknown() }),
  /** When the window ends, as the console was told that begins or goes on with the run: ISO 8601. */
  z.object({ kind: z.literal('window-end'), end: z.string() }),
  z.object({
    kind: z.literal('confirmed'),
    step: z.string(),
    host: z.string(),
    as: z.string(),
    typed: z.string().nullable(),
    job: z.string(),
    script: z.string(),
    /** Bytes of the step's output file before this job's first. */
    outputFrom: z.number().int().nonnegative().optional(),
    /** How long it should take, in milliseconds, by what was measured until then; absent where nothing was. */
    expectedMs: z.number().nonnegative().optional(),
    /** Of the step that stops the writes: the downtime that was shown with it. */
    expectedDowntime: expectedDowntimeSchema.optional(),
    /** Warnings of the cluster as a whole that stood on the card. */
    clusterNotes: z.array(z.string()).optional(),
  }),
  /**
   * A second person has approved the step that is confirmed now: who, by which login, when, and what a rollback meant on their screen; beside it
   * what it meant on the operator's. Both saw the script of this digest (SHA-256), which stands in `confirmed`.
   */
  z.object({
    kind: z.literal('approved'),
    step: z.string(),
    title: z.string(),
    by: z.string(),
    login: z.string(),
    approvedAt: z.string(),
    verdict: z.string(),
    digest: z.string(),
    operator: z.string(),
    operatorVerdict: z.string(),
  }),
  /** A job that was found on its host is followed again, from this byte of its log. */
  z.object({
    kind: z.literal('attached'),
    step: z.string(),
    host: z.string(),
    job: z.string(),
    fromByte: z.number().int().nonnegative(),
    outputFrom: z.number().int().nonnegative(),
  }),
  z.object({
    kind: z.literal('ended'),
    step: z.string(),
    job: z.string(),
    exitCode: z.number().int().nullable(),
    tookMs: z.number(),
    outputFrom: z.number().int().nonnegative(),
    outputTo: z.number().int().nonnegative(),
    /** Of a step that says so itself: when it stopped the writes and when they went on, in seconds since the host's boot; null: it has not come to that. */
    pause: z.object({ stopped: z.number().nullable(), serving: z.number().nullable() }).optional(),
  }),
  z.object({
    kind: z.literal('done'),
    step: z.string(),
    by: z.enum(['run', 'found', 'hand']),
    probe: probeSchema,
    verdict: z.string(),
    /** What was noticed on the host and stands against nothing: a check's warnings. */
    notes: z.array(z.string()).optional(),
    /** All that steps of the upgrade have left undone until then. */
    toDo: z.array(toDoSchema).optional(),
  }),
  z.object({
    kind: z.literal('failed'),
    step: z.string(),
    what: z.string(),
    unmet: z.array(z.string()),
    probe: probeSchema.nullable(),
  }),
  z.object({
    kind: z.literal('skipped'),
    step: z.string(),
    reason: z.string(),
    probe: probeSchema,
    /** Because a host gave no answer: it is asked for again when that is back. */
    absent: z.boolean().optional(),
  }),
  /** A custom step at `failed` was run: `step` is the one that has failed. `exitCode` null: its end is not known. `says`: its last lines. */
  z.object({
    kind: z.literal('on-failure'),
    step: z.string(),
    name: z.string(),
    host: z.string(),
    as: z.string(),
    job: z.string(),
    script: z.string(),
    exitCode: z.number().int().nullable(),
    /** From its start to its end; absent: its end is not known. */
    seconds: z.number().nonnegative().optional(),
    says: z.array(z.string()),
  }),
  /** The run goes on without a host that gives no answer; its steps wait until it is back. */
  z.object({ kind: z.literal('without'), host: z.string(), since: z.string(), reason: z.string() }),
  /** The servers took no writes when this console came, and its journal has no beginning of that; since when, by the primary's host. */
  z.object({ kind: z.literal('writes-down'), since: z.string().nullable() }),
  /** The writes had come back, with this step, before this console went on: at that moment, as the console saw it that had them back. */
  z.object({ kind: z.literal('writes-up'), step: z.string(), at: z.string() }),
  /** One typed confirmation runs on from this step: before that one at the latest it stops; null: at the end. */
  z.object({
    kind: z.literal('run-on'),
    step: z.string(),
    typed: z.string(),
    operator: z.string(),
    until: z.string().nullable(),
  }),
  /** It has stopped before this step (null: at the end), and why. */
  z.object({ kind: z.literal('run-on-ended'), before: z.string().nullable(), why: z.string() }),
  /** The operator ended a running step: `typed` is what was typed for it. */
  z.object({ kind: z.literal('cancelled'), step: z.string(), job: z.string(), typed: z.string() }),
  /** The operator ends the sessions of the clients of a server, before this step stops it: `typed` is what was typed for it. */
  z.object({ kind: z.literal('terminate-clients'), step: z.string(), host: z.string(), typed: z.string() }),
  /** How many there were; null: nobody knows, and why. */
  z.object({
    kind: z.literal('clients-terminated'),
    step: z.string(),
    host: z.string(),
    sessions: z.number().int().nonnegative().nullable(),
    why: z.string().nullable(),
  }),
  z.object({ kind: z.literal('quiet'), step: z.string(), seconds: z.number(), found: z.array(z.string()) }),
  /** An answer to a question while connecting; of a passphrase only that there was one. */
  z.object({ kind: z.literal('answered'), question: z.string(), answer: z.string() }),
  z.object({
    kind: z.literal('lock'),
    event: z.enum(['taken', 'recovered', 'taken-over', 'lost', 'released', 'read-only']),
    token: z.string(),
    /** Who else held or holds it; what was typed to take it over. */
    other: z.string().nullable(),
    typed: z.string().nullable(),
  }),
  z.object({ kind: z.literal('left'), running: z.string().nullable(), why: z.string().optional() }),
  z.object({ kind: z.literal('turned'), direction: directionSchema, verdict: z.string() }),
  /** The steps that the run goes through from here on, in order: later readers need not make them again. */
  z.object({ kind: z.literal('runbook'), direction: directionSchema, steps: z.array(journaledStepSchema) }),
  /** What a server held at a moment of the run, or why nobody could tell. */
  z.object({
    kind: z.literal('inventory'),
    moment: momentSchema,
    host: z.string(),
    inventory: inventorySchema.nullable(),
    why: z.string().nullable(),
  }),
  /** `says`: what was true at the end, directories that were kept aside included. */
  z.object({ kind: z.literal('finished'), direction: directionSchema, says: z.string().optional() }),
  /** The line before this one was not written whole: the disk was full, or the machine went down. */
  z.object({ kind: z.literal('torn'), bytes: z.number().int() }),
]);

export type Entry = z.infer<typeof entrySchema>;
export type EntryOf<Kind extends Entry['kind']> = Extract<Entry, { kind: Kind }>;

/** As read back: with its time; `unknown` is a whole line that this console does not understand. */
export type Recorded = { readonly at: string; readonly entry: Entry } | { readonly unknown: string };

const timed = z.object({ at: z.string() });

/** A line as it stands there. */
export const recordedSchema = z.intersection(timed, entrySchema);

/** The entries of a journal's text. A torn line is left out: it was never acknowledged to anybody. */
export const parseJournal = (text: string): readonly Recorded[] =>
  text.split('\n').flatMap((line): readonly Recorded[] => {
    if (line.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (thrown) {
      if (thrown instanceof SyntaxError) return [];
      throw thrown;
    }
    const [time, entry] = [timed.safeParse(value), entrySchema.safeParse(value)];
    return time.success && entry.success ? [{ at: time.data.at, entry: entry.data }] : [{ unknown: line }];
  });

/** The entries of one kind, oldest first. */
export const ofKind = <Kind extends Entry['kind']>(
  records: readonly Recorded[],
  kind: Kind,
): readonly EntryOf<Kind>[] => {
  const is = (entry: Entry): entry is EntryOf<Kind> => entry.kind === kind;
  return records.flatMap((record) => ('entry' in record && is(record.entry) ? [record.entry] : []));
};

/** A step as the journal keeps it. */
export const planned = ({ id, phase, host, title, danger, writes, optional }: Step): JournaledStep => ({
  id,
  phase,
  host,
  title,
  danger,
  writes,
  optional,
});
