import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { type DirectoryView, type HostObservation, isDataDirectory } from '../../cluster/observations.ts';
import type { Path } from '../../cluster/words.ts';
import { describe, onHost, verdictOf } from './conditions.ts';
import type { Condition } from './step.ts';
import { nameOf, oldName, placeOf } from './tablespace-names.ts';

/** Every tablespace's part lies where the directory's name says, and its links lead there. */
export const partsFollow = (
  host: HostFacts,
  seen: HostObservation,
  view: DirectoryView,
  directory: Path,
): boolean => {
  const name = nameOf(host, directory);
  return host.tablespaces.every(
    (location) =>
      isDataDirectory(view) &&
      view.tablespaces.includes(placeOf(location, name)) &&
      seen.tablespaces.some(
        (one) =>
          one.location === location &&
          one.parts.some((part) => part.aside === name && part.major === view.major),
      ),
  );
};

/** The old cluster's part of every tablespace is on the host, in its place or aside: without one a fallback copy is not whole. */
export const oldPartsAreThere = (facts: ClusterFacts, host: HostFacts, seen: HostObservation): boolean =>
  host.tablespaces.every((location) =>
    seen.tablespaces.some(
      (one) =>
        one.location === location &&
        one.parts.some(
          (part) => part.major === facts.oldMajor && (part.aside === '' || part.aside === oldName(facts)),
        ),
    ),
  );

/** No part for which `counts` lies in a tablespace's own directory; nothing to ask where there is no tablespace. */
const noneAtHome = (
  host: HostFacts,
  says: string,
  counts: (major: number) => boolean,
  found: (location: string) => string,
): readonly Condition[] =>
  host.tablespaces.length === 0
    ? []
    : [
        onHost(host.alias, says, (seen) => {
          const full = seen.tablespaces.find((one) =>
            one.parts.some((part) => part.aside === '' && counts(part.major)),
          );
          return verdictOf(full === undefined, full === undefined ? '' : found(full.location));
        }),
      ];

/** After a version has gone aside: nothing of it lies in a tablespace's own directory. */
export const noPartsOf = (host: HostFacts, major: number): readonly Condition[] =>
  noneAtHome(
    host,
    `no tablespace holds anything of PostgreSQL ${major}`,
    (one) => one === major,
    (location) => `${location} does`,
  );

/** Before a base backup. */
export const tablespacesAreFree = (host: HostFacts): readonly Condition[] =>
  noneAtHome(
    host,
    'the tablespaces’ directories are empty: pg_basebackup wants them so',
    () => true,
    (location) => `${location} is not`,
  );

/** The condition that goes with a rename; none where there is no tablespace. */
export const partsHaveFollowed = (host: HostFacts, which: 'data' | 'backupData'): readonly Condition[] =>
  host.tablespaces.length === 0
    ? []
    : [
        onHost(host.alias, `the tablespaces of ${host[which]} lie where it says`, (seen) =>
          verdictOf(partsFollow(host, seen, seen[which], host[which]), 'one does not'),
        ),
      ];

/** One that somebody has made since the facts were read would be left behind by every rename. */
export const noTablespaceIsNew = (host: HostFacts): Condition =>
  onHost(host.alias, `${host.alias} has the tablespaces that it had when the facts were read`, (seen) => {
    if (!isDataDirectory(seen.data)) return verdictOf(false, `${host.data} ${describe(seen.data)}`);
    const other = seen.data.tablespaces.find((location) => !host.tablespaces.some((one) => one === location));
    return verdictOf(
      other === undefined && seen.data.tablespaces.length === host.tablespaces.length,
      other === undefined ? 'one is gone' : `${other} is new: leave the console and start it again`,
    );
  });
