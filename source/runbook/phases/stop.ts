import {
  type ClusterFacts,
  type HostFacts,
  hostsOf,
  type NodeFacts,
  primaryOf,
  secondariesOf,
} from '../../cluster/facts.ts';
import { quoted, sh, word } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, type Observations } from '../../cluster/observations.ts';
import {
  allStopped,
  autoctlStopped,
  everyNodeSettled,
  everySecondaryInMaintenance,
  noSyncStandbys,
  onHost,
  stoppedCleanly,
  streaming,
  unlessLeftOut,
  verdictOf,
} from '../conditions.ts';
import { isPastStop } from '../evidence.ts';
import { hasReceived, primaryWasShutDown, sameCheckpoint } from '../fallback-copies.ts';
import { acceptedFormations } from '../formations.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { contentsFunction, countContents, notedFile } from '../noted.ts';
import { inParallel } from '../parallel.ts';
import { rootScript } from '../root-verbs.ts';
import { psql, script } from '../shell.ts';
import type { Condition, Probe, Step } from '../step.ts';
import { noTablespaceIsNew } from '../tablespaces/conditions.ts';
import { savedIsCurrent } from './fence.ts';
import { monitorUpgradeSteps } from './monitor.ts';
import { dropInFile, serviceUser, stopScript } from './service.ts';

/** The stage in which the secondaries stop beside pg_upgrade on the primary. */
export const upgradeStage = 'upgrade';

const guardStep = (facts: ClusterFacts, host: HostFacts): Step[] => {
  const { service } = host;
  if (service.kind === 'none') return [];
  const { unit } = service;
  return [
    makeStep(facts, {
      id: 'guard',
      phase: 'C',
      host,
      as: 'root',
      title: 'KillMode=mixed, and no start at boot',
      reason: `Without it systemd signals every process at once, walsenders too, and the secondaries miss the last transactions; disabled, a reboot does not bring ${facts.oldMajor} back. And once the console has stopped it, nobody else’s “systemctl start” does.`,
      guide: 'Step 2',
      deviation:
        'The guide stops the unit as it is: the standbys then miss the shutdown checkpoint and some transactions.',
      danger: 'changes',
      script: rootScript(facts, host, 'guard', ...(service.enabled ? (['disable'] as const) : [])),
      probe: (world) => {
        if (isPastStop(facts, host, world)) return done('the host is past its stop');
        const seen = hostIn(world, host.alias)?.unit;
        if (seen == null) return pending('not seen');
        const guarded = seen.killMode === 'mixed' && seen.dropIns.includes(dropInFile(unit));
        const disabled = !seen.enabled || !service.enabled;
        if (guarded && disabled) return done('KillMode=mixed and disabled');
        return guarded
          ? half('KillMode=mixed, but enabled')
          : pending(`KillMode=${seen.killMode}, no drop-in`);
      },
      after: [
        onHost(host.alias, `${unit} has KillMode=mixed`, (seen) =>
          verdictOf(seen.unit?.killMode === 'mixed', `it is ${seen.unit?.killMode ?? 'unknown'}`),
        ),
        onHost(host.alias, `${unit} does not start at boot`, (seen) =>
          verdictOf(seen.unit?.enabled === false, 'it is enabled'),
        ),
      ],
      undo: `rm ${dropInFile(unit)}; systemctl daemon-reload${service.enabled ? `; systemctl enable ${unit}` : ''}`,
    }),
  ];
};

const stopped = (facts: ClusterFacts, host: HostFacts, world: Observations): Probe => {
  if (isPastStop(facts, host, world)) return done('the host is past its stop');
  const seen = hostIn(world, host.alias);
  if (seen === null || !isDataDirectory(seen.data)) return pending('not seen');
  const autoctl = autoctlStopped(seen);
  if (!autoctl.holds) return pending(autoctl.found);
  return seen.data.running ? half('pg_autoctl is gone, PostgreSQL still runs') : done('stopped');
};

const checkpointStep = (facts: ClusterFacts): Step => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'checkpoint',
    phase: 'C',
    host: primary,
    as: 'postgres',
    title: 'CHECKPOINT, and note what is there',
    reason:
      'What is written to disk now need not be written while the application waits; databases, tables and sequences are compared before the new version opens.',
    guide: null,
    danger: 'changes',
    script: script(
      sh`umask 077`,
      sh`# the last checkpoint of an earlier stop says nothing of the one that comes`,
      sh`rm -f ${word`${primary.workDir}/stopped`}`,
      ...contentsFunction(primary, primary.newBindir, primary.socketDirectory),
      sh`${psql(primary, primary.newBindir, 'postgres')} -c ${quoted('checkpoint')}`,
      sh`contents ${word`${notedFile(primary)}.new`}`,
      sh`mv ${word`${notedFile(primary)}.new`} ${notedFile(primary)}`,
      sh`${countContents} ${notedFile(primary)} | sort`,
    ),
    probe: (world) => {
      const probe = stopped(facts, primary, world);
      return probe.state === 'done' ? probe : pending('the stop is still ahead');
    },
    undo: 'nothing to undo',
  });
};

/**
 * The power went while the primary was still up: what pg_control says of its server, which did not come to its shutdown. Null: it did, or it
 * runs. Once pg_upgrade has begun, what was kept of the stop counts: it starts the old server itself.
 */
const notShutDown = (facts: ClusterFacts, world: Observations): string | null => {
  const primary = primaryOf(facts);
  const seen = hostIn(world, primary.alias);
  if (seen === null || stopped(facts, primary, world).state !== 'done' || isPastStop(facts, primary, world))
    return null;
  const state = isDataDirectory(seen.data) ? seen.data.control?.state : undefined;
  return seen.stopped === null && state !== undefined && state !== 'shut down' ? state : null;
};

const stopPrimary = (facts: ClusterFacts): Step => {
  const primary = primaryOf(facts);
  const secondaries = secondariesOf(facts);
  return makeStep(facts, {
    id: 'stop',
    phase: 'C',
    host: primary,
    as: serviceUser(primary),
    writes: 'stop',
    title: 'Stop the primary: the downtime begins',
    reason:
      'First, while the secondaries still stream: they receive everything, the shutdown checkpoint too, and so become images without loss.',
    guide: 'Step 2',
    deviation: 'The guide stops the secondary first: under load it then lacked 5,348 committed transactions.',
    danger: 'changes',
    script: stopScript(facts, primary, primary.oldAutoctl),
    probe: (world) => {
      const state = notShutDown(facts, world);
      return state === null
        ? stopped(facts, primary, world)
        : half(`it went down without being shut down: pg_control says “${state}”`);
    },
    interrupted: (world) =>
      notShutDown(facts, world) === null
        ? null
        : `it cannot be repeated: ${primary.alias} went down without being shut down, and PostgreSQL ${facts.oldMajor} has to start once more. Nothing is lost; go back: pgaf-upgrade rollback. Then begin again.`,
    before: [
      everySecondaryInMaintenance(facts),
      monitorGivesNoOrders(facts),
      ...secondaries.map((node) => unlessLeftOut(node.alias, streaming(primary, node))),
      noSyncStandbys(primary),
      noTablespaceIsNew(primary),
      onHost(primary.alias, 'no last checkpoint of an earlier stop is kept', (seen) =>
        verdictOf(
          seen.stopped === null,
          `one is, in ${primary.workDir}/stopped: the step CHECKPOINT takes it away`,
        ),
      ),
    ],
    after: [
      allStopped(primary),
      stoppedCleanly(primary, 'shut down'),
      ...secondaries.map((node) => unlessLeftOut(node.alias, hasReceived(facts, node))),
    ],
    // The command has ended with its servers: what is left is a round trip, and the application waits.
    settleSeconds: 60,
    quietSeconds: 30,
    undo: `start ${primary.alias} again on ${facts.oldMajor}; then disable maintenance on the secondaries`,
  });
};

const stopSecondary = (facts: ClusterFacts, node: NodeFacts): Step => {
  return makeStep(facts, {
    id: 'stop',
    phase: 'C',
    host: node,
    as: serviceUser(node),
    title: 'Stop the secondary and prove its image',
    reason:
      'Stopped at the primary’s shutdown checkpoint, its data directory is the whole cluster as it was: the way back.',
    guide: 'Step 2',
    danger: 'changes',
    script: stopScript(facts, node, node.oldAutoctl),
    probe: (world) => stopped(facts, node, world),
    before: [primaryWasShutDown(facts), hasReceived(facts, node)],
    after: [allStopped(node), stoppedCleanly(node, 'shut down in recovery'), sameCheckpoint(facts, node)],
    settleSeconds: 300,
    quietSeconds: 30,
    undo: `start ${node.alias} again on ${facts.oldMajor}, after the primary`,
  });
};

/** A stopped monitor assigns nothing, whatever the nodes do: the stop of the primary cannot become a failover. */
const monitorGivesNoOrders = ({ monitor }: ClusterFacts): Condition => ({
  text: 'the monitor is stopped: it gives no orders meanwhile',
  holds: (world) => allStopped(monitor).holds(world),
});

const stopMonitor = (facts: ClusterFacts): Step => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'stop',
    phase: 'C',
    host: facts.monitor,
    as: serviceUser(facts.monitor),
    milestone: 'monitor-stops',
    notes: (world) => acceptedFormations(facts, world),
    title: 'Stop the monitor',
    reason:
      'Every node is where it shall stay, and works on without it. Stopped, it can give no orders; and its upgrade costs no downtime.',
    guide: 'Step 3',
    deviation:
      'The guide stops it last and upgrades it while the application waits. Before the primary’s stop its upgrade costs nothing, and a failure of it neither.',
    danger: 'changes',
    script: stopScript(facts, facts.monitor, facts.monitor.oldAutoctl),
    probe: (world) => stopped(facts, facts.monitor, world),
    before: [
      everySecondaryInMaintenance(facts),
      everyNodeSettled,
      savedIsCurrent(facts),
      ...secondariesOf(facts).map((node) => unlessLeftOut(node.alias, streaming(primary, node))),
      noSyncStandbys(primary),
      noTablespaceIsNew(primary),
    ],
    after: [allStopped(facts.monitor), stoppedCleanly(facts.monitor, 'shut down')],
    settleSeconds: 120,
    undo: `start the monitor again on ${facts.oldMajor}`,
  });
};

/**
 * C. The monitor first: its upgrade needs nobody else, and takes place while the application still works. Then the
 * primary before the secondaries, so that every secondary becomes an image without loss.
 */
export const stopSteps = (facts: ClusterFacts): Step[] => [
  ...hostsOf(facts).flatMap((host) => inParallel('guard', host.alias, guardStep(facts, host))),
  stopMonitor(facts),
  ...monitorUpgradeSteps(facts),
  checkpointStep(facts),
  stopPrimary(facts),
];

/** C. Each secondary at the primary's shutdown checkpoint; pg_upgrade on the primary need not wait for it. */
export const stopSecondarySteps = (facts: ClusterFacts): Step[] =>
  secondariesOf(facts).flatMap((node) => inParallel(upgradeStage, node.alias, [stopSecondary(facts, node)]));
