import { type ClusterFacts, type NodeFacts, primaryOf, secondariesOf } from '../../cluster/facts.ts';
import { hostIn, isDataDirectory, type Observations } from '../../cluster/observations.ts';
import {
  allStopped,
  everySecondaryInMaintenance,
  noSyncStandbys,
  onHost,
  replaysAlong,
  stoppedCleanly,
  streaming,
  unlessLeftOut,
  verdictOf,
} from '../language/conditions.ts';
import { isPastStop } from '../language/evidence.ts';
import { hasReceived } from '../language/fallback-copies.ts';
import { half, makeStep } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { nonePreparedBehindCoordinator, noneStaysPrepared } from '../language/prepared.ts';
import type { Condition, PhaseId, Step } from '../language/step.ts';
import { noTablespaceIsNew } from '../language/tablespace-conditions.ts';
import { undoText } from '../language/undo.ts';
import { serviceUser, stopScript } from '../shell/service.ts';
import { stopped } from './stopped.ts';

/**
 * The power went while the primary was still up: what pg_control says of its server, which did not come to its shutdown. Null: it did, or it
 * runs. Once pg_upgrade has begun, what was kept of the stop counts: it starts the old server itself.
 */
const notShutDown = (facts: ClusterFacts, world: Observations): string | null => {
  const primary = primaryOf(facts);
  const seen = hostIn(world, primary.alias);
  if (seen === null || stopped(facts, primary, world).state !== 'done' || isPastStop(facts, primary, world))
    return null;
  const state = isDataDirectory(seen.data) ? seen.data.control?.state : undefined;
  return seen.stopped === null && state !== undefined && state !== 'shut down' ? state : null;
};

/** `prepared`: what must hold of transactions that are prepared; `others`: hosts of other groups that must be seen for it. */
const stopOf = (
  facts: ClusterFacts,
  phase: PhaseId,
  prepared: readonly Condition[],
  others: readonly NodeFacts[] = [],
): Step => {
  const primary = primaryOf(facts);
  const secondaries = secondariesOf(facts);
  const step = makeStep(facts, {
    id: 'stop',
    phase,
    host: primary,
    as: serviceUser(primary),
    writes: 'stop',
    title: 'Stop primary',
    reason:
      'First, while the secondaries still stream: they receive everything, the shutdown checkpoint too, and so become fallback copies without loss.',
    guide: 'Step 2',
    deviation: 'The guide stops the secondary first: under load it then lacked 5,348 committed transactions.',
    danger: 'changes',
    script: stopScript(facts, primary, primary.oldAutoctl),
    probe: (world) => {
      const state = notShutDown(facts, world);
      return state === null
        ? stopped(facts, primary, world)
        : half(`it went down without being shut down: pg_control says “${state}”`);
    },
    interrupted: (world) =>
      notShutDown(facts, world) === null
        ? null
        : `it cannot be repeated: ${primary.alias} went down without being shut down, and PostgreSQL ${facts.oldMajor} has to start once more. No data is lost: roll back with pgaf-upgrade rollback, then start again.`,
    before: [
      everySecondaryInMaintenance(facts),
      monitorGivesNoOrders(facts),
      ...secondaries.map((node) => unlessLeftOut(node.alias, streaming(primary, node))),
      ...secondaries.map((node) => unlessLeftOut(node.alias, replaysAlong(primary, node))),
      noSyncStandbys(primary),
      noTablespaceIsNew(primary),
      ...prepared,
      onHost(primary.alias, 'no last checkpoint of an earlier stop is kept', (seen) =>
        verdictOf(
          seen.stopped === null,
          `one is, in ${primary.workDir}/stopped: retry the step before, Checkpoint, which removes it`,
        ),
      ),
    ],
    after: [
      allStopped(primary),
      stoppedCleanly(primary, 'shut down'),
      ...secondaries.map((node) => unlessLeftOut(node.alias, hasReceived(facts, node))),
    ],
    // The command has ended with its servers: what is left is a round trip, and the application waits.
    settleSeconds: 60,
    quietSeconds: 30,
    undo: undoText(
      `start ${primary.alias} again on ${facts.oldMajor}; then disable maintenance on the secondaries`,
    ),
  });
  return { ...step, inspects: [...step.inspects, ...others.map(({ alias }) => alias)] };
};

/** The one whose stop begins the downtime; `workers`: the primaries that stop behind it. */
export const stopPrimary =
  (workers: readonly NodeFacts[] = []): StepOf =>
  (facts, phase) =>
    stopOf(facts, phase, [primaryOf(facts), ...workers].map(noneStaysPrepared), workers);

/** Of a group of workers: applications write through the coordinator, so their writes neither stop nor come back with it. */
export const stopWorker: StepOf = (facts, phase) =>
  stopOf(facts, phase, [nonePreparedBehindCoordinator(primaryOf(facts))]);

/** A stopped monitor assigns nothing, whatever the nodes do: the stop of the primary cannot become a failover. */
const monitorGivesNoOrders = ({ monitor }: ClusterFacts): Condition => ({
  text: 'the monitor is stopped: it gives no orders meanwhile',
  holds: (world) => allStopped(monitor).holds(world),
});
