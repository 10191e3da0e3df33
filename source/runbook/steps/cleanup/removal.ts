import type { ClusterFacts, HostFacts } from '../../../cluster/facts.ts';
import { constant, type Fragment, joined, sh, word } from '../../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../../cluster/observations.ts';
import type { Path } from '../../../cluster/words.ts';
import { partsSetAside } from '../../language/tablespace-names.ts';
import { discardFunction, markFile, ownershipFunctions } from '../../shell/ownership.ts';
import { idleFunction } from '../../shell/self-checks.ts';
import { removeWalLines, walOfAside } from '../../shell/wal.ts';

/** The proofs that are asked on the host itself, in the same breath as the removal. `whose`: `ours`, or `kin` of an earlier run. */
export const proofLines = (
  facts: ClusterFacts,
  host: HostFacts,
  { path, major, parts }: Discarded,
  whose: 'ours' | 'kin',
): Fragment => sh`
  ${idleFunction}
  ${ownershipFunctions(facts)}
  old=${path} live=${host.data}
  [ "$(cat "$old/PG_VERSION")" = ${major} ] || { echo "$old is not PostgreSQL ${major}" >&2; exit 1; }
  [ "$(readlink -f "$old")" != "$(readlink -f "$live")" ] || { echo "$old is the running data directory" >&2; exit 1; }
  [ ! -L "$old" ] || { echo "$old is a symbolic link" >&2; exit 1; }
  ${constant(whose)} "$old" || { echo "$old has no marker file of ${whose === 'ours' ? sh`this upgrade` : sh`an upgrade of this cluster`} (${markFile}): it may be somebody else's" >&2; exit 1; }
  # a server on it would hold this file, whoever runs it
  [ ! -e "$old/postmaster.pid" ] || { echo "$old/postmaster.pid is there: a server ran on it, or runs" >&2; exit 1; }
  ${walOfAside(facts, host)}
  idle ${all(host, parts)}
`;

/** Nothing of a cluster in its place lies below the place beside a tablespace. */
export const sizeLines = (host: HostFacts, { parts }: Discarded): Fragment => sh`
  find ${all(host, parts)} -type f -links 1 -printf '%s\n' | awk -v name="$old" '{ n += $1 } END { printf "removing %s frees %.1f MB\n", name, n / 1048576 }'
  find ${all(host, parts)} -type f -links +1 -printf '%s\n' | awk '{ n += $1 } END { if (n > 0) printf "%.1f MB of it have a second name and stay there\n", n / 1048576 }'
`;

/** What goes with `$old`, itself included; the WAL that was moved out of it too (shell/wal.ts). */
const all = ({ wal }: HostFacts, parts: readonly Path[]): Fragment =>
  joined([sh`"$old"`, ...parts.map((one) => sh`${one}`), wal !== null && sh`\${wal:+"$wal"}`], ' ');

export const removeLines = (facts: ClusterFacts, host: HostFacts, { path, parts }: Discarded): Fragment => sh`
  ${discardFunction}
  ${removeWalLines(host)}
  ${joined([sh`discard "$old" ${word`${path}.${facts.run}`}`, ...parts.map((one) => sh`${one}`)], ' ')}
  echo "removed $old"
`;

/** One directory that nothing needs any more, and which major version it must hold to be the right one. */
export interface Discarded {
  readonly path: Path;
  readonly major: number;
  /** Its parts of the tablespaces, which lie aside as it does. */
  readonly parts: readonly Path[];
}

/** `…/data_pg17_abandoned_2` tells which version it must hold; a name that does not is left alone. */
export const abandonedOn = (host: HostFacts, world: Observations): Discarded[] =>
  (hostIn(world, host.alias)?.abandoned ?? []).flatMap((path) => {
    const major = /_pg(\d+)_abandoned(_\d+)?$/.exec(path)?.[1];
    return major === undefined || !path.startsWith(`${host.data}_pg`)
      ? []
      : [{ path, major: Number(major), parts: partsSetAside(host, path) }];
  });
