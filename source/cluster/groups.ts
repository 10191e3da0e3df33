import { type ClusterFacts, type NodeFacts, nodesOf, preloadsCitus, takesLinks } from './facts.ts';
import { allSecondariesOf, primariesOf } from './formation.ts';
import { parsePostgresVersion } from './version.ts';

/**
 * What a formation of several groups may not have in its window, by name. With hard links the first start of each primary is irreversible by itself, and a
 * rollback behind it leads through secondaries, which are registered anew: Citus' catalogs would have to name them first, in an order that no step keeps
 * (docs/citus.md, “Taking it back behind the first start”). The monitor tells a changed number_sync_standbys to group 0's primary alone.
 * Source: pg_auto_failover v2.0, src/monitor/formation_metadata.c, set_formation_number_sync_standbys.
 */
export const refusedOfGroups = (
  facts: ClusterFacts,
): readonly { readonly found: string; readonly remedy: string }[] => {
  if (facts.workers === undefined) return [];
  const linked = allSecondariesOf(facts).filter(takesLinks);
  const without = primariesOf(facts).filter((node) => !preloadsCitus(node));
  const others = nodesOf(facts).filter(
    ({ oldVersion }) => parsePostgresVersion(oldVersion)?.major !== facts.oldMajor,
  );
  const named = (nodes: readonly NodeFacts[]): string => nodes.map(({ alias }) => alias).join(', ');
  return [
    ...(facts.mode === 'link'
      ? [
          {
            found: `several groups, and mode ${facts.mode}: behind the first start of any primary the formation could not be rolled back as one`,
            remedy:
              'set upgrade: {mode: copy} in the cluster file, or clone where the file systems can; each primary needs the room for a copy',
          },
        ]
      : []),
    ...(facts.group === 0
      ? []
      : [
          {
            found: `several groups, and none of them is group 0, the coordinator’s`,
            remedy: 'bring the coordinator back first',
          },
        ]),
    ...(without.length > 0
      ? [
          {
            found: `several groups, and ${named(without)} has no citus in shared_preload_libraries`,
            remedy:
              'groups are upgraded in one window where they are of Citus: the others by hand, see docs/citus.md',
          },
        ]
      : []),
    ...(others.length > 0
      ? [
          {
            found: `several groups, and not all of them run ${facts.oldMajor}: ${others.map(({ alias, oldVersion }) => `${alias} ${oldVersion}`).join(', ')}`,
            remedy: 'bring all groups to the same major version first',
          },
        ]
      : []),
    ...(linked.length > 0
      ? [
          {
            found: `several groups, and rebuild: hard-link for ${named(linked)}`,
            remedy: 'set rebuild: base-backup for the secondaries of a formation of several groups',
          },
        ]
      : []),
    ...(facts.numberSyncStandbys > 0
      ? [
          {
            found: `several groups, and number_sync_standbys is ${facts.numberSyncStandbys}: the monitor tells a change of it to group 0 alone`,
            remedy:
              'set it to 0 before the window, and see synchronous_standby_names of every primary follow; set it back behind the window (docs/citus.md)',
          },
        ]
      : []),
  ];
};
