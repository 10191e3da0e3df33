import { primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { acceptsWrites, onHost, verdictOf } from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { compareInventoryLines, inventoryFunction } from '../shell/inventory/inventory.ts';
import { mark, script } from '../shell/shell.ts';
import { resumeSubscriptionsLines } from '../shell/subscriptions.ts';
import { keepToDo, toDoFunctions, toDoNotes } from '../shell/to-do.ts';

/** Right behind the opening: what pg_upgrade leaves out is made as it was before the stop, or told. */
export const compareInventory: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'compare',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Restore subscriptions, compare',
    reason:
      'pg_upgrade leaves subscriptions disabled and without their position: they go on where they stopped. Privileges, owners, settings, slots, comments are compared with those before the stop.',
    guide: null,
    danger: 'changes',
    script: script(sh`
      umask 077
      ${toDoFunctions(primary, 'inventory')}
      ${resumeSubscriptionsLines(primary)}
      ${inventoryFunction(primary, primary.socketDirectory)}
      ${compareInventoryLines(primary)}
      ${keepToDo}
      ${mark(primary, 'compare')}
    `),
    probe: (world) => (hasMarker(primary, 'compare', world) ? done('it is compared') : pending('not yet')),
    before: [acceptsWrites(facts, primary)],
    after: [
      onHost(primary.alias, 'what differs is noted', (_, world) =>
        verdictOf(hasMarker(primary, 'compare', world), 'the comparison did not finish'),
      ),
    ],
    notes: toDoNotes(primary, 'inventory'),
    quietSeconds: 120,
    undo: nothingToUndo,
  });
};
