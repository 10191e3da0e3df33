import { primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { carriesStatistics } from '../../cluster/version.ts';
import { onHost, verdictOf } from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { analyzeLines } from '../shell/analyze.ts';
import { privateServer } from '../shell/isolated-server.ts';
import { mark, privateSocket, script } from '../shell/shell.ts';
import { keepToDo, toDoFunctions, toDoNotes } from '../shell/to-do.ts';

const everyProcessor = sh`
  # nobody else works on this server yet: every processor, eight at most
  jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); [ "$jobs" -le 8 ] || jobs=8
`;

/** E. What the planner needs first; beside the look, each table is locked by itself and briefly. */
export const collectMinimalStatistics: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const socket = privateSocket(primary);
  const server = privateServer(primary, facts.newMajor);
  const carried = carriesStatistics(facts.newMajor);
  return makeStep(facts, {
    id: 'analyze-1',
    phase,
    host: primary,
    as: 'postgres',
    title: carried ? 'Collect missing statistics' : 'Collect minimal statistics',
    reason: carried
      ? `pg_upgrade to ${facts.newMajor} carries the statistics of tables and columns: they are kept. What it does not carry (extended statistics), and what never had any, is collected here.`
      : 'Without any the planner guesses, and the first queries after the window can take a hundred times longer. The full ones follow while the application works.',
    guide: 'Step 6',
    deviation: `${
      carried
        ? `The guide's stages begin with statistics coarser than those that ${facts.newMajor} has by now.`
        : 'Only the first of the three stages costs downtime; the other two run after the primary is back.'
    } A table that cannot be analyzed is noted, and holds nothing up.`,
    danger: 'changes',
    script: script(sh`
      ${facts.jobs === 1 && everyProcessor}
      ${toDoFunctions(primary, 'statistics-first')}
      ${analyzeLines(
        primary,
        socket,
        facts.jobs > 1 ? sh`${facts.jobs}` : sh`"$jobs"`,
        [carried ? { vacuum_cost_delay: 0 } : { default_statistics_target: 1, vacuum_cost_delay: 0 }],
        { missing: carried },
      )}
      ${keepToDo}
      ${mark(primary, 'analyze-1')}
    `),
    probe: (world) => (hasMarker(primary, 'analyze-1', world) ? done('they are there') : pending('none yet')),
    before: [server],
    after: [
      onHost(primary.alias, 'the first statistics are there', (_, world) =>
        verdictOf(hasMarker(primary, 'analyze-1', world), 'vacuumdb did not finish'),
      ),
    ],
    notes: toDoNotes(primary, 'statistics-first'),
    quietSeconds: 120,
    gauge: { kind: 'vacuumdb', rounds: 1 },
    undo: nothingToUndo,
  });
};
