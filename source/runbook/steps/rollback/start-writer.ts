import type { NodeFacts } from '../../../cluster/facts.ts';
import { hostIn, nodeIn } from '../../../cluster/observations.ts';
import { isWritable } from '../../../cluster/states.ts';
import { nodeSettled } from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld, dataIsBack, monitorIsOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { serviceLogs, serviceUser, startScript } from '../../shell/service.ts';

const writable = ['wait_primary', 'primary', 'single'] as const;

/** The node that takes the writes again on the old version. */
export const startWriter =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'start',
      phase,
      host: node,
      as: serviceUser(node),
      title: `Start primary on ${facts.oldMajor}`,
      reason: `pg_autoctl takes over the ${facts.oldMajor} server; the application can write.`,
      guide: null,
      danger: 'changes',
      writes: 'resume',
      milestone: 'writer-starts',
      failureLogs: serviceLogs(facts, node),
      script: startScript(facts, node, node.oldAutoctl, { atBoot: true }),
      probe: (world) => {
        const row = nodeIn(world, node.alias);
        const runs = hostIn(world, node.alias)?.pgAutoctl === 'runs';
        if (
          runs &&
          row !== null &&
          isWritable(row.reported) &&
          acceptsWritesOnOld(facts, node).holds(world).holds
        )
          return done(`it is ${row.reported}`);
        return runs
          ? half('pg_autoctl runs, the node does not have its state yet')
          : pending('it does not run');
      },
      before: [dataIsBack(facts, node), monitorIsOld(facts)],
      after: [nodeSettled(node.alias, writable), acceptsWritesOnOld(facts, node)],
      settleSeconds: 120,
      undo: undoText('stop pg_autoctl again'),
    });
