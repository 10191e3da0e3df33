import {
  type ClusterFacts,
  type HostFacts,
  isNode,
  type NodeFacts,
  primaryOf,
  takesLinks,
} from '../../cluster/facts.ts';
import { type Fragment, hereDocument, quoted, sh, spaced } from '../../cluster/fragment.ts';
import { relativePath } from '../../cluster/words.ts';

/*
 * What a base backup brings of the primary's configuration, for the dry run of a secondary: its own files give way to these. pg_basebackup takes
 * no symbolic link. They travel through the console, and are nowhere kept: they may hold secrets.
 * Source: PostgreSQL, src/backend/backup/basebackup.c, sendDir, “skipping special file”.
 */

/** What is more than that is tried with the secondary's own files: the console carries configuration, not data. Bytes, as base64. */
const mostBytes = 2 * 1024 * 1024;

/** Whether the host gets the primary's files in the window. */
export const getsPrimaryFiles = (host: HostFacts): boolean =>
  isNode(host) && host.role === 'secondary' && !takesLinks(host);

/** On the primary, as postgres: each directory and file of what is carried, a line each, with what is in it. Reads only. */
export const primaryFilesScript = (primary: NodeFacts): Fragment => sh`
  set -eu
  cd ${primary.data}
  { for f in ${spaced(primary.carry)}; do
    [ -e "./$f" ] || continue
    find "./$f" -type d -exec printf 'd\t%s\n' '{}' ';' -o -type f -exec sh -c 'printf "f\t%s\t" "$1"; base64 <"$1" | tr -d "\n"; echo' sh '{}' ';'
  done; echo end; } | head -c ${mostBytes + 1}
`;

/** Those lines, if they are whole and nothing but what they must be; null: they are not. */
export const parsePrimaryFiles = (said: string): readonly string[] | null => {
  const lines = said.split('\n').filter((line) => line !== '');
  if (said.length > mostBytes || lines.pop() !== 'end') return null;
  const fits = (line: string): boolean => {
    const [, name] = /^[df]\t\.\/([^\t]+)(?:\t[A-Za-z0-9+/]*={0,2})?$/.exec(line) ?? [];
    return relativePath.safeParse(name).success;
  };
  return lines.every(fits) ? lines : null;
};

/** Lines of a script that puts them into a new cluster's directory, whose own configuration goes. */
export const unpackLines = (
  facts: ClusterFacts,
  directory: Fragment,
  files: readonly string[],
): Fragment => sh`
    cd ${directory}
    rm -f postgresql.conf postgresql.auto.conf pg_hba.conf pg_ident.conf
    tab=$(printf '\t')
    ${hereDocument(sh`while IFS=$tab read -r kind name content; do case $kind in d) mkdir -p "$name" ;; f) printf %s "$content" | base64 -d >"$name" ;; esac; done`, 'END-OF-FILES', files.join('\n'))}
    if [ ! -e postgresql.conf ]; then echo ${quoted(`FATAL:  a base backup brings no postgresql.conf: on ${primaryOf(facts).alias} it is a symbolic link`)}; exit 1; fi
    [ -e postgresql.auto.conf ] || : >postgresql.auto.conf
  `;
