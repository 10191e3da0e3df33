import { linkedOf, type NodeFacts, primaryOf, secondariesOf, takesLinks } from '../../../cluster/facts.ts';
import { sh } from '../../../cluster/fragment.ts';
import type { Observations } from '../../../cluster/observations.ts';
import { onHost, verdictOf } from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf, StepsOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { script } from '../../shell/shell.ts';
import { revokeTransferKeys } from './authorize-key.ts';
import { hasLinkDir, isLetIn, transferOf } from './guest.ts';
import { linkDir } from './names.ts';

/** Or what is left of it. */
const hasKey = (world: Observations, node: NodeFacts): boolean =>
  transferOf(world, node.alias)?.publicKey != null || hasLinkDir(node, world);

const removeTransferKey =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'link-drop',
      phase,
      host: node,
      as: 'postgres',
      title: 'Remove transfer key',
      reason: `It was made when ${node.alias} was to be rebuilt by hard links; the cluster file asks for a base backup by now.`,
      guide: null,
      danger: 'changes',
      script: script(sh`rm -rf ${linkDir(node)}`),
      probe: (world) => {
        const seen = transferOf(world, node.alias);
        return seen !== null && !hasKey(world, node) ? done('there is none') : pending('it is there');
      },
      after: [onHost(node.alias, 'no key is there', (_, world) => verdictOf(!hasKey(world, node), 'one is'))],
      undo: nothingToUndo,
    });

/**
 * B. Where the cluster file asked for hard links at an earlier start and does not by now (the dry run had failed, say):
 * nobody is let in any more, and the keys go. While another node asks for links, the step that lets it in takes out
 * the others' lines.
 */
export const removeUnwantedKeys =
  (world: Observations): StepsOf =>
  (facts, phase) => [
    ...(linkedOf(facts).length === 0 && (isLetIn(facts, world) || hasLinkDir(primaryOf(facts), world))
      ? [revokeTransferKeys(facts, phase)]
      : []),
    ...secondariesOf(facts)
      .filter((node) => !takesLinks(node) && hasKey(world, node))
      .map((node) => removeTransferKey(node)(facts, phase)),
  ];
