import { joined, quoted, sh } from '../../cluster/fragment.ts';
import { sqlIdentifier } from '../../cluster/quote.ts';

/** Names that psql would take for a connection string. Source: PostgreSQL, 34.1.1 Connection Strings; fe-connect.c, recognized_connection_string. */
const isConnectionString = (name: string): boolean => name.includes('=') || /^postgres(ql)?:\/\//.test(name);

/** A database's name as an argument of PostgreSQL's programs, as their own do it (appendConnStrVal). */
const databaseArgument = (name: string): string =>
  isConnectionString(name) ? `dbname='${name.replaceAll(/['\\]/g, '\\$&')}'` : name;

/** SQL that a person is to run, as a command that can be typed: with the database in which, each statement in a transaction of its own. */
export const inPsql = (database: string, ...statements: readonly string[]): string =>
  joined(
    [sh`psql -d ${quoted(databaseArgument(database))}`, ...statements.map((sql) => sh`-c ${quoted(sql)}`)],
    ' ',
  ).text;

export const hasLineBreak = (name: string): boolean => /[\r\n]/.test(name);

/** An identifier as a person writes it: in double quotes only where it needs them, and never with a line break in it. */
export const identifierFor = (name: string): string => {
  if (/^[a-z_][a-z0-9_]*$/.test(name)) return name;
  return hasLineBreak(name)
    ? `U&${sqlIdentifier(name.replaceAll('\\', '\\\\')).replaceAll('\n', '\\000a').replaceAll('\r', '\\000d')}`
    : sqlIdentifier(name);
};
