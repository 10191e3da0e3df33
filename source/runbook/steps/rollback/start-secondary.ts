import { type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { autoctlRuns, onHost } from '../../language/conditions.ts';
import { autoctlProbe, makeStep } from '../../language/make-step.ts';
import { acceptsWritesOnOld, monitorIsOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { serviceLogs, serviceUser, startScript } from '../../shell/service.ts';

export const startOldSecondary =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'start',
      phase,
      host: node,
      as: serviceUser(node),
      title: 'Start pg_autoctl',
      reason: 'It reports to the monitor and waits in maintenance.',
      guide: null,
      danger: 'changes',
      failureLogs: serviceLogs(facts, node),
      script: startScript(facts, node, node.oldAutoctl),
      probe: (world) => autoctlProbe(node, world),
      before: [acceptsWritesOnOld(facts, primaryOf(facts)), monitorIsOld(facts)],
      after: [onHost(node.alias, 'pg_autoctl runs', autoctlRuns)],
      settleSeconds: 60,
      undo: undoText('stop pg_autoctl again'),
    });
