import type { NodeFacts } from '../../../cluster/facts.ts';
import { onHost, verdictOf } from '../../language/conditions.ts';
import { hasMarker } from '../../language/evidence.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { nothingToUndo } from '../../language/undo.ts';
import { mark, script } from '../../shell/shell.ts';
import { throughMarker } from '../../verdict/route.ts';

/** The rollback through a secondary's fallback copy: the group is registered anew, from the fallback copy outwards. */

/** The marker finds this way again after an interruption, whatever the fallback copies look like then. */
export const chooseFallbackCopy =
  (chosen: NodeFacts): StepOf =>
  (facts, phase) => {
    const { monitor } = facts;
    const marker = throughMarker(chosen.alias);
    return makeStep(facts, {
      id: 'choose',
      phase,
      host: monitor,
      as: 'postgres',
      title: 'Choose the fallback copy',
      reason: 'From here on the cluster continues from this copy alone; two of them would diverge.',
      guide: null,
      danger: 'changes',
      script: script(mark(monitor, marker)),
      probe: (world) =>
        hasMarker(monitor, marker, world) ? done('it is noted') : pending('it is not noted'),
      after: [
        onHost(monitor.alias, 'it is noted', (_, world) =>
          verdictOf(hasMarker(monitor, marker, world), 'it is not'),
        ),
      ],
      undo: nothingToUndo,
    });
  };
