import { primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { carriesStatistics } from '../../cluster/version.ts';
import { acceptsWrites, onHost, verdictOf } from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { analyzeLines, analyzeParentsLines } from '../shell/analyze.ts';
import { inventoryFile } from '../shell/inventory/inventory.ts';
import { parentStatistics } from '../shell/inventory/inventory-sql.ts';
import { mark, script } from '../shell/shell.ts';
import { keepToDo, toDoFile, toDoFunctions, toDoNotes } from '../shell/to-do.ts';

/** While the application works again. */
export const collectFullStatistics: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const carried = carriesStatistics(facts.newMajor);
  // A rough round first, unless it would put rough ones in the place of those that were carried.
  const rounds = carried ? [{}] : [{ default_statistics_target: 10, vacuum_cost_delay: 0 }, {}];
  return makeStep(facts, {
    id: 'analyze',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Collect full statistics',
    reason: carried
      ? 'While the application works again: the planner has what it had before, and now gets it of the data as they are, with the counters that autovacuum goes by.'
      : 'While the application works again: the planner gets what it had before.',
    guide: 'Step 6',
    deviation:
      'After the downtime, not in it; partitioned tables that had statistics of their own get them again, which vacuumdb does not do.',
    danger: 'changes',
    script: script(sh`
      ${toDoFunctions(primary, 'statistics')}
      ${analyzeLines(primary, primary.socketDirectory, facts.jobs > 1 && sh`${facts.jobs}`, rounds)}
      ${analyzeParentsLines(primary, inventoryFile(primary), parentStatistics)}
      rm -f ${toDoFile(primary, 'statistics-first')} # what is left of it is noted here
      ${keepToDo}
      ${mark(primary, 'analyze')}
    `),
    probe: (world) => (hasMarker(primary, 'analyze', world) ? done('they are there') : pending('not yet')),
    before: [acceptsWrites(facts, primary)],
    after: [
      onHost(primary.alias, 'statistics are complete', (_, world) =>
        verdictOf(hasMarker(primary, 'analyze', world), 'vacuumdb did not finish'),
      ),
    ],
    notes: toDoNotes(primary, 'statistics'),
    quietSeconds: 300,
    gauge: { kind: 'vacuumdb', rounds: rounds.length },
    undo: nothingToUndo,
  });
};
