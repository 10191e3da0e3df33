import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import {
  hostIn,
  isDataDirectory,
  type Observations,
  type OnlineView,
} from '../../../cluster/observations.ts';
import { dataIsOld, isMajor, no, onHost, verdictOf } from '../../language/conditions.ts';
import type { Condition, ConditionJudgment } from '../../language/step.ts';
import { isKin } from '../../shell/ownership.ts';

/** How far the online method has come, from the disks and catalogs alone. */

export const onlineOn = ({ alias }: NodeFacts, world: Observations): OnlineView | null =>
  hostIn(world, alias)?.online ?? null;

export const onlineIn = (facts: ClusterFacts, world: Observations): OnlineView | null =>
  onlineOn(primaryOf(facts), world);

type JudgeOnline = (seen: OnlineView, world: Observations) => ConditionJudgment;

export const onlineHolds = ({ alias }: NodeFacts, text: string, judge: JudgeOnline): Condition =>
  onHost(alias, text, ({ online }, world) =>
    online === undefined ? no('the online method was not asked for') : judge(online, world),
  );

/** Of the primary. */
export const onOnline = (facts: ClusterFacts, text: string, judge: JudgeOnline): Condition =>
  onlineHolds(primaryOf(facts), text, judge);

type Database = OnlineView['databases'][number];

/** Databases with a table or a sequence of anybody's: each has a publication, a slot and a subscription. */
export const replicatedIn = (seen: OnlineView): readonly Database[] =>
  seen.databases.filter((one) => one.tables + one.sequences > 0);

/** Of every database. */
export const ofDatabases = (
  facts: ClusterFacts,
  text: string,
  holds: (one: Database) => boolean,
): Condition =>
  onOnline(facts, text, ({ databases }) => {
    const other = databases.find((one) => !holds(one));
    return databases.length === 0
      ? no('no database has answered')
      : verdictOf(other === undefined, `not in ${other?.name ?? ''}`);
  });

export const dataIsOldVersion = (facts: ClusterFacts): Condition => dataIsOld(facts, primaryOf(facts));

export type Slot = NonNullable<OnlineView['server']>['slots'][number];

/** The slot of a database for the way to the new version; undefined: there is none. */
export const slotOf = (seen: OnlineView, database: Database): Slot | undefined =>
  seen.server?.slots.find((one) => one.name === `pgaf_up_${database.oid}`);

/** The slot of a database for the way back, on the new version, once it serves; undefined: there is none. */
export const backSlotOf = (seen: OnlineView, database: Database): Slot | undefined =>
  seen.server?.slots.find((one) => one.name === `pgaf_back_${database.oid}`);

/** The copy was promoted, and where; by its marker it is this cluster's. */
export const isPromoted = (facts: ClusterFacts, seen: OnlineView): boolean =>
  isKin(facts, seen.copy) && seen.copyEnd !== null && isDataDirectory(seen.copy) && !seen.copy.standby;

/** Why a slot is given up: more than the limit would have been kept for it. */
export const walGone = ({ keepWal }: ClusterFacts): string =>
  `the WAL that it needs is gone${keepWal === null ? '' : ` (upgrade.keepWal: ${keepWal})`}`;

type Noted = Pick<Database, 'timeline'>;
type Server = Pick<NonNullable<OnlineView['server']>, 'timeline' | 'parent'>;

/**
 * The primary writes on the timeline that was noted, or on one that it has itself branched off from that: pg_auto_failover elects the same node again when its host comes back soon
 * enough, which promotes itself, and its slots have held WAL and catalogs meanwhile. A primary that has followed another node is two further at least.
 */
export const sameHistory = ({ timeline }: Noted, server: Server): boolean =>
  timeline === null || timeline === server.timeline || timeline === server.parent;

/** It was promoted since: not noted, and the next promotion would be taken for another node's. */
export const isBranched = (seen: OnlineView): boolean => {
  const { server } = seen;
  return (
    server !== null &&
    seen.databases.some(
      (one) => one.timeline !== null && one.timeline !== server.timeline && sameHistory(one, server),
    )
  );
};

/**
 * Why the preparation is worth nothing any more; null: it is good as far as it has come. A logical slot stays behind on a former primary, and looks usable
 * again after a switchover back: so the timeline is compared, and not the slot's being there. Source: docs/development/online.md, trap 10.
 */
export const whyVoid = (facts: ClusterFacts, world: Observations): string | null => {
  const primary = primaryOf(facts);
  const host = hostIn(world, primary.alias);
  const seen = host?.online;
  if (seen === undefined || seen.server === null) return null;
  // nothing was begun: a primary that was made another node for wal_level, say, has lost nothing
  if (
    seen.copy.kind === 'absent' &&
    seen.server.slots.length === 0 &&
    seen.databases.every((one) => one.run === null)
  )
    return null;
  const { server } = seen;
  if (host?.server?.inRecovery === true)
    return `${primary.alias} is not the primary any more: the slots that hold the place are on a node that takes no writes`;
  const moved = seen.databases.find((one) => !sameHistory(one, server));
  if (moved !== undefined)
    return `a failover or switchover has been since it was begun: the timeline is ${server.timeline}, and was ${moved.timeline}`;
  const lost = server.slots.find((one) => one.status === 'lost');
  if (lost !== undefined) return `slot ${lost.name} is lost: ${walGone(facts)}`;
  const missing = replicatedIn(seen).find((one) => slotOf(seen, one) === undefined);
  if (missing !== undefined && seen.copy.kind === 'cluster')
    return `${missing.name} has no slot, and the copy was taken`;
  return null;
};

/** Who served lies stopped in its place: the host was restarted behind the stop of a change of places, before it was set aside, and nobody else may start it. */
export const liesStopped = (primary: NodeFacts, major: number, world: Observations): boolean => {
  const seen = hostIn(world, primary.alias);
  return seen !== null && isMajor(seen.data, major) && seen.server === null && seen.pgAutoctl === 'stopped';
};

type Change = NonNullable<OnlineView['ready']>['what'];

/** Seconds since what a change of places does before its stop was done, for these servers; null: it was not, or is not fresh any more. */
export const readyIn = (facts: ClusterFacts, world: Observations, what: Change): number | null => {
  const ready = onlineIn(facts, world)?.ready;
  return ready?.what === what ? ready.seconds : null;
};

/** For cards behind that step: it was done, the server that will leave serves on, and it is not fresh any more. */
export const staleNotes = (facts: ClusterFacts, world: Observations, what: Change): readonly string[] => {
  const seen = hostIn(world, primaryOf(facts).alias);
  const leaves = what === 'cut-over' ? facts.oldMajor : facts.newMajor;
  const serves = seen !== null && seen.server !== null && isMajor(seen.data, leaves);
  const was = serves && seen.online?.files.includes('ready') === true;
  return was && readyIn(facts, world, what) === null
    ? [
        'What was made ready is not fresh any more: it is made ready again before the stop, and a pooler that is paused waits for it',
      ]
    : [];
};

export const notVoid = (facts: ClusterFacts): Condition => ({
  text: 'what was prepared is good still: same primary, same timeline, every slot',
  holds: (world) => {
    const why = whyVoid(facts, world);
    return verdictOf(why === null, `${why ?? ''}: call it off (pgaf-upgrade call-off), then begin again`);
  },
});
