import { type NodeFacts, primaryOf, takesLinks } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import {
  acceptsWrites,
  autoctlRuns,
  backupIsThere,
  describe,
  isMajor,
  onHost,
  pointsToNew,
  verdictOf,
} from '../language/conditions.ts';
import { hadJoined, newSystemIdentifier } from '../language/evidence.ts';
import { autoctlProbe, done, makeStep } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { undoText } from '../language/undo.ts';
import { serviceLogs, serviceUser, startScript } from '../shell/service.ts';

export const startSecondary =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'start',
      phase,
      host: node,
      as: serviceUser(node),
      failureLogs: serviceLogs(facts, node),
      title: 'Start pg_autoctl',
      reason: takesLinks(node)
        ? 'It reports to the monitor and waits in maintenance, its server stopped.'
        : 'It reports to the monitor and waits in maintenance, with no data directory yet.',
      guide: 'Step 12',
      deviation:
        'The guide creates the node again; it would stay in maintenance for ever, and the name is taken.',
      danger: 'changes',
      script: startScript(facts, node, node.newAutoctl),
      probe: (world) =>
        hadJoined(facts, node, world) ? done('it has run, and joined') : autoctlProbe(node, world),
      before: [
        backupIsThere(facts, node),
        onHost(node.alias, `${node.data} is not PostgreSQL ${facts.oldMajor} any more`, (seen) =>
          verdictOf(
            !isMajor(seen.data, facts.oldMajor),
            `it ${describe(seen.data)}: the old directory must be set aside first`,
          ),
        ),
        pointsToNew(node),
        onHost(node.alias, 'the state file of pg_autoctl has the new system identifier', (seen, world) =>
          verdictOf(
            seen.stateIdentifier !== null &&
              seen.stateIdentifier === newSystemIdentifier(facts, primaryOf(facts), world),
            `it is ${seen.stateIdentifier ?? 'unknown'}: write the identifier to the state file first`,
          ),
        ),
        acceptsWrites(facts, primaryOf(facts)),
      ],
      after: [onHost(node.alias, 'pg_autoctl runs', autoctlRuns)],
      settleSeconds: 60,
      undo: undoText(sh`stop it; mv ${node.backupData} ${node.data}`.text),
    });
