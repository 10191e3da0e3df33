import type { ClusterFacts, NodeFacts } from '../cluster/facts.ts';
import { hostsOf, primaryOf, secondariesOf } from '../cluster/facts.ts';
import {
  type Control,
  type DirectoryView,
  hostIn,
  isCluster,
  monitorIn,
  type World,
} from '../cluster/world.ts';
import { isMajor } from './conditions.ts';
import { isSwapped, isUpgraded, newClusterStarted } from './evidence.ts';

/** What going back means now. Computed from the disks of every host, never from a memory of what was done. */
export type RollbackVerdict =
  | { readonly kind: 'unknown'; readonly says: string }
  | { readonly kind: 'nothing-to-undo'; readonly says: string }
  | { readonly kind: 'safe'; readonly says: string }
  | { readonly kind: 'safe-through'; readonly node: string; readonly says: string }
  | { readonly kind: 'loses-new-writes'; readonly says: string }
  | { readonly kind: 'backup-only'; readonly says: string };

const oldDirectory = (
  facts: ClusterFacts,
  node: NodeFacts,
  world: World,
): Extract<DirectoryView, { kind: 'cluster' }> | null => {
  const seen = hostIn(world, node.alias);
  if (seen === null) return null;
  return (
    [seen.data, seen.backupData].filter(isCluster).find((directory) => directory.major === facts.oldMajor) ??
    null
  );
};

/** The checkpoint at which the old primary was stopped, the one that a whole image holds. Null: nobody can tell. */
const stoppedAt = (facts: ClusterFacts, world: World): Control | null => {
  const primary = primaryOf(facts);
  const seen = hostIn(world, primary.alias);
  if (seen === null) return null;
  if (isUpgraded(facts, primary, world) || seen.stopped !== null) return seen.stopped;
  return oldDirectory(facts, primary, world)?.control ?? null;
};

/** A secondary's directory is an image if it was shut down in recovery at the primary's shutdown checkpoint. */
export const isImage = (facts: ClusterFacts, node: NodeFacts, world: World): boolean => {
  const control = oldDirectory(facts, node, world)?.control;
  const primary = stoppedAt(facts, world);
  return (
    control != null &&
    primary !== null &&
    control.state === 'shut down in recovery' &&
    control.systemIdentifier === facts.systemIdentifier &&
    control.checkpoint === primary.checkpoint
  );
};

const untouched = (facts: ClusterFacts, world: World): boolean => {
  const monitor = monitorIn(world);
  return (
    monitor !== null &&
    monitor.numberSyncStandbys === facts.numberSyncStandbys &&
    monitor.nodes.every(
      (node) => node.reported === 'primary' || node.reported === 'secondary' || node.reported === 'single',
    ) &&
    facts.nodes.every((node) => {
      const seen = hostIn(world, node.alias);
      return seen !== null && isMajor(seen.data, facts.oldMajor) && seen.autoctl;
    })
  );
};

/** Source: field guide, section 3; every row of it was measured on real servers. */
export const rollbackVerdict = (facts: ClusterFacts, world: World): RollbackVerdict => {
  const primary = primaryOf(facts);
  const blind = hostsOf(facts).find((host) => hostIn(world, host.alias) === null);
  const seen = hostIn(world, primary.alias);
  if (seen === null) return { kind: 'unknown', says: `${primary.alias} cannot be looked at` };
  if (untouched(facts, world)) return { kind: 'nothing-to-undo', says: 'nothing to undo' };
  if (blind !== undefined && !isUpgraded(facts, primary, world))
    return { kind: 'unknown', says: `${blind.alias} cannot be looked at` };

  const writes =
    seen.server?.version.startsWith(`${facts.newMajor}.`) &&
    seen.server.listenAddresses !== '' &&
    !seen.server.inRecovery;
  const lost = `what ${facts.newMajor} has written is lost`;
  const old = oldDirectory(facts, primary, world);
  const image = secondariesOf(facts).find((node) => isImage(facts, node, world));

  if (!isUpgraded(facts, primary, world)) {
    if (old !== null)
      return {
        kind: 'safe',
        says: old.linked
          ? `safe, nothing lost: ${facts.newMajor} has never been started`
          : `safe, nothing lost: ${facts.oldMajor} starts again where it stands`,
      };
    return image === undefined
      ? { kind: 'backup-only', says: 'only from a backup' }
      : {
          kind: 'safe-through',
          node: image.alias,
          says: `safe through ${image.alias}’s image, nothing lost`,
        };
  }
  const shared = old?.linked === true;
  const started = newClusterStarted(facts, primary, world);
  if (old !== null && (!shared || started === 'never')) {
    if (writes) return { kind: 'loses-new-writes', says: `back to ${primary.backupData}; ${lost}` };
    return {
      kind: 'safe',
      says: shared
        ? `safe, nothing lost: ${facts.newMajor} has never been started`
        : 'safe, nothing lost: the old directory is untouched',
    };
  }
  if (image !== undefined) {
    return writes || isSwapped(facts, image, world)
      ? { kind: 'loses-new-writes', says: `through ${image.alias}’s image; ${lost}` }
      : {
          kind: 'safe-through',
          node: image.alias,
          says: `safe through ${image.alias}’s image, nothing lost`,
        };
  }
  return { kind: 'backup-only', says: 'only from a backup' };
};
