import type { HostEvidence } from '../../cluster/checks/evidence.ts';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { tooFewLocks, unconnectable } from './databases.ts';
import { served } from './see.ts';

/**
 * One cause, one finding: what keeps pg_upgrade and the dry run from going on is told by the check that names the thing. The others
 * say that they ended there, and what they would have shown is unknown until then.
 */

const connection =
  /cannot connect to invalid database|must(?: not)? allow connections|not currently accepting connections|template0 not found|newline or carriage return|Checking database connection settings|database "(?:postgres|template1)" does not exist/;

/** Extensions in use for which the new version has no control file there. */
export const missingExtensions = ({ inspection }: HostEvidence): readonly string[] => {
  const offered = inspection?.offeredExtensions ?? null;
  return offered === null
    ? []
    : [
        ...new Set(inspection?.databases.flatMap((one) => one.extensions.map(({ name }) => name)) ?? []),
      ].filter((name) => !offered.includes(name));
};

/** Whether a library is one of these extensions': `$libdir/adminpack`, `$libdir/postgis-3`. */
export const isLibraryOf = (library: string, extensions: readonly string[]): boolean => {
  const file = library.split('/').at(-1) ?? library;
  return extensions.some((name) => file === name || file.startsWith(`${name}-`));
};

/** Every library that the text calls missing belongs to an extension that is missing; or an extension itself is named. */
const isOfExtensions = (lines: readonly string[], missing: readonly string[]): boolean => {
  const libraries = lines.flatMap(
    (line) => /could not (?:load library|access file) "([^"]+)"/.exec(line)?.[1] ?? [],
  );
  if (libraries.length > 0) return libraries.every((one) => isLibraryOf(one, missing));
  return lines.some((line) => missing.some((name) => line.includes(`extension "${name}" is not available`)));
};

/**
 * From 16 on the server has the aggregate any_value, which Citus brings below: citus_prepare_pg_upgrade() drops it right before the stop, and no
 * dry run can. Seen with 13.2.2, from 15.20 to 17.12.
 */
const hasCitus = ({ inspection }: HostEvidence): boolean =>
  inspection?.databases.some((one) => one.extensions.some(({ name }) => name === 'citus')) === true;

/** The check that names what these lines ended with; null: none does. */
export const namedAlready = (
  host: HostEvidence,
  facts: ClusterFacts | null,
  lines: readonly string[],
): string | null => {
  const seen = served(host);
  if (typeof seen === 'string') return null;
  if (lines.some((line) => connection.test(line)) && unconnectable(seen).length > 0)
    return 'databases-connectable';
  if (lines.some((line) => line.includes('out of shared memory')) && tooFewLocks(seen, host, facts) !== null)
    return 'locks-suffice';
  if (lines.some((line) => line.includes('"any_value" already exists')) && hasCitus(host)) return 'citus';
  return isOfExtensions(lines, missingExtensions(host)) ? 'extensions-available' : null;
};

export const endedThere = (what: string, check: string): string =>
  `${what} ended at what ${check} names: put that right, then check again`;
