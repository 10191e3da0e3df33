import { type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { hostIn, nodeIn } from '../../../cluster/observations.ts';
import { isMajor, nodeSettled } from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { serviceLogs, serviceUser, startScript } from '../../shell/service.ts';

export const startRegisteredNode =
  (node: NodeFacts, writer: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'start',
      phase,
      host: node,
      as: serviceUser(node),
      title: 'Start as a secondary',
      reason:
        node === primaryOf(facts)
          ? `Its old directory is shared with ${facts.newMajor} and must not run: it takes a base backup.`
          : 'Its fallback copy has the same system identifier: it joins with its own data.',
      guide: null,
      danger: 'changes',
      failureLogs: serviceLogs(facts, node),
      script: startScript(facts, node, node.oldAutoctl),
      probe: (world) => {
        const row = nodeIn(world, node.alias);
        const seen = hostIn(world, node.alias);
        if (
          row?.reported === 'secondary' &&
          row.assigned === 'secondary' &&
          seen?.pgAutoctl === 'runs' &&
          isMajor(seen.data, facts.oldMajor)
        )
          return done('it is secondary');
        return seen?.pgAutoctl === 'runs'
          ? half(`${row?.reported ?? 'unknown'} → ${row?.assigned ?? 'unknown'}`)
          : pending('it does not run');
      },
      before: [acceptsWritesOnOld(facts, writer)],
      after: [nodeSettled(node.alias, ['secondary']), nodeSettled(writer.alias, ['primary', 'wait_primary'])],
      settleSeconds: 24 * 3600,
      quietSeconds: 600,
      undo: undoText('stop pg_autoctl again'),
    });
