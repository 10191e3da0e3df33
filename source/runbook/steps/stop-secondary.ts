import type { NodeFacts } from '../../cluster/facts.ts';
import { allStopped, stoppedCleanly } from '../language/conditions.ts';
import { hasReceived, primaryWasShutDown, sameCheckpoint } from '../language/fallback-copies.ts';
import { makeStep } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { undoText } from '../language/undo.ts';
import { serviceUser, stopScript } from '../shell/service.ts';
import { stopped } from './stopped.ts';

export const stopSecondary =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    return makeStep(facts, {
      id: 'stop',
      phase,
      host: node,
      as: serviceUser(node),
      title: 'Stop secondary, verify its copy',
      reason:
        'Stopped at the primary’s shutdown checkpoint, its data directory is the complete cluster as it was: the fallback copy of a rollback.',
      guide: 'Step 2',
      danger: 'changes',
      script: stopScript(facts, node, node.oldAutoctl),
      probe: (world) => stopped(facts, node, world),
      before: [primaryWasShutDown(facts), hasReceived(facts, node)],
      after: [allStopped(node), stoppedCleanly(node, 'shut down in recovery'), sameCheckpoint(facts, node)],
      settleSeconds: 300,
      quietSeconds: 30,
      undo: undoText(`start ${node.alias} again on ${facts.oldMajor}, after the primary`),
    });
  };
