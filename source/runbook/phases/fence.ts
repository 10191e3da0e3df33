import type { ClusterFacts, NodeFacts } from '../../cluster/facts.ts';
import { hostsOf, primaryOf, secondariesOf } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import { hostIn, isLeftOut, monitorIn, nodeIn, type Observations } from '../../cluster/observations.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import {
  autoctlStopped,
  everyNodeSettled,
  everySecondaryInMaintenance,
  nodeSettled,
  noSyncStandbys,
  streaming,
} from '../conditions.ts';
import { isPastStop, staleSave } from '../evidence.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { psql, script } from '../shell.ts';
import type { Condition, Step } from '../step.ts';

/** While the monitor is down the nodes tell: each secondary's pg_autoctl keeps its state, and the primary whom it waits for. */
const fenceStandsWithoutMonitor = (facts: ClusterFacts, world: Observations): boolean =>
  monitorIn(world) === null &&
  secondariesOf(facts).length > 0 &&
  everySecondaryInMaintenance(facts).holds(world).holds &&
  noSyncStandbys(primaryOf(facts)).holds(world).holds;

/** Once the primary is stopped, the fence has done its work. */
export const fenceIsPast = (facts: ClusterFacts, world: Observations): boolean => {
  const primary = primaryOf(facts);
  const seen = hostIn(world, primary.alias);
  return (
    isPastStop(facts, primary, world) ||
    (seen !== null && seen.server === null && autoctlStopped(seen).holds && monitorIn(world) === null) ||
    fenceStandsWithoutMonitor(facts, world)
  );
};

/** Phase A may have been gone through days before. */
export const savedIsCurrent = (facts: ClusterFacts): Condition => ({
  text: 'what phase A has saved is what is there now',
  holds: (world) => {
    for (const host of hostsOf(facts)) {
      if (isLeftOut(world, host.alias)) continue;
      if (hostIn(world, host.alias) === null) return { holds: false, found: `${host.alias} is not seen` };
      const stale = staleSave(facts, host, world);
      if (stale !== null)
        return {
          holds: false,
          found: `${host.alias}: ${stale}; leave the console and start it again: it then asks to save anew first`,
        };
    }
    return { holds: true };
  },
});

export const syncStandbysAre = (wanted: number): Condition => ({
  text: `number_sync_standbys is ${wanted}`,
  holds: (world) => {
    const monitor = monitorIn(world);
    if (monitor === null) return { holds: false, found: 'the monitor’s database does not answer' };
    return monitor.numberSyncStandbys === wanted
      ? { holds: true }
      : { holds: false, found: `it is ${monitor.numberSyncStandbys}` };
  },
});

/**
 * The monitor's function wants one standby more in the quorum than the number, so a number that came about otherwise (a node left the quorum
 * as primary and became a standby later) cannot be set by it again. Then the row itself, and the settings of a node as they are, which has the
 * primary apply both. Source: pg_auto_failover, formation_metadata.c, FormationNumSyncStandbyIsValid; tried with 2.0.
 */
export const setSyncStandbys = (facts: ClusterFacts, wanted: number, writer: NodeFacts): Fragment => {
  const standbys = facts.nodes.filter((node) => node !== writer);
  // One with a priority: setting 0 again is refused where few others have one.
  const first = [...standbys, writer].find((node) => node.priority > 0);
  const formation = sqlLiteral(facts.formation);
  const enough = wanted + 1 <= standbys.filter((node) => node.quorum).length;
  const sql =
    enough || first === undefined
      ? `select pgautofailover.set_formation_number_sync_standbys(${formation}, ${wanted})`
      : `update pgautofailover.formation set number_sync_standbys = ${wanted} where formationid = ${formation}; select pgautofailover.set_node_candidate_priority(${formation}, ${sqlLiteral(first.alias)}, ${first.priority})`;
  return script(
    sh`${psql(facts.monitor, facts.monitor.newBindir, facts.monitor.database)} -Atc ${quoted(sql)}`,
  );
};

const zeroStep = (facts: ClusterFacts): Step =>
  makeStep(facts, {
    id: 'sync-standbys-0',
    phase: 'B',
    host: facts.monitor,
    as: 'postgres',
    title: `number_sync_standbys ${facts.numberSyncStandbys} → 0`,
    reason:
      'With every secondary in maintenance the primary would go on waiting for one: after the upgrade each write would hang. The old value comes back in phase I.',
    guide: 'Step 1',
    deviation:
      'The guide sees “no difference” with several secondaries; pg_autoctl refuses 0, the monitor’s function takes it.',
    danger: 'changes',
    script: setSyncStandbys(facts, 0, primaryOf(facts)),
    probe: (world) => {
      if (fenceIsPast(facts, world)) return done('the fence is up');
      const monitor = monitorIn(world);
      return monitor?.numberSyncStandbys === 0
        ? done('it is 0')
        : pending(`it is ${monitor?.numberSyncStandbys ?? 'unknown'}`);
    },
    before: [everyNodeSettled, savedIsCurrent(facts)],
    after: [syncStandbysAre(0), everyNodeSettled],
    settleSeconds: 60,
    undo: `set_formation_number_sync_standbys(${sqlLiteral(facts.formation)}, ${facts.numberSyncStandbys})`,
  });

const maintenanceStep = (facts: ClusterFacts, node: NodeFacts, last: boolean): Step => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'maintenance',
    phase: 'B',
    host: node,
    as: 'postgres',
    title: 'Enable maintenance',
    reason: `So that stopping the primary starts no failover; PostgreSQL on ${node.alias} keeps running and streaming.`,
    guide: 'Step 1',
    deviation:
      'Run on the secondary itself: no pg_autoctl takes --name here. Judged by the monitor’s state: the command prints errors and exits 0.',
    danger: 'changes',
    script: script(
      sh`# what it prints and how it exits does not tell: the monitor’s state does`,
      sh`${node.oldAutoctl} enable maintenance --pgdata ${node.pgdata} || echo "exit code $?: see what the monitor says"`,
    ),
    probe: (world) => {
      if (fenceIsPast(facts, world)) return done('the fence is up');
      const row = nodeIn(world, node.alias);
      if (row?.reported === 'maintenance' && row.assigned === 'maintenance') return done('in maintenance');
      if (row?.assigned === 'maintenance') return half(`${row.reported} → maintenance`);
      return pending(row === null ? 'not seen' : `${row.reported} → ${row.assigned}`);
    },
    before: [everyNodeSettled, savedIsCurrent(facts)],
    after: [
      nodeSettled(node.alias, ['maintenance']),
      everyNodeSettled,
      streaming(primary, node),
      ...(last ? [noSyncStandbys(primary)] : []),
    ],
    settleSeconds: 120,
    undo: `pg_autoctl disable maintenance on ${node.alias}, while ${primary.alias} runs ${facts.oldMajor}`,
  });
};

/** B. No failover can start any more, and writes wait for nobody. */
export const fenceSteps = (facts: ClusterFacts): Step[] => {
  const secondaries = secondariesOf(facts);
  return [
    ...(facts.numberSyncStandbys > 0 ? [zeroStep(facts)] : []),
    ...secondaries.map((node, index) => maintenanceStep(facts, node, index === secondaries.length - 1)),
  ];
};
