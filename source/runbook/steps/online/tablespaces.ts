import type { ClusterFacts, HostFacts } from '../../../cluster/facts.ts';
import { type Fragment, joined, quoted, sh, spaced, word } from '../../../cluster/fragment.ts';
import type { HostObservation } from '../../../cluster/observations.ts';
import type { Path } from '../../../cluster/words.ts';
import { copyName, nameOf, placeOf, words } from '../../language/tablespace-names.ts';
import { markFile } from '../../shell/ownership.ts';
import { option } from '../../shell/shell.ts';
import { followFunction, followLines } from '../../shell/tablespaces.ts';
import { onlineDirectory } from './names.ts';
import type { Side } from './places.ts';

/**
 * A copy of the server lies on the host of the server, so its parts of the tablespaces need places of their own: `LOCATION_aside/pg15_copy`, on the file system of each, with our mark. There
 * pg_upgrade makes the new version's parts and links their files; at once behind it they go home, beside the old version's, as in the ordinary method. At the change of places
 * the old version's go aside with its data directory, and come home with it (language/tablespace-names.ts).
 */

/** Of the tablespaces in order, the directory that holds the copy's part. */
export const copyPlaces = (facts: ClusterFacts, host: HostFacts): readonly Path[] =>
  host.tablespaces.map((location) => placeOf(location, copyName(facts)));

/** Where a base backup puts its part: a name that is this run's alone, until it is whole. */
const arriving = (facts: ClusterFacts, place: Path): Path => word`${place}.${facts.run}`;

/** The same of each tablespace. */
export const arrivingPlaces = (facts: ClusterFacts, host: HostFacts): readonly Path[] =>
  copyPlaces(facts, host).map((place) => arriving(facts, place));

/** pg_basebackup takes what is before the first sign of equality for the old place. Source: PostgreSQL, pg_basebackup, --tablespace-mapping. */
const mapped = (path: Path): string => path.replaceAll('=', '\\=');

/** Options of pg_basebackup; none where there is no tablespace. */
export const mappingOptions = (facts: ClusterFacts, host: HostFacts): readonly Fragment[] =>
  copyPlaces(facts, host).map((place, at) =>
    option(
      '--tablespace-mapping',
      quoted(`${mapped(host.tablespaces[at] ?? place)}=${mapped(arriving(facts, place))}`),
    ),
  );

/** Behind ownershipFunctions, before a base backup: what a try that was ended has left. Somebody else's directory ends the script. */
export const clearPlacesLines = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    ${placesAreOursLines(facts, host)}
    ${dropCopyPlacesLines(facts, host)}
  `;

/** Behind ownershipFunctions and a base backup: each place gets our mark and its name, and the copy's link leads there. */
export const settlePlacesLines = (facts: ClusterFacts, host: HostFacts, copy: Path): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    for place in ${spaced(copyPlaces(facts, host))}; do
      own "$place".${facts.run}
      for link in ${copy}/pg_tblspc/[0-9]*; do
        if [ "$(readlink "$link")" = "$place".${facts.run} ]; then ln -sfn "$place" ${copy}/pg_tblspc/new-link; mv -T ${copy}/pg_tblspc/new-link "$link"; fi
      done
      mv -T "$place".${facts.run} "$place"; sync "$(dirname "$place")" || sync
    done
  `;

/**
 * Before the copy is started. A tablespace that was made while it was taken comes along as a link that leads where it leads on the server that serves (seen with 15.20), or is made again there
 * by the WAL: what the copy replays would be written into files that are in use. No event trigger sees CREATE TABLESPACE, nor a database that is moved into one.
 * Source: PostgreSQL, basebackup.c, sendDir; tablespace.c, tblspc_redo. `asked`: the oids of the server that serves, a line each.
 */
export const noLiveTablespaceLines = (facts: ClusterFacts, host: HostFacts, asked: Fragment): Fragment => sh`
  for oid in $(${asked}); do
    [ -L "$copy/pg_tblspc/$oid" ] || { echo "tablespace $oid was made while the copy was taken: call it off (pgaf-upgrade call-off), and begin with another copy" >&2; exit 1; }
  done
  for link in "$copy"/pg_tblspc/[0-9]*; do
    [ -L "$link" ] || continue
    case $(readlink "$link") in ${joined([...copyPlaces(facts, host).map((place) => sh`${place}`), sh`''`], ' | ')}) ;; *) echo "$link leads to $(readlink "$link"), which is not a place of the copy’s: a tablespace was made while the copy was taken. Call it off (pgaf-upgrade call-off), and begin with another copy" >&2; exit 1 ;; esac
  done
`;

/** Says that from here on what lies of the new version in the tablespaces' own directories is a preparation's, of whichever run. */
const partsFile = (host: HostFacts): Path => word`${onlineDirectory(host)}/tablespaces`;

const areOurs = (facts: ClusterFacts, host: HostFacts): Fragment =>
  sh`[ "$(sed -n 2p ${partsFile(host)} 2>/dev/null)" = ${word`system=${facts.systemIdentifier}`} ]`;

/** Behind ownershipFunctions, with the new cluster gone: its parts of the tablespaces, in the copy's places and at home. */
export const dropNewPartsLines = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    for place in ${spaced(copyPlaces(facts, host))}; do
      if kin "$place"; then rm -rf -- "$place"/PG_${facts.newMajor}_*; fi
    done
    if ${areOurs(facts, host)}; then
      for own in ${words(host)}; do rm -rf -- "$own"/PG_${facts.newMajor}_*; done
    fi
  `;

/**
 * Behind ownershipFunctions and keepFunction, before pg_upgrade: no part of the new version is at home that is not a preparation's, and none will be whose origin is not written down.
 */
export const newPartsBegunLines = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    if ! ${areOurs(facts, host)}; then
      for own in ${words(host)}; do for part in "$own"/PG_${facts.newMajor}_*; do
        [ ! -e "$part" ] || { echo "$part is there, and this upgrade has not made it: it may be another cluster's. Inspect it first" >&2; exit 1; }
      done; done
      mkdir -p ${onlineDirectory(host)}
      mark > ${partsFile(host)}.new; keep ${partsFile(host)}.new; mv -T ${partsFile(host)}.new ${partsFile(host)}; keep ${partsFile(host)}
    fi
  `;

/** Behind pg_upgrade of the copy: the new cluster's parts go home. A word of the shell is its directory. */
export const newPartsHomeLines = (
  facts: ClusterFacts,
  host: HostFacts,
  directory: Fragment,
): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    ${followFunction(host)}
    ${followLines(host, directory, sh`${copyName(facts)}`, sh`''`)}
    sync ${spaced(host.tablespaces)} || sync
  `;

/** Behind followFunction: the parts of one side go aside with its directory, or come home with it. The new version's are at home all the time. */
const sideFollows = (
  host: HostFacts,
  side: Side,
  directory: Path,
  to: 'aside' | 'home',
): Fragment | false => {
  const name = nameOf(host, side.aside);
  return (
    name !== '' &&
    followLines(
      host,
      sh`${directory}`,
      to === 'aside' ? sh`''` : sh`${name}`,
      to === 'aside' ? sh`${name}` : sh`''`,
    )
  );
};
export const sideGoesAside = (host: HostFacts, side: Side, directory: Path): Fragment | false =>
  sideFollows(host, side, directory, 'aside');
export const sideComesHome = (host: HostFacts, side: Side, directory: Path): Fragment | false =>
  sideFollows(host, side, directory, 'home');

/** A part of the copy's is in a tablespace, where the copy is not. */
export const leavesParts = (facts: ClusterFacts, seen: HostObservation): boolean =>
  seen.tablespaces.some(({ parts }) => parts.some(({ aside }) => aside === copyName(facts)));

/** Behind ownershipFunctions: somebody else's directory in a place of the copy's ends the script. An empty one is what a removal that was ended has left, or harms nobody. */
export const placesAreOursLines = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    for place in ${spaced(copyPlaces(facts, host))}; do
      [ -e "$place" ] || [ -L "$place" ] || continue
      kin "$place" || rmdir -- "$place" 2>/dev/null || { echo "$place has no marker file of an upgrade of this cluster (${markFile}): it may belong to somebody else. Inspect it first" >&2; exit 1; }
    done
  `;

/** Behind {@link placesAreOursLines}: the copy's places go, the mark of each last. */
export const dropCopyPlacesLines = (facts: ClusterFacts, host: HostFacts): Fragment | false =>
  host.tablespaces.length > 0 &&
  sh`
    for place in ${spaced(copyPlaces(facts, host))}; do
      [ -d "$place" ] || continue
      find "$place" -mindepth 1 -maxdepth 1 ! -name ${markFile} -exec rm -rf -- '{}' +
      rm -rf -- "$place"
    done
  `;
