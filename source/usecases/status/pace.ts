import { setTimeout as pause } from 'node:timers/promises';
import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import { present } from '../../cluster/present.ts';
import type { Observer } from '../../engine/observe/observer.ts';
import { type OnlinePace, onlineLook, paceBetween } from '../../runbook/verdict/online-pace.ts';
import { onlineStanding } from '../../runbook/verdict/online-standing.ts';

/** Milliseconds between the two looks that tell how fast WAL is written. */
const betweenLooks = 2_000;

/** A second look at the primary, only where something follows or is being prepared; null: there is nothing to compare. */
export const paceFrom = async (
  facts: ClusterFacts,
  observer: Observer,
  world: Observations,
): Promise<OnlinePace | null> => {
  const first = onlineLook(facts, world);
  if (first === null || (onlineStanding(facts, world)?.databases.length ?? 0) === 0) return null;
  await pause(Math.max(0, first.at + betweenLooks - present()));
  return paceBetween(first, onlineLook(facts, await observer.inspect([primaryOf(facts).alias])));
};
