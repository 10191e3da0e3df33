import type { ClusterFacts } from '../../cluster/facts.ts';
import type { ExpectedDowntime } from '../../runbook/timing/estimates.ts';
import { type Entry, type EntryOf, type JournaledStep, ofKind, type Recorded } from './entry.ts';

/**
 * The times in which the application could not write, as a run's journal has them: one rule for header, status and report.
 * From the moment at which a stop's command was confirmed (where another operator stopped the writes: that the servers
 * named) to the moment at which the servers were seen to take writes again.
 */

/** Milliseconds since the epoch; steps by their id. */
export interface JournalDowntime {
  readonly from: number;
  /** Null: it had begun before this journal, as the servers showed. */
  readonly begins: string | null;
  /** Null: it is not over by what the journal knows. */
  readonly over: { readonly at: number; readonly ends: string } | null;
  /** What was shown before it; null: nothing, or the journal is older. */
  readonly expected: ExpectedDowntime | null;
}

export type FeltStep = Pick<JournaledStep, 'id' | 'phase' | 'host' | 'writes'>;

/** In a rollback the new version's primary is stopped: the application feels that as well. */
const stopsWrites = (step: FeltStep, facts: ClusterFacts | null): boolean =>
  step.writes === 'stop' ||
  (step.phase === 'R' &&
    step.id.endsWith('.stop') &&
    facts?.nodes.some((node) => node.alias === step.host && node.role === 'primary') === true);

/** `stepOf`: what a step's name in the journal means; undefined: nobody knows. */
export const downtimesIn = (
  records: readonly Recorded[],
  facts: ClusterFacts | null,
  stepOf: (id: string) => FeltStep | undefined,
): readonly JournalDowntime[] => {
  const found: JournalDowntime[] = [];
  const open = (): JournalDowntime | undefined => {
    const last = found.at(-1);
    return last?.over === null ? last : undefined;
  };
  for (const record of records) {
    if (!('entry' in record)) continue;
    const { entry } = record;
    const at = Date.parse(record.at);
    if (Number.isNaN(at)) continue;
    const down = open();
    if (entry.kind === 'writes-down' && down === undefined)
      found.push({
        from: entry.since === null ? at : Date.parse(entry.since),
        begins: null,
        over: null,
        expected: null,
      });
    if (entry.kind === 'writes-up' && down !== undefined)
      found[found.length - 1] = { ...down, over: { at: Date.parse(entry.at), ends: entry.step } };
    if (entry.kind !== 'confirmed' && entry.kind !== 'done') continue;
    const step = stepOf(entry.step);
    if (step === undefined) continue;
    if (entry.kind === 'confirmed' && down === undefined && stopsWrites(step, facts))
      found.push({ from: at, begins: step.id, over: null, expected: entry.expectedDowntime ?? null });
    if (entry.kind === 'done' && down !== undefined && step.writes === 'resume')
      found[found.length - 1] = { ...down, over: { at, ends: step.id } };
  }
  return found;
};

/** A time in which writes paused within a step. */
export interface WritePause {
  readonly step: string;
  readonly host: string | null;
  /** Milliseconds. */
  readonly ms: number;
  /**
   * The step has said when it stopped the writes and when they went on. Else it is the most that it can have been: from the step's confirmation to its end, that of one that failed
   * too. A switchover pauses somewhere within.
   */
  readonly measured: boolean;
}

type Paused = Pick<JournaledStep, 'writes'> & Partial<Pick<JournaledStep, 'host'>>;

/** Steps that say themselves when they stop the writes: none was stopped where such a one has ended and says nothing. */
export const tellsItsPause = (id: string): boolean => /\.cut-(over|back)$/.test(id);
/** Applications are made to wait by it, until the change of places behind it is over: what that one says begins too late. */
const holdsWrites = (id: string): boolean => id.includes('.custom-');

const kindsOfPauses = ['confirmed', 'attached', 'ended', 'done', 'failed'] as const;
type PauseEntry = EntryOf<(typeof kindsOfPauses)[number]>;
const isOfPauses = (entry: Entry): entry is PauseEntry => kindsOfPauses.some((kind) => kind === entry.kind);

interface BegunPause {
  /** When it was confirmed; null: at another console. */
  readonly at: number | null;
  /** Seconds since the host's boot; null: not stopped yet. */
  readonly stopped: number | null;
  readonly serving: number | null;
  /** A try has ended whose output was read to its end. */
  readonly heard: boolean;
}

/** The pauses in a journal, oldest first; what has no end there is not counted. */
export const pausesIn = (
  records: readonly Recorded[],
  stepOf: (id: string) => Paused | undefined,
): readonly WritePause[] => {
  const begun = new Map<string, BegunPause>();
  const found: WritePause[] = [];
  let held = false;
  for (const record of records) {
    if (!('entry' in record)) continue;
    const { entry } = record;
    if (!isOfPauses(entry)) continue;
    const { step } = entry;
    const known = stepOf(step);
    const at = Date.parse(record.at);
    if (known?.writes !== 'pause' || Number.isNaN(at)) continue;
    const now = begun.get(step);
    if (entry.kind === 'confirmed' || entry.kind === 'attached') {
      // a try that has stopped the writes and not brought them back: the pause goes on
      if (now === undefined)
        begun.set(step, {
          at: entry.kind === 'confirmed' ? at : null,
          stopped: null,
          serving: null,
          heard: false,
        });
      continue;
    }
    if (now === undefined) continue;
    if (entry.kind === 'ended') {
      if (entry.pause === undefined) continue;
      const { stopped, serving } = entry.pause;
      begun.set(step, { at: now.at, stopped: now.stopped ?? stopped, serving, heard: true });
      continue;
    }
    const { stopped, serving, heard } = now;
    if (entry.kind === 'failed' && stopped !== null && serving === null) continue;
    begun.delete(step);
    if (heard && stopped === null && serving === null) continue;
    const host = known.host ?? null;
    // behind a reboot the clock has begun anew
    const measured = stopped !== null && serving !== null && serving >= stopped && !held;
    if (measured) found.push({ step, host, ms: Math.round((serving - stopped) * 1000), measured });
    else if (now.at !== null) found.push({ step, host, ms: at - now.at, measured });
    held = entry.kind === 'done' && holdsWrites(step);
  }
  return found;
};

/** What the runbooks in a journal say of a step's name. */
export const stepsIn = (records: readonly Recorded[]): ((id: string) => JournaledStep | undefined) => {
  const steps = new Map(
    ofKind(records, 'runbook').flatMap((entry) => entry.steps.map((step) => [step.id, step])),
  );
  return (id) => steps.get(id);
};
