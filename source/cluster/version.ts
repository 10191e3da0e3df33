import { z } from 'zod';
import { firstReleaseSince, releaseDay } from './releases.ts';

/** A version of PostgreSQL as a tool printed it. */
export interface PostgresVersion {
  readonly major: number;
  /** 0 for a development version, beta or release candidate. */
  readonly minor: number;
  /** `15.20`, `17beta1`, `19devel`. */
  readonly text: string;
  /** A beta, release candidate or development version: belongs to no batch of releases. */
  readonly preRelease: boolean;
}

const postgresVersion = /(?:^|[\s(])(\d{1,3})(?:\.(\d{1,4})|(beta\d{1,2}|rc\d{1,2}|devel))(?![\d.])/;

/**
 * Reads the version out of `postgres --version`, `psql --version`, `pg_config --version`, `SHOW server_version`
 * or a plain `15.20`. Distributions append their own (`(Debian 15.20-0+deb12u1)`): the first version counts.
 * PostgreSQL 9.6 and older count majors in two parts and are not read. Null when there is none.
 */
export const parsePostgresVersion = (output: string): PostgresVersion | null => {
  const [, major, minor, pre] = postgresVersion.exec(output.slice(0, 1000)) ?? [];
  if (major === undefined || Number(major) < 10) return null;
  return {
    major: Number(major),
    minor: Number(minor ?? 0),
    text: minor === undefined ? `${major}${pre ?? ''}` : `${major}.${minor}`,
    preRelease: minor === undefined,
  };
};

/** What `pg_autoctl version` says about itself. */
export interface AutoctlVersion {
  /** `2.0`, `2.2`: without what a distribution appends. */
  readonly version: string;
  /** As printed: `2.2-2` from Debian's package. */
  readonly text: string;
  /** The version of the monitor's extension that it goes with. */
  readonly extensionVersion: string;
  /** The major that it was built with; null where it was not printed. */
  readonly builtFor: number | null;
  /**
   * The majors that it can run: those printed, and the one that it was built with, because Debian's 2.0 for 15 says
   * "compatible with Postgres 10, 11, 12, 13, and 14" and runs 15.
   */
  readonly compatibleMajors: readonly number[];
}

const majorOf = (text: string): number | null => {
  const major = Number.parseInt(text, 10);
  return Number.isSafeInteger(major) && major > 0 ? major : null;
};

const named = (
  text: string,
  extensionVersion: string,
  builtFor: number | null,
  listed: readonly number[],
): AutoctlVersion => {
  const majors = new Set(builtFor === null ? listed : [...listed, builtFor]);
  return {
    version: /^\d+(?:\.\d+)*/.exec(text)?.[0] ?? text,
    text,
    extensionVersion,
    builtFor,
    compatibleMajors: [...majors].sort((one, other) => one - other),
  };
};

const autoctlJson = z.object({
  pg_autoctl: z.string(),
  pgautofailover: z.string(),
  pg_major: z.string(),
});

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/**
 * Reads `pg_autoctl version` or `pg_autoctl version --json`. Only the plain form lists the compatible majors.
 * Null when it is neither. Source: pg_auto_failover, src/bin/pg_autoctl, keeper_cli_print_version.
 */
export const parseAutoctlVersion = (output: string): AutoctlVersion | null => {
  const text = output.slice(0, 10_000);
  const json = autoctlJson.safeParse(jsonOf(text));
  if (json.success) {
    const { pg_autoctl, pgautofailover, pg_major } = json.data;
    return named(pg_autoctl, pgautofailover, majorOf(pg_major), []);
  }
  const packageVersion = /^pg_autoctl version (\S{1,40})/m.exec(text)?.[1];
  if (packageVersion === undefined) return null;
  const built = /^compiled with PostgreSQL (\d{1,3})/m.exec(text)?.[1];
  const compatible = /^compatible with (.{1,200})$/m.exec(text)?.[1] ?? '';
  return named(
    packageVersion,
    /^pg_autoctl extension version (\S{1,40})/m.exec(text)?.[1] ?? packageVersion,
    built === undefined ? null : majorOf(built),
    [...compatible.matchAll(/\d{1,3}/g)].map(([major]) => Number(major)),
  );
};

/**
 * Whether pg_upgrade to this major carries the planner's statistics: of columns and relations, not the extended ones and not what
 * `pg_stat_*` counts. Source: PostgreSQL 18, pg_upgrade, “Statistics”; seen 17.11 → 18.6.
 */
export const carriesStatistics = (newMajor: number): boolean => newMajor >= 18;

export type Pairing =
  | { readonly kind: 'paired' }
  /** `lowest` is the first version of the target's branch that is right, e.g. `17.12`; null where none is known. */
  | { readonly kind: 'target-older'; readonly lowest: string | null }
  /** These are no releases that the table knows: other majors, later minors, pre-releases. */
  | { readonly kind: 'unknown'; readonly versions: readonly string[] };

/**
 * Whether the target's minor is at least as recent as the source's. pg_dump of an older target does not know what
 * a newer source may hold: 15.20 to 17.11 passes `pg_upgrade --check` and fails mid-way, 15.20 to 17.12 works.
 */
export const minorsArePaired = (source: PostgresVersion, target: PostgresVersion): Pairing => {
  const from = releaseDay(source.text);
  const to = releaseDay(target.text);
  if (from === null || to === null)
    return {
      kind: 'unknown',
      versions: [...(from === null ? [source.text] : []), ...(to === null ? [target.text] : [])],
    };
  return to >= from
    ? { kind: 'paired' }
    : { kind: 'target-older', lowest: firstReleaseSince(target.major, from) };
};

/**
 * From extension 2.3 on, which the next release brings, a pg_autoctl that is told to stop reports that to the monitor, and waits for it. A version
 * of another form is none of these. Source: pg_auto_failover, main branch at bc8c6ae0, src/bin/pg_autoctl/defaults.h, service_keeper.c.
 */
export const reportsItsStop = (extensionVersion: string): boolean => {
  const [, major = '', minor = ''] = /^(\d+)\.(\d+)/.exec(extensionVersion) ?? [];
  return major !== '' && (Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 3));
};
