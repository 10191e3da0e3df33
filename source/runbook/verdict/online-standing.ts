import { bytes, roughly } from '../../cluster/amounts.ts';
import { type ClusterFacts, isOnline, primaryOf } from '../../cluster/facts.ts';
import type { Observations, OnlineView } from '../../cluster/observations.ts';
import { isSwapped } from '../language/evidence.ts';
import {
  backSlotOf,
  isBranched,
  onlineIn,
  replicatedIn,
  type Slot,
  slotOf,
  whyVoid,
} from '../steps/online/evidence.ts';
import { follows } from '../steps/online/follow.ts';
import { followsBack, keepersLost } from '../steps/online/follow-back.ts';
import { lastsSeconds, type OnlinePace, trendWords } from './online-pace.ts';

/** How far behind a database of the version that follows is. Null: its slot does not say, or there is none. */
export interface DatabaseLag {
  readonly name: string;
  readonly behindBytes: number | null;
  /** Seconds by which the last change that arrived was late; 0: nothing is on its way. */
  readonly behindSeconds: number | null;
  /** WAL that the server keeps for it. */
  readonly keptBytes: number | null;
  /** What may be written before it is given up for its WAL; null: there is no bound. */
  readonly leftBytes: number | null;
  /** The version that follows reads it now. */
  readonly active: boolean;
  /** Errors at which it has stopped and begun again, since it follows. */
  readonly errors: number;
}

/**
 * Where the online method stands, for `status` and whoever shows it. `void`: what was prepared is worth nothing any more, and `says` tells why;
 * `behind`: it is there, and does not follow closely. Behind the cut-over, `follows-back`: the old version follows closely; `not-back`: it does not.
 */
export interface OnlineStanding {
  readonly stage: 'not-begun' | 'preparing' | 'behind' | 'follows' | 'void' | 'follows-back' | 'not-back';
  readonly says: string;
  readonly databases: readonly DatabaseLag[];
  /** WAL that the old version, which follows, keeps of its own for its secondaries, to stream on in a rollback: in bytes. Absent: it does not follow, or keeps none. */
  readonly keptForSecondaries?: number;
  /** Between two looks; null: there was one. */
  readonly pace: OnlinePace | null;
}

/** Not yet judged between two looks. */
type Standing = Omit<OnlineStanding, 'pace'>;

const most = (all: readonly (number | null)[]): number => Math.max(0, ...all.map((one) => one ?? 0));

/** The least that may be written before one of them is given up for its WAL; null: there is no bound. */
const leftOf = (databases: readonly DatabaseLag[]): number | null => {
  const left = databases.flatMap(({ leftBytes }) => (leftBytes === null ? [] : [leftBytes]));
  return left.length === 0 ? null : Math.min(...left);
};

/**
 * `lag 184 B, 0 s; 16 kB of WAL kept`: of the version that follows, the most of any database, and what is to be known of its end: from the whole to what must be there. Empty: none
 * follows.
 */
export const lagWords = ({ stage, databases, pace }: OnlineStanding): readonly string[] => {
  if (databases.length === 0 || !['behind', 'follows', 'follows-back', 'not-back'].includes(stage)) return [];
  const lag = `lag ${bytes(most(databases.map((one) => one.behindBytes)))}, ${Math.round(most(databases.map((one) => one.behindSeconds)))} s`;
  const trend = trendWords(pace);
  const left = leftOf(databases);
  const lasts = left === null ? null : lastsSeconds(left, pace);
  const lost =
    left === null ? [] : [`lost behind ${bytes(left)} more${lasts === null ? '' : ` (${roughly(lasts)})`}`];
  const kept = `${bytes(most(databases.map((one) => one.keptBytes)))} of WAL kept`;
  const pressing = trend === null ? [] : [trend];
  return [
    [lag, ...pressing, kept, ...lost],
    [lag, ...pressing, kept],
    [lag, ...pressing],
    ...(pace?.trend.kind === 'falls-behind' ? [['FALLING BEHIND']] : [[lag]]),
  ].map((words) => words.join('; '));
};

/** What a DBA should know before the next restart. */
const branched =
  '; its host was restarted and it has promoted itself: once more, and nobody could tell that from a failover';

/** Behind the cut-over: the old version follows, or why it does not. Null once the upgrade is accepted: nothing of ours is left. */
const behindCutOver = (
  facts: ClusterFacts,
  world: Observations,
  seen: OnlineView,
  pace: OnlinePace | null,
): Standing | null => {
  const { alias, newVersion, oldVersion } = primaryOf(facts);
  if (seen.server?.slots.length === 0 && seen.back === undefined) return null;
  const databases = replicatedIn(seen).map((one): DatabaseLag => {
    const slot = backSlotOf(seen, one);
    const subscription = seen.back?.subscriptions.find(({ name }) => name === `pgaf_back_${one.oid}`);
    return lagOf(one.name, slot, subscription?.errors ?? 0);
  });
  const judged = followsBack(facts, world);
  const kept = most((seen.back?.keepers ?? []).map((one) => one.bytes));
  const lost = keepersLost(facts, world);
  const note = `${isBranched(seen) ? branched : ''}${lost === null ? '' : `; ${lost}`}`;
  return {
    ...(judged.holds
      ? {
          stage: 'follows-back',
          says: `PostgreSQL ${oldVersion} follows ${newVersion} on ${alias}, ${farOf(databases, pace)}; a rollback loses nothing${note}`,
        }
      : {
          stage: 'not-back',
          says: `PostgreSQL ${oldVersion} does not follow ${newVersion}: ${judged.found}`,
        }),
    databases,
    ...(kept > 0 && { keptForSecondaries: kept }),
  };
};

const lagOf = (name: string, slot: Slot | undefined, errors: number): DatabaseLag => ({
  name,
  behindBytes: slot?.behind ?? null,
  behindSeconds: slot?.seconds ?? null,
  keptBytes: slot?.kept ?? null,
  leftBytes: slot?.left ?? null,
  active: slot?.active ?? false,
  errors,
});

/** The way is lost when so much more is written: said before it happens. */
const leftWords = (databases: readonly DatabaseLag[], pace: OnlinePace | null): string => {
  const left = leftOf(databases);
  if (left === null) return '';
  const lasts = lastsSeconds(left, pace);
  return `, and given up when ${bytes(left)} more are written without being received (max_slot_wal_keep_size${lasts === null ? '' : `; at the present rate in ${roughly(lasts)}`})`;
};

const farOf = (databases: readonly DatabaseLag[], pace: OnlinePace | null): string => {
  const trend = trendWords(pace);
  return `at most ${bytes(most(databases.map((one) => one.behindBytes)))} and ${Math.round(most(databases.map((one) => one.behindSeconds)))} s behind${trend === null ? '' : `, ${trend}`}; ${bytes(most(databases.map((one) => one.keptBytes)))} of WAL are kept for it${leftWords(databases, pace)}`;
};

const standingOf = (facts: ClusterFacts, world: Observations, pace: OnlinePace | null): Standing | null => {
  const seen = isOnline(facts) ? onlineIn(facts, world) : null;
  if (seen === null || seen.server === null) return null;
  const { alias, newVersion, oldVersion } = primaryOf(facts);
  if (isSwapped(facts, primaryOf(facts), world)) return behindCutOver(facts, world, seen, pace);
  const databases = replicatedIn(seen).map((one): DatabaseLag => {
    const subscription = seen.follower?.subscriptions.find(({ name }) => name === `pgaf_up_${one.oid}`);
    return lagOf(one.name, slotOf(seen, one), subscription?.errors ?? 0);
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
  const far = farOf(databases, pace);
  return judged.holds
    ? {
        stage: 'follows',
        says: `PostgreSQL ${newVersion} follows ${oldVersion} on ${alias}, ${far}${isBranched(seen) ? `${branched} (pgaf-upgrade prepare notes it)` : ''}`,
        databases,
      }
    : {
        stage: 'behind',
        says: `PostgreSQL ${newVersion} does not follow closely: ${judged.found}; ${far}`,
        databases,
      };
};

/** `pace`: between an earlier look and this one. Null: another method, or the primary was not seen, or the upgrade is accepted. */
export const onlineStanding = (
  facts: ClusterFacts,
  world: Observations,
  pace: OnlinePace | null = null,
): OnlineStanding | null => {
  const standing = standingOf(facts, world, pace);
  return standing === null ? null : { ...standing, pace };
};
