import type { NodeFacts } from '../../../cluster/facts.ts';
import { makeStep } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { restoredSyncStandbys } from '../number-sync-standbys.ts';

export const restoreOldSyncStandbys =
  (writer: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      ...restoredSyncStandbys(facts, writer),
      phase,
      reason: 'As it was before the window; registering nodes may have changed it.',
      guide: null,
      undo: nothingToUndo,
    });
