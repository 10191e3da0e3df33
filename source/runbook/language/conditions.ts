import { type ClusterFacts, type HostFacts, type NodeFacts, secondariesOf } from '../../cluster/facts.ts';
import {
  type DirectoryView,
  type HostObservation,
  hostIn,
  isDataDirectory,
  isLeftOut,
  monitorIn,
  nodeIn,
  type Observations,
  type UnitView,
  whyNoMonitor,
} from '../../cluster/observations.ts';
import { lsnDistance } from '../../cluster/parse/lsn.ts';
import { isFamiliar, type NodeState } from '../../cluster/states.ts';
import { carriesMark, isKin } from '../shell/ownership.ts';
import type { Condition, ConditionJudgment } from './step.ts';

/** The sentences that runbooks are made of: each says what must hold, and looks it up in the world. */

export const yes: ConditionJudgment = { holds: true };
export const no = (found: string): ConditionJudgment => ({ holds: false, found });
export const verdictOf = (holds: boolean, found: string): ConditionJudgment => (holds ? yes : no(found));

const unseen = (world: Observations, alias: string): string => {
  const observation = world.hosts[alias];
  return observation?.kind === 'unseen' ? observation.problem.what : `${alias} was not inspected`;
};

/** A condition about one host, false with the reason while the host cannot be seen. */
export const onHost = (
  alias: string,
  says: string,
  judge: (host: NonNullable<ReturnType<typeof hostIn>>, world: Observations) => ConditionJudgment,
): Condition => ({
  text: says,
  holds: (world) => {
    const host = hostIn(world, alias);
    return host === null ? no(unseen(world, alias)) : judge(host, world);
  },
});

/** A condition that rests on a host which the run may go on without: left out, nobody waits for it. */
export const unlessLeftOut = (alias: string, condition: Condition): Condition => ({
  text: condition.text,
  holds: (world) => (isLeftOut(world, alias) ? yes : condition.holds(world)),
});

export const describe = (directory: DirectoryView): string => {
  switch (directory.kind) {
    case 'absent':
      return 'is not there';
    case 'not-a-cluster':
      return directory.entries === 0 ? 'is empty' : `holds ${directory.entries} entries but no cluster`;
    case 'cluster': {
      const state =
        directory.control?.state ?? (directory.controlRenamed ? 'pg_control renamed' : 'without pg_control');
      return `is PostgreSQL ${directory.major}, ${directory.running ? 'running' : state}`;
    }
  }
};

export const isMajor = (directory: DirectoryView, major: number): boolean =>
  isDataDirectory(directory) && directory.major === major;

export const dataIsOld = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(host.alias, `${host.data} is PostgreSQL ${facts.oldMajor}`, (seen) =>
    verdictOf(isMajor(seen.data, facts.oldMajor), `it ${describe(seen.data)}`),
  );

export const dataIsNew = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(host.alias, `${host.data} is PostgreSQL ${facts.newMajor}`, (seen) =>
    verdictOf(isMajor(seen.data, facts.newMajor), `it ${describe(seen.data)}`),
  );

export const backupIsThere = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(host.alias, `${host.backupData} holds PostgreSQL ${facts.oldMajor}`, (seen) =>
    verdictOf(isMajor(seen.backupData, facts.oldMajor), `it ${describe(seen.backupData)}`),
  );

/** Whatever is at the new directory's place and is not ours is somebody else's: it is neither used nor removed. */
export const placeIsFree = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(host.alias, `nobody else’s PostgreSQL ${facts.newMajor} is in ${host.newData}`, ({ newData }) =>
    verdictOf(
      newData.kind === 'absent' ||
        isKin(facts, newData) ||
        (newData.kind === 'not-a-cluster' && newData.entries === 0),
      `it ${describe(newData)}, and has no marker file of this upgrade: give the new cluster another place (newData in the cluster file), or move it away`,
    ),
  );

/** pg_autoctl is *seen* to be stopped, and systemd does not start it again: what destroys rests on nothing less. */
export const autoctlStopped = (seen: HostObservation): ConditionJudgment => {
  if (seen.pgAutoctl === 'runs') return no('pg_autoctl runs');
  if (seen.unit?.active) return no('its unit is active: systemd starts pg_autoctl');
  return verdictOf(seen.pgAutoctl === 'stopped', 'whether pg_autoctl runs cannot be seen');
};

/** pg_autoctl is seen to run. */
export const autoctlRuns = (seen: HostObservation): ConditionJudgment =>
  seen.pgAutoctl === 'runs'
    ? yes
    : no(seen.pgAutoctl === 'stopped' ? 'it does not run' : 'whether it runs cannot be seen');

export const autoctlIsStopped = (host: HostFacts): Condition =>
  onHost(host.alias, `pg_autoctl is stopped on ${host.alias}`, autoctlStopped);

/** pg_autoctl runs, and since when: where the console holds it, somebody else has started it. */
const whoStarted = (host: HostFacts, unit: UnitView | null): string => {
  if (host.service.kind === 'none' || unit === null) return 'pg_autoctl runs';
  const since = unit.activeSince === '' ? '' : ` at ${unit.activeSince}`;
  if (!unit.active) return `somebody has started pg_autoctl by hand, not by ${host.service.unit}`;
  return unit.held
    ? `somebody started ${host.service.unit}${since}, although the console keeps it stopped`
    : `pg_autoctl runs: ${host.service.unit} was started${since}. If that was not this console, somebody has: find out who, and stop it`;
};

const stoppedOrWho = (host: HostFacts, seen: HostObservation): ConditionJudgment => {
  const verdict = autoctlStopped(seen);
  if (verdict.holds) return verdict;
  return seen.pgAutoctl === 'runs' || seen.unit?.active ? no(whoStarted(host, seen.unit)) : verdict;
};

/**
 * Neither pg_autoctl nor a server of any of the directories runs. What runs in the new directory's place and does not carry
 * our mark is not waited for.
 */
export const allStopped = (host: HostFacts): Condition =>
  onHost(host.alias, `pg_autoctl and PostgreSQL are stopped on ${host.alias}`, (seen) => {
    const autoctl = stoppedOrWho(host, seen);
    if (!autoctl.holds) return autoctl;
    const ofOurs = carriesMark(seen.newData) ? [seen.newData] : [];
    const running = [seen.data, seen.backupData, ...ofOurs].find(
      (one) => isDataDirectory(one) && one.running,
    );
    return verdictOf(running === undefined, 'PostgreSQL runs');
  });

/** Before pg_autoctl is started on the new version: it, and what it starts, are the new version's. */
export const pointsToNew = (host: HostFacts): Condition =>
  onHost(
    host.alias,
    `pg_autoctl on ${host.alias} is the new version’s, and starts the new version`,
    (seen) => {
      if (seen.pgCtl !== `${host.newBindir}/pg_ctl`)
        return no(`it starts ${seen.pgCtl ?? 'an unknown program'}`);
      return verdictOf(
        host.service.kind === 'none' || seen.unit?.program === host.newAutoctl,
        `${host.service.kind === 'none' ? '' : host.service.unit} runs ${seen.unit?.program ?? 'an unknown program'}`,
      );
    },
  );

/** Before what pg_autoctl and systemd hold of a node is changed: pg_upgrade's own servers, which nobody reaches, may run. */
export const notServing = (host: HostFacts): Condition =>
  onHost(
    host.alias,
    `pg_autoctl is stopped on ${host.alias}, and its server takes no connections`,
    (seen) => {
      const autoctl = stoppedOrWho(host, seen);
      if (!autoctl.holds) return autoctl;
      return verdictOf(seen.server === null, `PostgreSQL ${seen.server?.version ?? ''} serves`);
    },
  );

export const stoppedCleanly = (host: HostFacts, state: 'shut down' | 'shut down in recovery'): Condition =>
  onHost(host.alias, `pg_controldata on ${host.alias} says “${state}”`, (seen) => {
    const found = isDataDirectory(seen.data) ? seen.data.control?.state : undefined;
    return verdictOf(found === state, found === undefined ? 'no pg_control to read' : `it says “${found}”`);
  });

export const nodeSettled = (alias: string, states: readonly NodeState[]): Condition => ({
  text: `the monitor shows ${alias} as ${states.join(' or ')}, reported and assigned`,
  holds: (world) => {
    if (monitorIn(world) === null) return no(whyNoMonitor(world));
    const node = nodeIn(world, alias);
    if (node === null) return no(`the monitor does not know ${alias}`);
    return verdictOf(
      node.reported === node.assigned && states.some((state) => state === node.reported),
      `${node.reported} → ${node.assigned}`,
    );
  },
});

/** Two orders in a row: the second is refused while the first is still applied, and no exit code tells. */
export const everyNodeSettled: Condition = {
  text: 'every node’s reported state is its assigned state',
  holds: (world) => {
    const monitor = monitorIn(world);
    if (monitor === null) return no(whyNoMonitor(world));
    const moving = monitor.nodes.find(
      (node) =>
        (node.reported !== node.assigned || !isFamiliar(node.reported)) && !isLeftOut(world, node.name),
    );
    return verdictOf(
      moving === undefined,
      moving === undefined ? '' : `${moving.name} is ${moving.reported} → ${moving.assigned}`,
    );
  },
};

/** The same of some nodes only: what another one still has to do in a later step is not waited for. */
export const nodesSettled = (aliases: readonly string[]): Condition => ({
  text: `the reported state of ${aliases.join(', ')} is the assigned state`,
  holds: (world) => {
    const monitor = monitorIn(world);
    if (monitor === null) return no(whyNoMonitor(world));
    const moving = monitor.nodes.find(
      (node) =>
        aliases.includes(node.name) && node.reported !== node.assigned && !isLeftOut(world, node.name),
    );
    return verdictOf(
      moving === undefined,
      moving === undefined ? '' : `${moving.name} is ${moving.reported} → ${moving.assigned}`,
    );
  },
});

/** Asked of the monitor; while it is down, of each secondary's own pg_autoctl, whose state nobody can change then. */
export const everySecondaryInMaintenance = (facts: ClusterFacts): Condition => ({
  text: 'every secondary is in maintenance, so that stopping the primary starts no failover',
  holds: (world) => {
    const secondaries = secondariesOf(facts)
      .map(({ alias }) => alias)
      .filter((alias) => !isLeftOut(world, alias));
    if (monitorIn(world) === null) {
      const other = secondaries.find((alias) => hostIn(world, alias)?.inMaintenance !== true);
      return verdictOf(
        other === undefined,
        `${whyNoMonitor(world)}, and pg_autoctl on ${other ?? ''} does not say so either`,
      );
    }
    const states = secondaries.map((alias) => ({ alias, row: nodeIn(world, alias) }));
    const other = states.find(({ row }) => row?.reported !== 'maintenance' || row.assigned !== 'maintenance');
    if (other === undefined) return yes;
    const { alias, row } = other;
    return no(
      row === null ? `the monitor does not know ${alias}` : `${alias} is ${row.reported} → ${row.assigned}`,
    );
  },
});

export const streaming = (primary: NodeFacts, secondary: NodeFacts): Condition =>
  onHost(primary.alias, `${secondary.alias} streams from ${primary.alias}`, (seen, world) => {
    // After a rollback through a fallback copy the node has a new id, and the walsender its name from that.
    const name = senderName(nodeIn(world, secondary.alias)?.id ?? secondary.nodeId);
    const sender = seen.server?.senders.find((one) => one.name === name);
    return verdictOf(
      sender?.state === 'streaming',
      sender === undefined ? 'no walsender for it' : `its walsender is in ${sender.state}`,
    );
  });

/** Bytes that a standby may have to replay as the downtime begins: a fraction of a second's worth. */
const replayBytes = 64n * 1024n * 1024n;

/** What a secondary has received, and not replayed, it replays in the downtime. */
export const replaysAlong = (primary: NodeFacts, secondary: NodeFacts): Condition =>
  onHost(primary.alias, `${secondary.alias} has replayed nearly all that it has received`, (seen, world) => {
    const name = senderName(nodeIn(world, secondary.alias)?.id ?? secondary.nodeId);
    const sender = seen.server?.senders.find((one) => one.name === name);
    // Without an answer nothing is known, and the stop of the secondary waits for its replay.
    const behind = lsnDistance(sender?.flushed ?? '', sender?.replayed ?? '') ?? 0n;
    return verdictOf(
      behind <= replayBytes,
      `${behind / 1024n / 1024n} MB are to be replayed: pg_stat_activity there shows what it waits for`,
    );
  });

/** pg_auto_failover names a standby's connection and slot after its node id. Source: pg_auto_failover, defaults.h, REPLICATION_SLOT_NAME_DEFAULT. */
export const senderName = (nodeId: number): string => `pgautofailover_standby_${nodeId}`;

export const noSyncStandbys = (primary: NodeFacts): Condition =>
  onHost(primary.alias, `synchronous_standby_names is empty on ${primary.alias}`, (seen) =>
    seen.server === null
      ? no('the server does not answer')
      : verdictOf(seen.server.synchronousStandbyNames === '', `it is ${seen.server.synchronousStandbyNames}`),
  );

export const acceptsWrites = (facts: ClusterFacts, primary: NodeFacts): Condition =>
  onHost(
    primary.alias,
    `${primary.alias} accepts writes on ${facts.newMajor}, on port ${primary.port}`,
    (seen) => {
      if (seen.server === null) return no('the server does not answer');
      if (!seen.server.version.startsWith(`${facts.newMajor}.`))
        return no(`the server is ${seen.server.version}`);
      if (seen.server.listenAddresses === '') return no('it still listens on its local socket only');
      return verdictOf(!seen.server.inRecovery && !seen.server.readOnly, 'it is read-only');
    },
  );
