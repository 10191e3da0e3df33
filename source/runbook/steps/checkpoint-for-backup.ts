import { type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { quoted, sh } from '../../cluster/fragment.ts';
import { nodeIn } from '../../cluster/observations.ts';
import { acceptsWrites } from '../language/conditions.ts';
import { hadJoined } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { psql, script } from '../shell/shell.ts';

/**
 * pg_autoctl's base backup waits for a spread checkpoint: seen to take 270 s for 350 MB. One that has just been made
 * leaves it nothing to wait for.
 */
export const checkpointForBackup =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    return makeStep(facts, {
      id: `checkpoint-for-${node.alias}`,
      phase,
      host: primary,
      as: 'postgres',
      title: 'Checkpoint before base backup',
      reason:
        'The base backup begins with a checkpoint that is spread over minutes; after this one it has little to do.',
      guide: 'Step 12',
      danger: 'changes',
      script: script(sh`${psql(primary, primary.newBindir, 'postgres')} -c ${quoted('checkpoint')}`),
      probe: (world) => {
        const row = nodeIn(world, node.alias);
        return (row !== null && row.assigned !== 'maintenance') || hadJoined(facts, node, world)
          ? done('the base backup has begun')
          : pending('it is still ahead');
      },
      before: [acceptsWrites(facts, primary)],
      undo: nothingToUndo,
    });
  };
