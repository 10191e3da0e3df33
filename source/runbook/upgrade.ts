import {
  type ClusterFacts,
  hostsOf,
  linkedOf,
  primaryOf,
  secondariesOf,
  takesLinks,
} from '../cluster/facts.ts';
import type { Observations } from '../cluster/observations.ts';
import { each, only, parallel, phase, procedure, track, tracks } from './language/outline.ts';
import type { Step } from './language/step.ts';
import { checkpoint } from './steps/checkpoint.ts';
import { checkpointForBackup } from './steps/checkpoint-for-backup.ts';
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
import { stopPrimary } from './steps/stop-primary.ts';
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
 * `world`: where it is known, what an earlier start has left that this one does not ask for is taken away first.
 */
export const upgradeRunbook = (facts: ClusterFacts, world: Observations | null = null): readonly Step[] => {
  const { monitor } = facts;
  const primary = primaryOf(facts);
  const secondaries = secondariesOf(facts);
  /** Secondaries that take over the primary's hard links, and those that get a base backup. */
  const linked = linkedOf(facts);
  const copied = secondaries.filter((node) => !takesLinks(node));
  const hosts = hostsOf(facts);
  const { alias } = primary;
  /** The tracks in which the secondaries stop. */
  const stopped = secondaries.map((node) => node.alias);

  const steps = procedure(facts, [
    // The application works, and nothing of the cluster changes.
    phase('A', 'Prepare', [
      parallel('save', hosts, (host) => [saveFiles(host), tablespaceDirectories(host)]),
      parallel('checks', hosts, (host) => [...customSyntax(facts, host), preflight(host)]),
      parallel('prepare', [primary, monitor], (host) => [
        createNewDirectory(host),
        checkWithPgUpgrade(host),
        validateConfiguration(host),
      ]),
    ]),

    // No failover can start any more, and writes wait for nobody. Keys come first: what fails there changes nothing of the cluster.
    phase('B', 'Suspend failover', [
      ...(world === null ? [] : [removeUnwantedKeys(world)]),
      parallel('link-key', linked, (node) => [makeTransferKey(node)]),
      ...only(linked.length > 0, [authorizeTransferKeys]),
      parallel('link-rehearsal', linked, (node) => [tryTransfer(node)]),
      ...only(facts.numberSyncStandbys > 0, [suspendSyncStandbys]),
      each(secondaries, (node) => [enableMaintenance(node, node === secondaries.at(-1))]),
    ]),

    // The monitor is upgraded while the application still works; then the primary stops before the secondaries, so that each
    // of them becomes a fallback copy without loss.
    phase('C', 'Stop', [
      parallel('guard', hosts, (host) => [guardService(host)]),
      stopMonitor,
      pgUpgrade(monitor),
      swapDirectories(monitor),
      keepWal(monitor),
      pointPgCtlToNew(monitor),
      pointUnitToNew(monitor),
      custom('before-stop'),
      checkpoint,
      custom('stopping'), // the application is made to wait, and the stop follows at once
      stopPrimary, // the downtime begins
      custom('stopped'),
      parallel('upgrade', secondaries, (node) => [stopSecondary(node)]), // at the same time as phase D
    ]),

    // All of it can be taken back: the new version is first started behind it.
    phase('D', 'Upgrade', [
      parallel('upgrade', linked, (node) => [setAside(node)]),
      tracks('upgrade', [
        track(alias, [pgUpgrade(primary), swapDirectories(primary)]),
        track(`${alias} files`, [pointPgCtlToNew(primary), pointUnitToNew(primary)]),
        track(monitor.alias, [startMonitor], { after: stopped }),
        ...linked.map((node) =>
          track(`${node.alias} links`, [takeOverLinks(node)], { after: [alias, ...stopped] }),
        ),
      ]),
    ]),

    phase('E', 'Verify', [
      firstStart, // irreversible with hard links
      tracks('verify', [
        track(`${alias} look`, [verifyDatabases]),
        track(`${alias} statistics`, [collectMinimalStatistics]),
        track(alias, [custom('before-open'), handOver], { after: [`${alias} look`, `${alias} statistics`] }),
      ]),
    ]),

    phase('F', 'Monitor', [
      tracks('verify', [track(monitor.alias, [writeSystemIdentifier])]), // at the same time as the verification
    ]),

    phase('G', 'Resume service', [
      keepWal(primary),
      startPrimary, // the downtime ends
      custom('opened'),
      exchangeOtherKeepers('new'),
      compareInventory,
      collectFullStatistics,
    ]),

    phase('H', 'Secondaries', [
      each(copied, (node) => [setAside(node)]), // one after the other: while one moves, the others stand in their places
      ...only(linked.length > 0, [tracks('rebuild', [track(`${alias} keys`, [revokeTransferKeys])])]),
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
      restoreSyncStandbys,
      parallel('unguard', [monitor, primary], (host) => [
        ...only(host === monitor, [updateMonitorExtensions]),
        releaseService(host, facts.newMajor),
      ]),
      finalVerification,
      custom('finished'),
      switchoverAndBack,
    ]),
  ]);
  return withClusterWarnings(facts, steps);
};
