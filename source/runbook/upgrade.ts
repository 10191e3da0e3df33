import {
  type ClusterFacts,
  type HostFacts,
  hostsOf,
  isOnline,
  isOutside,
  linkedOf,
  type NodeFacts,
  type Outside,
  preloadsCitus,
  primaryOf,
  secondariesOf,
  takesLinks,
} from '../cluster/facts.ts';
import { allSecondariesOf, groupOfHost, primariesOf } from '../cluster/formation.ts';
import type { Observations } from '../cluster/observations.ts';
import { eachGroup, nothing, shared, withoutApplication } from './language/groups.ts';
import { each, only, parallel, phase, procedure, track, tracks } from './language/outline.ts';
import type { Step } from './language/step.ts';
import { onlineUpgrade } from './online-window.ts';
import { checkpoint } from './steps/checkpoint.ts';
import { checkpointForBackup } from './steps/checkpoint-for-backup.ts';
import { finishCitus, prepareCitus } from './steps/citus.ts';
import { withClusterWarnings } from './steps/cluster-warnings.ts';
import { compareInventory } from './steps/compare.ts';
import { custom, customSyntax, customWhenBack } from './steps/custom.ts';
import { enableMaintenance } from './steps/enable-maintenance.ts';
import { finalVerification } from './steps/final-verification.ts';
import { firstStart } from './steps/first-start.ts';
import { collectFullStatistics } from './steps/full-statistics.ts';
import { handOver } from './steps/hand-over.ts';
import { authorizeTransferKeys, revokeTransferKeys } from './steps/hard-link/authorize-key.ts';
import { takeOverLinks } from './steps/hard-link/link-files.ts';
import { restoreOwnFiles } from './steps/hard-link/own-files.ts';
import { startStreaming } from './steps/hard-link/start-streaming.ts';
import { makeTransferKey, tryTransfer } from './steps/hard-link/transfer-key.ts';
import { removeUnwantedKeys } from './steps/hard-link/unwanted-keys.ts';
import { createNewDirectory } from './steps/initdb.ts';
import { joinGroup } from './steps/join.ts';
import { keepWal, keepWalOfSecondary } from './steps/keep-wal.ts';
import { collectMinimalStatistics } from './steps/minimal-statistics.ts';
import { restoreSyncStandbys, suspendSyncStandbys } from './steps/number-sync-standbys.ts';
import { exchangeOtherKeepers } from './steps/other-formations.ts';
import { patchStateFile } from './steps/patch-state-file.ts';
import { pgUpgrade } from './steps/pg-upgrade.ts';
import { checkWithPgUpgrade } from './steps/pg-upgrade-check.ts';
import { pointPgCtlToNew } from './steps/point-pg-ctl.ts';
import { pointUnitToNew } from './steps/point-unit.ts';
import { preflight } from './steps/preflight.ts';
import { saveFiles } from './steps/save-files.ts';
import { guardService, releaseService } from './steps/service-guard.ts';
import { setAside } from './steps/set-aside.ts';
import { startMonitor } from './steps/start-monitor.ts';
import { startPrimary } from './steps/start-primary.ts';
import { startSecondary } from './steps/start-secondary.ts';
import { stopMonitor } from './steps/stop-monitor.ts';
import { stopPrimary, stopWorker } from './steps/stop-primary.ts';
import { stopSecondary } from './steps/stop-secondary.ts';
import { swapDirectories } from './steps/swap-directories.ts';
import { switchoverAndBack } from './steps/switchover.ts';
import { writeSystemIdentifier } from './steps/system-identifier.ts';
import { tablespaceDirectories } from './steps/tablespaces/directories.ts';
import { removeLeftParts } from './steps/tablespaces/left-parts.ts';
import { updateMonitorExtensions } from './steps/update-monitor-extensions.ts';
import { validateConfiguration } from './steps/validate-configuration.ts';
import { verifyDatabases } from './steps/verify-databases.ts';

/**
 * The whole upgrade, for one monitor, one primary and any number of secondaries, in its order: what stands below runs behind what
 * stands above, except in `parallel` and `tracks`. Each name is a file of steps/. docs/procedure.md shows it with every script.
 *
 * A formation of Citus has a primary for each of its groups, the coordinator's first: what is said of the primary is each one's then, and the window is
 * one. The coordinator stops first and starts last, for it is the one that writes to the others.
 *
 * `world`: where it is known, what an earlier start has left that this one does not ask for is taken away first.
 */
export const upgradeRunbook = (facts: ClusterFacts, world: Observations | null = null): readonly Step[] =>
  isOnline(facts) ? onlineUpgrade(facts) : ordinaryUpgrade(facts, world);

const ordinaryUpgrade = (facts: ClusterFacts, world: Observations | null): readonly Step[] => {
  const { monitor } = facts;
  const primaries = primariesOf(facts);
  const [primary = primaryOf(facts), ...workers] = primaries;
  const secondaries = allSecondariesOf(facts);
  /** Secondaries that take over their primary's hard links, and those that get a base backup. */
  const linked = secondaries.filter(takesLinks);
  const copied = secondaries.filter((node) => !takesLinks(node));
  const hosts = hostsOf(facts);
  /** Citus’ catalogs are saved and restored wherever its library is loaded. */
  const citus = primaries.some(preloadsCitus);
  /** The track in which a worker stops: behind the coordinator, which stops before any track begins. */
  const stopOf = ({ alias }: NodeFacts): readonly string[] =>
    alias === primary.alias ? [] : [`${alias} stop`];
  const primaryFor = (node: NodeFacts): NodeFacts => primaryOf(groupOfHost(facts, node.alias));
  /** The tracks in which workers and secondaries stop. */
  const stopped = [...workers.flatMap(stopOf), ...secondaries.map((node) => node.alias)];
  /** The tracks that must have come to their end before anything is handed over. */
  const looked = primaries.flatMap(({ alias }) => [`${alias} look`, `${alias} statistics`]);

  const steps = procedure(facts, [
    // The application works, and nothing of the cluster changes.
    phase('A', 'Prepare', [
      parallel('save', hosts, (host) => [saveFiles(host, facts), tablespaceDirectories(host)]),
      parallel<HostFacts | Outside>('checks', [...hosts, ...facts.outside], (host) => [
        ...customSyntax(facts, host),
        ...(isOutside(host) ? [] : [preflight(host)]),
      ]),
      parallel('prepare', [...primaries, monitor], (host) => [
        createNewDirectory(host),
        checkWithPgUpgrade(host),
        validateConfiguration(host),
      ]),
    ]),

    // No failover can start any more, and writes wait for nobody. Keys come first: what fails there changes nothing of the cluster.
    phase('B', 'Suspend failover', [
      ...(world === null ? [] : [eachGroup(() => removeUnwantedKeys(world))]),
      parallel('link-key', linked, (node) => [makeTransferKey(node)]),
      eachGroup((group) => (linkedOf(group).length > 0 ? authorizeTransferKeys : nothing)),
      parallel('link-rehearsal', linked, (node) => [tryTransfer(node)]),
      ...only(facts.numberSyncStandbys > 0, [shared(suspendSyncStandbys)]),
      each(secondaries, (node) => [
        enableMaintenance(node, node === secondariesOf(groupOfHost(facts, node.alias)).at(-1)),
      ]),
    ]),

    // The monitor is upgraded while the application still works; then the primary stops before the secondaries, so that each
    // of them becomes a fallback copy without loss.
    phase('C', 'Stop', [
      parallel('guard', hosts, (host) => [guardService(host)]),
      shared(stopMonitor),
      each([monitor], (host) => [
        pgUpgrade(host),
        swapDirectories(host),
        keepWal(host),
        pointPgCtlToNew(host),
        pointUnitToNew(host),
      ]),
      custom('before-stop'),
      each(primaries, () => [checkpoint, ...only(citus, [prepareCitus(primary)])]),
      custom('stopping'), // the application is made to wait, and the stop follows at once
      each([primary], () => [stopPrimary(workers)]), // the downtime begins
      custom('stopped'),
      tracks(
        'upgrade', // at the same time as phase D
        [
          ...workers.map((worker) =>
            track(`${worker.alias} stop`, [withoutApplication(stopWorker)], { of: worker.alias }),
          ),
          ...secondaries.map((node) =>
            track(node.alias, [stopSecondary(node)], { of: node.alias, after: stopOf(primaryFor(node)) }),
          ),
        ],
      ),
    ]),

    // All of it can be taken back: the new version is first started behind it.
    phase('D', 'Upgrade', [
      parallel('upgrade', linked, (node) => [setAside(node)]),
      tracks('upgrade', [
        ...primaries.flatMap((one) => [
          track(one.alias, [pgUpgrade(one), swapDirectories(one)], { of: one.alias, after: stopOf(one) }),
          track(`${one.alias} files`, [pointPgCtlToNew(one), pointUnitToNew(one)], {
            of: one.alias,
            after: stopOf(one),
          }),
        ]),
        track(monitor.alias, [shared(startMonitor)], { after: stopped }),
        ...linked.map((node) =>
          track(`${node.alias} links`, [takeOverLinks(node)], {
            of: node.alias,
            after: [primaryFor(node).alias, ...stopped],
          }),
        ),
      ]),
    ]),

    phase('E', 'Verify', [
      each(primaries, () => [firstStart]), // irreversible with hard links
      tracks('verify', [
        ...primaries.flatMap(({ alias }) => [
          track(`${alias} look`, [...only(citus, [finishCitus]), verifyDatabases], { of: alias }),
          track(`${alias} statistics`, [collectMinimalStatistics], { of: alias }),
        ]),
        ...primaries.map(({ alias }) =>
          track(alias, [...only(alias === primary.alias, [custom('before-open')]), handOver], {
            of: alias,
            after: looked,
          }),
        ),
      ]),
    ]),

    phase('F', 'Monitor', [
      // at the same time as the verification
      tracks('verify', [track(monitor.alias, [eachGroup(() => writeSystemIdentifier)])]),
    ]),

    phase('G', 'Resume service', [
      each(workers, (worker) => [keepWal(worker), withoutApplication(startPrimary)]),
      each([primary], () => [keepWal(primary), startPrimary]), // the downtime ends
      custom('opened'),
      exchangeOtherKeepers('new'),
      each(primaries, () => [compareInventory, collectFullStatistics]),
    ]),

    phase('H', 'Secondaries', [
      each(copied, (node) => [setAside(node)]), // one after the other: while one moves, the others stand in their places
      tracks(
        'rebuild',
        primaries
          .filter(({ alias }) => linkedOf(groupOfHost(facts, alias)).length > 0)
          .map(({ alias }) => track(`${alias} keys`, [revokeTransferKeys], { of: alias })),
      ),
      parallel('rebuild', secondaries, (node) => [
        ...only(takesLinks(node), [restoreOwnFiles(node)]),
        pointPgCtlToNew(node),
        pointUnitToNew(node),
        patchStateFile(node),
        ...(takesLinks(node) ? [startStreaming(node)] : [removeLeftParts(node)]),
        startSecondary(node),
        ...only(!takesLinks(node), [checkpointForBackup(node)]),
        joinGroup(node),
        releaseService(node, facts.newMajor), // a reboot hours later, while others are rebuilt still, brings it back
        customWhenBack(node),
      ]),
      each(secondaries, (node) => [keepWalOfSecondary(node)]),
    ]),

    phase('I', 'Restore', [
      ...only(facts.numberSyncStandbys > 0, [shared(restoreSyncStandbys)]),
      parallel('unguard', [monitor, ...primaries], (host) => [
        ...only(host === monitor, [updateMonitorExtensions]),
        releaseService(host, facts.newMajor),
      ]),
      shared(finalVerification),
      custom('finished'),
      eachGroup(() => switchoverAndBack),
    ]),
  ]);
  return withClusterWarnings(facts, steps);
};
