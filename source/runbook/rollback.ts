import {
  type ClusterFacts,
  type HostFacts,
  hostsOf,
  isNode,
  isOnline,
  linkedOf,
  type NodeFacts,
  preloadsCitus,
  primaryOf,
  secondariesOf,
  takesLinks,
} from '../cluster/facts.ts';
import { groupsOf, worldOf } from '../cluster/formation.ts';
import { hostIn, type Observations } from '../cluster/observations.ts';
import { isMajor } from './language/conditions.ts';
import { isFallbackCopy, oldDirectory } from './language/fallback-copies.ts';
import { nobodyIsAway } from './language/group-conditions.ts';
import { shared, sharedOf, withoutApplication } from './language/groups.ts';
import { each, only, type Part, type Phase, phase, procedure } from './language/outline.ts';
import type { Step } from './language/step.ts';
import { beforeLosing, behindLosing, goesBackOnline, onlineRollback } from './online-window.ts';
import { custom, forgetCustomOutside, undoCustom } from './steps/custom.ts';
import { revokeTransferKeys } from './steps/hard-link/authorize-key.ts';
import { isIntact, isWhole } from './steps/hard-link/evidence.ts';
import { isLetIn } from './steps/hard-link/guest.ts';
import { removeLinks } from './steps/hard-link/unlink.ts';
import { keepWalOfRebuilt } from './steps/keep-wal.ts';
import { exchangeOtherKeepers } from './steps/other-formations.ts';
import { pointPgCtlToOld } from './steps/point-pg-ctl.ts';
import { pointUnitToOld } from './steps/point-unit.ts';
import { removeMarkers } from './steps/remove-markers.ts';
import { restoreCandidatePriority } from './steps/rollback/candidate-priority.ts';
import { chooseFallbackCopy } from './steps/rollback/choose-copy.ts';
import { repairCitus } from './steps/rollback/citus.ts';
import { emptyDirectory, removePreparedDirectory, restoreDirectory } from './steps/rollback/directories.ts';
import { dropNodes } from './steps/rollback/drop-nodes.ts';
import { verifyOldCluster } from './steps/rollback/final-verification.ts';
import { restoreOldSyncStandbys } from './steps/rollback/number-sync-standbys.ts';
import { tellOtherFormations, toldOfFormations } from './steps/rollback/other-formations.ts';
import { patchStateFileBack } from './steps/rollback/patch-state-file.ts';
import { promoteFallbackCopy } from './steps/rollback/promote-copy.ts';
import { registerNode } from './steps/rollback/register-node.ts';
import { rejoin } from './steps/rollback/rejoin.ts';
import { handBack, isServed, serveWithoutMonitor } from './steps/rollback/serve.ts';
import { holdService } from './steps/rollback/service-guard.ts';
import { startOldMonitor } from './steps/rollback/start-monitor.ts';
import { startRegisteredNode } from './steps/rollback/start-registered.ts';
import { startOldSecondary } from './steps/rollback/start-secondary.ts';
import { startWriter } from './steps/rollback/start-writer.ts';
import { stopAutoctl, stopStray } from './steps/rollback/stop.ts';
import { releaseService } from './steps/service-guard.ts';
import { removeTablespaceDirectories } from './steps/tablespaces/directories.ts';
import { type Route, rollbackRoute } from './verdict/route.ts';
import { rollbackVerdict } from './verdict/verdict.ts';

/** Nodes that get their data by a base backup, and from whom. */
export interface Copies {
  readonly from: NodeFacts;
  readonly to: readonly NodeFacts[];
}

export interface RollbackPlan {
  readonly route: Route;
  /** Empty where there is no rollback. */
  readonly steps: readonly Step[];
  readonly copies: Copies;
}

const hasOld = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean =>
  takesLinks(node) ? isIntact(facts, node, world) : oldDirectory(facts, node, world) !== null;

/** Whether a node comes back with its own data. Once it has joined, its directory is no fallback copy any more, and still the right one. */
const joins = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean => {
  const seen = hostIn(world, node.alias);
  const rejoined = seen !== null && isMajor(seen.data, facts.oldMajor);
  if (node === primaryOf(facts)) return false;
  return rejoined || isFallbackCopy(facts, node, world) || (takesLinks(node) && isWhole(facts, node, world));
};

const copiesOf = (facts: ClusterFacts, world: Observations, route: Route): Copies => {
  const from = route.kind === 'fallback-copy' ? route.node : primaryOf(facts);
  const keeps = route.kind === 'fallback-copy' ? joins : hasOld;
  const open = route.kind === 'fallback-copy' || route.kind === 'own';
  return {
    from,
    to: open ? facts.nodes.filter((node) => node !== from && !keeps(facts, node, world)) : [],
  };
};

/** The old cluster back in its place; where its files cannot be used any more, the place made free for a base backup. */
const directoryOf = (node: NodeFacts, usable: boolean, linked = false): Part => {
  if (!usable) return emptyDirectory(node);
  return takesLinks(node) ? removeLinks(node) : restoreDirectory(node, linked);
};

/** What runs without pg_autoctl is handed back to it. */
const handBackIfServed = (node: NodeFacts, world: Observations): readonly Part[] => {
  const seen = hostIn(world, node.alias);
  return only(seen !== null && isServed(seen), [handBack(node)]);
};

/** Where Citus works: what its own preparation has taken away. */
const repaired = (node: NodeFacts): readonly Part[] => only(preloadsCitus(node), [repairCitus(node)]);

/**
 * Nothing of the new version runs any more. The monitor first, so that stopping the primary starts no failover to a secondary
 * that would take writes; then the primary, because it is the one that writes.
 */
const stopEverything = (facts: ClusterFacts, world: Observations, route: Route): Phase => {
  const primary = primaryOf(facts);
  const others = hostsOf(facts).filter((host) => isNode(host) && host !== primary);
  const loses = rollbackVerdict(facts, world).kind === 'loses-new-writes';
  return phase('R', 'Rollback: stop', [
    custom('before-rollback'),
    ...only(isOnline(facts), beforeLosing(facts)),
    each<HostFacts>([facts.monitor, primary, ...others], (host) => [
      holdService(host, route),
      stopStray(host, route, loses, world),
      stopAutoctl(host, route, loses),
    ]),
  ]);
};

/** The monitor on the old version, before any node. */
const monitorBack = ({ monitor }: ClusterFacts): readonly Part[] => [
  restoreDirectory(monitor, false),
  pointPgCtlToOld(monitor),
  pointUnitToOld(monitor),
  startOldMonitor,
  tellOtherFormations,
];

/** As it was before the window, on the old version; the record goes last, because it is what finds this rollback. */
const restoreSettings = (facts: ClusterFacts, writer: NodeFacts, world: Observations): readonly Part[] => [
  restoreOldSyncStandbys(writer),
  each<HostFacts>([facts.monitor, writer], (host) => [releaseService(host, facts.oldMajor)]),
  each<HostFacts>([facts.monitor, primaryOf(facts)], (host) => [removePreparedDirectory(host)]),
  ...only(linkedOf(facts).length > 0 || isLetIn(facts, world), [revokeTransferKeys]),
  ...only(isOnline(facts) && writer === primaryOf(facts), behindLosing(facts, world)),
  each(hostsOf(facts), (host) => [removeTablespaceDirectories(host)]),
  verifyOldCluster(writer),
  custom('rolled-back', writer),
  forgetCustomOutside,
  // With marker files and record goes the knowledge of what a node that is left out has still to take back.
  each<HostFacts>([...facts.nodes, facts.monitor], (host) => [removeMarkers(host, [nobodyIsAway(facts)])]),
];

/** A secondary whose registration stands: from its own directory where that is `usable`, else by a base backup. */
const secondaryBack = (facts: ClusterFacts, node: NodeFacts, usable: boolean): readonly Part[] => [
  directoryOf(node, usable),
  pointPgCtlToOld(node),
  pointUnitToOld(node),
  patchStateFileBack(node),
  startOldSecondary(node),
  rejoin(node),
  releaseService(node, facts.oldMajor),
];

/** The old primary's own directory is good: every node keeps its registration. */
const throughOwnDirectory = (facts: ClusterFacts, world: Observations, linked: boolean): readonly Phase[] => {
  const primary = primaryOf(facts);
  return [
    phase('S', 'Rollback: monitor', monitorBack(facts)),
    phase('T', 'Rollback: primary', [
      restoreDirectory(primary, linked),
      pointPgCtlToOld(primary),
      pointUnitToOld(primary),
      patchStateFileBack(primary),
      serveWithoutMonitor(primary, world), // only where the monitor does not start: the application writes meanwhile
      ...handBackIfServed(primary, world),
      startWriter(primary), // the downtime ends
      ...repaired(primary),
      undoCustom(primary),
      exchangeOtherKeepers('old', toldOfFormations(facts)),
    ]),
    phase('U', 'Rollback: secondaries', [
      each(secondariesOf(facts), (node) => secondaryBack(facts, node, hasOld(facts, node, world))),
    ]),
    phase('V', 'Rollback: restore', restoreSettings(facts, primary, world)),
  ];
};

/** A secondary's fallback copy becomes the first node of a group that is registered anew. */
const throughFallbackCopy = (
  facts: ClusterFacts,
  world: Observations,
  chosen: NodeFacts,
  uncompared: boolean,
): readonly Phase[] => {
  const others = [...secondariesOf(facts).filter((node) => node !== chosen), primaryOf(facts)];
  return [
    phase('S', 'Rollback: monitor', [chooseFallbackCopy(chosen), ...monitorBack(facts)]),
    phase('T', 'Rollback: primary', handBackIfServed(chosen, world)), // stopped before its registration goes
    phase('S', 'Rollback: monitor', [dropNodes(chosen, uncompared)]),
    phase('T', 'Rollback: primary', [
      restoreDirectory(chosen, false),
      promoteFallbackCopy(chosen),
      serveWithoutMonitor(chosen, world), // only where the monitor does not start: the application writes meanwhile
      registerNode(chosen, chosen),
      pointUnitToOld(chosen),
      startWriter(chosen), // the downtime ends
      ...repaired(chosen),
      undoCustom(chosen),
      exchangeOtherKeepers('old', toldOfFormations(facts)),
    ]),
    phase('U', 'Rollback: secondaries', [
      each(others, (node) => [
        directoryOf(node, joins(facts, node, world)),
        registerNode(node, chosen),
        pointUnitToOld(node),
        keepWalOfRebuilt(node),
        startRegisteredNode(node, chosen),
        releaseService(node, facts.oldMajor),
      ]),
    ]),
    phase('V', 'Rollback: restore', [
      restoreCandidatePriority(chosen),
      ...restoreSettings(facts, chosen, world),
    ]),
  ];
};

/** A group and its route of the rollback. */
interface GroupRoute {
  readonly group: ClusterFacts;
  readonly world: Observations;
  readonly route: Route;
}

/**
 * Every group of a formation by its own directory, in one run and never one alone: they are one database. The coordinator, which writes to the others,
 * stops first and starts last.
 */
const groupsBack = (
  facts: ClusterFacts,
  world: Observations,
  all: readonly GroupRoute[],
): readonly Phase[] => {
  const { monitor } = facts;
  const [coordinator, ...workers] = all;
  if (coordinator === undefined) return [];
  const loses = rollbackVerdict(facts, world).kind === 'loses-new-writes';
  const ofNode = (alias: string): GroupRoute =>
    all.find(({ group }) => group.nodes.some((node) => node.alias === alias)) ?? coordinator;
  const linked = ({ route }: GroupRoute): boolean => route.kind === 'own' && route.linked;
  const primaries = all.map(({ group }) => primaryOf(group));
  const secondaries = all.flatMap(({ group }) => secondariesOf(group));
  const stop = (host: HostFacts): readonly Part[] => {
    const { route, world: its } = ofNode(host.alias);
    return [holdService(host, route), stopStray(host, route, loses, its), stopAutoctl(host, route, loses)];
  };
  return [
    phase('R', 'Rollback: stop', [each<HostFacts>([monitor, ...primaries, ...secondaries], stop)]),
    phase('S', 'Rollback: monitor', [each([monitor], () => monitorBack(facts))]),
    phase('T', 'Rollback: primary', [
      each(primaries, (node) => [
        restoreDirectory(node, linked(ofNode(node.alias))),
        pointPgCtlToOld(node),
        pointUnitToOld(node),
        patchStateFileBack(node),
      ]),
      each(
        workers.map(({ group }) => primaryOf(group)),
        (node) => [withoutApplication(startWriter(node)), ...repaired(node)],
      ),
      each([primaryOf(coordinator.group)], (node) => [startWriter(node), ...repaired(node)]), // the downtime ends
      exchangeOtherKeepers('old', toldOfFormations(facts)),
    ]),
    phase('U', 'Rollback: secondaries', [
      each(secondaries, (node) => {
        const { group, world: its } = ofNode(node.alias);
        return secondaryBack(facts, node, hasOld(group, node, its));
      }),
    ]),
    phase('V', 'Rollback: restore', [
      shared(restoreOldSyncStandbys(primaryOf(coordinator.group))),
      each<HostFacts>([monitor, ...primaries], (host) => [
        releaseService(host, facts.oldMajor),
        removePreparedDirectory(host),
      ]),
      each(hostsOf(facts), (host) => [removeTablespaceDirectories(host)]),
      sharedOf((group) => verifyOldCluster(primaryOf(group))),
      each<HostFacts>([...primaries, ...secondaries, monitor], (host) => [
        removeMarkers(host, [nobodyIsAway(facts)], hostsOf(facts)),
      ]),
    ]),
  ];
};

/** Where each group can go back through its own directory; a way through a fallback copy registers nodes anew, which Citus' catalogs would have to learn. */
const formationRollback = (facts: ClusterFacts, world: Observations): RollbackPlan => {
  const route = rollbackRoute(facts, world);
  const all = groupsOf(facts).map((group): GroupRoute => {
    const its = worldOf(facts, group, world);
    const own = rollbackRoute(group, its);
    return { group, world: its, route: own.kind === 'nothing' ? { kind: 'own', linked: false } : own };
  });
  const copies: Copies = {
    from: primaryOf(facts),
    to:
      route.kind === 'own'
        ? all.flatMap(({ group, world: its }) =>
            group.nodes.filter((node) => node.role === 'secondary' && !hasOld(group, node, its)),
          )
        : [],
  };
  return {
    route,
    copies,
    steps: route.kind === 'own' ? procedure(facts, groupsBack(facts, world, all)) : [],
  };
};

/** The rollback from where the cluster stands, as steps of the same kind as the upgrade's. */
export const rollbackRunbook = (facts: ClusterFacts, world: Observations): RollbackPlan => {
  if (facts.workers !== undefined) return formationRollback(facts, world);
  const route = rollbackRoute(facts, world);
  if (isOnline(facts) && route.kind === 'own' && goesBackOnline(facts, world))
    return { route, copies: { from: primaryOf(facts), to: [] }, steps: onlineRollback(facts, world) };
  const through = (): readonly Phase[] => {
    if (route.kind === 'own') return throughOwnDirectory(facts, world, route.linked);
    return route.kind === 'fallback-copy'
      ? throughFallbackCopy(facts, world, route.node, route.uncompared === true)
      : [];
  };
  const open = route.kind === 'own' || route.kind === 'fallback-copy';
  return {
    route,
    copies: copiesOf(facts, world, route),
    steps: open ? procedure(facts, [stopEverything(facts, world, route), ...through()]) : [],
  };
};
