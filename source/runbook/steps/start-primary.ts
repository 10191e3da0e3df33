import { type ClusterFacts, primaryOf, secondariesOf } from '../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, nodeIn } from '../../cluster/observations.ts';
import { isWritable } from '../../cluster/states.ts';
import {
  acceptsWrites,
  allStopped,
  dataIsNew,
  no,
  nodeSettled,
  onHost,
  pointsToNew,
  verdictOf,
} from '../language/conditions.ts';
import { isSwapped, newClusterStarted, newSystemIdentifier } from '../language/evidence.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import type { Condition } from '../language/step.ts';
import { undoText } from '../language/undo.ts';
import { serviceLogs, serviceUser, startScript } from '../shell/service.ts';

const monitorIsUp: Condition = {
  text: 'the monitor answers: without it the node would give up after five restarts',
  holds: (world) => verdictOf(hostIn(world, 'monitor')?.monitor != null, 'its database does not answer'),
};

/**
 * The first start is phase E's: it asks for the host's name, wants another whole fallback copy, and disarms the old directory,
 * whose files the new version changes. Whoever skips it does not come past here.
 */
const wasStarted = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    primary.alias,
    `${facts.newMajor} has been started once on ${primary.alias}, local socket only`,
    (seen, world) => {
      const started = newClusterStarted(facts, primary, world);
      if (facts.mode === 'link' && isDataDirectory(seen.backupData) && !seen.backupData.madeUnstartable)
        return no(`${primary.backupData} could still be started: run the first start in phase E first`);
      return verdictOf(
        started === 'started',
        started === 'never' ? 'never: start it first, local only, in phase E' : 'it is not known',
      );
    },
  );
};

/** pg_autoctl, started without it, logs “Unknown PostgreSQL system identifier” every second and never heals. */
const isHandedOver = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(primary.alias, 'the state file of pg_autoctl has the new system identifier', (seen, world) =>
    verdictOf(
      seen.stateIdentifier !== null && seen.stateIdentifier === newSystemIdentifier(facts, primary, world),
      `it is ${seen.stateIdentifier ?? 'unknown'}: return the node to pg_autoctl first, in phase E`,
    ),
  );
};

/** The same, asked of the disk by the script: a linked old directory that could start beside the new version is none. */
const armedLines = (facts: ClusterFacts): Fragment | false => {
  const { backupData } = primaryOf(facts);
  return (
    facts.mode === 'link' &&
    sh`
    for name in pg_control pg_control.old; do
      [ ! -e ${word`${backupData}/global`}/$name ] || { echo ${word`${backupData} could still be started: “Start ${facts.newMajor} first time, local only” comes first`} >&2; exit 1; }
    done
  `
  );
};

/** The primary under pg_autoctl again: the downtime ends. */
export const startPrimary: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const secondaries = secondariesOf(facts);
  return makeStep(facts, {
    id: 'start',
    phase,
    host: primary,
    as: serviceUser(primary),
    writes: 'resume',
    failureLogs: serviceLogs(facts, primary),
    title: 'Start primary',
    reason: `pg_autoctl takes over the ${facts.newMajor} server, the monitor makes it wait_primary: the application can write.`,
    guide: 'Step 11',
    danger: 'changes',
    script: startScript(facts, primary, primary.newAutoctl, { first: armedLines(facts), atBoot: true }),
    probe: (world) => {
      const seen = hostIn(world, primary.alias);
      const row = nodeIn(world, primary.alias);
      if (
        seen?.pgAutoctl === 'runs' &&
        row !== null &&
        isWritable(row.reported) &&
        acceptsWrites(facts, primary).holds(world).holds
      )
        return done(`it is ${row.reported}`);
      // After a switchover it is a standby of the new version: nothing is left to start.
      if (seen?.pgAutoctl === 'runs' && row?.reported === 'secondary' && isSwapped(facts, primary, world))
        return done('it is secondary, since a switchover');
      return seen?.pgAutoctl === 'runs'
        ? half('pg_autoctl runs, the node does not have its state yet')
        : pending('it does not run');
    },
    before: [
      allStopped(primary),
      dataIsNew(facts, primary),
      pointsToNew(primary),
      wasStarted(facts),
      isHandedOver(facts),
      monitorIsUp,
    ],
    after: [
      nodeSettled(primary.alias, secondaries.length === 0 ? ['single'] : ['wait_primary', 'primary']),
      acceptsWrites(facts, primary),
    ],
    settleSeconds: 120,
    undo: undoText('from here on a rollback loses what the application writes'),
  });
};
