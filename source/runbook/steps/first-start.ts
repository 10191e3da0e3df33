import { type ClusterFacts, type HostFacts, primaryOf, secondariesOf } from '../../cluster/facts.ts';
import { sh, word } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, type Observations } from '../../cluster/observations.ts';
import type { Path } from '../../cluster/words.ts';
import { allStopped, dataIsNew, isMajor, onHost, verdictOf } from '../language/conditions.ts';
import { hasMarker, neverStarted, newClusterStarted, oldSinceUpgrade } from '../language/evidence.ts';
import { someFallbackCopy } from '../language/fallback-copies.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import type { Condition } from '../language/step.ts';
import { partsHaveFollowed } from '../language/tablespace-conditions.ts';
import { undoText } from '../language/undo.ts';
import { disarmLines } from '../shell/disarm.ts';
import {
  isPrivate,
  ownHbaOptions,
  ownLogOptions,
  ownSocketLines,
  privateServer,
  startLines,
} from '../shell/isolated-server.ts';
import { controlFunctions, idleFunction } from '../shell/self-checks.ts';
import { fingerprint, oldFingerprint, privateSocket, script } from '../shell/shell.ts';

/**
 * Nobody from outside can connect; no commit waits for a standby (the carried configuration may still name some);
 * nothing is archived under timeline 1 and no subscription begins to pull.
 */
const privateOptions = (host: HostFacts): string =>
  [
    "listen_addresses=''",
    "synchronous_standby_names=''",
    sh`unix_socket_directories=${privateSocket(host)}`.text,
    'archive_mode=off',
    'max_logical_replication_workers=0',
  ]
    .map((setting) => `-c ${setting}`)
    .concat(ownLogOptions.text, ownHbaOptions(host).text)
    .join(' ');

export const runsIsolated = (facts: ClusterFacts, world: Observations): boolean => {
  const seen = hostIn(world, primaryOf(facts).alias);
  return seen !== null && isMajor(seen.data, facts.newMajor) && isPrivate(primaryOf(facts), seen);
};

export const verified = (facts: ClusterFacts, world: Observations): boolean =>
  ['verify', 'analyze-1'].every((one) => hasMarker(primaryOf(facts), one, world));

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
        'it has, or that cannot be ruled out: what it wrote since is missing from the new directory. Roll back, then start the upgrade again',
      ),
  );
};

/** E. The first start: behind it linked files belong to the new version alone. */
export const firstStart: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const log: Path = word`${primary.workDir}/private-start.log`;
  const never: Path = word`${primary.workDir}/done/${neverStarted}`;
  /** Linked files are the new version's alone from here on. */
  const disarmed = sh`
    if [ -e ${never} ]; then rm ${never}; sync -- ${word`${primary.workDir}/done`} || sync; fi # of a rollback that was left
    ${disarmLines(facts, primary.backupData)}
  `;
  return makeStep(facts, {
    id: 'private-start',
    phase,
    host: primary,
    as: 'postgres',
    title: `Start ${facts.newMajor} first time, local only`,
    reason:
      'To verify the data on the new version before any application writes: no network, no standby to wait for, no archiving.',
    guide: 'Step 6',
    deviation:
      'Local socket only, and without waiting for standbys: the carried configuration may still say ANY 1 (…), and the first commit would wait for ever.',
    danger: facts.mode === 'link' ? 'point-of-no-return' : 'changes',
    failureLogs: [
      {
        title: log,
        script: sh`tail -n 30 ${log}`,
      },
    ],
    script: script(sh`
      umask 077
      ${ownSocketLines(primary)}
      ${idleFunction}
      ${controlFunctions}
      idle ${primary.data} ${primary.backupData}
      # before the first start: the old cluster has not run since pg_upgrade, or what it wrote since would be lost
      if as_kept ${primary.newBindir} ${primary.data} ${fingerprint(primary)}; then
        as_kept ${primary.oldBindir} ${primary.backupData} ${oldFingerprint(primary)} || { echo ${word`PostgreSQL ${facts.oldMajor} has run on ${primary.backupData} since pg_upgrade: ${primary.data} lacks what it wrote since. Roll back, then start the upgrade again`} >&2; exit 1; }
      fi
      ${facts.mode === 'link' && disarmed}
      ${startLines(primary.newBindir, primary.data, log, privateOptions(primary))}
    `),
    probe: (world) => {
      if (runsIsolated(facts, world)) return done('it runs');
      if (verified(facts, world)) return done('it has run, and was verified');
      const seen = hostIn(world, primary.alias);
      return seen !== null && isDataDirectory(seen.data) && seen.data.running
        ? half('a server runs there, and does not answer on the isolated start’s socket')
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
    undo: undoText(
      facts.mode === 'link'
        ? `none on ${primary.alias}: the old files are shared and will be changed. From here a rollback ${secondariesOf(facts).length === 0 ? 'is only possible from a backup' : 'goes through a secondary’s fallback copy'}`
        : `stop it, swap back: ${primary.backupData} is untouched`,
    ),
  });
};
