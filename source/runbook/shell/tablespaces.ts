import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';
import { oldName, words } from '../language/tablespace-names.ts';
import { sameFileSystemFunction } from './self-checks.ts';

/**
 * Shell: a data directory's parts go from FROM to TO, names below the places beside the tablespaces or '' for the tablespaces'
 * own directories; then its links. Killed anywhere it goes on when it is begun again, or back when it is turned round, and
 * a link is replaced in one piece. It runs before the directory gets its name aside, and after the directory has its
 * own name again: so whatever lies in a tablespace's own directory belongs to a directory in its place.
 */
export const followFunction = (host: HostFacts): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    ${sameFileSystemFunction}
    tablespaces_follow() { # DIRECTORY FROM TO: its parts of the tablespaces; a name stands for …_aside/NAME, none for home
      rm -f "$1/pg_tblspc/new-link"
      for own in ${words(host)}; do
        from=$own; if [ -n "$2" ]; then from="$own"_aside/$2; fi
        place=$own; if [ -n "$3" ]; then place="$own"_aside/$3; mkdir -p "$place"; fi
        for part in "$from/PG_$(cat "$1/PG_VERSION")"_*; do if [ -d "$part" ]; then same_file_system "$part" "$place"; mv -T "$part" "$place/\${part##*/}"; fi; done
        for link in "$1"/pg_tblspc/[0-9]*; do
          case $(readlink "$link" || true) in "$place") continue ;; "$own" | "$own"_aside/*) ;; *) continue ;; esac
          ln -sfn "$place" "$1/pg_tblspc/new-link"; mv -T "$1/pg_tblspc/new-link" "$link"
          echo "tablespace $own of $1: in $place"
        done
        if [ "$from" != "$own" ]; then rmdir "$from" 2>/dev/null || true; fi
      done
    }
  `;

/** All three are words of the shell. */
export const followLines = (
  host: HostFacts,
  directory: Fragment,
  from: Fragment,
  to: Fragment,
): Fragment | false => host.tablespaces.length > 0 && sh`tablespaces_follow ${directory} ${from} ${to}`;

/** The old cluster's parts go aside, before its directory does. */
export const oldIsSetAside = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  followLines(host, sh`${host.data}`, sh`''`, sh`${oldName(facts)}`);

/** The old cluster, in its place again, has its parts at home. */
export const oldComesHome = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  followLines(host, sh`${host.data}`, sh`${oldName(facts)}`, sh`''`);

/** Says which run has begun to fill the tablespaces' own directories with parts of the new version; nobody's were there before. */
const partsFile = (host: HostFacts): Path => word`${host.workDir}/tablespaces`;

/**
 * Behind ownershipFunctions and keepFunction, right before something of this run makes parts of the new version: they carry no mark
 * (PostgreSQL makes their directory, and wants it empty), so it is written down that from here on they are this run's. Where
 * one is there already, which this run has not made, it ends the script: it may be another cluster's.
 */
export const partsBegunLines = (host: HostFacts, major: number): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    if ! mark | cmp -s - ${partsFile(host)}; then
      for own in ${words(host)}; do for part in "$own"/PG_${major}_*; do
        [ ! -e "$part" ] || { echo "$part is there, and this upgrade has not made it: it may be another cluster's. Inspect it first" >&2; exit 1; }
      done; done
      mark > ${partsFile(host)}.new; keep ${partsFile(host)}.new; mv -T ${partsFile(host)}.new ${partsFile(host)}; keep ${partsFile(host)}
    fi
  `;

/**
 * Behind ownershipFunctions. Takes away parts of a version in the tablespaces' own directories; only where this run has begun to make
 * them, and no directory in its place can be theirs.
 */
export const dropPartsLines = (host: HostFacts, major: number): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    if mark | cmp -s - ${partsFile(host)}; then
      for own in ${words(host)}; do
        for part in "$own"/PG_${major}_*; do if [ -d "$part" ]; then rm -rf "$part"; echo "removed $part"; fi; done
      done
    fi
  `;

/** The same, where `condition` (of the shell) holds. */
export const dropPartsWhere = (host: HostFacts, major: number, condition: Fragment): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    if ${condition}; then
      ${dropPartsLines(host, major)}
    fi
  `;
