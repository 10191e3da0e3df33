import type { NodeFacts } from '../../../cluster/facts.ts';
import { monitorIn } from '../../../cluster/observations.ts';
import { everyNodeSettled } from '../../language/conditions.ts';
import { enoughStandbys, syncStandbysAre } from '../../language/group-conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { setSyncStandbys } from '../../shell/sync-standbys.ts';

export const restoreOldSyncStandbys =
  (writer: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'sync-standbys',
      phase,
      host: facts.monitor,
      as: 'postgres',
      title: `Set number_sync_standbys to ${facts.numberSyncStandbys}`,
      reason: 'As it was before the window; registering nodes may have changed it.',
      guide: null,
      danger: 'changes',
      script: setSyncStandbys(facts, facts.numberSyncStandbys, writer),
      probe: (world) => {
        const found = monitorIn(world)?.numberSyncStandbys;
        return found === facts.numberSyncStandbys
          ? done(`it is ${found}`)
          : pending(`it is ${found ?? 'unknown'}`);
      },
      before: [everyNodeSettled, enoughStandbys(facts, writer)],
      after: [syncStandbysAre(facts.numberSyncStandbys), everyNodeSettled],
      settleSeconds: 60,
      undo: 'nothing to undo here',
    });
