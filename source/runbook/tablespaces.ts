import { posix } from 'node:path';
import type { ClusterFacts, HostFacts } from '../cluster/facts.ts';
import { sh } from '../cluster/quote.ts';
import { type DirectoryView, type HostView, hostIn, isCluster, type World } from '../cluster/world.ts';
import { about, describe, when } from './conditions.ts';
import { done, makeStep, pending } from './make-step.ts';
import { script } from './shell.ts';
import type { Condition, Step } from './step.ts';

/**
 * A cluster's part of a tablespace (`PG_15_202209061`) goes where its data directory goes: in the tablespace's own
 * directory while that is `data`, in `…_aside/pg15_bak` while it is `data_pg15_bak`. So the own directory is empty when a base
 * backup wants it, and a directory that lies aside is whole and can be started: the links in its pg_tblspc follow.
 * Source: PostgreSQL, pg_basebackup.c, verify_dir_is_empty_or_create; CREATE TABLESPACE; GetTablespaceVersionDirectory.
 */

export const asideOf = (location: string): string => `${location}_aside`;

/** What of `data_pg15_bak` follows `data_`; below the place beside the tablespace the part has this name. */
export const oldName = (facts: ClusterFacts): string => `pg${facts.oldMajor}_bak`;

/** Where the parts of a data directory belong: '' the tablespaces' own directories. */
const nameOf = (host: HostFacts, directory: string): string =>
  directory === host.newData || directory === host.data ? '' : directory.slice(`${host.data}_`.length);

const placeOf = (location: string, name: string): string =>
  name === '' ? location : posix.join(asideOf(location), name);

const words = (host: HostFacts): string => host.tablespaces.map(sh).join(' ');

/**
 * Shell: a data directory's parts go from FROM to TO, names below the places beside the tablespaces or '' for the tablespaces'
 * own directories; then its links. Killed anywhere it goes on when it is begun again, or back when it is turned round, and
 * a link is replaced in one piece. It runs before the directory gets its name aside, and after the directory has its
 * own name again: so whatever lies in a tablespace's own directory belongs to a directory in its place.
 */
export const followFunction = (host: HostFacts): string[] =>
  host.tablespaces.length === 0
    ? []
    : [
        'tablespaces_follow() { # DIRECTORY FROM TO: its parts of the tablespaces; a name stands for …_aside/NAME, none for home',
        '  rm -f "$1/pg_tblspc/new-link"',
        `  for own in ${words(host)}; do`,
        '    from=$own; if [ -n "$2" ]; then from="$own"_aside/$2; fi',
        '    place=$own; if [ -n "$3" ]; then place="$own"_aside/$3; mkdir -p "$place"; fi',
        '    for part in "$from/PG_$(cat "$1/PG_VERSION")"_*; do if [ -d "$part" ]; then mv "$part" "$place/"; fi; done',
        '    for link in "$1"/pg_tblspc/[0-9]*; do',
        '      case $(readlink "$link" || true) in "$place") continue ;; "$own" | "$own"_aside/*) ;; *) continue ;; esac',
        '      ln -sfn "$place" "$1/pg_tblspc/new-link"; mv -T "$1/pg_tblspc/new-link" "$link"',
        '      echo "tablespace $own of $1: in $place"',
        '    done',
        '    if [ "$from" != "$own" ]; then rmdir "$from" 2>/dev/null || true; fi',
        '  done',
        '}',
      ];

/** All three are words of the shell. */
export const followLines = (host: HostFacts, directory: string, from: string, to: string): string[] =>
  host.tablespaces.length === 0 ? [] : [`tablespaces_follow ${directory} ${from} ${to}`];

/** The old cluster's parts go aside, before its directory does. */
export const oldGoesAside = (facts: ClusterFacts, host: HostFacts): string[] =>
  followLines(host, sh(host.data), "''", oldName(facts));

/** The old cluster, in its place again, has its parts at home. */
export const oldComesHome = (facts: ClusterFacts, host: HostFacts): string[] =>
  followLines(host, sh(host.data), oldName(facts), "''");

/** Takes away parts of a version in the tablespaces' own directories; only where no directory in its place can be theirs. */
export const dropPartsLines = (host: HostFacts, major: number): string[] =>
  host.tablespaces.length === 0
    ? []
    : [
        `for own in ${words(host)}; do`,
        `  for part in "$own"/PG_${major}_*; do if [ -d "$part" ]; then rm -rf "$part"; echo "removed $part"; fi; done`,
        'done',
      ];

/** Where the parts of a directory that lies aside are, to be removed with it. */
export const partsAside = (host: HostFacts, directory: string): readonly string[] =>
  host.tablespaces.map((location) => placeOf(location, nameOf(host, directory)));

/** Every tablespace's part lies where the directory's name says, and its links lead there. */
export const partsFollow = (
  host: HostFacts,
  seen: HostView,
  view: DirectoryView,
  directory: string,
): boolean => {
  const name = nameOf(host, directory);
  return host.tablespaces.every(
    (location) =>
      isCluster(view) &&
      view.tablespaces.includes(placeOf(location, name)) &&
      seen.tablespaces.some(
        (one) =>
          one.location === location &&
          one.parts.some((part) => part.aside === name && part.major === view.major),
      ),
  );
};

/** The old cluster's part of every tablespace is on the host, in its place or aside: without one an image is not whole. */
export const oldPartsAreThere = (facts: ClusterFacts, host: HostFacts, seen: HostView): boolean =>
  host.tablespaces.every((location) =>
    seen.tablespaces.some(
      (one) =>
        one.location === location &&
        one.parts.some(
          (part) => part.major === facts.oldMajor && (part.aside === '' || part.aside === oldName(facts)),
        ),
    ),
  );

/** After a version has gone aside: nothing of it lies in a tablespace's own directory. */
export const noPartsOf = (host: HostFacts, major: number): readonly Condition[] =>
  host.tablespaces.length === 0
    ? []
    : [
        about(host.alias, `no tablespace holds anything of PostgreSQL ${major}`, (seen) => {
          const full = seen.tablespaces.find((one) =>
            one.parts.some((part) => part.aside === '' && part.major === major),
          );
          return when(full === undefined, full === undefined ? '' : `${full.location} does`);
        }),
      ];

/** The condition that goes with a rename; none where there is no tablespace. */
export const partsHaveFollowed = (host: HostFacts, which: 'data' | 'backupData'): readonly Condition[] =>
  host.tablespaces.length === 0
    ? []
    : [
        about(host.alias, `the tablespaces of ${host[which]} lie where it says`, (seen) =>
          when(partsFollow(host, seen, seen[which], host[which]), 'one does not'),
        ),
      ];

/** Before a base backup. */
export const tablespacesAreFree = (host: HostFacts): readonly Condition[] =>
  host.tablespaces.length === 0
    ? []
    : [
        about(host.alias, 'the tablespaces’ directories are empty: pg_basebackup wants them so', (seen) => {
          const full = seen.tablespaces.find((one) => one.parts.some((part) => part.aside === ''));
          return when(full === undefined, full === undefined ? '' : `${full.location} is not`);
        }),
      ];

/** One that somebody has made since the facts were read would be left behind by every rename. */
export const noTablespaceIsNew = (host: HostFacts): Condition =>
  about(host.alias, `${host.alias} has the tablespaces that it had when the facts were read`, (seen) => {
    if (!isCluster(seen.data)) return when(false, `${host.data} ${describe(seen.data)}`);
    const other = seen.data.tablespaces.find((location) => !host.tablespaces.includes(location));
    return when(
      other === undefined && seen.data.tablespaces.length === host.tablespaces.length,
      other === undefined ? 'one is gone' : `${other} is new: go back, and start again`,
    );
  });

/** A. Root makes the place, because the directory above belongs to root more often than not. */
export const placesStep = (facts: ClusterFacts, host: HostFacts): Step[] =>
  host.tablespaces.length === 0
    ? []
    : [
        makeStep(facts, {
          id: 'tablespaces',
          phase: 'A',
          host,
          as: 'root',
          title: 'A place beside each tablespace for what goes aside',
          reason: `${host.tablespaces.map(asideOf).join(', ')}: an old cluster’s part goes there when its data directory is renamed, and comes back with it.`,
          guide: null,
          differs:
            'The guide knows no tablespaces; pg_basebackup refuses their directories while they are occupied.',
          danger: 'changes',
          script: script(
            `for own in ${words(host)}; do`,
            '  place="$own"_aside',
            `  if [ ! -d "$place" ]; then install -d -m 700 -o ${sh(facts.postgres)} -g "$(id -gn ${sh(facts.postgres)})" "$place"; fi`,
            '  # where SELinux watches, it wants the label of its neighbour',
            '  if [ -e /sys/fs/selinux/enforce ]; then chcon --reference="$own" "$place"; fi',
            '  ls -ld "$place"',
            'done',
          ),
          probe: (world) =>
            hostIn(world, host.alias)?.tablespaces.every((one) => one.hasAside) === true
              ? done('they are there')
              : pending('one is not there'),
          after: [
            about(host.alias, 'postgres may write in the place beside each tablespace', (seen) =>
              when(
                seen.tablespaces.every((one) => one.hasAside),
                'in one it may not',
              ),
            ),
          ],
          undo: `rmdir ${host.tablespaces.map((one) => sh(asideOf(one))).join(' ')}`,
        }),
      ];

/** V, W. The place goes again where nothing lies in it; what a way back has left aside stays until the clean-up. */
export const placesGoStep = (facts: ClusterFacts, host: HostFacts, phase: 'V' | 'W'): Step[] =>
  host.tablespaces.length === 0
    ? []
    : [
        makeStep(facts, {
          id: 'tablespaces-gone',
          phase,
          host,
          as: 'root',
          title: 'Remove the empty places beside the tablespaces',
          reason: 'They were made for this upgrade. What still lies in one stays.',
          guide: null,
          danger: 'changes',
          script: script(
            `for own in ${words(host)}; do`,
            '  place="$own"_aside',
            '  [ -d "$place" ] || continue',
            '  for one in "$place"/*; do rmdir "$one" 2>/dev/null || true; done',
            '  rmdir "$place" 2>/dev/null || ls -l "$place"',
            'done',
          ),
          probe: (world) => {
            const left = tablespacesIn(world, host).filter(
              (one) => one.hasAside && one.parts.every((part) => part.aside === ''),
            );
            return left.length === 0 ? done('none is left empty') : pending('they are there');
          },
          undo: 'nothing to undo here',
        }),
      ];

const tablespacesIn = (world: World, host: HostFacts) => hostIn(world, host.alias)?.tablespaces ?? [];
