import { bytes } from '../../cluster/amounts.ts';
import { type ClusterFacts, isOnline, primaryOf } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import { onlineIn, replicatedIn, slotOf, whyVoid } from '../steps/online/evidence.ts';
import { follows } from '../steps/online/follow.ts';

/** How far behind a database of the version that follows is. Null: its slot does not say, or there is none. */
export interface DatabaseLag {
  readonly name: string;
  readonly behindBytes: number | null;
  /** Seconds by which the last change that arrived was late; 0: nothing is on its way. */
  readonly behindSeconds: number | null;
  /** WAL that the server keeps for it. */
  readonly keptBytes: number | null;
  /** The version that follows reads it now. */
  readonly active: boolean;
  /** Errors at which it has stopped and begun again, since it follows. */
  readonly errors: number;
}

/**
 * Where the preparation of the online method stands, for `status` and whoever shows it. `void`: it is worth nothing any more, and `says` tells why;
 * `behind`: it is there, and does not follow closely.
 */
export interface OnlineStanding {
  readonly stage: 'not-begun' | 'preparing' | 'behind' | 'follows' | 'void';
  readonly says: string;
  readonly databases: readonly DatabaseLag[];
}

const most = (all: readonly (number | null)[]): number => Math.max(0, ...all.map((one) => one ?? 0));

/** Null: another method, or the primary was not seen. */
export const onlineStanding = (facts: ClusterFacts, world: Observations): OnlineStanding | null => {
  const seen = isOnline(facts) ? onlineIn(facts, world) : null;
  if (seen === null || seen.server === null) return null;
  const { alias, newVersion, oldVersion } = primaryOf(facts);
  const databases = replicatedIn(seen).map((one): DatabaseLag => {
    const slot = slotOf(seen, one);
    const subscription = seen.follower?.subscriptions.find(({ name }) => name === `pgaf_up_${one.oid}`);
    return {
      name: one.name,
      behindBytes: slot?.behind ?? null,
      behindSeconds: slot?.seconds ?? null,
      keptBytes: slot?.kept ?? null,
      active: slot?.active ?? false,
      errors: subscription?.errors ?? 0,
    };
  });
  const why = whyVoid(facts, world);
  const begun = seen.databases.some((one) => one.frozen || one.run !== null) || seen.copy.kind !== 'absent';
  if (why !== null)
    return {
      stage: 'void',
      says: `the preparation is void: ${why}. Call it off with pgaf-upgrade call-off, then prepare again`,
      databases,
    };
  if (!begun) return { stage: 'not-begun', says: 'nothing is prepared', databases: [] };
  const kept = most(databases.map((one) => one.keptBytes));
  if (seen.follower === null || seen.follower.subscriptions.length === 0)
    return {
      stage: 'preparing',
      says: `it is being prepared: the schema is frozen${kept > 0 ? `, and ${bytes(kept)} of WAL are kept` : ''}`,
      databases,
    };
  const judged = follows(facts).holds(world);
  const far = `at most ${bytes(most(databases.map((one) => one.behindBytes)))} and ${Math.round(most(databases.map((one) => one.behindSeconds)))} s behind; ${bytes(kept)} of WAL are kept for it`;
  return judged.holds
    ? {
        stage: 'follows',
        says: `PostgreSQL ${newVersion} follows ${oldVersion} on ${alias}, ${far}`,
        databases,
      }
    : {
        stage: 'behind',
        says: `PostgreSQL ${newVersion} does not follow closely: ${judged.found}; ${far}`,
        databases,
      };
};
