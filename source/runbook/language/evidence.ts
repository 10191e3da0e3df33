import { type ClusterFacts, type HostFacts, hostsOf } from '../../cluster/facts.ts';
import { word } from '../../cluster/fragment.ts';
import {
  type Control,
  hostIn,
  isDataDirectory,
  monitorIn,
  type Observations,
} from '../../cluster/observations.ts';
import type { SystemIdentifier } from '../../cluster/words.ts';
import { isMajor } from './conditions.ts';

/** How far a host has come, read from its disks. Later steps' traces prove earlier steps, in any order of looking. */

/** The new cluster lies in the data directory. */
export const isSwapped = (facts: ClusterFacts, host: HostFacts, world: Observations): boolean => {
  const seen = hostIn(world, host.alias);
  return seen !== null && isMajor(seen.data, facts.newMajor);
};

/** The old cluster was moved aside (on a secondary, before its rebuild). */
export const isSetAside = (facts: ClusterFacts, host: HostFacts, world: Observations): boolean => {
  const seen = hostIn(world, host.alias);
  return seen !== null && isMajor(seen.backupData, facts.oldMajor);
};

const newControl = (facts: ClusterFacts, host: HostFacts, world: Observations): Control | null => {
  const seen = hostIn(world, host.alias);
  if (seen === null) return null;
  if (isDataDirectory(seen.data) && seen.data.major === facts.newMajor) return seen.data.control;
  return isDataDirectory(seen.newData) && seen.newData.major === facts.newMajor ? seen.newData.control : null;
};

/** The fingerprint that is taken right after pg_upgrade belongs to the new cluster. */
const fingerprintFits = (facts: ClusterFacts, host: HostFacts, world: Observations): boolean => {
  const control = newControl(facts, host, world);
  const kept = hostIn(world, host.alias)?.fingerprint ?? null;
  return kept !== null && control !== null && kept.systemIdentifier === control.systemIdentifier;
};

export type OldSince = 'as-kept' | 'has-run' | 'unknown';

/**
 * What has become of the old cluster since pg_upgrade left it, in its place or aside. Whatever it has written since is
 * not in the new one: a window that was left and gone back from by hand, or somebody who has started it in between.
 */
export const oldSinceUpgrade = (facts: ClusterFacts, host: HostFacts, world: Observations): OldSince => {
  const seen = hostIn(world, host.alias);
  const old = [seen?.data, seen?.backupData].find((one) => one !== undefined && isMajor(one, facts.oldMajor));
  if (seen?.oldFingerprint == null || old === undefined || !isDataDirectory(old) || old.control === null)
    return 'unknown';
  const same =
    old.control.systemIdentifier === seen.oldFingerprint.systemIdentifier &&
    isAsKept(old.control, seen.oldFingerprint);
  return same && !old.running ? 'as-kept' : 'has-run';
};

/**
 * pg_upgrade came to its end, and what it has made is still good: the new cluster is the one of the fingerprint, and the
 * old one has not run since. Behind the swap the directories have their places, and nothing is asked any more.
 */
export const isUpgraded = (facts: ClusterFacts, host: HostFacts, world: Observations): boolean =>
  isSwapped(facts, host, world) ||
  (fingerprintFits(facts, host, world) && oldSinceUpgrade(facts, host, world) === 'as-kept');

/** pg_upgrade came to its end, but the old cluster has run since, or nobody can tell: the new directory is of no use. */
export const isOutdated = (facts: ClusterFacts, host: HostFacts, world: Observations): boolean =>
  !isSwapped(facts, host, world) &&
  fingerprintFits(facts, host, world) &&
  oldSinceUpgrade(facts, host, world) !== 'as-kept';

/**
 * The mark that a rollback leaves once it has proven that the new version has never run: while it moves the directories, nothing else tells.
 * The first start takes it away.
 */
export const neverStarted = word`never-started`;

export type Started = 'never' | 'started' | 'unknown';

/** Whether a pg_control is as it was kept. All three are needed: `modified` has steps of a second, a quick start needs less. */
export const isAsKept = (control: Control, kept: Control): boolean =>
  control.checkpoint === kept.checkpoint &&
  control.modified === kept.modified &&
  control.state === kept.state;

/**
 * Whether the new cluster has run since pg_upgrade left it: any difference from the fingerprint means that it has.
 * postmaster.opts proves nothing, pg_upgrade starts the server itself.
 */
export const newClusterStarted = (facts: ClusterFacts, host: HostFacts, world: Observations): Started => {
  const seen = hostIn(world, host.alias);
  const control = newControl(facts, host, world);
  if (seen === null || control === null || seen.fingerprint === null) return 'unknown';
  const { fingerprint } = seen;
  if (fingerprint.systemIdentifier !== control.systemIdentifier) return 'unknown';
  return isAsKept(control, fingerprint) ? 'never' : 'started';
};

/** The new cluster's system identifier: initdb chose it, pg_upgrade keeps it. Null until it exists. */
export const newSystemIdentifier = (
  facts: ClusterFacts,
  primary: HostFacts,
  world: Observations,
): SystemIdentifier | null => newControl(facts, primary, world)?.systemIdentifier ?? null;

export const hasMarker = (host: Pick<HostFacts, 'alias'>, mark: string, world: Observations): boolean =>
  hostIn(world, host.alias)?.markers.includes(mark) ?? false;

/** The marker file of a secondary that goes into maintenance once more, to have its pg_wal moved (steps/keep-wal.ts). */
export const walMaintenance = word`wal-maintenance`;

/** The marker file of a node whose pg_wal a rollback could not bring back to its place (steps/keep-wal.ts). */
export const walStays = word`wal-stays`;

/** It had joined, and is in maintenance or stopped only while its pg_wal is moved. */
export const hadJoined = (facts: ClusterFacts, host: HostFacts, world: Observations): boolean =>
  hasMarker(host, walMaintenance, world) && isSwapped(facts, host, world);

/** The old version runs in its place. */
const oldRuns = (facts: ClusterFacts, host: HostFacts, world: Observations): boolean => {
  const data = hostIn(world, host.alias)?.data;
  return data !== undefined && isDataDirectory(data) && data.major === facts.oldMajor && data.running;
};

/** The window has passed the point where the old server was stopped for good: never while it runs, whatever lies beside it. */
export const isPastStop = (facts: ClusterFacts, host: HostFacts, world: Observations): boolean =>
  !oldRuns(facts, host, world) && (isUpgraded(facts, host, world) || isSetAside(facts, host, world));

/** Something of the cluster is no longer as phase A has saved it, as it was meant: from here on the saved files are the ones to go back to. */
export const windowHasBegun = (facts: ClusterFacts, world: Observations): boolean =>
  monitorIn(world) === null ||
  monitorIn(world)?.nodes.some(
    (node) => node.reported === 'maintenance' || node.assigned === 'maintenance',
  ) === true ||
  hostsOf(facts).some((host) => {
    const seen = hostIn(world, host.alias);
    return (
      isPastStop(facts, host, world) ||
      (seen !== null &&
        (seen.inMaintenance ||
          seen.pgCtl === `${host.newBindir}/pg_ctl` ||
          seen.unit?.dropIns.some((path) => path.endsWith('/pgaf-upgrade.conf')) === true))
    );
  });

/** Why what phase A has saved on a host is not what is there now; null: it is, or it has to be another. */
export const staleSave = (facts: ClusterFacts, host: HostFacts, world: Observations): string | null => {
  const saved = hostIn(world, host.alias)?.saved;
  if (saved === undefined || windowHasBegun(facts, world)) return null;
  if (saved.differs.length > 0) return `${saved.differs.join(', ')} has changed since it was saved`;
  return saved.old ? 'it was saved more than a day ago' : null;
};
