import { createHash } from 'node:crypto';
import { sh } from './fragment.ts';
import { below, type Label, type Path, plainName } from './words.ts';

/**
 * Where the console keeps its own things on a host: one directory for each data directory, as pg_autoctl has its own
 * (`~/.config/pg_autoctl/PGDATA`). Two clusters of one user, two nodes, or a monitor beside a node share nothing.
 */

/** Below the home directory of the user that PostgreSQL runs as. Earlier versions kept everything here, for any cluster. */
export const workRoot = (home: Path): Path => below(home, 'pgaf-upgrade');

/** No directory of a data directory's path begins like our own names: `/srv/@work` is `/srv/@@work` here. */
const escaped = (pgdata: string): string => pgdata.replaceAll('/@', '/@@');

/**
 * The work directory of a data directory, as pg_autoctl.cfg names it: `~/pgaf-upgrade/var/lib/pgsql/data/@work`. No other
 * data directory's lies in it under a name of ours, also where one data directory lies inside another.
 */
export const workDirOf = (home: Path, pgdata: Path): Path => below(workRoot(home), escaped(pgdata), '@work');

/** The same in shell: `$work`, from `$HOME` and `$pgdata`. */
export const workDirLine = sh`work=$HOME/pgaf-upgrade$(printf %s "$pgdata" | sed 's|/@|/@@|g')/@work`;

/** Ten hex digits for one data directory of one user: what stands where its whole path has no room. */
export const workTag = (workDir: string): Label =>
  plainName(createHash('sha256').update(workDir).digest('hex').slice(0, 10));

/**
 * Bytes that the path of a socket's directory may have: 107 for the whole path, less `/.s.PGSQL.65535`.
 * Source: unix(7), sun_path; PostgreSQL, src/include/libpq/pqcomm.h, UNIXSOCK_PATH and UNIXSOCK_PATH_BUFLEN.
 */
export const socketPlaceBytes = 92;

/**
 * Where servers that nobody else may reach have their sockets: pg_upgrade's, and the private one of the verification. Not in
 * the work directory, whose path is as long as the data directory's.
 */
export const socketPlaceOf = (home: Path, workDir: Path): Path =>
  below(workRoot(home), '@sockets', workTag(workDir));
