import { firstOf } from '../../cluster/amounts.ts';
import { type ClusterFacts, isOnline, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { groupsOf, worldOf } from '../../cluster/formation.ts';
import { hostIn, isDataDirectory, type Observations } from '../../cluster/observations.ts';
import { localMinute } from '../../cluster/times.ts';
import { isMajor } from '../language/conditions.ts';
import { isAsKept, isSwapped, newClusterStarted, newSystemIdentifier } from '../language/evidence.ts';
import { acceptsWritesOnOld } from '../language/old-version.ts';
import { liesStopped, onlineIn } from '../steps/online/evidence.ts';
import { followsBack, keepersLost, mayFollowBack } from '../steps/online/follow-back.ts';
import { onlineStanding } from './online-standing.ts';
import { type Route, rollbackRoute } from './route.ts';

/** What a rollback means now. Computed from the disks of every host, never from a memory of what was done. */
export type RollbackVerdict =
  | { readonly kind: 'unknown'; readonly says: string }
  | { readonly kind: 'nothing-to-undo'; readonly says: string }
  | { readonly kind: 'safe'; readonly says: string }
  | { readonly kind: 'safe-through'; readonly node: string; readonly says: string }
  /** Of the online method: what the new version writes is on the old one as well, which follows. */
  | { readonly kind: 'lossless'; readonly says: string }
  /** `lost`: what, without the way: “what 17 wrote since 02:14 UTC (up to 55 transactions) is lost”. */
  | { readonly kind: 'loses-new-writes'; readonly says: string; readonly lost: string }
  | { readonly kind: 'backup-only'; readonly says: string };

/**
 * Without the record of the hand-over (somebody started pg_autoctl by hand, or the work directory is gone) the servers
 * tell whether applications could write: pg_autoctl runs it, it listens to the network, or its state file was patched.
 */
const writtenUnrecorded = (facts: ClusterFacts, primary: NodeFacts, world: Observations): string | null => {
  const seen = hostIn(world, primary.alias);
  if (seen === null || newClusterStarted(facts, primary, world) === 'never') return null;
  const open =
    // What cannot be seen may have served: the loss is never understated.
    seen.pgAutoctl !== 'stopped' ||
    (seen.server !== null && seen.server.listenAddresses !== '') ||
    (seen.stateIdentifier !== null && seen.stateIdentifier === newSystemIdentifier(facts, primary, world));
  if (!open) return null;
  const since = seen.server === null ? '' : ` since ${localMinute(seen.server.startedAt)} or before`;
  return `what ${facts.newMajor} wrote${since} is lost (amount unknown)${notSentAgain(seen.receiving)}`;
};

/** Subscriptions named of all; of more, their number. */
const named = 3;

/**
 * The publisher has heard that the new version received its rows, and sends none of them a second time: the old one goes on behind them.
 * Source: PostgreSQL, 31.2 Subscription; replication slots' confirmed_flush_lsn. '' where nothing was received.
 */
const notSentAgain = (receiving: readonly string[] = []): string => {
  if (receiving.length === 0) return '';
  return `, and what ${receiving.length === 1 ? 'subscription' : 'the subscriptions'} ${firstOf(receiving, named)} received since is not sent again (copy those tables anew)`;
};

/**
 * What the new version has written since it was handed to the application, in words; null when it was not
 * yet. The counter of transactions counts the console's own (statistics) and rolled back ones too, hence “up to”.
 */
const writtenSince = (facts: ClusterFacts, primary: NodeFacts, world: Observations): string | null => {
  const seen = hostIn(world, primary.alias);
  if (seen === null || !isSwapped(facts, primary, world)) return null;
  if (seen.handedOver === null) return writtenUnrecorded(facts, primary, world);
  const { control, at } = seen.handedOver;
  const now = isDataDirectory(seen.data) ? seen.data.control : null;
  // A server that runs has not written its counters into pg_control yet; one that never ran again has written nothing.
  const next = seen.server?.nextXid ?? now?.nextXid ?? control.nextXid;
  if (now !== null && isAsKept(now, control)) return null;
  const count = BigInt(next) - BigInt(control.nextXid);
  return `what ${facts.newMajor} wrote since ${localMinute(at)}${count > 0n ? ` (up to ${count} transactions)` : ''} is lost${notSentAgain(seen.receiving)}`;
};

/**
 * The preparation of the online method changes nothing of the server that serves; but it is something, and it is ended in another way. Without numbers: whoever is told of
 * each change of the verdict would be told of each byte.
 */
const nothingToUndo = (facts: ClusterFacts, world: Observations): string => {
  const stage = onlineStanding(facts, world)?.stage ?? 'not-begun';
  if (stage === 'not-begun' || stage === 'follows-back' || stage === 'not-back') return 'nothing to undo';
  const far = {
    preparing: 'an online upgrade is being prepared',
    behind: `${facts.newMajor} is being prepared, and does not follow closely`,
    follows: `${facts.newMajor} follows`,
    void: `what was prepared is VOID`,
  }[stage];
  return `nothing to undo: ${facts.oldMajor} serves, ${far}; it is called off with pgaf-upgrade call-off`;
};

const says = (facts: ClusterFacts, route: Route, world: Observations): RollbackVerdict => {
  const primary = primaryOf(facts);
  switch (route.kind) {
    case 'unknown':
      return { kind: 'unknown', says: route.why };
    case 'nothing':
      return { kind: 'nothing-to-undo', says: nothingToUndo(facts, world) };
    case 'backup':
      return { kind: 'backup-only', says: 'only from a backup' };
    case 'own': {
      const lost = writtenSince(facts, primary, world);
      if (lost !== null) return { kind: 'loses-new-writes', says: `possible, but ${lost}`, lost };
      if (route.linked)
        return {
          kind: 'safe',
          says: `safe, no data loss: PostgreSQL ${facts.newMajor} has never been started`,
        };
      if (isSwapped(facts, primary, world))
        return { kind: 'safe', says: 'safe, no data loss: the old directory is untouched' };
      return acceptsWritesOnOld(facts, primary).holds(world).holds
        ? { kind: 'safe', says: `safe, no data loss: ${primary.alias} runs PostgreSQL ${facts.oldMajor}` }
        : { kind: 'safe', says: `safe, no data loss: restart PostgreSQL ${facts.oldMajor} in place` };
    }
    case 'fallback-copy': {
      if (route.uncompared === true)
        return {
          kind: 'loses-new-writes',
          lost: `what ${facts.newMajor} may have written on ${primary.alias} is lost; it does not answer`,
          says: `possible through ${route.node.alias}, but ${primary.alias} does not answer: what ${facts.newMajor} may have written there is lost, and the copy cannot be compared with it`,
        };
      const lost = writtenSince(facts, primary, world);
      if (lost !== null)
        return {
          kind: 'loses-new-writes',
          says: `possible through ${route.node.alias}, but ${lost}`,
          lost,
        };
      return {
        kind: 'safe-through',
        node: route.node.alias,
        says: `safe through ${route.node.alias}’s fallback copy, no data loss`,
      };
    }
  }
};

/** From the best to the worst. */
const ranks = [
  'nothing-to-undo',
  'safe',
  'safe-through',
  'lossless',
  'loses-new-writes',
  'backup-only',
  'unknown',
] as const;
const rankOf = ({ kind }: RollbackVerdict): number => ranks.indexOf(kind);

/** All groups are one database: what a rollback costs is what it costs the worst of them. */
const formationVerdict = (facts: ClusterFacts, world: Observations): RollbackVerdict => {
  const route = rollbackRoute(facts, world);
  if (route.kind !== 'own') return says(facts, route, world);
  const all = groupsOf(facts).map((group) => {
    const its = worldOf(facts, group, world);
    return { group, verdict: says(group, rollbackRoute(group, its), its) };
  });
  const worst = all.reduce((one, other) => (rankOf(other.verdict) > rankOf(one.verdict) ? other : one));
  const { group, verdict } = worst;
  if (verdict.kind !== 'loses-new-writes') return verdict;
  const others = all.flatMap((one) =>
    one.group !== group && one.verdict.kind === 'loses-new-writes' ? [one.group.group] : [],
  );
  const whose = ` (group ${group.group}${others.length === 0 ? '' : `; more in group ${others.join(', ')}`})`;
  return { ...verdict, says: `${verdict.says}${whose}`, lost: `${verdict.lost}${whose}` };
};

const verifiesWords = ({ oldMajor, newMajor }: ClusterFacts): string =>
  `lossless: PostgreSQL ${newMajor} is stopped; a rollback verifies that ${oldMajor} has all of it, or has ${newMajor} serve on`;

/**
 * A change of places of the online method was broken off where neither version lies in the place. By the record of the hand-over the new one has served, or it has not: whether the old one
 * has everything then is not for the disks to tell, and nobody is to start it by hand. Null: not so.
 */
const inBetween = (facts: ClusterFacts, world: Observations): RollbackVerdict | null => {
  const seen = hostIn(world, primaryOf(facts).alias);
  if (seen === null || seen.data.kind !== 'absent' || !isMajor(seen.backupData, facts.oldMajor)) return null;
  const now = isDataDirectory(seen.newData) ? seen.newData.control : null;
  const hasServed = seen.handedOver !== null && (now === null || !isAsKept(now, seen.handedOver.control));
  return hasServed
    ? { kind: 'lossless', says: verifiesWords(facts) }
    : {
        kind: 'safe',
        says: `safe, no data loss: PostgreSQL ${facts.newMajor} has never served, and ${facts.oldMajor} goes home`,
      };
};

/**
 * Behind the cut-over of the online method the old version lies aside and is kept up to date: lossless, while it follows. Null: another method, or no cut-over has been. Without
 * numbers, as above; `status` has them.
 */
const onlineVerdict = (facts: ClusterFacts, world: Observations): RollbackVerdict | null => {
  const primary = primaryOf(facts);
  if (!isOnline(facts)) return null;
  if (!isSwapped(facts, primary, world)) return inBetween(facts, world);
  const judged = followsBack(facts, world);
  const keepers = keepersLost(facts, world);
  if (judged.holds)
    return {
      kind: 'lossless',
      says: `lossless: PostgreSQL ${facts.oldMajor} follows, and has what ${facts.newMajor} writes${keepers === null ? '' : `; ${keepers}`}`,
    };
  if (liesStopped(primary, facts.newMajor, world) && onlineIn(facts, world)?.back !== undefined)
    return { kind: 'lossless', says: verifiesWords(facts) };
  if (mayFollowBack(facts, world))
    return {
      kind: 'lossless',
      says: `lossless: a rollback begins by having PostgreSQL ${facts.oldMajor} follow, and waits until it has what ${facts.newMajor} writes`,
    };
  const lost = `what ${facts.newMajor} wrote since the cut-over, and ${facts.oldMajor} has not received, is lost`;
  return {
    kind: 'loses-new-writes',
    says: `possible, but ${lost}: ${facts.oldMajor} does not follow (${judged.found})`,
    lost,
  };
};

/** The verdict that stands in the header and before every confirmation. */
export const rollbackVerdict = (facts: ClusterFacts, world: Observations): RollbackVerdict =>
  onlineVerdict(facts, world) ??
  (facts.workers === undefined
    ? says(facts, rollbackRoute(facts, world), world)
    : formationVerdict(facts, world));
