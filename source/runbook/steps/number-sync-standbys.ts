import { type ClusterFacts, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { monitorIn, type Observations } from '../../cluster/observations.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import { everyNodeSettled } from '../language/conditions.ts';
import { enoughStandbys, syncStandbysAre } from '../language/group-conditions.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { undoText } from '../language/undo.ts';
import { savedIsCurrent, suspensionIsPast } from '../language/window.ts';
import { setSyncStandbys } from '../shell/sync-standbys.ts';

export const suspendSyncStandbys: StepOf = (facts, phase) =>
  makeStep(facts, {
    id: 'sync-standbys-0',
    phase,
    host: facts.monitor,
    as: 'postgres',
    title: 'Set number_sync_standbys to 0',
    reason:
      'With every secondary in maintenance the primary would go on waiting for one: after the upgrade each write would hang. The old value comes back in phase I.',
    guide: 'Step 1',
    deviation:
      'The guide sees “no difference” with several secondaries; pg_autoctl refuses 0, the monitor’s function takes it.',
    danger: 'changes',
    script: setSyncStandbys(facts, 0, primaryOf(facts)),
    probe: (world) => {
      if (suspensionIsPast(facts, world)) return done('failover is suspended already');
      const monitor = monitorIn(world);
      return monitor?.numberSyncStandbys === 0
        ? done('it is 0')
        : pending(`it is ${monitor?.numberSyncStandbys ?? 'unknown'}`);
    },
    before: [everyNodeSettled, savedIsCurrent(facts)],
    after: [syncStandbysAre(0), everyNodeSettled],
    settleSeconds: 60,
    undo: undoText(
      `set_formation_number_sync_standbys(${sqlLiteral(facts.formation)}, ${facts.numberSyncStandbys})`,
    ),
  });

export const syncStepId = 'I.monitor.sync-standbys';

/** What sets it as it was before the window; `writer` is the node that takes writes by then. */
export const restoredSyncStandbys = (facts: ClusterFacts, writer: NodeFacts) =>
  ({
    id: 'sync-standbys',
    host: facts.monitor,
    as: 'postgres',
    title: `Set number_sync_standbys to ${facts.numberSyncStandbys}`,
    danger: 'changes',
    script: setSyncStandbys(facts, facts.numberSyncStandbys, writer),
    probe: (world: Observations) => {
      const found = monitorIn(world)?.numberSyncStandbys;
      return found === facts.numberSyncStandbys
        ? done(`it is ${found}`)
        : pending(`it is ${found ?? 'unknown'}`);
    },
    before: [everyNodeSettled, enoughStandbys(facts, writer)],
    after: [syncStandbysAre(facts.numberSyncStandbys), everyNodeSettled],
    settleSeconds: 60,
  }) as const;

/** Where there was one. */
export const restoreSyncStandbys: StepOf = (facts, phase) =>
  makeStep(facts, {
    ...restoredSyncStandbys(facts, primaryOf(facts)),
    phase,
    reason: 'The durability that the cluster had before the window.',
    guide: null,
    deviation: 'The guide never set it to 0, and writes hung.',
    undo: undoText(`set_formation_number_sync_standbys(${sqlLiteral(facts.formation)}, 0)`),
  });
