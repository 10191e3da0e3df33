import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import { quoted, sh, word } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, type Observations } from '../../cluster/observations.ts';
import type { Path } from '../../cluster/words.ts';
import {
  allStopped,
  autoctlStopped,
  dataIsNew,
  isMajor,
  onHost,
  stoppedCleanly,
  verdictOf,
  yes,
} from '../conditions.ts';
import { isMarked, neverStarted, newClusterStarted, oldSinceUpgrade } from '../evidence.ts';
import { someFallbackCopy } from '../fallback-copies.ts';
import { isPrivate, privateServer, stopPrivateLines } from '../isolated-server.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { compareLines, contentsFunction, countContents } from '../noted.ts';
import { controlFunctions, idleFunction, wholeLines } from '../proofs.ts';
import {
  fingerprint,
  inBin,
  mark,
  oldFingerprint,
  option,
  pgCtl,
  privateSocket,
  psql,
  script,
  upgradeDir,
  vacuumdbAll,
} from '../shell.ts';
import type { Condition, Step } from '../step.ts';
import { partsHaveFollowed } from '../tablespaces/conditions.ts';
import { stateFileParts } from './autoctl-files.ts';
import { disarmLines } from './disarm.ts';

/**
 * Nobody from outside can connect; no commit waits for a standby (the carried configuration may still name some);
 * nothing is archived under timeline 1 and no subscription begins to pull.
 */
const privateOptions = (socket: Path): string =>
  [
    "listen_addresses=''",
    "synchronous_standby_names=''",
    sh`unix_socket_directories=${socket}`.text,
    'archive_mode=off',
    'max_logical_replication_workers=0',
  ]
    .map((setting) => `-c ${setting}`)
    .join(' ');

const runsPrivately = (facts: ClusterFacts, world: Observations): boolean => {
  const seen = hostIn(world, primaryOf(facts).alias);
  return seen !== null && isMajor(seen.data, facts.newMajor) && isPrivate(primaryOf(facts), seen);
};

const verified = (facts: ClusterFacts, world: Observations): boolean =>
  ['verify', 'analyze-1'].every((one) => isMarked(primaryOf(facts), one, world));

/** What the hand-over may find: the private server, or nothing. A server that serves is never touched. */
const privateOrStopped = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    primary.alias,
    `${facts.newMajor} runs privately on ${primary.alias}, or nothing runs there`,
    (seen, world) => {
      const autoctl = autoctlStopped(seen);
      if (!autoctl.holds) return autoctl;
      if (runsPrivately(facts, world)) return yes;
      return verdictOf(
        allStopped(primary).holds(world).holds,
        seen.server === null
          ? 'a server runs that does not answer'
          : `a server runs that is not the private one: its sockets are in ${seen.server.socketDirectories}`,
      );
    },
  );
};

/** Before the new version is started for the first time: what the old one had at its stop is all there is. */
const oldIsAsKept = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    primary.alias,
    `PostgreSQL ${facts.oldMajor} has not run on ${primary.backupData} since pg_upgrade`,
    (_, world) =>
      verdictOf(
        newClusterStarted(facts, primary, world) === 'started' ||
          oldSinceUpgrade(facts, primary, world) === 'as-kept',
        'it has, or nothing proves that it has not: what it wrote since is not in the new directory. Roll back, and start again',
      ),
  );
};

/** Nothing is handed over that nobody has looked at: the new version runs privately, or has run. */
const hasRun = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    primary.alias,
    `${facts.newMajor} runs privately on ${primary.alias}, or has run`,
    (_, world) =>
      verdictOf(
        runsPrivately(facts, world) || newClusterStarted(facts, primary, world) === 'started',
        'it has never been started',
      ),
  );
};

/** E. The first start: behind it linked files belong to the new version alone. */
export const firstStartStep = (facts: ClusterFacts): Step => {
  const primary = primaryOf(facts);
  const socket = privateSocket(primary);
  const never: Path = word`${primary.workDir}/done/${neverStarted}`;
  return makeStep(facts, {
    id: 'private-start',
    phase: 'E',
    host: primary,
    as: 'postgres',
    title: `Start ${facts.newMajor} for the first time, privately`,
    reason:
      'To see the data with the new server’s eyes before anybody writes: no network, no standby to wait for, no archiving.',
    guide: 'Step 6',
    deviation:
      'Private, and without waiting for standbys: the carried configuration may still say ANY 1 (…), and the first commit would wait for ever.',
    danger: facts.mode === 'link' ? 'point-of-no-return' : 'changes',
    failureLogs: [
      {
        title: `${primary.workDir}/private-start.log`,
        script: sh`tail -n 30 ${word`${primary.workDir}/private-start.log`}`,
      },
    ],
    script: script(
      sh`umask 077`,
      sh`mkdir -p ${socket}`,
      ...idleFunction,
      ...controlFunctions,
      sh`idle ${primary.data} ${primary.backupData}`,
      sh`# before the first start: the old cluster has not run since pg_upgrade, or what it wrote since would be lost`,
      sh`if as_kept ${primary.newBindir} ${primary.data} ${fingerprint(primary)}; then`,
      sh`  as_kept ${primary.oldBindir} ${primary.backupData} ${oldFingerprint(primary)} || { echo ${word`PostgreSQL ${facts.oldMajor} has run on ${primary.backupData} since pg_upgrade: ${primary.data} lacks what it wrote since. Roll back, and start again`} >&2; exit 1; }`,
      sh`fi`,
      ...(facts.mode === 'link'
        ? [
            sh`if [ -e ${never} ]; then rm ${never}; sync -- ${word`${primary.workDir}/done`} || sync; fi # of a way back that was left`,
            ...disarmLines(facts, primary.backupData),
          ]
        : []),
      pgCtl(
        primary.newBindir,
        primary.data,
        option('--log', word`${primary.workDir}/private-start.log`),
        option('--options', quoted(privateOptions(socket))),
        sh`start`,
      ),
    ),
    probe: (world) => {
      if (runsPrivately(facts, world)) return done('it runs');
      if (verified(facts, world)) return done('it has run, and was verified');
      const seen = hostIn(world, primary.alias);
      return seen !== null && isDataDirectory(seen.data) && seen.data.running
        ? half('a server runs there, and does not answer as the private one')
        : pending(
            newClusterStarted(facts, primary, world) === 'never'
              ? 'it has never been started'
              : 'it does not run',
          );
    },
    before: [
      allStopped(primary),
      dataIsNew(facts, primary),
      ...partsHaveFollowed(primary, 'data'),
      oldIsAsKept(facts),
      ...(facts.mode === 'link' ? [someFallbackCopy(facts)] : []),
    ],
    after: [privateServer(primary, facts.newMajor)],
    settleSeconds: 60,
    undo:
      facts.mode === 'link'
        ? `none on ${primary.alias}: the old files are shared and will be changed. From here the way back is a secondary’s image`
        : `stop it, swap back: ${primary.backupData} is untouched`,
  });
};

/** E. The new primary's data, seen by its DBA alone. */
export const verifyStep = (facts: ClusterFacts): Step => {
  const primary = primaryOf(facts);
  const socket = privateSocket(primary);
  const server = privateServer(primary, facts.newMajor);
  return makeStep(facts, {
    id: 'verify',
    phase: 'E',
    host: primary,
    as: 'postgres',
    milestone: 'verified',
    title: 'Verify the databases, update extensions',
    reason:
      'No database, table, index or view may be missing that was there before the stop, and no sequence may have gone back; what pg_upgrade asks to be updated is updated.',
    guide: 'Step 6',
    deviation:
      'update_extensions.sql exists only when something needs it, in pg_upgrade’s working directory: absent is fine.',
    danger: 'changes',
    script: script(
      sh`umask 077`,
      sh`${psql(primary, primary.newBindir, 'postgres', { socket })} -Atc ${quoted('select version()')}`,
      ...contentsFunction(primary, primary.newBindir, socket),
      sh`now=${word`${primary.workDir}/noted.now`}`,
      sh`contents "$now"`,
      sh`${countContents} "$now" | sort`,
      sh`# nothing may be missing that was noted before the stop; extensions are updated after that`,
      ...compareLines(primary, sh`"$now"`),
      sh`rm "$now"`,
      sh`if [ -e ${word`${upgradeDir(primary)}/update_extensions.sql`} ]; then`,
      sh`  ${psql(primary, primary.newBindir, 'postgres', { socket })} -f ${word`${upgradeDir(primary)}/update_extensions.sql`}`,
      sh`else echo "no extension needs an update"; fi`,
      mark(primary, 'verify'),
    ),
    probe: (world) => (isMarked(primary, 'verify', world) ? done('verified') : pending('not verified yet')),
    before: [server],
    after: [
      onHost(primary.alias, 'the databases answer', (seen) =>
        verdictOf(seen.markers.includes('verify'), 'the look did not come to its end'),
      ),
    ],
    quietSeconds: 120,
    undo: 'nothing to undo here',
  });
};

/** E. What the planner needs first; beside the look, each table is locked by itself and briefly. */
export const firstStatisticsStep = (facts: ClusterFacts): Step => {
  const primary = primaryOf(facts);
  const socket = privateSocket(primary);
  const server = privateServer(primary, facts.newMajor);
  return makeStep(facts, {
    id: 'analyze-1',
    phase: 'E',
    host: primary,
    as: 'postgres',
    title: 'First, rough statistics',
    reason:
      'Without any the planner guesses, and the first queries after the window can take a hundred times longer. The full ones follow while the application works.',
    guide: 'Step 6',
    deviation:
      'Only the first of the three stages costs downtime; the other two run after the primary is back.',
    danger: 'changes',
    script: script(
      ...(facts.jobs > 1
        ? []
        : [
            sh`# nobody else works on this server yet: every processor, eight at most`,
            sh`jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); [ "$jobs" -le 8 ] || jobs=8`,
          ]),
      vacuumdbAll(primary, socket, facts.jobs > 1 ? sh`${facts.jobs}` : sh`"$jobs"`, {
        default_statistics_target: 1,
        vacuum_cost_delay: 0,
      }),
      mark(primary, 'analyze-1'),
    ),
    probe: (world) => (isMarked(primary, 'analyze-1', world) ? done('they are there') : pending('none yet')),
    before: [server],
    after: [
      onHost(primary.alias, 'the first statistics are there', (_, world) =>
        verdictOf(isMarked(primary, 'analyze-1', world), 'vacuumdb did not come to its end'),
      ),
    ],
    quietSeconds: 120,
    gauge: { kind: 'vacuumdb', rounds: 1 },
    undo: 'nothing to undo here',
  });
};

/**
 * E. The private server ends, and the node is pg_autoctl's again: what is written from then on is the application's. One
 * step, because the application waits for it. The identifier goes into the state file last: beside a server that has run
 * since, it would tell the verdict that applications could write.
 */
export const handOverStep = (facts: ClusterFacts): Step => {
  const primary = primaryOf(facts);
  const stateFile = stateFileParts(facts, primary);
  const control: Path = inBin(primary.newBindir, 'pg_controldata');
  const handedOver: Path = word`${primary.workDir}/handed-over`;
  return makeStep(facts, {
    id: 'hand-over',
    phase: 'E',
    host: primary,
    as: 'postgres',
    title: 'Stop the private server, hand the node over to pg_autoctl',
    reason: `pg_autoctl starts the server as its own; without the new system identifier in its state file it logs “Unknown PostgreSQL system identifier” every second and never heals.`,
    guide: 'Step 10',
    deviation: stateFile.deviation,
    danger: 'changes',
    script: (world) =>
      stateFile.script(world, [
        ...stopPrivateLines(primary, primary.newBindir),
        sh`# what is written from here on is the application’s: a rollback counts from this moment, so it is noted once and stays`,
        ...wholeLines(sh`${handedOver}.new`, sh`${control} -D ${primary.data}`),
        sh`identifier=$(sed -n 's/^Database system identifier: *//p' ${handedOver}.new)`,
        sh`if grep -qsx "Database system identifier: *$identifier" ${handedOver}; then rm ${handedOver}.new; else keep ${handedOver}.new; mv ${handedOver}.new ${handedOver}; keep ${handedOver}; fi`,
      ]),
    probe: (world) => {
      if (runsPrivately(facts, world)) return pending('it runs privately');
      if (!verified(facts, world)) return pending('not verified yet');
      return stateFile.probe(world).state === 'done'
        ? done('the private server is gone, and the state file has the new system identifier')
        : half(`the private server is gone; the state file: ${stateFile.probe(world).says}`);
    },
    before: [privateOrStopped(facts), hasRun(facts)],
    after: [allStopped(primary), stoppedCleanly(primary, 'shut down'), ...stateFile.after],
    undo: stateFile.undo,
  });
};
