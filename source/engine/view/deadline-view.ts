import { localMinute, localTime } from '../../cluster/times.ts';
import { type WindowEnd, windowEndWords } from '../../cluster/window-end.ts';
import type { StepId } from '../../runbook/language/step.ts';

/** The end of the window: what it leaves time for. It informs; it never acts by itself. */

/** `near`: ten minutes are left to roll back within the window; `rollback-late`: a rollback would end behind it; `over`: it has ended. */
export const deadlineStates = ['ahead', 'near', 'rollback-late', 'over'] as const;
export type DeadlineState = (typeof deadlineStates)[number];

export interface DeadlineView extends WindowEnd {
  /** Seconds that a rollback takes from here, by estimates; null: there is none, or it is what is under way. */
  readonly rollbackSeconds: number | null;
  /** Seconds that the steps ahead take, without the time that people take. */
  readonly aheadSeconds: number;
  /** Seconds until each step ahead is over, if all goes on at once. */
  readonly overIn: ReadonlyMap<StepId, number>;
  /** How it was when that was seen last. */
  readonly state: DeadlineState;
  /** The steps ahead that would be over behind the end of the window. */
  readonly late: ReadonlySet<StepId>;
}

/** How long before the latest moment to roll back it is told, in milliseconds. */
const warnedMs = 10 * 60_000;

/** The latest moment to begin a rollback that ends within the window; null: there is none to take, or nothing to undo. */
export const rollBackBy = ({
  at,
  rollbackSeconds,
}: Pick<DeadlineView, 'at' | 'rollbackSeconds'>): number | null =>
  rollbackSeconds === null || rollbackSeconds === 0 ? null : at - rollbackSeconds * 1000;

/** How it is at this moment. */
export const deadlineState = (deadline: DeadlineView, now: number): DeadlineState => {
  const by = rollBackBy(deadline);
  if (now >= deadline.at) return 'over';
  if (now >= (by ?? Number.POSITIVE_INFINITY)) return 'rollback-late';
  return now >= (by ?? deadline.at) - warnedMs ? 'near' : 'ahead';
};

/** A step as its view has it. */
interface Going {
  readonly id: StepId;
  readonly status: { readonly kind: string; readonly since?: number };
}

interface Seen {
  readonly steps: readonly Going[];
  readonly deadline?: DeadlineView;
}

/** What of the steps ahead has passed already, in milliseconds: the running ones were counted whole. */
export const underWayMs = ({ steps, deadline }: Seen, now: number): number =>
  Math.max(
    0,
    ...steps.map(({ id, status }) =>
      status.kind === 'running'
        ? Math.min(now - (status.since ?? now), (deadline?.overIn.get(id) ?? 0) * 1000)
        : 0,
    ),
  );

/** The steps that would be over behind the end of the window, if what is ahead went on at once. */
export const lateSteps = (view: Seen, now: number): ReadonlySet<StepId> => {
  const { deadline } = view;
  if (deadline === undefined) return new Set();
  const from = now - underWayMs(view, now);
  return new Set(
    [...deadline.overIn].flatMap(([id, seconds]) => (from + seconds * 1000 > deadline.at ? [id] : [])),
  );
};

const minutes = (milliseconds: number): string => {
  const count = Math.max(1, Math.round(milliseconds / 60_000));
  return count < 100 ? `${count} min` : `${Math.floor(count / 60)} h ${count % 60} min`;
};

/** Said where a run begins: which moment is meant. */
export const deadlineAnnounced = (end: WindowEnd, now: number): string =>
  end.at > now
    ? `The window ends ${windowEndWords(end)}, in ${minutes(end.at - now)}.`
    : `The window has ended at ${windowEndWords(end)}, ${minutes(now - end.at)} ago: nothing is done by itself.`;

/** What is said once when it comes to that. */
export const deadlineNews = (deadline: DeadlineView, state: DeadlineState, now: number): string | null => {
  const by = rollBackBy(deadline);
  const takes = deadline.rollbackSeconds ?? 0;
  switch (state) {
    case 'ahead':
      return null;
    case 'near':
      return by === null
        ? `The window ends at ${localMinute(deadline.at)}, in ${minutes(deadline.at - now)}.`
        : `Roll back by ${localMinute(by)}, in ${minutes(by - now)}, for it to be over when the window ends at ${localMinute(deadline.at)}; it takes about ${minutes(takes * 1000)}.`;
    case 'rollback-late':
      return `A rollback from here would be over at about ${localMinute(now + takes * 1000)}, behind the end of the window (${localMinute(deadline.at)}).`;
    case 'over':
      return `The window has ended (${localTime(deadline.at)}). Nothing is done by itself: go on, or roll back.`;
  }
};

/** On the card of a step that is late. */
export const lateWords = (deadline: DeadlineView): string =>
  `by the estimates it would be over behind the end of the window, ${localMinute(deadline.at)}`;
