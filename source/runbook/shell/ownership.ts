import type { ClusterFacts, HostFacts, NodeFacts } from '../../cluster/facts.ts';
import { isNode } from '../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../cluster/fragment.ts';
import { type DirectoryView, type HostObservation, isDataDirectory } from '../../cluster/observations.ts';
import type { Path, RelativePath } from '../../cluster/words.ts';

/**
 * What we have made on a host, and may therefore remove or rename, carries a mark: a file of two lines that name the run and
 * the system identifier of the old cluster. A directory without it is somebody else's, whatever it is called.
 * It lies in a directory only while that has a name which another's could have as well; the cluster's own data directory
 * carries none, so that no base backup of it takes a mark along (pg_basebackup copies files that it does not know).
 */
export const markFile: RelativePath = word`.pgaf-upgrade`;

/** What the mark of this run says: what {@link ownershipFunctions} write, and compare with. */
export const markOf = (facts: ClusterFacts): string => `run=${facts.run}\nsystem=${facts.systemIdentifier}\n`;

/**
 * Shell functions, for the top of a script:
 * `own DIR` writes the mark of this run, on the disk before anything goes on (coreutils, sync FILE: fsync);
 * `ours DIR` is true where this run has made it, `kin DIR` where any run for this cluster has: no symbolic link, and its mark says so;
 * `unmark DIR` takes the mark away.
 */
export const ownershipFunctions = (facts: ClusterFacts): Fragment => sh`
  # what we have made has a marker file: which run made it, for which cluster
  mark() { printf 'run=%s\nsystem=%s\n' ${facts.run} ${facts.systemIdentifier}; }
  own() { mark > "$1/${markFile}.new"; sync "$1/${markFile}.new"; mv "$1/${markFile}.new" "$1/${markFile}"; sync "$1"; }
  marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/${markFile}" ] && [ ! -L "$1/${markFile}" ]; }
  ours() { marked "$1" && mark | cmp -s - "$1/${markFile}"; }
  kin() { marked "$1" && [ "$(sed -n 2p "$1/${markFile}")" = ${word`system=${facts.systemIdentifier}`} ]; }
  unmark() { rm -f "$1/${markFile}" "$1/${markFile}.new"; sync "$1"; }
`;

/**
 * `discard DIRECTORY SPARE PART…`: removes a directory of ours, with its parts of the tablespaces. It may take long, and end in the middle:
 * so what a server needs goes first, on the disk (what is half removed allows no rollback, and nothing can be started on it), its version and
 * its mark last, under the spare name (until then it is known as ours, and the step is asked for again).
 */
export const discardFunction: Fragment = sh`
  discard() { # DIRECTORY SPARE PART...: what a server needs goes first, the version and the mark last, under the spare name
    rm -f -- "$1"/global/pg_control*; [ ! -d "$1/global" ] || sync -- "$1/global" || sync
    gone=$1 spare=$2; shift 2
    rm -rf -- "$spare" "$@"
    find "$gone" -mindepth 1 -maxdepth 1 ! -name ${markFile} ! -name PG_VERSION -exec rm -rf -- '{}' +
    mv -T -- "$gone" "$spare"; rm -rf -- "$spare"
  }
`;

/** This run has made the directory, and says so in it. */
export const isOurs = (facts: ClusterFacts, directory: DirectoryView): boolean =>
  isKin(facts, directory) && isDataDirectory(directory) && directory.mark?.run === facts.run;

/** Some run for this cluster has made it: this one, an earlier one, or a check that was asked to keep it. */
export const isKin = (facts: ClusterFacts, directory: DirectoryView): boolean =>
  isDataDirectory(directory) && directory.mark?.system === facts.systemIdentifier;

/** Whichever cluster it was made for. */
export const carriesMark = (directory: DirectoryView): boolean =>
  isDataDirectory(directory) && directory.mark !== undefined;

/** Whether this run makes a new cluster on the host: pg_upgrade runs on the primary and on the monitor, nowhere else. */
export const makesNewCluster = (host: HostFacts): boolean => !isNode(host) || host.role === 'primary';

/** Where initdb works: under a name that is this run's alone, so that what a killed one has left is known by it. */
export const makingOf = (facts: ClusterFacts, host: HostFacts): Path => word`${host.newData}.${facts.run}`;

/** What a kill of this run has left in the middle of a removal or of an initdb, known by the run's name. */
export const leftoversOf = (facts: ClusterFacts, seen: HostObservation): readonly Path[] =>
  seen.leftovers.filter((path) => path.endsWith(`.${facts.run}`));

/**
 * Shell: what a killed removal has left under its spare name goes. That is the version and the mark ({@link discardFunction}); with anything
 * else in it, it is left alone and named. Under the name where initdb works everything is this run's.
 */
export const leftoverNamesLines = (facts: ClusterFacts, host: HostFacts): Fragment => sh`
  # what is left of a removal that was killed: the version and the mark, under this run's name
  for spare in ${word`${host.backupData}.${facts.run}`} ${host.data}_pg*_abandoned*.${facts.run}; do
    [ -d "$spare" ] && [ ! -L "$spare" ] || continue
    [ -z "$(find "$spare" -mindepth 1 ! -name ${markFile} ! -name PG_VERSION)" ] || { echo "$spare is not empty: inspect it first" >&2; exit 1; }
    rm -f -- "$spare/PG_VERSION" "$spare/${markFile}"; rmdir -- "$spare"; echo "removed $spare"
  done
  ${makesNewCluster(host) && sh`rm -rf -- ${makingOf(facts, host)} # an initdb of this run that was killed`}
`;

/** On a secondary: in which directory this run has let pg_autoctl begin a base backup. */
export const stagingFile = (host: HostFacts): Path => word`${host.workDir}/base-backup`;

/**
 * Shell, right before pg_autoctl starts and takes a base backup: writes down the directory that it will fill, if nothing is in it.
 * pg_autoctl empties it itself, whatever is in it: with something in it nothing is begun.
 * Source: pg_auto_failover, fsm_transition.c, fsm_init_standby; pgctl.c, pg_basebackup; file_utils.c, ensure_empty_dir, which removes what is there.
 */
export const stagingBegunLines = (host: NodeFacts): Fragment => sh`
  staging=$(sed -n 's/^backup_directory *= *//p' ${host.configFile} 2>/dev/null | head -n 1)
  begun() { mark; printf 'directory=%s\n' "$staging"; }
  if [ -n "$staging" ] && ! begun | cmp -s - ${stagingFile(host)}; then
    if [ -e "$staging" ] && [ -n "$(ls -A "$staging")" ]; then echo "$staging is not empty, and pg_autoctl would remove what is in it before its base backup: inspect it, and move it away" >&2; exit 1; fi
    begun > ${word`${stagingFile(host)}.new`}; sync ${word`${stagingFile(host)}.new`}; mv ${word`${stagingFile(host)}.new`} ${stagingFile(host)}
  fi
`;

/** Shell: ends the script unless a run for this cluster has made the directory. Behind {@link ownershipFunctions}. */
export const kinLine = (directory: Path): Fragment =>
  sh`kin ${directory} || { echo ${word`${directory} has no marker file of an upgrade of this cluster (${markFile}): it may belong to somebody else. Inspect it first`} >&2; exit 1; }`;

/** Shell: ends the script unless this run has made the directory. Behind {@link ownershipFunctions}. */
export const oursLine = (facts: ClusterFacts, directory: Path): Fragment =>
  sh`ours ${directory} || { echo ${word`${directory} has no marker file of this upgrade (${markFile}, run=${facts.run}): it may belong to somebody else. Inspect it first`} >&2; exit 1; }`;
