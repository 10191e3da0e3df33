import { type ClusterFacts, type NodeFacts, primaryOf, secondariesOf } from '../../cluster/facts.ts';
import { groupsOf, worldOf } from '../../cluster/formation.ts';
import { word } from '../../cluster/fragment.ts';
import { hostIn, isLeftOut, monitorIn, type Observations } from '../../cluster/observations.ts';
import type { Alias, Label } from '../../cluster/words.ts';
import { isMajor } from '../language/conditions.ts';
import { hasMarker, isSwapped, isUpgraded, neverStarted, newClusterStarted } from '../language/evidence.ts';
import { bestUncompared, isFallbackCopy, oldDirectory } from '../language/fallback-copies.ts';
import { dropInName } from '../shell/service.ts';

/** The rollbacks that there are. Which one is open is read from the disks. */
export type Route =
  | { readonly kind: 'unknown'; readonly why: string }
  /** Nothing has been changed that would have to be taken back. */
  | { readonly kind: 'nothing' }
  /** The old primary's own directory: untouched, linked but never shared with a running server, or copied. */
  | { readonly kind: 'own'; readonly linked: boolean }
  /** A secondary's directory becomes the primary's. `uncompared`: the old primary's host is gone, so nobody can compare it with that. */
  | { readonly kind: 'fallback-copy'; readonly node: NodeFacts; readonly uncompared?: boolean }
  | { readonly kind: 'backup' };

/** The marker on the monitor's host by which a rollback through a fallback copy, once begun, is found again. */
export const throughMarker = (alias: Alias): Label => word`rollback-through-${alias}`;

const begun = (facts: ClusterFacts, world: Observations): NodeFacts | undefined =>
  facts.nodes.find((node) => hostIn(world, 'monitor')?.markers.includes(throughMarker(node.alias)));

/**
 * The fallback copy to go back through: one of a node that may be primary (a candidate priority above 0) before one that may not; then one that
 * stands in its place before one that lies beside a rebuilt secondary.
 */
export const bestFallbackCopy = (facts: ClusterFacts, world: Observations): NodeFacts | null =>
  bestOf(
    facts,
    secondariesOf(facts).filter((node) => isFallbackCopy(facts, node, world)),
    world,
  );

const bestOf = (facts: ClusterFacts, copies: readonly NodeFacts[], world: Observations): NodeFacts | null => {
  const rank = (node: NodeFacts): number =>
    (node.priority > 0 ? 0 : 2) + (isSwapped(facts, node, world) ? 1 : 0);
  return copies.reduce<NodeFacts | null>(
    (best, node) => (best === null || rank(node) < rank(best) ? node : best),
    null,
  );
};

const untouched = (facts: ClusterFacts, world: Observations): boolean => {
  const monitor = monitorIn(world);
  return (
    monitor !== null &&
    monitor.numberSyncStandbys === facts.numberSyncStandbys &&
    facts.nodes.every((node) => hostIn(world, node.alias)?.transfer.authorized.length === 0) &&
    monitor.nodes.every((node) => ['primary', 'secondary', 'single'].includes(node.reported)) &&
    facts.nodes.every((node) => {
      const seen = hostIn(world, node.alias);
      return (
        seen !== null &&
        isMajor(seen.data, facts.oldMajor) &&
        seen.pgAutoctl === 'runs' &&
        !seen.unit?.dropIns.some((path) => path.endsWith(dropInName))
      );
    })
  );
};

/** Whether the old primary's own directory may run again; null: never. */
const ownRoute = (facts: ClusterFacts, primary: NodeFacts, world: Observations): Route | null => {
  const old = oldDirectory(facts, primary, world);
  if (old === null) return null;
  const started = newClusterStarted(facts, primary, world);
  const upgraded = isUpgraded(facts, primary, world);
  if (!old.controlRenamed && old.control !== null)
    // Somebody may have renamed pg_control.old back by hand, as PostgreSQL's manual tells: the links tell on them.
    return old.hasHardLinks && upgraded && started !== 'never' ? null : { kind: 'own', linked: false };
  if (!old.controlRenamed) return null;
  // One that was disarmed for a first start has its new directory, or the proof of a rollback that has moved that already.
  const proven = upgraded
    ? started === 'never'
    : !old.madeUnstartable || hasMarker(primary, neverStarted, world);
  return proven ? { kind: 'own', linked: true } : null;
};

/** The old primary's host gives no answer, and the rollback goes on without it. */
const withoutPrimary = (facts: ClusterFacts, primary: NodeFacts, world: Observations): Route => {
  const blind = secondariesOf(facts).find(
    (node) => hostIn(world, node.alias) === null && !isLeftOut(world, node.alias),
  );
  const node = bestOf(facts, bestUncompared(facts, world), world);
  if (blind !== undefined)
    return {
      kind: 'unknown',
      why: `${primary.alias} does not answer, and ${blind.alias} cannot be inspected`,
    };
  return node === null
    ? {
        kind: 'unknown',
        why: `${primary.alias} does not answer, and no secondary holds a copy that its shutdown ended`,
      }
    : { kind: 'fallback-copy', node, uncompared: true };
};

/**
 * Source: PostgreSQL, pg_upgrade, “Reverting to old cluster”; every way was measured with PostgreSQL 15.20 and 17.12 and
 * pg_auto_failover 2.0 and 2.2 on the lab (test/lab/rollback.test.ts).
 */
export const rollbackRoute = (facts: ClusterFacts, world: Observations): Route => {
  const route = facts.workers === undefined ? routeOfGroup(facts, world) : formationRoute(facts, world);
  return (route.kind === 'own' || route.kind === 'fallback-copy') && monitorIsLost(facts, world)
    ? {
        kind: 'unknown',
        why: `the monitor’s old directory, ${facts.monitor.backupData}, is removed, and without it nothing of PostgreSQL ${facts.oldMajor} can be served by pg_autoctl: by hand, from what is kept on the nodes`,
      }
    : route;
};

/** A clean-up that was left in the middle, or somebody by hand, has removed what every rollback begins with. */
const monitorIsLost = (facts: ClusterFacts, world: Observations): boolean => {
  const seen = hostIn(world, 'monitor');
  return seen !== null && isMajor(seen.data, facts.newMajor) && seen.backupData.kind === 'absent';
};

/**
 * The route of a formation is one that every group has. A fallback copy that takes its primary's place is registered anew, and Citus' catalogs would
 * have to learn of it: no such way is known yet (docs/citus.md).
 */
const formationRoute = (facts: ClusterFacts, world: Observations): Route => {
  const all = groupsOf(facts).map((group) => ({
    group,
    route: routeOfGroup(group, worldOf(facts, group, world)),
  }));
  const blind = all.find(({ route }) => route.kind === 'unknown');
  if (blind !== undefined) return blind.route;
  if (all.some(({ route }) => route.kind === 'backup')) return { kind: 'backup' };
  const through = all.find(({ route }) => route.kind === 'fallback-copy');
  if (through?.route.kind === 'fallback-copy')
    return {
      kind: 'unknown',
      why: `group ${through.group.group} could only roll back through ${through.route.node.alias}’s fallback copy, which Citus’ catalogs do not name: by hand, see docs/citus.md`,
    };
  return all.every(({ route }) => route.kind === 'nothing')
    ? { kind: 'nothing' }
    : { kind: 'own', linked: all.some(({ route }) => route.kind === 'own' && route.linked) };
};

const routeOfGroup = (facts: ClusterFacts, world: Observations): Route => {
  const through = begun(facts, world);
  const primary = primaryOf(facts);
  const seen = hostIn(world, primary.alias);
  if (through !== undefined)
    return { kind: 'fallback-copy', node: through, ...(seen === null ? { uncompared: true } : {}) };
  if (seen === null)
    return isLeftOut(world, primary.alias)
      ? withoutPrimary(facts, primary, world)
      : { kind: 'unknown', why: `${primary.alias} cannot be inspected` };
  if (untouched(facts, world)) return { kind: 'nothing' };
  const own = ownRoute(facts, primary, world);
  if (own !== null) return own;
  const blind = secondariesOf(facts).find((node) => hostIn(world, node.alias) === null);
  const copy = bestFallbackCopy(facts, world);
  if (copy !== null) return { kind: 'fallback-copy', node: copy };
  return blind === undefined
    ? { kind: 'backup' }
    : { kind: 'unknown', why: `${blind.alias} cannot be inspected, and may hold the fallback copy` };
};
