import { type ClusterFacts, type HostFacts, hostsOf } from '../cluster/facts.ts';
import { type Control, hostIn, isCluster, monitorIn, type World } from '../cluster/world.ts';
import { isMajor } from './conditions.ts';

/** How far a host has come, read from its disks. Later steps' traces prove earlier steps, in any order of looking. */

/** The new cluster lies in the data directory. */
export const isSwapped = (facts: ClusterFacts, host: HostFacts, world: World): boolean => {
  const seen = hostIn(world, host.alias);
  return seen !== null && isMajor(seen.data, facts.newMajor);
};

/** The old cluster was moved aside (on a secondary, before its rebuild). */
export const isMovedAside = (facts: ClusterFacts, host: HostFacts, world: World): boolean => {
  const seen = hostIn(world, host.alias);
  return seen !== null && isMajor(seen.backupData, facts.oldMajor);
};

const newControl = (facts: ClusterFacts, host: HostFacts, world: World): Control | null => {
  const seen = hostIn(world, host.alias);
  if (seen === null) return null;
  if (isCluster(seen.data) && seen.data.major === facts.newMajor) return seen.data.control;
  return isCluster(seen.newData) && seen.newData.major === facts.newMajor ? seen.newData.control : null;
};

/** pg_upgrade came to its end: the fingerprint that is taken right after it belongs to the new cluster. */
export const isUpgraded = (facts: ClusterFacts, host: HostFacts, world: World): boolean => {
  if (isSwapped(facts, host, world)) return true;
  const seen = hostIn(world, host.alias);
  const control = newControl(facts, host, world);
  return (
    seen?.fingerprint != null &&
    control !== null &&
    seen.fingerprint.systemIdentifier === control.systemIdentifier
  );
};

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
export const newClusterStarted = (facts: ClusterFacts, host: HostFacts, world: World): Started => {
  const seen = hostIn(world, host.alias);
  const control = newControl(facts, host, world);
  if (seen === null || control === null || seen.fingerprint === null) return 'unknown';
  const { fingerprint } = seen;
  if (fingerprint.systemIdentifier !== control.systemIdentifier) return 'unknown';
  return isAsKept(control, fingerprint) ? 'never' : 'started';
};

/** The new cluster's system identifier: initdb chose it, pg_upgrade keeps it. Null until it exists. */
export const newSystemIdentifier = (facts: ClusterFacts, primary: HostFacts, world: World): string | null =>
  newControl(facts, primary, world)?.systemIdentifier ?? null;

export const isMarked = (host: HostFacts, mark: string, world: World): boolean =>
  hostIn(world, host.alias)?.markers.includes(mark) ?? false;

/** The window has passed the point where the old primary was stopped for good. */
export const isPastStop = (facts: ClusterFacts, host: HostFacts, world: World): boolean =>
  isUpgraded(facts, host, world) || isMovedAside(facts, host, world);

/** Something of the cluster is no longer as phase A has saved it, as it was meant: from here on the saved files are the ones to go back to. */
export const windowHasBegun = (facts: ClusterFacts, world: World): boolean =>
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
export const staleSave = (facts: ClusterFacts, host: HostFacts, world: World): string | null => {
  const saved = hostIn(world, host.alias)?.saved;
  if (saved === undefined || windowHasBegun(facts, world)) return null;
  if (saved.differs.length > 0) return `${saved.differs.join(', ')} has changed since it was saved`;
  return saved.old ? 'it was saved more than a day ago' : null;
};
