import { localTime } from '../../cluster/times.ts';
import type { EntryOf } from '../../engine/journal/entry.ts';
import { countSteps } from '../../runbook/language/step-count.ts';
import { type StepNames, stepLabel } from './steps.ts';
import { type Attempt, begunElsewhere, type Story } from './story.ts';

export type OutcomeKind =
  | 'finished'
  | 'rolled-back'
  | 'cleaned-up'
  | 'rehearsed'
  | 'failed'
  | 'left'
  | 'under-way'
  | 'not-begun';

export interface RunOutcome {
  readonly kind: OutcomeKind;
  /** One sentence for whoever reads nothing else. */
  readonly says: string;
}

interface Versions {
  readonly from: string;
  readonly to: string;
}

/** The last `finished` of the journal, when nothing was run after it. */
const finished = (
  story: Story,
  { from, to }: Versions,
  at: number,
  { direction, says }: EntryOf<'finished'>,
): RunOutcome => {
  const skipped = story.happenings.filter(
    ({ entry }) => entry.kind === 'skipped' && entry.reason !== '',
  ).length;
  const except = [
    story.attempts.length === 0 ? '; nothing had to be run' : '',
    skipped === 0 ? '' : `; ${skipped} ${skipped === 1 ? 'step was' : 'steps were'} skipped with a reason`,
  ].join('');
  const said = says?.split(';')[0];
  switch (direction) {
    case 'upgrade':
      return {
        kind: 'finished',
        says: `Finished at ${localTime(at)}: ${said ?? `every node runs PostgreSQL ${to}`}${except}.`,
      };
    case 'rollback':
      return {
        kind: 'rolled-back',
        says: `Rolled back, finished at ${localTime(at)}: ${said ?? `every node runs PostgreSQL ${from} again`}${except}.`,
      };
    case 'prepare':
      return {
        kind: 'finished',
        says: `Prepared at ${localTime(at)}: ${said ?? 'the new version follows'}${except}.`,
      };
    case 'call-off':
      return {
        kind: 'finished',
        says: `Called off at ${localTime(at)}: ${said ?? 'it is as it was before'}${except}.`,
      };
    case 'cleanup':
      return {
        kind: 'cleaned-up',
        says: `Cleaned up at ${localTime(at)}: ${said ?? 'the old clusters are removed'}${except}.`,
      };
    case 'rehearse':
      return {
        kind: 'rehearsed',
        says: `Rehearsed, finished at ${localTime(at)}: ${said ?? `the upgrade to ${to} on a copy`}${except}.`,
      };
  }
};

const wayWords = {
  upgrade: 'the upgrade',
  rollback: 'the rollback',
  cleanup: 'the clean-up',
  rehearse: 'the rehearsal',
  prepare: 'the preparation',
  'call-off': 'the calling off',
} as const;

/** Since this localTime the run has gone this way. */
const turnedAt = (story: Story): number => {
  let [way, at]: [string, number] = ['upgrade', 0];
  for (const { at: then, entry } of story.happenings)
    if (entry.kind === 'turned' && entry.direction !== way) [way, at] = [entry.direction, then];
  return at;
};

/** The last try of each step that is not over; side by side there may be several. */
const openOf = (story: Story): readonly Attempt[] => {
  const [last, since] = [story.attempts.at(-1), turnedAt(story)];
  const lastTries = new Map(story.attempts.map((one) => [one.step.id, one]));
  return [...lastTries.values()].filter(
    (one) => !story.over.has(one.step.id) && one.end?.kind !== 'done' && (one.at >= since || one === last),
  );
};

/** How the run ended, or where it stands, from the journal alone. */
export const outcomeOf = (story: Story, names: StepNames, versions: Versions): RunOutcome => {
  const attempt = story.attempts.at(-1);
  const ends = story.happenings.flatMap(({ at, entry }) =>
    entry.kind === 'finished' ? [{ at, entry }] : [],
  );
  const end = ends.at(-1);
  if (end !== undefined && end.at >= (attempt?.at ?? 0)) return finished(story, versions, end.at, end.entry);
  const way = wayWords[story.direction];
  const elsewhere = begunElsewhere(story);
  if (attempt === undefined && elsewhere === null)
    return {
      kind: 'not-begun',
      says: `Not begun: no step of ${way} has been confirmed, nothing was changed.`,
    };
  const notHere =
    attempt !== undefined || elsewhere === null
      ? ''
      : ` It was begun by ${elsewhere.by} at another console, whose journal has what was confirmed; at this one nothing was.`;
  const runbook = names.runbook(story.direction);
  const {
    done,
    skipped,
    total,
    open: ahead,
  } = countSteps(runbook, ({ id }) =>
    story.skipped.has(id) ? 'skipped' : story.over.has(id) ? 'done' : 'open',
  );
  const [next] = ahead;
  const count =
    total === 0 ? '' : `, ${done} of ${total} steps are done${skipped === 0 ? '' : `, ${skipped} skipped`}`;
  const open = openOf(story);
  const failing = open.filter((one) => one.end?.kind === 'failed');
  const running = open.filter((one) => one.end === null);
  const left = story.happenings.at(-1);
  const gone =
    left?.entry.kind === 'left' || (left?.entry.kind === 'lock' && left.entry.event === 'released')
      ? left
      : null;
  const last = next ?? attempt?.step;
  const at =
    [failing, running].find((some) => some.length > 0)?.map((one) => one.step) ??
    (last === undefined ? [] : [last]);
  const where = `at ${at.length === 0 ? 'its end' : at.map(stepLabel).join(', and ')}${count}`;
  if (failing.length > 0) {
    const beside =
      running.length === 0
        ? ''
        : `; of ${running.map((one) => stepLabel(one.step)).join(', and of ')}, no end is known`;
    return {
      kind: 'failed',
      says: `Not finished: ${way} stands ${where}. The ${failing.length === 1 ? 'step has' : 'steps have'} failed${beside}${gone === null ? '' : ', and the console was left'}.`,
    };
  }
  if (gone !== null)
    return {
      kind: 'left',
      says: `Not finished: ${way} was left at ${localTime(gone.at)} ${where}.${notHere}`,
    };
  return {
    kind: 'under-way',
    says: `Under way ${where}; the last entry is of ${localTime(story.last)}.${notHere}`,
  };
};
