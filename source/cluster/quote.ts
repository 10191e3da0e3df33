const plain = /^[A-Za-z0-9_/.:=@%+-]+$/;

/** A NUL can be passed neither to a program nor to PostgreSQL: cutting it off silently would change the meaning. */
const refuseNul = (value: string): string => {
  if (value.includes('\0')) throw new TypeError('a NUL character cannot be quoted');
  return value;
};

/**
 * One word of a POSIX shell command. Plain words stay as they are, so that the script that the operator
 * reads is not noisier than it has to be; everything else, newlines included, goes into single quotes.
 * Throws a TypeError for NUL.
 * Source: POSIX.1-2024, Shell Command Language, 2.2.2 Single-Quotes.
 */
export const shellQuoted = (value: string): string =>
  plain.test(refuseNul(value)) ? value : `'${value.replaceAll("'", `'\\''`)}'`;

/**
 * A string constant of SQL. A backslash makes it an E'' constant, which means the same whatever
 * standard_conforming_strings says. Throws a TypeError for NUL.
 * Source: PostgreSQL, 4.1.2.1 String Constants; libpq's PQescapeLiteral.
 */
export const sqlLiteral = (value: string): string => {
  const doubled = refuseNul(value).replaceAll("'", "''");
  return doubled.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
};

/**
 * An identifier of SQL, always in double quotes: no list of reserved words to keep. Throws a TypeError for NUL.
 * Source: PostgreSQL, 4.1.1 Identifiers and Key Words; libpq's PQescapeIdentifier.
 */
export const sqlIdentifier = (value: string): string => `"${refuseNul(value).replaceAll('"', '""')}"`;
