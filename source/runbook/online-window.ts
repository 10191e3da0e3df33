import {
  type ClusterFacts,
  type HostFacts,
  hostsOf,
  isOutside,
  type NodeFacts,
  type Outside,
  primaryOf,
  secondariesOf,
} from '../cluster/facts.ts';
import { hostIn, monitorIn, type Observations } from '../cluster/observations.ts';
import { isMajor } from './language/conditions.ts';
import { isSwapped } from './language/evidence.ts';
import { nobodyIsAway } from './language/group-conditions.ts';
import { each, only, type Part, parallel, phase, procedure } from './language/outline.ts';
import type { Step } from './language/step.ts';
import { checkpointForBackup } from './steps/checkpoint-for-backup.ts';
import { withClusterWarnings } from './steps/cluster-warnings.ts';
import { custom, customSyntax, customWhenBack, forgetCustomOutside, undoCustom } from './steps/custom.ts';
import { enableMaintenance } from './steps/enable-maintenance.ts';
import { finalVerification } from './steps/final-verification.ts';
import { createNewDirectory } from './steps/initdb.ts';
import { joinGroup } from './steps/join.ts';
import { keepWal, keepWalOfSecondary } from './steps/keep-wal.ts';
import { restoreSyncStandbys, suspendSyncStandbys } from './steps/number-sync-standbys.ts';
import { dropSlots, removeCopies, stopFollower, thawSchema } from './steps/online/call-off.ts';
import { cutBack, cutOver, makeReady } from './steps/online/cut-over.ts';
import { liesStopped, whyVoid } from './steps/online/evidence.ts';
import { adoptServer, followBack, followsBack, whyLost } from './steps/online/follow-back.ts';
import { exchangeKeeper } from './steps/online/keepers.ts';
import {
  guardForRollback,
  maintenanceAgain,
  stopForRollback,
  stopOldSecondary,
  suspendSyncStandbysAgain,
} from './steps/online/secondaries.ts';
import { mayBeBounded, unboundSecondary, unboundWal } from './steps/online/wal-limit.ts';
import { exchangeOtherKeepers } from './steps/other-formations.ts';
import { patchStateFile } from './steps/patch-state-file.ts';
import { pgUpgrade } from './steps/pg-upgrade.ts';
import { checkWithPgUpgrade } from './steps/pg-upgrade-check.ts';
import { pointPgCtlToNew, pointPgCtlToOld } from './steps/point-pg-ctl.ts';
import { pointUnitToNew, pointUnitToOld } from './steps/point-unit.ts';
import { preflight } from './steps/preflight.ts';
import { removeMarkers } from './steps/remove-markers.ts';
import { removePreparedDirectory, restoreDirectory } from './steps/rollback/directories.ts';
import { verifyOldCluster } from './steps/rollback/final-verification.ts';
import { restoreOldSyncStandbys } from './steps/rollback/number-sync-standbys.ts';
import { toldOfFormations } from './steps/rollback/other-formations.ts';
import { patchStateFileBack } from './steps/rollback/patch-state-file.ts';
import { rejoin } from './steps/rollback/rejoin.ts';
import { startOldMonitor } from './steps/rollback/start-monitor.ts';
import { startOldSecondary } from './steps/rollback/start-secondary.ts';
import { saveFiles } from './steps/save-files.ts';
import { guardService, releaseService } from './steps/service-guard.ts';
import { setAside } from './steps/set-aside.ts';
import { startMonitorBesideOld } from './steps/start-monitor.ts';
import { startSecondary } from './steps/start-secondary.ts';
import { stopMonitor } from './steps/stop-monitor.ts';
import { swapDirectories } from './steps/swap-directories.ts';
import { writeOldSystemIdentifier, writeSystemIdentifier } from './steps/system-identifier.ts';
import { removeTablespaceDirectories, tablespaceDirectories } from './steps/tablespaces/directories.ts';
import { removeLeftParts } from './steps/tablespaces/left-parts.ts';
import { updateMonitorExtensions } from './steps/update-monitor-extensions.ts';
import { validateConfiguration } from './steps/validate-configuration.ts';

/**
 * The window of the online method, once the new version follows (online.ts): the application waits in N alone. What is in front of N, the monitor and every pg_autoctl, is the new version's
 * while PostgreSQL's old version runs on; what is behind it is as in the ordinary window. Why in this order: docs/development/online.md.
 */
export const onlineUpgrade = (facts: ClusterFacts): readonly Step[] => {
  const { monitor } = facts;
  const [primary, secondaries] = [primaryOf(facts), secondariesOf(facts)];
  const hosts = hostsOf(facts);
  const steps = procedure(facts, [
    phase('A', 'Prepare', [
      parallel('save', hosts, (host) => [saveFiles(host), tablespaceDirectories(host)]),
      // the primary’s upgrade was made of the copy already: a dry run would find the server that follows
      parallel<HostFacts | Outside>('checks', [...hosts, ...facts.outside], (host) => [
        ...customSyntax(facts, host),
        ...(isOutside(host) || host === primary ? [] : [preflight(host)]),
      ]),
      each([monitor], (host) => [
        createNewDirectory(host),
        checkWithPgUpgrade(host),
        validateConfiguration(host),
      ]),
    ]),
    phase('B', 'Suspend failover', [
      ...only(facts.numberSyncStandbys > 0, [suspendSyncStandbys]),
      each(secondaries, (node) => [enableMaintenance(node, node === secondaries.at(-1))]),
    ]),
    // Nobody waits: the nodes work on without the monitor, and under either version’s pg_autoctl. There is no phase C, in which servers stop.
    phase('D', 'Upgrade', [
      parallel('guard', hosts, (host) => [guardService(host)]),
      stopMonitor,
      each([monitor], (host) => [
        pgUpgrade(host),
        swapDirectories(host),
        keepWal(host),
        pointPgCtlToNew(host),
        pointUnitToNew(host),
      ]),
      startMonitorBesideOld,
      each([...secondaries, primary], (node) => [exchangeKeeper(node, 'new')]),
      exchangeOtherKeepers('new'),
      custom('before-stop'),
    ]),
    phase('N', 'Cut over', [
      makeReady('new'), // whatever the cut-over does before its stop, while nobody waits
      custom('stopping'), // the application is made to wait, and the stop follows at once
      cutOver, // the downtime
      custom('opened'),
      writeSystemIdentifier,
      adoptServer('new'),
    ]),
    phase('O', 'Follow back', [followBack]),
    phase('H', 'Secondaries', [
      each(secondaries, (node) => [stopOldSecondary(node), setAside(node)]),
      parallel('rebuild', secondaries, (node) => [
        pointPgCtlToNew(node),
        pointUnitToNew(node),
        patchStateFile(node),
        removeLeftParts(node),
        startSecondary(node),
        checkpointForBackup(node),
        joinGroup(node),
        releaseService(node, facts.newMajor),
        customWhenBack(node),
      ]),
      each(secondaries, (node) => [keepWalOfSecondary(node), unboundSecondary(node)]),
    ]),
    phase('I', 'Restore', [
      ...only(facts.numberSyncStandbys > 0, [restoreSyncStandbys]),
      parallel('unguard', [monitor, primary], (host) => [
        ...only(host === monitor, [updateMonitorExtensions]),
        releaseService(host, facts.newMajor),
      ]),
      finalVerification,
      custom('finished'),
    ]),
  ]);
  return withClusterWarnings(facts, atOnce(steps));
};

/** Once the places are changed nobody is waited for: what the monitor and pg_autoctl must know follows at once, and, on the way there, the old version follows. */
const atOnce = (steps: readonly Step[]): readonly Step[] =>
  steps.map((step) =>
    !step.id.endsWith('.make-ready') &&
    (step.phase === 'N' || (step.phase === 'Q' && !step.id.endsWith('.adopt')))
      ? { ...step, leadsOn: true }
      : step,
  );

/** The new version has served, or is about to: what follows is given up with the rollback. */
const wasCutOver = (facts: ClusterFacts, world: Observations): boolean => {
  const primary = primaryOf(facts);
  const seen = hostIn(world, primary.alias);
  return isSwapped(facts, primary, world) || seen?.data.kind === 'absent' || whyVoid(facts, world) !== null;
};

/** The change of places is ahead, or is not seen whole yet. */
const cutsBack = (facts: ClusterFacts, world: Observations): boolean => {
  const primary = primaryOf(facts);
  const seen = hostIn(world, primary.alias);
  return (
    isSwapped(facts, primary, world) ||
    seen?.data.kind === 'absent' ||
    (seen !== null && isMajor(seen.data, facts.oldMajor) && seen.pgAutoctl === 'stopped') ||
    monitorIn(world)?.nodes.some((node) => node.systemIdentifier !== facts.systemIdentifier) === true
  );
};

/** Whether a rollback by the change of places is open: nothing was cut over, or the old version follows, or can be made to. */
export const goesBackOnline = (facts: ClusterFacts, world: Observations): boolean =>
  !isSwapped(facts, primaryOf(facts), world) || whyLost(facts, world) === null;

/** Where the WAL was bounded for who follows, it is not any more. */
const unbound = (facts: ClusterFacts, world: Observations, serves?: 'new'): readonly Part[] =>
  only(mayBeBounded(facts, primaryOf(facts), world), [unboundWal(primaryOf(facts), serves)]);

/** Where it is not, the old version comes back as the ordinary rollback brings it, without what the new one wrote: it must not follow any more, nor have anything of ours afterwards. */
export const beforeLosing = (facts: ClusterFacts): readonly Part[] => [
  stopFollower(primaryOf(facts), 'new', 'whoever serves'),
];
export const behindLosing = (facts: ClusterFacts, world: Observations): readonly Part[] => {
  const primary = primaryOf(facts);
  return [dropSlots(primary), ...unbound(facts, world), thawSchema(), removeCopies(primary)];
};

/**
 * Back, before the cut-over and behind it, from where the servers are. The old version takes its place again with everything that was written (Q), then, nobody waiting, the monitor and
 * every pg_autoctl are the old ones again, and the secondaries stream on from the data that they kept. Before the cut-over the preparation stays, and the new version follows on.
 */
export const onlineRollback = (facts: ClusterFacts, world: Observations): readonly Step[] => {
  const { monitor } = facts;
  const [primary, secondaries] = [primaryOf(facts), secondariesOf(facts)];
  const swapped = isSwapped(facts, primary, world);
  const stopped = liesStopped(primary, facts.newMajor, world);
  const cuts = cutsBack(facts, world);
  const back = (node: NodeFacts): readonly Part[] => [
    stopForRollback(node),
    restoreDirectory(node, false),
    pointPgCtlToOld(node),
    pointUnitToOld(node),
    patchStateFileBack(node),
    startOldSecondary(node),
    rejoin(node),
    releaseService(node, facts.oldMajor),
  ];
  const steps = procedure(facts, [
    phase('R', 'Rollback: stop', [
      custom('before-rollback'),
      ...only(!cuts, [undoCustom(primary)]), // nothing stops: what waits goes on at once
      each<HostFacts>([monitor, primary, ...secondaries], (host) => [guardForRollback(host)]),
      suspendSyncStandbysAgain,
      each(secondaries, (node) => [maintenanceAgain(node)]),
      // where the change of places was begun it goes on, and verifies it by itself
      ...only(swapped && !stopped && !followsBack(facts, world).holds, [followBack]),
    ]),
    phase(
      'Q',
      'Cut back',
      only(cuts, [
        makeReady('old'),
        cutBack,
        undoCustom(primary),
        writeOldSystemIdentifier,
        adoptServer('old'),
      ]),
    ),
    phase('S', 'Rollback: monitor', [
      stopForRollback(monitor),
      restoreDirectory(monitor, false),
      pointPgCtlToOld(monitor),
      pointUnitToOld(monitor),
      startOldMonitor,
    ]),
    phase('T', 'Rollback: primary', [
      exchangeKeeper(primary, 'old'),
      exchangeOtherKeepers('old', toldOfFormations(facts)),
    ]),
    phase('U', 'Rollback: secondaries', [each(secondaries, back)]),
    phase('V', 'Rollback: restore', [
      restoreOldSyncStandbys(primary),
      each<HostFacts>([monitor, primary], (host) => [releaseService(host, facts.oldMajor)]),
      removePreparedDirectory(monitor),
      ...only(wasCutOver(facts, world), [
        stopFollower(primary),
        dropSlots(primary),
        ...unbound(facts, world),
        thawSchema(),
        removeCopies(primary),
      ]),
      each(hostsOf(facts), (host) => [removeTablespaceDirectories(host)]),
      verifyOldCluster(primary),
      custom('rolled-back'),
      forgetCustomOutside,
      each<HostFacts>([...facts.nodes, monitor], (host) => [removeMarkers(host, [nobodyIsAway(facts)])]),
    ]),
  ]);
  return atOnce(steps);
};

/** Head of the clean-up: the upgrade is accepted, and nothing follows any more. */
export const acceptOnline = (facts: ClusterFacts, world: Observations): readonly Part[] => {
  const primary = primaryOf(facts);
  return [
    stopFollower(primary, 'new'),
    dropSlots(primary, 'new'),
    ...unbound(facts, world, 'new'),
    thawSchema('new'),
    removeCopies(primary, 'new'),
  ];
};
