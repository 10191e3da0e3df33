import type { NodeFacts } from '../../../cluster/facts.ts';
import { type Fragment, hereDocument, sh, word } from '../../../cluster/fragment.ts';
import { keepFunction } from '../../shell/self-checks.ts';
import { keyMark, linkDir } from './names.ts';

/**
 * Lines of the run in the primary's authorized_keys. What is there stays as it is: every byte, owner and mode, also
 * where the last line has no end. What was made for us (the file, its directory) is remembered beside, and goes again.
 */

const functions = (primary: NodeFacts): Fragment => sh`
  ${keepFunction}
  ssh=${word`${primary.home}/.ssh`} made=${linkDir(primary)}
  file=$(readlink -f "$ssh/authorized_keys" || true)
`;

/** Takes our lines out; nothing is written where there is none. */
export const forgetLines = (primary: NodeFacts): Fragment => sh`
  ${functions(primary)}
  if [ -n "$file" ] && grep -q ${keyMark(primary)} "$file" 2>/dev/null; then
    cp -p "$file" "$file.pgaf-new"
    if [ -e "$made/unended" ]; then
      printf %s "$(grep -v ${keyMark(primary)} "$file")" > "$file.pgaf-new"
    else
      grep -v ${keyMark(primary)} "$file" > "$file.pgaf-new" || true
    fi
    keep "$file.pgaf-new"; mv "$file.pgaf-new" "$file"; keep "$file"
    echo 'taken out of authorized_keys'
  fi
  # also where it was ended right behind that
  if [ -e "$made/file" ] && [ -n "$file" ] && [ -e "$file" ] && [ ! -s "$file" ]; then rm "$file"; fi
  if [ -e "$made/directory" ]; then rmdir "$ssh" 2>/dev/null || true; fi
  rm -f "$made/unended" "$made/file" "$made/directory"
`;

/** Puts lines at the end; after forgetLines, whose variables it uses. */
export const allowLines = (primary: NodeFacts, keys: readonly string[]): Fragment => sh`
  if [ ! -d "$ssh" ]; then mkdir -m 700 "$ssh"; : > "$made/directory"; fi
  if [ ! -e "$ssh/authorized_keys" ]; then : > "$ssh/authorized_keys"; : > "$made/file"; fi
  file=$(readlink -f "$ssh/authorized_keys")
  cp -p "$file" "$file.pgaf-new"
  if [ -n "$(tail -c 1 "$file")" ]; then : > "$made/unended"; echo >> "$file.pgaf-new"; fi
  ${hereDocument(sh`cat >> "$file.pgaf-new"`, 'KEYS', keys.join('\n'))}
  keep "$file.pgaf-new"; mv "$file.pgaf-new" "$file"; keep "$file"
  # where SELinux watches, sshd reads only files of its own type
  if command -v restorecon >/dev/null 2>&1; then restorecon -R "$ssh" || true; fi
  cut -d' ' -f1,2 ${word`${primary.home}/.ssh/authorized_keys`} | tail -n ${keys.length}
`;
