import {
  type ClusterFacts,
  type HostFacts,
  isNode,
  type NodeFacts,
  primaryOf,
  secondariesOf,
} from './facts.ts';
import { hostIn, type Observations } from './observations.ts';

/**
 * A formation of several groups is a set of clusters of one group each that share a monitor. What is true of a cluster of one group (where a host stands,
 * which way a rollback has, what a step must wait for) is asked of each of them, with its own facts and its own rows of the monitor.
 */

const known = new WeakMap<ClusterFacts, readonly ClusterFacts[]>();

/** The groups, each as the facts of a cluster of its own: the coordinator's first. A cluster of one group is its only one, unchanged. */
export const groupsOf = (facts: ClusterFacts): readonly ClusterFacts[] => {
  const kept = known.get(facts);
  if (kept !== undefined) return kept;
  const { workers, ...coordinator } = facts;
  const groups: readonly ClusterFacts[] =
    workers === undefined
      ? [facts]
      : [coordinator, ...workers.map((group) => ({ ...coordinator, ...group }))];
  known.set(facts, groups);
  return groups;
};

/** The group of a host; the monitor, and whoever is of no group, counts as the first's. */
export const groupOfHost = (facts: ClusterFacts, alias: string): ClusterFacts => {
  const groups = groupsOf(facts);
  return groups.find(({ nodes }) => nodes.some((node) => node.alias === alias)) ?? groups[0] ?? facts;
};

/** What a host is, and of which group where there are several. */
export const roleWords = (facts: ClusterFacts, host: HostFacts): string => {
  const role = isNode(host) ? host.role : 'monitor';
  return facts.workers === undefined || !isNode(host)
    ? role
    : `${role}, group ${groupOfHost(facts, host.alias).group}`;
};

/** The system identifier, of each group where there are several. */
export const systemWords = (facts: ClusterFacts): string =>
  facts.workers === undefined
    ? facts.systemIdentifier
    : groupsOf(facts)
        .map(({ group, systemIdentifier }) => `${systemIdentifier} (group ${group})`)
        .join(', ');

/** The primary of each group. */
export const primariesOf = (facts: ClusterFacts): readonly NodeFacts[] => groupsOf(facts).map(primaryOf);

export const allSecondariesOf = (facts: ClusterFacts): readonly NodeFacts[] =>
  groupsOf(facts).flatMap((group) => secondariesOf(group));

const worlds = new WeakMap<ClusterFacts, WeakMap<Observations, Observations>>();

/**
 * The world as one group sees it: of the monitor's rows its own. The same object each time, because answers are kept by it. `facts` are those of
 * a group of {@link groupsOf}; for a cluster of one group it is the world itself.
 */
export const worldOf = (facts: ClusterFacts, group: ClusterFacts, world: Observations): Observations => {
  if (facts.workers === undefined) return world;
  const ofGroup = worlds.get(group) ?? new WeakMap<Observations, Observations>();
  worlds.set(group, ofGroup);
  const kept = ofGroup.get(world);
  if (kept !== undefined) return kept;
  const seen = world.hosts.monitor;
  const host = hostIn(world, 'monitor');
  const projected: Observations =
    seen?.kind !== 'seen' || host?.monitor == null
      ? world
      : {
          ...world,
          hosts: {
            ...world.hosts,
            monitor: {
              ...seen,
              host: {
                ...host,
                monitor: {
                  ...host.monitor,
                  nodes: host.monitor.nodes.filter((node) => node.group === group.group),
                },
              },
            },
          },
        };
  ofGroup.set(world, projected);
  return projected;
};
