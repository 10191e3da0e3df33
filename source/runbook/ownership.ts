import type { ClusterFacts } from '../cluster/facts.ts';
import { sh } from '../cluster/quote.ts';

/**
 * What we have made on a host, and may therefore remove or rename, carries a mark: a file of two lines that name the run and
 * the system identifier of the old cluster. A directory without it is somebody else's, whatever it is called.
 * It lies in a directory only while that has a name which another's could have as well; the cluster's own data directory
 * carries none, so that no base backup of it takes a mark along (pg_basebackup copies files that it does not know).
 */
export const markFile = '.pgaf-upgrade';

/** What the mark of this run says: what {@link ownershipFunctions} write, and compare with. */
export const markOf = (facts: ClusterFacts): string => `run=${facts.run}\nsystem=${facts.systemIdentifier}\n`;

/**
 * Shell functions, for the top of a script:
 * `own DIR` writes the mark of this run, on the disk before anything goes on (coreutils, sync FILE: fsync);
 * `ours DIR` is true where this run has made it, `kin DIR` where any run for this cluster has: no symbolic link, and its mark says so;
 * `disown DIR` takes the mark away.
 */
export const ownershipFunctions = (facts: ClusterFacts): string[] => [
  '# what we have made carries a mark: which run made it, for which cluster',
  `mark() { printf 'run=%s\\nsystem=%s\\n' ${sh(facts.run)} ${sh(facts.systemIdentifier)}; }`,
  `own() { mark > "$1/${markFile}.new"; sync "$1/${markFile}.new"; mv "$1/${markFile}.new" "$1/${markFile}"; sync "$1"; }`,
  `marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/${markFile}" ] && [ ! -L "$1/${markFile}" ]; }`,
  `ours() { marked "$1" && mark | cmp -s - "$1/${markFile}"; }`,
  `kin() { marked "$1" && [ "$(sed -n 2p "$1/${markFile}")" = ${sh(`system=${facts.systemIdentifier}`)} ]; }`,
  `disown() { rm -f "$1/${markFile}" "$1/${markFile}.new"; sync "$1"; }`,
];
