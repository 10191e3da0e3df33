import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { type Fragment, spaced, word } from '../../cluster/fragment.ts';
import { type Path, type RelativePath, restOf } from '../../cluster/words.ts';

/**
 * A cluster's part of a tablespace (`PG_15_202209061`) goes where its data directory goes: in the tablespace's own
 * directory while that is `data`, in `…_aside/pg15_bak` while it is `data_pg15_bak`. So the own directory is empty when a base
 * backup wants it, and a directory that lies aside is whole and can be started: the links in its pg_tblspc follow.
 * Source: PostgreSQL, pg_basebackup.c, verify_dir_is_empty_or_create; CREATE TABLESPACE; GetTablespaceVersionDirectory.
 */

export const setAsidePlace = (location: Path): Path => word`${location}_aside`;

/** What of `data_pg15_bak` follows `data_`; below the place beside the tablespace the part has this name. */
export const oldName = (facts: ClusterFacts): RelativePath => word`pg${facts.oldMajor}_bak`;

/** The same of the online method’s copy, `data_pg15_copy`. */
export const copyName = (facts: ClusterFacts): RelativePath => word`pg${facts.oldMajor}_copy`;

/** Where the parts of a data directory belong: '' the tablespaces' own directories. */
export const nameOf = (host: HostFacts, directory: Path): RelativePath | '' =>
  directory === host.newData || directory === host.data ? '' : restOf(directory, `${host.data}_`);

export const placeOf = (location: Path, name: RelativePath | ''): Path =>
  name === '' ? location : word`${setAsidePlace(location)}/${name}`;

/** A host's tablespaces as words of the shell. */
export const words = (host: HostFacts): Fragment => spaced(host.tablespaces);

/** Where the parts of a directory that lies aside are, to be removed with it. */
export const partsSetAside = (host: HostFacts, directory: Path): readonly Path[] =>
  host.tablespaces.map((location) => placeOf(location, nameOf(host, directory)));
