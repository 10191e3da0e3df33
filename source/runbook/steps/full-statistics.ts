import { primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { acceptsWrites, onHost, verdictOf } from '../language/conditions.ts';
import { hasMarker } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nothingToUndo } from '../language/undo.ts';
import { mark, script, vacuumdbAll } from '../shell/shell.ts';

/** While the application works again. */
export const collectFullStatistics: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'analyze',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Collect full statistics',
    reason: 'While the application works again: the planner gets what it had before.',
    guide: 'Step 6',
    deviation: 'After the downtime, not in it.',
    danger: 'changes',
    script: script(sh`
      ${[{ default_statistics_target: 10, vacuum_cost_delay: 0 }, {}].map((settings) =>
        vacuumdbAll(primary, primary.socketDirectory, facts.jobs > 1 && sh`${facts.jobs}`, settings),
      )}
      ${mark(primary, 'analyze')}
    `),
    probe: (world) => (hasMarker(primary, 'analyze', world) ? done('they are there') : pending('not yet')),
    before: [acceptsWrites(facts, primary)],
    after: [
      onHost(primary.alias, 'statistics are complete', (_, world) =>
        verdictOf(hasMarker(primary, 'analyze', world), 'vacuumdb did not finish'),
      ),
    ],
    quietSeconds: 300,
    gauge: { kind: 'vacuumdb', rounds: 2 },
    undo: nothingToUndo,
  });
};
