import type { ClusterFacts } from '../../cluster/facts.ts';
import { expectedTogether } from './spans.ts';
import type { NamedStep } from './steps.ts';
import type { Attempt, Story } from './story.ts';

/** A time in which the application could not write. Milliseconds since the epoch. */
export interface Downtime {
  readonly from: number;
  /** Null: it had begun before this journal, as the servers showed. */
  readonly begins: NamedStep | null;
  /** Null: it is not over by what the journal knows. */
  readonly over: { readonly at: number; readonly ends: NamedStep } | null;
  /** What the steps in it were estimated to take, side by side where they ran so, in milliseconds; null where one of them was not. */
  readonly expectedMs: number | null;
}

/** On the way back the new version's primary is stopped: the application feels that as well. */
const stops = ({ step }: Attempt, facts: ClusterFacts | null): boolean =>
  step.writes === 'stop' ||
  (step.phase === 'R' &&
    step.id.endsWith('.stop') &&
    facts?.nodes.some((node) => node.alias === step.host && node.role === 'primary') === true);

/**
 * From the moment a stop's command was confirmed to the moment the servers were seen to take writes again; where another
 * operator stopped them, from the moment that the servers named. A stop that came to nothing (refused, say) does not count.
 */
export const downtimesOf = (story: Story, facts: ClusterFacts | null): readonly Downtime[] => {
  const found: Downtime[] = [];
  const downBefore = story.happenings.flatMap(({ at, entry }) =>
    entry.kind === 'writes-down' ? [{ at, from: entry.since === null ? at : Date.parse(entry.since) }] : [],
  );
  const isDown = (): boolean => found.at(-1)?.over === null;
  const takeOver = (before: number): void => {
    for (let next = downBefore[0]; next !== undefined && next.at <= before; next = downBefore[0]) {
      downBefore.shift();
      if (!isDown()) found.push({ from: next.from, begins: null, over: null, expectedMs: null });
    }
  };
  for (const attempt of story.attempts) {
    takeOver(attempt.at);
    const open = found.at(-1);
    const down = open !== undefined && open.over === null;
    if (!down && stops(attempt, facts))
      found.push({ from: attempt.at, begins: attempt.step, over: null, expectedMs: null });
    if (down && attempt.step.writes === 'resume') {
      const at = doneAt(story, attempt);
      const over = at === null ? null : { at, ends: attempt.step };
      if (over !== null)
        found[found.length - 1] = {
          ...open,
          over,
          expectedMs: open.begins === null ? null : expectedIn(story, open.from, over.at),
        };
    }
  }
  takeOver(Number.POSITIVE_INFINITY);
  return found;
};

const expectedIn = (story: Story, from: number, to: number): number | null =>
  expectedTogether(story.attempts.filter((one) => one.at >= from && one.at <= to));

/** When the step was seen done: by this try, or by hand after it. */
const doneAt = (story: Story, attempt: Attempt): number | null => {
  if (attempt.end?.kind === 'done') return attempt.end.at;
  const later = story.happenings.find(
    ({ at, entry }) => entry.kind === 'done' && entry.step === attempt.step.id && at > attempt.at,
  );
  return later?.at ?? null;
};
