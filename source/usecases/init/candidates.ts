import { type Fragment, sh } from '../../cluster/fragment.ts';
import { type PostgresVersion, parsePostgresVersion } from '../../cluster/version.ts';
import type { Path } from '../../cluster/words.ts';

export interface Candidate {
  readonly bindir: string;
  readonly version: PostgresVersion;
}

/**
 * Directories of programs on a host: beside the one that runs, and where Debian, Red Hat and VMware's packages put
 * them. One line each: directory, tab, what postgres says of its version. Read-only.
 */
export const candidatesScript = (oldBindir: Path): Fragment => sh`export LC_ALL=C
old=${oldBindir}
for d in "$(dirname "$(dirname "$old")")"/*/bin "$(dirname "$old")"*/bin /opt/vmware/postgres/*/bin /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql*/bin; do
  if [ -x "$d/postgres" ] && [ -x "$d/pg_upgrade" ]; then printf '%s\t%s\n' "$d" "$("$d/postgres" --version 2>/dev/null | head -n 1)"; fi
done | sort -u
`;

/** Reads candidatesScript's answer; what is no version of PostgreSQL is left out. */
export const parseCandidates = (output: string): readonly Candidate[] =>
  output.split('\n').flatMap((line): Candidate[] => {
    const tab = line.indexOf('\t');
    const bindir = line.slice(0, tab);
    const version = tab <= 0 ? null : parsePostgresVersion(line.slice(tab + 1));
    return version === null || !/^\/[^\p{Cc}]{1,1000}$/u.test(bindir) ? [] : [{ bindir, version }];
  });

/** The directory to upgrade to: of a later major version, on every host; the newest one, and of several the one beside the old. */
export const chooseTarget = (
  oldMajor: number,
  oldBindir: string,
  perHost: readonly (readonly Candidate[])[],
): Candidate | null => {
  const [first = [], ...rest] = perHost;
  const everywhere = first.filter(
    (one) =>
      one.version.major > oldMajor &&
      rest.every((host) =>
        host.some((other) => other.bindir === one.bindir && other.version.major === one.version.major),
      ),
  );
  const near = oldBindir.split('/').slice(0, -2).join('/');
  const rank = (one: Candidate): number =>
    one.version.major * 2 + (one.bindir.startsWith(`${near}/`) ? 1 : 0);
  return everywhere.toSorted((one, other) => rank(other) - rank(one))[0] ?? null;
};
