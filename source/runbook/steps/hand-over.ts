import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import { sh, word } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';
import {
  allStopped,
  autoctlStopped,
  onHost,
  stoppedCleanly,
  verdictOf,
  yes,
} from '../language/conditions.ts';
import { newClusterStarted } from '../language/evidence.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import type { Condition } from '../language/step.ts';
import { stopPrivateLines } from '../shell/isolated-server.ts';
import { wholeLines } from '../shell/self-checks.ts';
import { inBin } from '../shell/shell.ts';
import { runsIsolated, verified } from './first-start.ts';
import { stateFileParts } from './patch-state-file.ts';

/** What the hand-over may find: the private server, or nothing. A server that serves is never touched. */
const privateOrStopped = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    primary.alias,
    `${facts.newMajor} runs on ${primary.alias}, local socket only, or nothing runs there`,
    (seen, world) => {
      const autoctl = autoctlStopped(seen);
      if (!autoctl.holds) return autoctl;
      if (runsIsolated(facts, world)) return yes;
      return verdictOf(
        allStopped(primary).holds(world).holds,
        seen.server === null
          ? 'a server runs that does not answer'
          : `a server runs that is not the isolated one: its sockets are in ${seen.server.socketDirectories}`,
      );
    },
  );
};

/** Nothing is handed over that nobody has inspected: the new version runs on the local socket only, or has run. */
const hasRun = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    primary.alias,
    `${facts.newMajor} runs on ${primary.alias}, local socket only, or has run`,
    (_, world) =>
      verdictOf(
        runsIsolated(facts, world) || newClusterStarted(facts, primary, world) === 'started',
        'it has never been started',
      ),
  );
};

/**
 * E. The private server ends, and the node is pg_autoctl's again: what is written from then on is the application's. One
 * step, because the application waits for it. The identifier goes into the state file last: beside a server that has run
 * since, it would tell the verdict that applications could write.
 */
export const handOver: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const stateFile = stateFileParts(facts, primary);
  const control: Path = inBin(primary.newBindir, 'pg_controldata');
  const handedOver: Path = word`${primary.workDir}/handed-over`;
  return makeStep(facts, {
    id: 'hand-over',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Return the node to pg_autoctl',
    reason: `pg_autoctl starts the server as its own; without the new system identifier in its state file it logs “Unknown PostgreSQL system identifier” every second and never heals.`,
    guide: 'Step 10',
    deviation: stateFile.deviation,
    danger: 'changes',
    script: (world) =>
      stateFile.script(
        world,
        sh`
          ${stopPrivateLines(primary, primary.newBindir)}
          # what is written from here on is the application’s: a rollback counts from this moment, so it is noted once and stays
          ${wholeLines(sh`${handedOver}.new`, sh`${control} -D ${primary.data}`)}
          identifier=$(sed -n 's/^Database system identifier: *//p' ${handedOver}.new)
          if grep -qsx "Database system identifier: *$identifier" ${handedOver}; then rm ${handedOver}.new; else keep ${handedOver}.new; mv ${handedOver}.new ${handedOver}; keep ${handedOver}; fi
        `,
      ),
    probe: (world) => {
      if (runsIsolated(facts, world)) return pending('it runs, local socket only');
      if (!verified(facts, world)) return pending('not verified yet');
      return stateFile.probe(world).state === 'done'
        ? done('the isolated server is stopped, and the state file has the new system identifier')
        : half(`the isolated server is stopped; the state file: ${stateFile.probe(world).says}`);
    },
    before: [privateOrStopped(facts), hasRun(facts)],
    after: [allStopped(primary), stoppedCleanly(primary, 'shut down'), ...stateFile.after],
    undo: stateFile.undo,
  });
};
