import type { NodeFacts } from '../../cluster/facts.ts';
import { type Fragment, joined, quoted, sh } from '../../cluster/fragment.ts';
import { knownLayouts } from '../../cluster/parse/state-file.ts';
import type { Path, RelativePath, SystemIdentifier } from '../../cluster/words.ts';
import { downLines } from './service.ts';

/** Eight bytes, least significant first, as octal escapes for printf. */
const littleEndian = (identifier: string): string => {
  let rest = BigInt(identifier);
  let text = '';
  for (let index = 0; index < 8; index += 1) {
    text += `\\${(rest & 0xffn).toString(8).padStart(3, '0')}`;
    rest >>= 8n;
  }
  return text;
};

const layouts = (between: ' | ' | ' nor '): Fragment =>
  joined(
    knownLayouts.map((layout) => sh`${layout}`),
    between,
  );

/** `FILE.new` as the file was before: bytes 24 to 31 are the node's id. */
const savedLines = (file: Path, saved: Path, to: SystemIdentifier): Fragment => sh`
  node() { od -An -v -t d8 -j 24 -N 8 "$1" | tr -d ' '; }
  if [ -r ${saved} ] && [ "$(wc -c < ${saved})" -eq 1024 ] && [ "$(od -An -v -t u8 -j 16 -N 8 ${saved} | tr -d ' ')" = ${to} ] && [ "$(node ${saved})" = "$(node ${file})" ]; then
    cp -p ${saved} ${file}.new # with the role of before: the node may have changed places since
  elif [ -r ${saved} ]; then
    dd if=${saved} of=${file}.new bs=4 count=1 conv=notrunc 2>/dev/null # the layout that the old pg_autoctl reads
  fi
`;

/**
 * Writes an identifier into a state file. `from` is what must be found there; null: whatever it is. `saved`: a copy of the file as the older
 * pg_autoctl has written it, which comes back whole where it is of the same node: an older one refuses the layout of a newer, and knows no
 * way from what the node has become since (a secondary, by a switchover) to what its monitor assigns. Else at least its layout.
 * Source: pg_auto_failover, src/bin/pg_autoctl/state.c, keeper_state_is_readable; state.h, KeeperStateData, at commit bc8c6ae0.
 */
export const identifierLines = (
  host: NodeFacts,
  from: SystemIdentifier | null,
  to: SystemIdentifier,
  kept: RelativePath,
  saved: Path | null = null,
): Fragment => {
  const file: Path = host.stateFile;
  return sh`
    # bytes 16 to 23 of the state file are the system identifier, least significant byte first
    now=$(od -An -v -t u8 -j 16 -N 8 ${file} | tr -d ' ')
    if [ "$now" = ${to} ]; then echo "it is ${to} already"; exit 0; fi
    ${from !== null && sh`[ "$now" = ${from} ] || { echo "found $now, expected ${from}" >&2; exit 1; }`}
    ${downLines(host)}
    [ "$(wc -c < ${file})" -eq 1024 ] || { echo 'not the state file this knows: its size is not 1024' >&2; exit 1; }
    case $(od -An -v -t d4 -N 4 ${file} | tr -d ' ') in ${layouts(' | ')}) ;; *) echo 'not the state file this knows: its layout is neither ${layouts(' nor ')}' >&2; exit 1 ;; esac
    cp -p ${file} ${file}.${kept}
    cp -p ${file} ${file}.new
    printf ${quoted(littleEndian(to))} | dd of=${file}.new bs=1 seek=16 conv=notrunc 2>/dev/null
    ${saved !== null && savedLines(file, saved, to)}
    [ "$(od -An -v -t u8 -j 16 -N 8 ${file}.new | tr -d ' ')" = ${to} ]
    keep ${file}.${kept} ${file}.new
    mv ${file}.new ${file}
    keep ${file}
    echo "system identifier $now -> ${to}"
  `;
};
