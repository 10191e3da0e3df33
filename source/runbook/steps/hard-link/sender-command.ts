import { type Fragment, joined, quoted, sh } from '../../../cluster/fragment.ts';
import type { Path } from '../../../cluster/words.ts';

/**
 * A command as a secondary's rsync would have the primary's sshd run it, taken apart. It comes from another host and
 * will stand in a program that the primary runs: so only what is known to read those files and nothing else passes.
 */

/** Archive and hard links, perhaps verbose; `s` (arguments over stdin) and every long option are refused. */
const form = /^rsync --server --sender (-[lHogDtprev]{1,20}(?:\.[A-Za-z0-9]{0,30})?) \. ([ -~]{1,4000})$/;

/** A word whose special characters rsync (3.2.4 and later) has escaped by backslashes; null: something is bare. */
const unescaped = (word: string): string | null => {
  const plain = word.replace(/\\(.)/g, '');
  return /^[A-Za-z0-9_./+:@%,=-]*$/.test(plain) ? word.replace(/\\(.)/g, '$1') : null;
};

/**
 * The command that such a line asks for, put together anew from what it was taken apart into; null unless the line is an rsync that
 * sends exactly these files.
 */
export const sendingCommand = (line: string, paths: readonly Path[]): Fragment | null => {
  const [, flags, rest] = form.exec(line) ?? [];
  const words = rest?.match(/(?:\\.|[^\\ ])+/g) ?? [];
  return flags !== undefined &&
    words.join(' ') === rest &&
    words.length === paths.length &&
    words.every((word, index) => unescaped(word) === paths[index])
    ? joined([sh`rsync --server --sender ${quoted(flags)} .`, ...paths.map((path) => sh`${path}`)], ' ')
    : null;
};
