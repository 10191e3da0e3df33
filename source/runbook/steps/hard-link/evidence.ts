import {
  type ClusterFacts,
  linkedOf,
  type NodeFacts,
  primaryOf,
  secondariesOf,
} from '../../../cluster/facts.ts';
import { hostIn, isDataDirectory, nodeIn, type Observations } from '../../../cluster/observations.ts';
import { isMajor, verdictOf } from '../../language/conditions.ts';
import { hadJoined, isAsKept, isSetAside, isSwapped, newClusterStarted } from '../../language/evidence.ts';
import { isFallbackCopy, oldDirectory, stoppedAt } from '../../language/fallback-copies.ts';
import type { Condition } from '../../language/step.ts';

/** How far a secondary has come that takes over the primary's links; read from its disk. */

/** The transfer came to its end: the fingerprint that is taken right after it is there. */
export const isLinked = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean =>
  isSwapped(facts, node, world) && hostIn(world, node.alias)?.fingerprint != null;

/**
 * No transfer was made, and none can be any more, because the new version has run on the primary: pg_autoctl takes a
 * base backup as it does for the other secondaries.
 */
export const isLeftToBackup = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean =>
  isSetAside(facts, node, world) &&
  hostIn(world, node.alias)?.data.kind === 'absent' &&
  newClusterStarted(facts, primaryOf(facts), world) !== 'never';

/** A secondary of the new version; primary: after a switchover it has long since joined. */
export const isJoined = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean => {
  const row = nodeIn(world, node.alias);
  const data = hostIn(world, node.alias)?.data;
  if (hadJoined(facts, node, world)) return true;
  return (
    row !== null &&
    row.assigned !== 'maintenance' &&
    ['secondary', 'primary', 'wait_primary'].includes(row.reported) &&
    data !== undefined &&
    isMajor(data, facts.newMajor)
  );
};

/** It has streamed from the new primary once, and pg_control knows what pg_rewind asks for. */
export const hasStreamed = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean => {
  const data = hostIn(world, node.alias)?.data;
  return (
    data !== undefined &&
    isMajor(data, facts.newMajor) &&
    isDataDirectory(data) &&
    data.standby &&
    data.control?.rewindable === true &&
    newClusterStarted(facts, node, world) === 'started'
  );
};

/**
 * The old version may run on a directory that shares its files with a new cluster, as long as that one has never been
 * started there. Where the transfer was interrupted there is no fingerprint, and nothing that could have been started.
 */
export const isIntact = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean => {
  const seen = hostIn(world, node.alias);
  const old = oldDirectory(facts, node, world);
  if (seen === null || old?.control == null) return false;
  if (!isDataDirectory(seen.data) || seen.data.major === facts.oldMajor) return true;
  const kept = seen.fingerprint ?? hostIn(world, primaryOf(facts).alias)?.fingerprint ?? null;
  return seen.data.control === null || (kept !== null && isAsKept(seen.data.control, kept));
};

/** Intact, and at the checkpoint at which the old primary was stopped: it can join a group that begins from a fallback copy. */
export const isWhole = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean => {
  const control = oldDirectory(facts, node, world)?.control;
  return (
    isIntact(facts, node, world) &&
    control?.state === 'shut down in recovery' &&
    control.checkpoint === stoppedAt(facts, world)?.checkpoint
  );
};

/** Before one fallback copy is given to the links: another whole one stays. */
export const anotherFallbackCopy = (facts: ClusterFacts): Condition => ({
  text: `a secondary that is not rebuilt by hard links holds a complete fallback copy of PostgreSQL ${facts.oldMajor}`,
  holds: (world) => {
    const linked = linkedOf(facts);
    return verdictOf(
      secondariesOf(facts).some((node) => !linked.includes(node) && isFallbackCopy(facts, node, world)),
      'none does: only this host’s own would be left, and it would be shared',
    );
  },
});
