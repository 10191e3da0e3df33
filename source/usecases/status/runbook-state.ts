import type { Observations } from '../../cluster/observations.ts';
import { ofKind, type Recorded } from '../../engine/journal/entry.ts';
import { skippedIn } from '../../engine/journal/skipped.ts';
import { readySteps } from '../../engine/run/next-step.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import { countSteps } from '../../runbook/language/step-count.ts';

/** `number`: from 1, as the console counts. */
export type StepPlace = Pick<Step, 'id' | 'host' | 'title' | 'phase'> & { readonly number: number };

/** How far a runbook is, by what the servers say of each of its steps. */
export interface RunbookState {
  readonly done: number;
  /** By a person’s decision, optional steps too; they are in `total` as well. */
  readonly skipped: number;
  readonly total: number;
  /** Null: nothing is left to do. */
  readonly next: StepPlace | null;
  /** Steps whose command runs on its host now, as far as this login may see it. */
  readonly running: readonly StepPlace[];
  /** The host that does not answer, which the next step waits for; null: none. */
  readonly waitsFor: string | null;
  /** Hosts that do not answer, and without which nobody can tell what is next: the primary, the monitor. */
  readonly untold: readonly string[];
  /** Why the next step cannot be run again and what leads on instead; null: it can. */
  readonly onlyBack: string | null;
}

const unseenIn = (world: Observations): readonly string[] =>
  Object.entries(world.hosts).flatMap(([alias, observation]) =>
    observation.kind === 'unseen' ? [alias] : [],
  );

/** What is known of the run beside what the servers show. */
export interface KnownRun {
  /** This machine's journal of it; empty: there is none. */
  readonly records: readonly Recorded[];
  /** It was begun and has not come to its end, whatever it has changed by now. */
  readonly open: boolean;
  /** The steps whose jobs run on their hosts; null: it is not known, because somebody holds the lock and their jobs cannot be read here. */
  readonly running: ReadonlySet<StepId> | null;
}

/**
 * Which steps that are not done count as skipped. An optional one does when no run is open and nothing else is left, whoever brought it to
 * its end; without a journal of the run nobody knows more: then it does as soon as one behind it is done.
 */
const skippedSteps = (
  runbook: readonly Step[],
  isDone: (step: Step) => boolean,
  unseen: readonly string[],
  { records, open }: KnownRun,
): ReadonlySet<Step> => {
  const lastDone = runbook.findLastIndex(isDone);
  const isOver = !open && runbook.every((step) => step.optional || isDone(step));
  const isSkipped = (step: Step, at: number): boolean => {
    // Who left the run before its end has no word of what another operator left out.
    if (step.optional && isOver) return true;
    if (records.length === 0) return step.optional && at < lastDone;
    const skipped = skippedIn(records, step.id);
    return skipped !== null && (!skipped.absent || unseen.includes(step.host));
  };
  return new Set(runbook.filter((step, at) => !isDone(step) && isSkipped(step, at)));
};

/**
 * How far a runbook is, counted as the console does: what the servers show as done ahead of its turn counts when its turn has come, unless
 * this run has done it. `needed`: the hosts without which nobody can tell how far it is. Pure.
 */
export const runbookState = (
  runbook: readonly Step[],
  world: Observations,
  needed: readonly string[],
  run: KnownRun,
): RunbookState => {
  const unseen = unseenIn(world);
  // Of a secondary that does not answer nobody knows what is done: its steps, and those that wait for it, are not what is next.
  const without = { ...world, leftOut: unseen };
  const shownDone = new Set(runbook.filter((step) => step.probe(without).state === 'done'));
  const isDone = (step: Step): boolean => shownDone.has(step);
  const skips = skippedSteps(runbook, isDone, unseen, run);
  const left = runbook.filter((step) => !isDone(step) && !skips.has(step));
  const { waits, first: next } = readySteps(left, without);
  const turn = next === undefined ? runbook.length : runbook.indexOf(next);
  const journaled = new Set(ofKind(run.records, 'done').map(({ step }) => step));
  const past = new Set(runbook.slice(0, turn));
  const { done, skipped, total } = countSteps(runbook, (step) => {
    if (skips.has(step)) return 'skipped';
    const counts = past.has(step) || journaled.has(step.id);
    return counts && isDone(step) ? 'done' : 'open';
  });
  const named = ({ id, host, title, phase }: Step): StepPlace => ({
    id,
    number: runbook.findIndex((step) => step.id === id) + 1,
    host,
    title,
    phase,
  });
  const running = runbook.filter(({ id }) => run.running?.has(id) === true);
  // What runs has begun and not finished, too.
  const mayStand = next !== undefined && run.running !== null && !running.includes(next);
  return {
    done,
    skipped,
    total,
    next: next === undefined ? null : named(next),
    running: running.map(named),
    waitsFor: next === undefined ? null : (waits.get(next) ?? null),
    untold: unseen.filter((alias) => needed.includes(alias)),
    onlyBack: mayStand ? next.interrupted(world) : null,
  };
};
