import { posix } from 'node:path';
import { type ClusterFacts, type HostFacts, isNode, takesLinks } from '../../../cluster/facts.ts';
import { type Fragment, joined, sh, word } from '../../../cluster/fragment.ts';
import {
  type HostObservation,
  hostIn,
  isDataDirectory,
  type Observations,
} from '../../../cluster/observations.ts';
import { type Path, parentOf } from '../../../cluster/words.ts';
import { allStopped, describe, isMajor, onHost, verdictOf } from '../../language/conditions.ts';
import { neverStarted } from '../../language/evidence.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { noPartsOf, partsFollow, partsHaveFollowed } from '../../language/tablespace-conditions.ts';
import { oldName, setAsidePlace } from '../../language/tablespace-names.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { disarmAbandonedLines, disarmLines, rearmLines } from '../../shell/disarm.ts';
import {
  carriesMark,
  discardFunction,
  isOurs,
  makesNewCluster,
  makingOf,
  oursLine,
  ownershipFunctions,
  stagingFile,
} from '../../shell/ownership.ts';
import {
  controlFunctions,
  idleFunction,
  keepFunction,
  sameFileSystemFunction,
  versionFunction,
} from '../../shell/self-checks.ts';
import { mark, script } from '../../shell/shell.ts';
import { dropPartsWhere, followFunction, followLines, oldComesHome } from '../../shell/tablespaces.ts';
import { walAsideFunction, walGoesAside } from '../../shell/wal.ts';

/** Where an abandoned cluster is kept; a number follows where the name is taken. */
export const abandonedName = (host: HostFacts, major: number): Path =>
  word`${host.data}_pg${major}_abandoned`;

/** Shell functions: whose a directory is, what lies in it, that nothing runs there, and moving one aside under a name that is free. */
const functions = (facts: ClusterFacts, host: HostFacts): Fragment => sh`
  ${idleFunction}
  ${keepFunction}
  ${ownershipFunctions(facts)}
  ${makesNewCluster(host) && discardFunction}
  ${host.tablespaces.length === 0 ? sameFileSystemFunction : followFunction(host)}
  ${versionFunction}
  ${walAsideFunction(facts, host)}
  abandon() {
    name=${word`${host.data}_pg`}$(version "$1")_abandoned; to=$name; n=1
    while [ -e "$to" ]; do n=$((n + 1)); to="$name"_$n; done
    same_file_system "$1" ${parentOf(host.data)}
    own "$1"
    ${followLines(host, sh`"$1"`, sh`"$2"`, sh`"\${to#${word`${host.data}_`}}"`)}
    ${walGoesAside(host)}
    mv -T "$1" "$to"; keep "$to"; echo "set aside: $to"
  }
`;

/**
 * Where the data directory's name is a symbolic link, an empty directory is made behind it for pg_autoctl to find
 * (shell/service.ts, linkedPlaceLines). One that was not filled goes, or it would be in the way of what comes back.
 */
const emptyPlaceLines = (host: HostFacts): Fragment | false =>
  host.pgdata !== host.data &&
  sh`if [ -d ${host.data} ] && [ -z "$(ls -A ${host.data})" ]; then rmdir ${host.data}; fi`;

/** `from`: where its parts of the tablespaces are, '' at home. */
const abandon = (host: HostFacts, directory: Path, from: Fragment = sh`''`): Fragment =>
  sh`abandon ${directory}${host.tablespaces.length === 0 ? sh`` : sh` ${from}`}`;

/**
 * The new directory that was made and never came to its swap: removed while pg_upgrade has not filled it, kept aside otherwise.
 * Only what this run has made, and only where it makes one; whatever else is there is left alone. `linked`: its files may be
 * the old cluster's own, so it is made unstartable.
 */
const leftoverLines = (facts: ClusterFacts, host: HostFacts, linked: boolean): Fragment | false =>
  makesNewCluster(host) &&
  sh`
    new=${host.newData}
    rm -rf ${makingOf(facts, host)} # an initdb of this run that was killed
    if ours "$new"; then
      idle "$new"
      if [ ! -s ${word`${host.workDir}/fingerprint`} ] && ls "$new/base" | awk '$1 >= 16384 { found = 1 } END { exit found }'; then discard "$new" ${makingOf(facts, host)}; echo "removed $new, which was empty"
      else
    ${linked && disarmAbandonedLines(facts, host.newData)}
        ${abandon(host, host.newData)}
      fi
    elif [ -e "$new" ]; then echo "$new is not of this upgrade: left as it is"; fi
  `;

/** A directory of this host that a base backup has no business in. */
const known = (facts: ClusterFacts, host: HostFacts): readonly Path[] => [
  ...new Set([
    host.pgdata,
    host.data,
    host.newData,
    host.backupData,
    makingOf(facts, host),
    host.workDir,
    host.home,
    parentOf(host.configFile),
    parentOf(host.stateFile),
    host.oldBindir,
    host.newBindir,
    ...host.tablespaces.flatMap((one) => [one, setAsidePlace(one)]),
  ]),
];

/**
 * A base backup of this run that was under way: pg_autoctl fills this directory and renames it when it is whole, and empties it
 * itself before the next one. Removed only where this run has begun one in this very directory, which was empty before
 * ({@link stagingBegunLines}), and what is in it is a base backup of the new version. Never on the primary.
 * Source: pg_auto_failover, pgctl.c, pg_basebackup; replication.backup_directory.
 */
const stagingLines = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  isNode(host) &&
  host.role === 'secondary' &&
  sh`
    staging=$(sed -n 's/^backup_directory *= *//p' ${host.configFile} 2>/dev/null | head -n 1)
    if [ -n "$staging" ] && { mark; printf 'directory=%s\n' "$staging"; } | cmp -s - ${stagingFile(host)} && [ -d "$staging" ] && [ ! -L "$staging" ]; then
      real=$(readlink -f "$staging"); apart=yes
      for one in ${joined(
        known(facts, host).map((one) => sh`${one}`),
        ' ',
      )}; do
        one=$(readlink -f "$one" || echo "$one")
        case $real/ in "$one"/*) apart= ;; esac
        case $one/ in "$real"/*) apart= ;; esac
      done
      if [ -n "$apart" ] && { [ "$(version "$staging")" = ${facts.newMajor} ] || { [ ! -e "$staging/PG_VERSION" ] && [ -e "$staging/backup_label" ]; }; }; then
        idle "$staging"
        # what tells it from anything else goes last
        find "$staging" -mindepth 1 -maxdepth 1 ! -name PG_VERSION ! -name backup_label -exec rm -rf -- '{}' +
        rm -f "$staging/PG_VERSION"; rm -f "$staging/backup_label"; echo "removed the unfinished base backup in $staging"
      fi
    fi
  `;

/** Behind every directory of the new version that has gone aside: what is left in a tablespace's own place is no cluster's. */
const leftPartsLines = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  dropPartsWhere(
    host,
    facts.newMajor,
    sh`[ "$(version ${host.data})" != ${facts.newMajor} ] && [ ! -e ${host.newData} ]`,
  );

/**
 * Linked files may be given back only while the new cluster has never run: asked of the disk once more, right here. The proof is kept, because
 * the new directory goes aside with what it rests on; an old one that was disarmed for a first start needs one or the other.
 */
const neverStartedLines = (facts: ClusterFacts, host: HostFacts): Fragment => {
  const kept: Path = word`${host.workDir}/fingerprint`;
  const refused = sh`{ echo ${word`PostgreSQL ${facts.newMajor} has been started on these files: ${facts.oldMajor} must never run on them again`} >&2; exit 1; }`;
  return sh`
    ${controlFunctions}
    for new in ${host.data} ${host.newData}; do
      [ "$(version "$new")" = ${facts.newMajor} ] && [ -s ${kept} ] || continue
      as_kept ${host.newBindir} "$new" ${kept} || ${refused}
      ${mark(host, neverStarted)}
    done
    for old in ${host.data} ${host.backupData}; do
      [ "$(version "$old")" != ${facts.oldMajor} ] || [ ! -e "$old/global/pg_control.do-not-start" ] || [ -s ${word`${host.workDir}/done/${neverStarted}`} ] || ${refused}
    done
  `;
};

/**
 * The old cluster back in its place; the new one is kept aside. Where they share files, the new one is made unstartable before the
 * old one is made startable again: killed anywhere, never both could be started.
 */
export const restoreDirectory =
  (host: HostFacts, linked: boolean): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'directories',
      phase,
      host,
      as: 'postgres',
      title: 'Restore the old directory',
      reason: `The old cluster takes its place again; the abandoned ${facts.newMajor} directory is set aside.`,
      guide: null,
      danger: 'changes',
      script: script(sh`
        ${functions(facts, host)}
        idle ${host.data} ${host.backupData}
        ${emptyPlaceLines(host)}
        ${linked && neverStartedLines(facts, host)}
        if [ "$(version ${host.data})" != ${facts.oldMajor} ]; then ${oursLine(facts, host.backupData)}; fi
        if ours ${host.backupData} && [ "$(version ${host.backupData})" = ${facts.oldMajor} ]; then
          if [ -e ${host.data} ]; then
            [ "$(version ${host.data})" = ${facts.newMajor} ] || { echo ${word`${host.data} is not PostgreSQL ${facts.newMajor}: inspect it first`} >&2; exit 1; }
        ${linked && disarmAbandonedLines(facts, host.data)}
            ${abandon(host, host.data)}
          fi
          same_file_system ${host.backupData} ${parentOf(host.data)}
          mv -T ${host.backupData} ${host.data}; keep ${host.data}
        fi
        ${leftoverLines(facts, host, linked)}
        ${linked && isNode(host) && rearmLines(host.data)}
        ${stagingLines(facts, host)}
        ${leftPartsLines(facts, host)}
        [ "$(version ${host.data})" = ${facts.oldMajor} ] && [ -e ${word`${host.data}/global/pg_control`} ]
        ${oldComesHome(facts, host)}
        unmark ${host.data}
        echo ${word`${host.data} is PostgreSQL ${facts.oldMajor}`}
      `),
      probe: (world) => directoriesProbe(facts, host, world),
      before: [allStopped(host)],
      after: [
        onHost(host.alias, `${host.data} is PostgreSQL ${facts.oldMajor}`, (seen) =>
          verdictOf(
            isMajor(seen.data, facts.oldMajor) &&
              isDataDirectory(seen.data) &&
              seen.data.control !== null &&
              !seen.data.controlRenamed,
            describe(seen.data),
          ),
        ),
        ...partsHaveFollowed(host, 'data'),
      ],
      undo: undoText(`the ${facts.newMajor} directory is kept as ${abandonedName(host, facts.newMajor)}`),
    });

/** A new directory that was only prepared, beside a server that never had to stop: nothing of it is left for the next try. */
export const removePreparedDirectory =
  (host: HostFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'prepared',
      phase,
      host,
      as: 'postgres',
      title: `Remove prepared ${facts.newMajor} directory`,
      reason: 'It was made for pg_upgrade and has never been used; the next attempt makes its own.',
      guide: null,
      danger: 'changes',
      script: script(sh`
        ${functions(facts, host)}
        ${leftoverLines(facts, host, false)}
        ${leftPartsLines(facts, host)}
      `),
      probe: (world) => {
        const seen = hostIn(world, host.alias);
        if (seen === null) return pending('not seen');
        return isOurs(facts, seen.newData) ? pending(`${host.newData} is there`) : done('there is none');
      },
      before: [
        onHost(host.alias, `${host.data} is PostgreSQL ${facts.oldMajor}, its own`, (seen) =>
          verdictOf(
            isMajor(seen.data, facts.oldMajor) && isDataDirectory(seen.data) && !seen.data.controlRenamed,
            describe(seen.data),
          ),
        ),
      ],
      after: [
        onHost(host.alias, `${host.newData} is gone`, (seen) =>
          verdictOf(!isOurs(facts, seen.newData), describe(seen.newData)),
        ),
      ],
      undo: nothingToUndo,
    });

const directoriesProbe = (facts: ClusterFacts, host: HostFacts, world: Observations) => {
  const seen = hostIn(world, host.alias);
  if (seen === null) return pending('not seen');
  const back =
    isDataDirectory(seen.data) &&
    seen.data.major === facts.oldMajor &&
    !seen.data.controlRenamed &&
    seen.data.control !== null;
  if (!back)
    return seen.data.kind === 'absent'
      ? half(`${host.data} is not there`)
      : pending(`${host.data} ${describe(seen.data)}`);
  const leftover = isOurs(facts, seen.newData);
  if (!partsFollow(host, seen, seen.data, host.data)) return half('a tablespace is not in its place');
  if (leftover && !(isDataDirectory(seen.data) && seen.data.running))
    return half(`${host.newData} is left over`);
  if (carriesMark(seen.data))
    return half(`${host.data} still has the marker file of a directory that was set aside`);
  return done(`${host.data} is PostgreSQL ${facts.oldMajor}`);
};

/** pg_upgrade has linked it, and it never came to the swap. */
const linkedIsSetAside = (facts: ClusterFacts, host: HostFacts): Fragment => sh`
  if [ "$(version ${host.data})" = ${facts.oldMajor} ] && [ ! -e ${word`${host.data}/global/pg_control`} ]; then
    # pg_upgrade has linked it, and it never came to the swap
  ${disarmLines(facts, host.data)}
    ${abandon(host, host.data)}
  fi
`;

/**
 * On a node whose old directory allows no rollback: the new one goes aside, startable, because it alone holds what the new
 * version wrote; the old one goes aside, made unstartable where it shares files; and a base backup fills the place.
 */
export const emptyDirectory =
  (host: HostFacts): StepOf =>
  (facts, phase) => {
    const shares = isNode(host) && facts.mode === 'link' && (host.role === 'primary' || takesLinks(host));
    /** The power went in pg_upgrade --link, or behind it, and the rollback went on through another node's copy. */
    const isLinked = ({ data }: HostObservation): boolean =>
      shares && isDataDirectory(data) && data.major === facts.oldMajor && data.controlRenamed;
    const isLeft = ({ backupData }: HostObservation): boolean =>
      isMajor(backupData, facts.oldMajor) && isOurs(facts, backupData);
    return makeStep(facts, {
      id: 'directories',
      phase,
      host,
      as: 'postgres',
      title: 'Clear the way for a base backup',
      reason: `Its old directory cannot be used (${facts.newMajor} has changed its files, or it is gone); a base backup comes in its place.`,
      guide: null,
      danger: 'changes',
      script: script(sh`
        ${functions(facts, host)}
        idle ${host.data} ${host.backupData}
        ${emptyPlaceLines(host)}
        if [ "$(version ${host.data})" = ${facts.newMajor} ]; then ${abandon(host, host.data)}; fi
        ${shares && linkedIsSetAside(facts, host)}
        if ours ${host.backupData} && [ "$(version ${host.backupData})" = ${facts.oldMajor} ]; then
        ${shares && disarmLines(facts, host.backupData)}
          ${abandon(host, host.backupData, sh`${oldName(facts)}`)}
        fi
        ${leftoverLines(facts, host, false)}
        ${stagingLines(facts, host)}
        ${leftPartsLines(facts, host)}
        [ ! -e ${host.data} ] || [ "$(version ${host.data})" = ${facts.oldMajor} ]
      `),
      probe: (world) => {
        const seen = hostIn(world, host.alias);
        if (seen === null) return pending('not seen');
        if (isMajor(seen.data, facts.newMajor))
          return pending(`${host.data} is PostgreSQL ${facts.newMajor}`);
        if (isLinked(seen)) return pending(`${host.data} is linked`);
        if (isOurs(facts, seen.newData)) return half(`${host.newData} is left over`);
        return isLeft(seen)
          ? half(`${host.backupData} is left over`)
          : done(`${host.data} ${describe(seen.data)}`);
      },
      before: [allStopped(host)],
      after: [
        onHost(host.alias, `${host.data} is free`, (seen) =>
          verdictOf(!isMajor(seen.data, facts.newMajor) && !isLinked(seen), describe(seen.data)),
        ),
        ...noPartsOf(host, facts.newMajor),
        onHost(
          host.alias,
          `no ${posix.basename(host.backupData)} is left in the way of the next attempt`,
          (seen) => verdictOf(!isLeft(seen), describe(seen.backupData)),
        ),
      ],
      undo: undoText(`the ${facts.newMajor} directory is kept as ${abandonedName(host, facts.newMajor)}`),
    });
  };
