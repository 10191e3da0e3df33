import {
  type ClusterFacts,
  type NodeFacts,
  primaryOf,
  secondariesOf,
  takesLinks,
} from '../../cluster/facts.ts';
import {
  type Control,
  type DirectoryView,
  hostIn,
  isDataDirectory,
  type Observations,
} from '../../cluster/observations.ts';
import { compareLsn } from '../../cluster/parse/lsn.ts';
import { autoctlStopped, no, onHost, verdictOf } from './conditions.ts';
import { isOutdated, isSwapped, isUpgraded } from './evidence.ts';
import type { Condition } from './step.ts';
import { oldPartsAreThere } from './tablespace-conditions.ts';

/** Which secondary's directory is the whole old cluster, read from the disks. */

export type ClusterDirectory = Extract<DirectoryView, { kind: 'cluster' }>;

/** The old cluster's directory on a node, in its place or aside; null when it is gone. */
export const oldDirectory = (
  facts: ClusterFacts,
  node: NodeFacts,
  world: Observations,
): ClusterDirectory | null => {
  const seen = hostIn(world, node.alias);
  if (seen === null) return null;
  return (
    [seen.data, seen.backupData].filter(isDataDirectory).find((one) => one.major === facts.oldMajor) ?? null
  );
};

/**
 * The checkpoint at which the old primary was stopped, the one that a whole fallback copy holds. Null: nobody can tell.
 * pg_upgrade starts the old server and moves its checkpoint on, so its script keeps this one before it does anything
 * else; until the copy is there, the directory still says the same.
 */
export const stoppedAt = (facts: ClusterFacts, world: Observations): Control | null => {
  const primary = primaryOf(facts);
  const seen = hostIn(world, primary.alias);
  if (seen === null) return null;
  // Where the old server has run since pg_upgrade, what was kept is the stop before that.
  if (!isOutdated(facts, primary, world) && (isUpgraded(facts, primary, world) || seen.stopped !== null))
    return seen.stopped;
  return oldDirectory(facts, primary, world)?.control ?? null;
};

/**
 * A secondary's directory is a fallback copy if it was shut down in recovery at the primary's shutdown checkpoint. One whose
 * files a new cluster beside it shares is none (rebuilt by hard links: docs/runbook.md, “Secondaries without a copy”), from the first link on.
 */
export const isFallbackCopy = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean => {
  const directory = oldDirectory(facts, node, world);
  const control = directory?.control;
  const primary = stoppedAt(facts, world);
  const seen = hostIn(world, node.alias);
  return (
    control != null &&
    seen !== null &&
    oldPartsAreThere(facts, node, seen) &&
    !(directory?.hasHardLinks === true && (takesLinks(node) || isSwapped(facts, node, world))) &&
    primary !== null &&
    control.state === 'shut down in recovery' &&
    control.systemIdentifier === facts.systemIdentifier &&
    control.checkpoint === primary.checkpoint
  );
};

/**
 * With the old primary gone for good nobody can compare with it. What is left to see: the copy ends with a checkpoint of the primary’s own
 * shutdown (its REDO point is the checkpoint itself; one of a running server lies before it), and no other secondary got further. Whether that
 * was the last shutdown, a person has to know. Source: PostgreSQL, CreateCheckPoint; pg_controldata.
 */
export const bestUncompared = (facts: ClusterFacts, world: Observations): readonly NodeFacts[] => {
  const ends = secondariesOf(facts).flatMap((node) => {
    const directory = oldDirectory(facts, node, world);
    const seen = hostIn(world, node.alias);
    const control = directory?.control;
    return control != null &&
      seen !== null &&
      control.state === 'shut down in recovery' &&
      control.systemIdentifier === facts.systemIdentifier &&
      oldPartsAreThere(facts, node, seen) &&
      !(directory?.hasHardLinks === true && (takesLinks(node) || isSwapped(facts, node, world)))
      ? [{ node, control }]
      : [];
  });
  const furthest = ends.filter((one) =>
    ends.every((other) => compareLsn(one.control.checkpoint, other.control.checkpoint) >= 0),
  );
  return furthest.filter(({ control }) => control.redo === control.checkpoint).map(({ node }) => node);
};

/** Holds on while pg_upgrade runs on the primary beside: the checkpoint is kept. */
export const primaryWasShutDown = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    primary.alias,
    `${primary.alias} was shut down, and its last checkpoint is known`,
    (seen, world) => {
      const control = stoppedAt(facts, world);
      if (control === null) return no('its last checkpoint is not known');
      const autoctl = autoctlStopped(seen);
      if (!autoctl.holds) return autoctl;
      const runs = seen.stopped === null && isDataDirectory(seen.data) && seen.data.running;
      return verdictOf(
        !runs && control.state === 'shut down',
        runs ? 'it runs' : `pg_control says “${control.state}”`,
      );
    },
  );
};

/** Before a secondary is stopped: it must have received the primary's shutdown checkpoint. */
export const hasReceived = (facts: ClusterFacts, secondary: NodeFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    secondary.alias,
    `${secondary.alias} has received everything up to ${primary.alias}'s shutdown checkpoint`,
    (seen, world) => {
      const checkpoint = stoppedAt(facts, world)?.checkpoint;
      const received = seen.server?.lsn ?? undefined;
      if (checkpoint === undefined || received === undefined)
        return no(`no position from ${checkpoint === undefined ? primary.alias : secondary.alias}`);
      return verdictOf(
        compareLsn(received, checkpoint) > 0,
        `received ${received}, the checkpoint is at ${checkpoint}`,
      );
    },
  );
};

/** The fallback copy is whole: the secondary has replayed the primary's shutdown checkpoint. */
export const sameCheckpoint = (facts: ClusterFacts, secondary: NodeFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    secondary.alias,
    `${secondary.alias} holds the same latest checkpoint as ${primary.alias}: no transaction is missing from it`,
    (seen, world) => {
      const [mine, theirs] = [stoppedAt(facts, world), isDataDirectory(seen.data) ? seen.data.control : null];
      if (mine === null || theirs === null) return no('pg_control cannot be read');
      return verdictOf(
        mine.checkpoint === theirs.checkpoint && mine.systemIdentifier === theirs.systemIdentifier,
        `${primary.alias} ${mine.checkpoint}, ${secondary.alias} ${theirs.checkpoint}`,
      );
    },
  );
};

/** Before the new version changes files that it shares with the old: another whole copy of the old is somewhere. */
export const someFallbackCopy = (facts: ClusterFacts): Condition => ({
  text: `a secondary holds a complete fallback copy of PostgreSQL ${facts.oldMajor}`,
  holds: (world) => {
    const secondaries = secondariesOf(facts);
    return verdictOf(
      secondaries.length === 0 || secondaries.some((node) => isFallbackCopy(facts, node, world)),
      'none does: after this step a rollback would only be possible from a backup',
    );
  },
});
