import type { NodeFacts } from '../../../cluster/facts.ts';
import { sh } from '../../../cluster/fragment.ts';
import { hostIn } from '../../../cluster/observations.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepsOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { askLiveness, livenessFunction } from '../../shell/liveness.ts';
import { ownershipFunctions } from '../../shell/ownership.ts';
import { script } from '../../shell/shell.ts';
import { dropPartsWhere } from '../../shell/tablespaces.ts';

/**
 * A base backup that was killed leaves its part in a tablespace, and the next one refuses it; none is under way while
 * pg_autoctl is stopped. As postgres, whose files they are: root removes nothing where postgres can change what is meant.
 */
export const removeLeftParts =
  (node: NodeFacts): StepsOf =>
  (facts, phase) =>
    node.tablespaces.length === 0
      ? []
      : [
          makeStep(facts, {
            id: 'left-parts',
            phase,
            host: node,
            as: 'postgres',
            title: 'Remove leftover backup files',
            reason:
              'A base backup that did not end leaves files in the tablespaces, and the next one refuses them.',
            guide: null,
            danger: 'changes',
            script: script(sh`
              ${ownershipFunctions(facts)}
              ${livenessFunction}
              ${askLiveness(node)}
              echo "pg_autoctl: $autoctl $keeper"
              ${dropPartsWhere(node, facts.newMajor, sh`[ ! -e ${node.data} ] && [ "$autoctl" = stopped ]`)}
            `),
            probe: (world) => {
              const seen = hostIn(world, node.alias);
              if (seen === null) return pending('not seen');
              const left = seen.tablespaces.some(({ parts }) =>
                parts.some((part) => part.aside === '' && part.major === facts.newMajor),
              );
              return left && seen.data.kind === 'absent' && seen.pgAutoctl === 'stopped'
                ? pending('a part is there')
                : done('nothing is left of one');
            },
            undo: nothingToUndo,
          }),
        ];
