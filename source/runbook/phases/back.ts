import type { ClusterFacts } from '../../cluster/facts.ts';
import { primaryOf, secondariesOf } from '../../cluster/facts.ts';
import { hostIn, nodeIn } from '../../cluster/world.ts';
import { about, acceptsWrites, allStopped, dataIsNew, nodeSettled, when } from '../conditions.ts';
import { isMarked, isSwapped } from '../evidence.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { command, inBin, mark, option, script } from '../shell.ts';
import type { Condition, Step } from '../step.ts';
import { serviceCauses, serviceUser, startScript } from './service.ts';

/** The states in which a primary is at rest and writes flow, with and without secondaries. */
const writable = ['wait_primary', 'primary', 'single'] as const;

const monitorIsUp: Condition = {
  says: 'the monitor answers: without it the node would give up after five restarts',
  holds: (world) => when(hostIn(world, 'monitor')?.monitor != null, 'its database does not answer'),
};

/** G. The primary under pg_autoctl again: the downtime ends. */
export const backSteps = (facts: ClusterFacts): Step[] => {
  const primary = primaryOf(facts);
  const secondaries = secondariesOf(facts);
  return [
    makeStep(facts, {
      id: 'start',
      phase: 'G',
      host: primary,
      as: serviceUser(primary),
      writes: 'resume',
      causes: serviceCauses(primary),
      title: 'Start the primary: the downtime ends',
      reason: `pg_autoctl takes over the ${facts.newMajor} server, the monitor makes it wait_primary: the application can write.`,
      guide: 'Step 11',
      danger: 'changes',
      script: startScript(primary, primary.newAutoctl),
      probe: (world) => {
        const seen = hostIn(world, primary.alias);
        const row = nodeIn(world, primary.alias);
        const settled =
          row !== null && row.reported === row.assigned && writable.some((state) => state === row.reported);
        if (seen?.pgAutoctl === 'runs' && settled && acceptsWrites(facts, primary).holds(world).holds)
          return done(`it is ${row.reported}`);
        // After a switchover it is a standby of the new version: nothing is left to start.
        if (
          seen?.pgAutoctl === 'runs' &&
          row?.reported === 'secondary' &&
          row.assigned === 'secondary' &&
          isSwapped(facts, primary, world)
        )
          return done('it is secondary, since a switchover');
        return seen?.pgAutoctl === 'runs'
          ? half('pg_autoctl runs, the node is not settled yet')
          : pending('it does not run');
      },
      before: [allStopped(primary), dataIsNew(facts, primary), monitorIsUp],
      after: [
        nodeSettled(primary.alias, secondaries.length === 0 ? ['single'] : ['wait_primary', 'primary']),
        acceptsWrites(facts, primary),
      ],
      settleSeconds: 120,
      undo: 'from here going back loses what the application writes',
    }),
    makeStep(facts, {
      id: 'analyze',
      phase: 'G',
      host: primary,
      as: 'postgres',
      title: 'Full statistics',
      reason: 'While the application works again: the planner gets what it had before.',
      guide: 'Step 6',
      differs: 'After the downtime, not in it.',
      danger: 'changes',
      script: script(
        ...['10', ''].flatMap((target) => [
          target === ''
            ? 'unset PGOPTIONS'
            : `export PGOPTIONS='-c default_statistics_target=${target} -c vacuum_cost_delay=0'`,
          command(
            inBin(primary.newBindir, 'vacuumdb'),
            option('--host', primary.socketDirectory),
            option('--port', String(primary.port)),
            option('--username', primary.superuser),
            facts.jobs > 1 && option('--jobs', String(facts.jobs)),
            '--all --analyze-only',
          ),
        ]),
        mark(primary, 'analyze'),
      ),
      probe: (world) => (isMarked(primary, 'analyze', world) ? done('they are there') : pending('not yet')),
      before: [acceptsWrites(facts, primary)],
      after: [
        about(primary.alias, 'statistics are complete', (_, world) =>
          when(isMarked(primary, 'analyze', world), 'vacuumdb did not come to its end'),
        ),
      ],
      quietSeconds: 300,
      gauge: { kind: 'vacuumdb', rounds: 2 },
      undo: 'nothing to undo here',
    }),
  ];
};
