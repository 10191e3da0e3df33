import { took } from '../../cluster/amounts.ts';
import type { ClusterFacts } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import { localMinute } from '../../cluster/times.ts';
import { windowEndOf, windowEndWords } from '../../cluster/window-end.ts';
import { deadlineOf } from '../../engine/view/deadline.ts';
import { rollBackBy } from '../../engine/view/deadline-view.ts';
import { type Direction, runbookFor } from '../../runbook/runbooks.ts';
import type { KeptDryRun } from '../../runbook/timing/dry-run.ts';

/** ISO 8601, and seconds; `says`: the same in a sentence. `rollBackBy`: null where there is no rollback to take, or nothing to undo. */
export interface StatusWindowEnd {
  readonly end: string;
  readonly rollBackBy: string | null;
  readonly rollbackSeconds: number | null;
  readonly secondsAhead: number;
  readonly says: string;
}

/** What the end of the window leaves time for. `text`: as it was written; null: nobody has said. */
export const statusWindowEnd = (
  text: string | null,
  facts: ClusterFacts,
  world: Observations,
  direction: Direction,
  kept: KeptDryRun | null,
  now: number,
): StatusWindowEnd | null => {
  const end = text === null ? null : windowEndOf(text, now, Date.parse(facts.readAt));
  if (end === null || direction === 'cleanup') return null;
  const ahead = runbookFor(facts, world, direction).filter((step) => step.probe(world).state !== 'done');
  const follows = deadlineOf(end, facts, world, direction, ahead, kept);
  const by = rollBackBy(follows);
  const over = now + follows.aheadSeconds * 1000;
  const steps = `the steps ahead take about ${took(follows.aheadSeconds * 1000)}${over > end.at ? ', until behind it' : ''}`;
  const back =
    by === null
      ? ''
      : by > now
        ? `; roll back by ${localMinute(by)} (it takes about ${took((follows.rollbackSeconds ?? 0) * 1000)})`
        : `; a rollback from here would be over behind it (it takes about ${took((follows.rollbackSeconds ?? 0) * 1000)})`;
  return {
    end: new Date(end.at).toISOString(),
    rollBackBy: by === null ? null : new Date(by).toISOString(),
    rollbackSeconds: follows.rollbackSeconds,
    secondsAhead: Math.round(follows.aheadSeconds),
    says: `${end.at > now ? 'ends' : 'has ended at'} ${windowEndWords(end)}; ${steps}${back}`,
  };
};
