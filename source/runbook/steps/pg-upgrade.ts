import { type ClusterFacts, type HostFacts, isNode } from '../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, type Observations } from '../../cluster/observations.ts';
import { type Path, parentOf } from '../../cluster/words.ts';
import { allStopped, describe, isMajor, onHost, stoppedCleanly, verdictOf } from '../language/conditions.ts';
import { isOutdated, isUpgraded } from '../language/evidence.ts';
import { factsId } from '../language/facts-id.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { noneKeptPrepared } from '../language/prepared.ts';
import type { Condition } from '../language/step.ts';
import { undoText } from '../language/undo.ts';
import { ownSocketLines } from '../shell/isolated-server.ts';
import { newClusterLines } from '../shell/new-cluster.ts';
import { isOurs, makingOf, oursLine, ownershipFunctions } from '../shell/ownership.ts';
import { upgradeCommand, upgradeLogs } from '../shell/pg-upgrade-command.ts';
import {
  controlFunctions,
  idleFunction,
  keepFunction,
  versionFunction,
  wholeLines,
} from '../shell/self-checks.ts';
import { fingerprint, oldFingerprint, script, upgradeDir } from '../shell/shell.ts';
import { dropPartsLines, partsBegunLines } from '../shell/tablespaces.ts';
import { outdated } from './swap-directories.ts';

/** Databases are worked on one after the other: a client and a server take turns. */
const oneAfterTheOther = (facts: ClusterFacts, host: HostFacts): boolean => !isNode(host) || facts.jobs === 1;

/**
 * Where two processes only take turns, waking one on another processor takes longer than what it does: kept to one they are faster.
 * With 5,000 tables 12.3 s instead of 17.1 s, side by side on the lab's two busy processors. It is the one that the kernel
 * has chosen for this shell; what else runs there is free to move.
 */
const turnsLines = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  oneAfterTheOther(facts, host) &&
  sh`
    # its client and its server take turns: kept to one processor neither has to wake another
    one=$(cut -d' ' -f39 /proc/$$/stat 2>/dev/null || true)
    if [ -n "$one" ] && command -v taskset >/dev/null 2>&1; then one="taskset -c $one"; else one=; fi
  `;

const begunToLink = 'pg_upgrade has begun to link and did not finish';

/** What is said where only a rollback leads on. */
export const goBack =
  'no data is lost, because the new version has never been started: roll back with pgaf-upgrade rollback, then start again';

/**
 * Why pg_upgrade is not repeated on this host, from its disks; null: it may be. It begins to link after it has renamed the old pg_control,
 * and wants an old cluster that was shut down cleanly, which the one that it had running when the power went was not.
 * Source: PostgreSQL, pg_upgrade, “Reverting to old cluster”; check.c, check_control_data.
 */
const whyNotAgain = (host: HostFacts, world: Observations): string | null => {
  const seen = hostIn(world, host.alias);
  if (seen === null || !isDataDirectory(seen.data)) return null;
  if (seen.data.controlRenamed) return begunToLink;
  const { control, running } = seen.data;
  return seen.stopped !== null && !running && control !== null && control.state !== 'shut down'
    ? `the old server was running for pg_upgrade when it ended (“${control.state}”): pg_upgrade refuses it as it is`
    : null;
};

const mayBegin = (host: HostFacts): Condition =>
  onHost(host.alias, 'no pg_upgrade was interrupted that cannot be repeated', (_, world) => {
    const why = whyNotAgain(host, world);
    return verdictOf(why === null, `${why ?? ''}; ${goBack}`);
  });

/** Shell: what a command prints is kept in a file, which is whole and on the disk or not there. */
const keptLines = (file: Fragment, asked: Fragment): Fragment => sh`
  ${wholeLines(sh`${file}.new`, asked)}
  keep ${file}.new; mv -T ${file}.new ${file}; keep ${file}
`;

/**
 * What comes before pg_upgrade: that nothing runs there and the old directory is the one meant; what an earlier try has
 * left, or one that the old server has outrun since, begins again from an empty directory. Killed anywhere it goes on.
 */
const beginLines = (facts: ClusterFacts, host: HostFacts, linked: boolean): Fragment => {
  const [data, newData, making] = [host.data, host.newData, makingOf(facts, host)];
  const [oldBin, newBin] = [host.oldBindir, host.newBindir];
  const control: Path = word`${host.data}/global/pg_control`;
  const renamed: Path = word`${host.data}/global/pg_control.old`;
  const controlIsBack = sh`if [ -n "$again" ] && [ ! -e ${control} ] && [ -e ${renamed} ]; then mv ${renamed} ${control}; keep ${control}; fi`;
  const keptAtStop = sh`
    # pg_upgrade starts the old server and so moves its checkpoint on: this is the one that the fallback copies hold
    stopped=${word`${host.workDir}/stopped`}
    if [ -n "$outdated" ] || [ ! -s "$stopped" ] || [ "$(cat tried 2>/dev/null || true)" != "$run" ]; then
      ${keptLines(sh`"$stopped"`, sh`control ${oldBin} ${data}`)}
      touch -r ${control} "$stopped" # since when nobody can write
    fi
  `;
  return sh`
    old=${oldFingerprint(host)} new=${fingerprint(host)} run=${factsId(facts)}
    [ "$(version ${data})" = ${facts.oldMajor} ] || { echo ${word`${host.data} is not PostgreSQL ${facts.oldMajor}`} >&2; exit 1; }
    ${isNode(host) && sh`of_system ${oldBin} ${data} ${facts.systemIdentifier}`}
    idle ${data} ${newData}
    again=''${isNode(host) && sh` outdated=''`}
    id() { sed -n 's/^Database system identifier: *//p' "$@"; }
    if [ -s "$new" ] && [ "$(version ${newData})" = ${facts.newMajor} ] && [ "$(control ${newBin} ${newData} | id)" = "$(id "$new")" ]; then
      as_kept ${newBin} ${newData} "$new" || { echo ${word`PostgreSQL ${facts.newMajor} has been started on ${host.newData}: inspect it first`} >&2; exit 1; }
      if as_kept ${oldBin} ${data} "$old"; then rm -f tried; echo 'pg_upgrade has finished already'; exit 0; fi
      echo ${word`PostgreSQL ${facts.oldMajor} has run on ${host.data} since pg_upgrade: ${host.newData} lacks what it wrote since, and is made anew`}
      again=yes${isNode(host) && sh` outdated=yes`}
    elif [ -e tried ] || [ ! -e ${newData} ]; then again=yes; fi
    if [ -e ${newData} ]; then ${oursLine(facts, host.newData)}; fi
    # a try that failed leaves a new directory that pg_upgrade refuses: begin again from an empty one. It goes before the old one is startable
    # again, and first to a name by which this run knows it, however much of it is left
    if [ -n "$again" ]; then
      if [ -e ${newData} ]; then mv -T ${newData} ${making}; fi; rm -rf ${making}
      ${dropPartsLines(host, facts.newMajor)}
      sync -- ${parentOf(host.newData)} || sync
    fi
    ${linked && controlIsBack}
    ${isNode(host) && keptAtStop}
    echo "$run" > tried.new; keep tried.new; mv -T tried.new tried; keep tried
    rm -f "$new" "$old"; keep ${host.workDir}
    if [ -n "$again" ]; then
      ${newClusterLines(facts, host)}
    fi
    ${partsBegunLines(host, facts.newMajor)}
  `;
};

/**
 * pg_upgrade itself, then at once: its script that would delete the live cluster is disarmed, and the new cluster's
 * fingerprint is taken, by which the disks can tell later whether it has ever been started.
 */
export const pgUpgrade =
  (host: HostFacts): StepOf =>
  (facts, phase) => {
    const linked = isNode(host) && facts.mode === 'link';
    const output: Path = word`${host.newData}/pg_upgrade_output.d`;
    const mode = isNode(host) ? facts.mode : 'copy';
    return makeStep(facts, {
      id: 'pg-upgrade',
      phase,
      host,
      as: 'postgres',
      title: `Run pg_upgrade --${mode}`,
      reason: isNode(host)
        ? `The catalogs are rebuilt for ${facts.newMajor}; the data files are taken over by ${facts.mode === 'link' ? 'hard links' : facts.mode}.`
        : 'The monitor’s database is tiny: copied, its old directory stays a true backup.',
      guide: isNode(host) ? 'Step 4' : 'Step 7',
      deviation: isNode(host)
        ? 'delete_old_cluster.sh is disarmed right away: after the swap it would delete the live cluster.'
        : 'Copy, not link; and both options always: without the second one pg_upgrade hangs after “Restoring database schemas in the new cluster”.',
      danger: 'changes',
      script: script(sh`
        umask 077
        ${ownershipFunctions(facts)}
        mkdir -p ${upgradeDir(host)}
        ${ownSocketLines(host)}
        cd ${upgradeDir(host)}
        ${idleFunction}
        ${keepFunction}
        ${controlFunctions}
        ${versionFunction}
        ${beginLines(facts, host, linked)}
        ${turnsLines(facts, host)}
        ${oneAfterTheOther(facts, host) && sh`$one `}${upgradeCommand(facts, host, false)}
        if [ -e delete_old_cluster.sh ]; then chmod 400 delete_old_cluster.sh; mv delete_old_cluster.sh delete_old_cluster.sh.never-run; fi
        rm -rf output; if [ -d ${output} ]; then mv ${output} output; fi
        # how both clusters stand now: any difference tells later that one of them has run since
        ${keptLines(sh`"$old"`, sh`control ${host.oldBindir} ${host.data}`)}
        ${keptLines(sh`"$new"`, sh`control ${host.newBindir} ${host.newData}`)}
        rm -f tried
      `),
      probe: (world) => {
        if (isUpgraded(facts, host, world)) return done('pg_upgrade has finished');
        const seen = hostIn(world, host.alias);
        if (seen === null) return pending('not seen');
        if (isOutdated(facts, host, world)) return half(outdated(facts, host));
        if (isDataDirectory(seen.data) && seen.data.controlRenamed)
          return half('pg_upgrade began to link and did not finish');
        if (isDataDirectory(seen.newData) && seen.newData.databases > 0)
          return half('pg_upgrade began and did not finish');
        return pending('pg_upgrade has not run');
      },
      interrupted: (world) => {
        const why = isUpgraded(facts, host, world) ? null : whyNotAgain(host, world);
        return why === null ? null : `it cannot be repeated: ${why}; ${goBack}`;
      },
      before: [
        mayBegin(host),
        allStopped(host),
        ...(isNode(host) ? [stoppedCleanly(host, 'shut down'), noneKeptPrepared(host)] : []),
        onHost(
          host.alias,
          `${host.newData} is PostgreSQL ${facts.newMajor}, made by this run (or not there, and made now)`,
          (seen) =>
            verdictOf(
              seen.newData.kind === 'absent' ||
                (isMajor(seen.newData, facts.newMajor) && isOurs(facts, seen.newData)),
              isOurs(facts, seen.newData)
                ? describe(seen.newData)
                : `it ${describe(seen.newData)}, and has no marker file of this run`,
            ),
        ),
        onHost(host.alias, 'port 50432 is free for pg_upgrade', (seen) =>
          verdictOf(!seen.upgradePortBusy, 'something listens there'),
        ),
      ],
      after: [
        onHost(host.alias, 'pg_upgrade finished, and the fingerprint of both clusters is kept', (_, world) =>
          verdictOf(isUpgraded(facts, host, world), 'it is not, or one of them has run since'),
        ),
        onHost(host.alias, 'no delete_old_cluster.sh is left to run', (seen) =>
          verdictOf(seen.deleteScripts.length === 0, seen.deleteScripts.join(', ')),
        ),
      ],
      quietSeconds: 60,
      gauge: {
        kind: 'pg_upgrade',
        run: mode,
        majors: { from: facts.oldMajor, to: facts.newMajor },
      },
      failureLogs: upgradeLogs(host),
      undo: undoText(
        linked
          ? `while ${facts.newMajor} has never been started: rename global/pg_control.old back, remove ${host.newData}`
          : `remove ${host.newData}: the old directory is untouched`,
      ),
    });
  };
