import {
  type ClusterFacts,
  type HostFacts,
  isNode,
  type NodeFacts,
  primaryOf,
} from '../../../cluster/facts.ts';
import { sh } from '../../../cluster/fragment.ts';
import {
  hostIn,
  isDataDirectory,
  monitorIn,
  nodeIn,
  type Observations,
} from '../../../cluster/observations.ts';
import {
  acceptsWrites,
  allStopped,
  autoctlStopped,
  everyNodeSettled,
  isMajor,
  nodeSettled,
  stoppedCleanly,
} from '../../language/conditions.ts';
import { isSetAside, isSwapped } from '../../language/evidence.ts';
import { syncStandbysAre } from '../../language/group-conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { monitorIsOld } from '../../language/old-version.ts';
import type { StepOf, StepsOf } from '../../language/outline.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { dropInFile, serviceLogs, serviceUser, stopScript } from '../../shell/service.ts';
import { script } from '../../shell/shell.ts';
import { setSyncStandbys } from '../../shell/sync-standbys.ts';
import { guardParts } from '../service-guard.ts';

/** The hosts beside the primary in the window of the online method, there and back: their steps where those of the ordinary method rest on a primary that was stopped for good. */

/** H. It has replayed up to the old primary’s stop, or nearly: what it lacks the old version, which follows, keeps for it in its slot. */
export const stopOldSecondary =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'stop',
      phase,
      host: node,
      as: serviceUser(node),
      title: 'Stop secondary, keep its data',
      reason: `Its directory of ${facts.oldMajor} is set aside as it is: in a rollback it streams on from there, because the ${facts.oldMajor} that follows keeps what it lacks.`,
      guide: 'Step 2',
      danger: 'changes',
      script: stopScript(facts, node, node.newAutoctl),
      probe: (world) => {
        if (isSetAside(facts, node, world) || isSwapped(facts, node, world))
          return done('the host was stopped already');
        const seen = hostIn(world, node.alias);
        if (seen === null || !isDataDirectory(seen.data)) return pending('not seen');
        const autoctl = autoctlStopped(seen);
        if (!autoctl.holds) return pending(autoctl.found);
        return seen.data.running ? half('pg_autoctl is gone, PostgreSQL still runs') : done('stopped');
      },
      before: [acceptsWrites(facts, primaryOf(facts)), nodeSettled(node.alias, ['maintenance'])],
      after: [allStopped(node), stoppedCleanly(node, 'shut down in recovery')],
      settleSeconds: 60,
      quietSeconds: 30,
      failureLogs: serviceLogs(facts, node),
      undo: undoText(`start ${node.alias} again`),
    });

/** Everything of the old version is in its place on a host, and is what its unit starts. */
const isBack = (facts: ClusterFacts, host: HostFacts, world: Observations): boolean => {
  const seen = hostIn(world, host.alias);
  return (
    seen !== null &&
    isMajor(seen.data, facts.oldMajor) &&
    seen.pgCtl === `${host.oldBindir}/pg_ctl` &&
    (host.service.kind === 'none' || seen.unit?.program === host.oldAutoctl)
  );
};

const monitorBack = (facts: ClusterFacts, world: Observations): boolean =>
  monitorIsOld(facts).holds(world).holds;

/** R. Until its end nobody but the console starts what is half moved. */
export const guardForRollback =
  (host: HostFacts): StepsOf =>
  (facts, phase) => {
    const { service } = host;
    if (service.kind === 'none') return [];
    const { script: text, notAtBoot, undo } = guardParts(facts, host, service);
    return [
      makeStep(facts, {
        id: 'guard',
        phase,
        host,
        as: 'root',
        title: 'Set KillMode, disable autostart',
        reason:
          'Neither a host that restarts during the rollback nor somebody’s “systemctl start” may start a server on directories that are half moved.',
        guide: null,
        danger: 'changes',
        script: text,
        probe: (world) => {
          const seen = hostIn(world, host.alias);
          if (seen?.unit == null) return pending('not seen');
          if (isBack(facts, host, world)) return done(`PostgreSQL ${facts.oldMajor} is in its place`);
          if (!seen.unit.dropIns.includes(dropInFile(service.unit))) return pending('anybody may start it');
          return seen.unit.enabled ? pending('it starts at boot') : done('it does not start at boot');
        },
        after: [notAtBoot],
        undo,
      }),
    ];
  };

/** R. No write may wait for a secondary that is about to stop. */
export const suspendSyncStandbysAgain: StepOf = (facts, phase) =>
  makeStep(facts, {
    id: 'sync-standbys-0',
    phase,
    host: facts.monitor,
    as: 'postgres',
    title: 'Set number_sync_standbys to 0',
    reason: 'With every secondary in maintenance the primary would go on waiting for one.',
    guide: null,
    danger: 'changes',
    script: setSyncStandbys(facts, 0, primaryOf(facts)),
    probe: (world) => {
      const monitor = monitorIn(world);
      if (monitor === null) return done('the monitor is stopped: failover is suspended already');
      if (monitorBack(facts, world)) return done('the monitor is the old version’s');
      return monitor.numberSyncStandbys === 0
        ? done('it is 0')
        : pending(`it is ${monitor.numberSyncStandbys}`);
    },
    before: [everyNodeSettled],
    after: [syncStandbysAre(0), everyNodeSettled],
    settleSeconds: 60,
    undo: nothingToUndo,
  });

/** R. Stopping the primary starts no failover. */
export const maintenanceAgain =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'maintenance',
      phase,
      host: node,
      as: 'postgres',
      title: 'Enable maintenance',
      reason: 'So that stopping the primary starts no failover.',
      guide: null,
      danger: 'changes',
      script: script(sh`
        # what it prints and how it exits does not tell: the monitor’s state does
        ${node.newAutoctl} enable maintenance --pgdata ${node.pgdata} || echo "exit code $?: see what the monitor says"
      `),
      probe: (world) => {
        if (monitorIn(world) === null) return done('the monitor is stopped: failover is suspended already');
        if (monitorBack(facts, world)) return done('the monitor is the old version’s');
        const row = nodeIn(world, node.alias);
        if (row?.reported === 'maintenance' && row.assigned === 'maintenance') return done('in maintenance');
        if (row?.assigned === 'maintenance') return half(`${row.reported} → maintenance`);
        return pending(row === null ? 'not seen' : `it is ${row.reported}`);
      },
      before: [everyNodeSettled],
      after: [nodeSettled(node.alias, ['maintenance']), everyNodeSettled],
      settleSeconds: 120,
      undo: undoText(`pg_autoctl disable maintenance on ${node.alias}`),
    });

/** S, U. Monitor and secondaries: directories, unit and pg_ctl change while nothing runs. */
export const stopForRollback =
  (host: HostFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'stop',
      phase,
      host,
      as: serviceUser(host),
      title: 'Stop pg_autoctl',
      reason: 'Directories, units and pg_ctl change only under servers that do not run.',
      guide: null,
      danger: 'changes',
      ...(isNode(host) ? {} : { milestone: 'monitor-stops' as const }),
      script: stopScript(facts, host, host.newAutoctl),
      probe: (world) => {
        const seen = hostIn(world, host.alias);
        if (seen === null) return pending('not seen');
        if (isBack(facts, host, world)) return done(`PostgreSQL ${facts.oldMajor} is in its place`);
        const autoctl = autoctlStopped(seen);
        if (!autoctl.holds) return pending(autoctl.found);
        const runs = [seen.data, seen.backupData].some((one) => isDataDirectory(one) && one.running);
        return runs ? half('pg_autoctl is gone, a server still runs') : done('nothing runs');
      },
      after: [allStopped(host)],
      settleSeconds: 300,
      quietSeconds: 30,
      undo: undoText('start pg_autoctl again'),
    });
