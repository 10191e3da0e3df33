import type { NodeFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { keepFunction } from '../proofs.ts';
import { keyMark, linkDir } from './names.ts';

/**
 * Lines of the run in the primary's authorized_keys. What is there stays as it is: every byte, owner and mode, also
 * where the last line has no end. What was made for us (the file, its directory) is remembered beside, and goes again.
 */

const functions = (primary: NodeFacts): string[] => [
  ...keepFunction,
  `ssh=${sh(`${primary.home}/.ssh`)} made=${sh(linkDir(primary))}`,
  'file=$(readlink -f "$ssh/authorized_keys" || true)',
];

/** Takes our lines out; nothing is written where there is none. */
export const forgetLines = (primary: NodeFacts): string[] => [
  ...functions(primary),
  `if [ -n "$file" ] && grep -q ${sh(keyMark)} "$file" 2>/dev/null; then`,
  '  cp -p "$file" "$file.pgaf-new"',
  '  if [ -e "$made/unended" ]; then',
  `    printf %s "$(grep -v ${sh(keyMark)} "$file")" > "$file.pgaf-new"`,
  '  else',
  `    grep -v ${sh(keyMark)} "$file" > "$file.pgaf-new" || true`,
  '  fi',
  '  keep "$file.pgaf-new"; mv "$file.pgaf-new" "$file"; keep "$file"',
  '  if [ -e "$made/file" ] && [ ! -s "$file" ]; then rm "$file"; fi',
  '  if [ -e "$made/directory" ]; then rmdir "$ssh" 2>/dev/null || true; fi',
  '  rm -f "$made/unended" "$made/file" "$made/directory"',
  `  echo ${sh('taken out of authorized_keys')}`,
  'fi',
];

/** Puts lines at the end; after forgetLines, whose variables it uses. */
export const allowLines = (primary: NodeFacts, lines: readonly string[]): string[] => [
  'if [ ! -d "$ssh" ]; then mkdir -m 700 "$ssh"; : > "$made/directory"; fi',
  'if [ ! -e "$ssh/authorized_keys" ]; then : > "$ssh/authorized_keys"; : > "$made/file"; fi',
  'file=$(readlink -f "$ssh/authorized_keys")',
  'cp -p "$file" "$file.pgaf-new"',
  'if [ -n "$(tail -c 1 "$file")" ]; then : > "$made/unended"; echo >> "$file.pgaf-new"; fi',
  `cat >> "$file.pgaf-new" <<'KEYS'`,
  ...lines,
  'KEYS',
  'keep "$file.pgaf-new"; mv "$file.pgaf-new" "$file"; keep "$file"',
  '# where SELinux watches, sshd reads only files of its own type',
  'if command -v restorecon >/dev/null 2>&1; then restorecon -R "$ssh" || true; fi',
  `cut -d' ' -f1,2 ${sh(`${primary.home}/.ssh/authorized_keys`)} | tail -n ${lines.length}`,
];
