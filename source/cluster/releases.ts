/**
 * Every release of PostgreSQL 13 to 18 by its day. Branches are released together, but not always: 14.4 came alone, 18.5 was never
 * released, and a branch ends. So minors are compared by these days, never by a distance of their numbers.
 * Compare: https://www.postgresql.org/docs/release/ has each release with its day. Which versions came together in August 2026 is told by
 * Debian's changelog of postgresql-18 (“New upstream version 18.6. (18.5 was never released.)”); in November 2026 by 17.12 and 15.20, which
 * Debian has. The days of these two rows are the roadmap's (https://www.postgresql.org/developer/roadmap/); only the order of rows counts.
 * Nothing is known here of the releases of 19: they are unknown, and must be accepted by name.
 */
export const releases: readonly (readonly [day: string, versions: readonly string[]])[] = [
  ['2020-09-24', ['13.0']],
  ['2020-11-12', ['13.1']],
  ['2021-02-11', ['13.2']],
  ['2021-05-13', ['13.3']],
  ['2021-08-12', ['13.4']],
  ['2021-09-30', ['14.0']],
  ['2021-11-11', ['13.5', '14.1']],
  ['2022-02-10', ['13.6', '14.2']],
  ['2022-05-12', ['13.7', '14.3']],
  ['2022-06-16', ['14.4']],
  ['2022-08-11', ['13.8', '14.5']],
  ['2022-10-13', ['15.0']],
  ['2022-11-10', ['13.9', '14.6', '15.1']],
  ['2023-02-09', ['13.10', '14.7', '15.2']],
  ['2023-05-11', ['13.11', '14.8', '15.3']],
  ['2023-08-10', ['13.12', '14.9', '15.4']],
  ['2023-09-14', ['16.0']],
  ['2023-11-09', ['13.13', '14.10', '15.5', '16.1']],
  ['2024-02-08', ['13.14', '14.11', '15.6', '16.2']],
  ['2024-05-09', ['13.15', '14.12', '15.7', '16.3']],
  ['2024-08-08', ['13.16', '14.13', '15.8', '16.4']],
  ['2024-09-26', ['17.0']],
  ['2024-11-14', ['13.17', '14.14', '15.9', '16.5', '17.1']],
  ['2024-11-21', ['13.18', '14.15', '15.10', '16.6', '17.2']],
  ['2025-02-13', ['13.19', '14.16', '15.11', '16.7', '17.3']],
  ['2025-02-20', ['13.20', '14.17', '15.12', '16.8', '17.4']],
  ['2025-05-08', ['13.21', '14.18', '15.13', '16.9', '17.5']],
  ['2025-08-14', ['13.22', '14.19', '15.14', '16.10', '17.6']],
  ['2025-09-25', ['18.0']],
  ['2025-11-13', ['13.23', '14.20', '15.15', '16.11', '17.7', '18.1']],
  ['2026-02-12', ['14.21', '15.16', '16.12', '17.8', '18.2']],
  ['2026-02-26', ['14.22', '15.17', '16.13', '17.9', '18.3']],
  ['2026-05-14', ['14.23', '15.18', '16.14', '17.10', '18.4']],
  ['2026-08-13', ['14.24', '15.19', '16.15', '17.11', '18.6']],
  ['2026-11-12', ['14.25', '15.20', '16.16', '17.12', '18.7']],
];

/** The last day that the table knows of. */
export const lastReleaseDay = releases.at(-1)?.[0] ?? '';

const days: ReadonlyMap<string, string> = new Map(
  releases.flatMap(([day, versions]) => versions.map((version) => [version, day] as const)),
);

/** The day, as 2026-11-12, on which a version such as `17.12` was released; null for one that the table does not have. */
export const releaseDay = (version: string): string | null => days.get(version) ?? null;

/** The first release of a branch on or after a day; null where the table has none. */
export const firstReleaseSince = (major: number, since: string): string | null =>
  releases
    .filter(([day]) => day >= since)
    .flatMap(([, versions]) => versions)
    .find((version) => version.startsWith(`${major}.`)) ?? null;
