import type { NodeFacts } from '../../../cluster/facts.ts';
import { type Fragment, hereDocument, sh, word } from '../../../cluster/fragment.ts';
import { keepFunction } from '../../shell/self-checks.ts';
import { keyMark, linkDir } from './names.ts';

/**
 * Lines of the run in the primary's authorized_keys. What is there stays as it is: every byte, owner and mode, also
 * where the last line has no end. What was made for us (the file, its directory) is remembered beside, and goes again.
 */

const functions = (primary: NodeFacts): Fragment[] => [
  ...keepFunction,
  sh`ssh=${word`${primary.home}/.ssh`} made=${linkDir(primary)}`,
  sh`file=$(readlink -f "$ssh/authorized_keys" || true)`,
];

/** Takes our lines out; nothing is written where there is none. */
export const forgetLines = (primary: NodeFacts): Fragment[] => [
  ...functions(primary),
  sh`if [ -n "$file" ] && grep -q ${keyMark(primary)} "$file" 2>/dev/null; then`,
  sh`  cp -p "$file" "$file.pgaf-new"`,
  sh`  if [ -e "$made/unended" ]; then`,
  sh`    printf %s "$(grep -v ${keyMark(primary)} "$file")" > "$file.pgaf-new"`,
  sh`  else`,
  sh`    grep -v ${keyMark(primary)} "$file" > "$file.pgaf-new" || true`,
  sh`  fi`,
  sh`  keep "$file.pgaf-new"; mv "$file.pgaf-new" "$file"; keep "$file"`,
  sh`  echo 'taken out of authorized_keys'`,
  sh`fi`,
  sh`# also where it was ended right behind that`,
  sh`if [ -e "$made/file" ] && [ -n "$file" ] && [ -e "$file" ] && [ ! -s "$file" ]; then rm "$file"; fi`,
  sh`if [ -e "$made/directory" ]; then rmdir "$ssh" 2>/dev/null || true; fi`,
  sh`rm -f "$made/unended" "$made/file" "$made/directory"`,
];

/** Puts lines at the end; after forgetLines, whose variables it uses. */
export const allowLines = (primary: NodeFacts, keys: readonly string[]): Fragment[] => [
  sh`if [ ! -d "$ssh" ]; then mkdir -m 700 "$ssh"; : > "$made/directory"; fi`,
  sh`if [ ! -e "$ssh/authorized_keys" ]; then : > "$ssh/authorized_keys"; : > "$made/file"; fi`,
  sh`file=$(readlink -f "$ssh/authorized_keys")`,
  sh`cp -p "$file" "$file.pgaf-new"`,
  sh`if [ -n "$(tail -c 1 "$file")" ]; then : > "$made/unended"; echo >> "$file.pgaf-new"; fi`,
  hereDocument(sh`cat >> "$file.pgaf-new"`, 'KEYS', keys.join('\n')),
  sh`keep "$file.pgaf-new"; mv "$file.pgaf-new" "$file"; keep "$file"`,
  sh`# where SELinux watches, sshd reads only files of its own type`,
  sh`if command -v restorecon >/dev/null 2>&1; then restorecon -R "$ssh" || true; fi`,
  sh`cut -d' ' -f1,2 ${word`${primary.home}/.ssh/authorized_keys`} | tail -n ${keys.length}`,
];
