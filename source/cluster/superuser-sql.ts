import { constant, type Fragment, joined, known, quoted, sh, variable, word } from './fragment.ts';
import type { Path, SqlName } from './words.ts';

/** PostgreSQL's programs that open a connection, and so could run what others have put into a database. */
export type SqlProgram = 'psql' | 'pg_dump' | 'pg_dumpall' | 'pg_restore' | 'vacuumdb' | 'pg_amcheck';

/** A variable of the script itself. */
export interface Variable {
  readonly variable: string;
}
export type DatabaseName = SqlName | 'postgres' | 'template1' | Variable;

const wordOf = (one: DatabaseName): Fragment =>
  typeof one === 'string' ? quoted(one) : sh`"$${variable(one.variable)}"`;

/** Settings of the session beside the search path: a name of PostgreSQL's, and a value with its unit (`5s`). */
export type SessionSettings = Readonly<Record<string, string | number>>;

const sessionOptions = (settings: SessionSettings): string =>
  ['search_path=pg_catalog', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)]
    .map((setting) => `-c ${setting.replaceAll(/[\\ ]/g, '\\$&')}`)
    .join(' ');

/** What every session of ours begins with: libpq's `options`, PGOPTIONS. */
export const secureOptions = sessionOptions({});

/**
 * The beginning of a command line that opens a connection as a superuser, up to the program's own options. All SQL of ours
 * goes through here, for two reasons:
 *
 * - A function or operator that fits better than pg_catalog's, in any schema of the search path, would run as superuser
 *   instead of it; so the path is pg_catalog alone, whatever the database, the role, or postgresql.conf say (a
 *   connection's options come after those). Source: CVE-2018-1058; PostgreSQL, 10.3 Functions; guc.h, GucSource.
 * - The database's name is given as PGDATABASE. As an argument, after `-d` too, a name with a `=` or of the form of a URI is
 *   taken for a connection string, and leads to another server. Source: PostgreSQL, 34.1.1 Connection Strings; libpq,
 *   fe-connect.c, conninfo_array_parse (expand_dbname) and conninfo_add_defaults, which takes PGDATABASE as it is.
 *
 * vacuumdb, pg_dump, pg_dumpall and pg_restore set an empty path by themselves as soon as they are connected; ANALYZE runs what an
 * index's expression calls as the table's owner, in a security-restricted operation.
 *
 * `bindir` is where the program is; `database` null where the program is told otherwise (`--all`, pg_restore's
 * constant `--dbname`); `timeout` in seconds ends it from outside.
 */
export const sqlProgram = (
  program: SqlProgram,
  bindir: Path | Variable,
  database: DatabaseName | null,
  { settings = {}, timeout }: { readonly settings?: SessionSettings; readonly timeout?: number } = {},
): Fragment =>
  joined(
    [
      sh`PGOPTIONS=${quoted(sessionOptions(settings))}`,
      database !== null && sh`PGDATABASE=${wordOf(database)}`,
      timeout !== undefined && sh`timeout ${timeout}`,
      typeof bindir === 'string'
        ? sh`${word`${bindir}/${known<SqlProgram>(program)}`}`
        : sh`"$${variable(bindir.variable)}/${constant(program)}"`,
    ],
    ' ',
  );

/** In the window, behind the checks: every database that allows connections, one a line. Source: PostgreSQL, pg_database. */
export const connectableDatabasesSql = 'select datname from pg_database where datallowconn order by 1';

/**
 * The databases that a session can be opened in, one a line: without those that allow none, those that an interrupted DROP
 * DATABASE has left (-2), and those whose name has a line break in it, all of which the checks name. In pg_upgrade's order: template1 first.
 * Source: PostgreSQL, pg_database; src/bin/pg_upgrade/pg_upgrade.c, create_new_objects.
 */
export const openDatabasesSql = `select datname from pg_database where datallowconn and datname <> 'template0' and datconnlimit <> -2 and position(chr(10) in datname::text) = 0 and position(chr(13) in datname::text) = 0 order by datname <> 'template1', datname`;

/**
 * The same as a shell function, for a script that is written in a file: `sql DATABASE OPTION...` is psql of the directory in the
 * variable `bindir`, up to the options that it is given.
 */
export const sqlFunction = (
  bindir: Variable,
  settings: SessionSettings = {},
  { name = 'sql', program = 'psql' }: { readonly name?: string; readonly program?: SqlProgram } = {},
): Fragment => sh`${variable(name)}() {
  database=$1; shift
  ${sqlProgram(program, bindir, { variable: 'database' }, { settings })} "$@"
}`;

/**
 * For psql's \gexec, in each database: rolls back what is prepared there. The names are any text that a role has chosen, with line breaks, and never leave the server.
 * Source: PostgreSQL, psql, \gexec, which sends each value that was answered as it is.
 */
export const rollBackPreparedSql =
  "select format('rollback prepared %L', gid) from pg_prepared_xacts where database = current_database()";
