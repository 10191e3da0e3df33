/**
 * A command as a secondary's rsync would have the primary's sshd run it, taken apart. It comes from another host and
 * will stand in a program that the primary runs: so only what is known to read those files and nothing else passes.
 */

/** Archive and hard links, perhaps verbose; `s` (arguments over stdin) and every long option are refused. */
const form = /^rsync --server --sender -[lHogDtprev]{1,20}(?:\.[A-Za-z0-9]{0,30})? \. ([ -~]{1,4000})$/;

/** A word whose special characters rsync (3.2.4 and later) has escaped by backslashes; null: something is bare. */
const unescaped = (word: string): string | null => {
  const plain = word.replace(/\\(.)/g, '');
  return /^[A-Za-z0-9_./+:@%,=-]*$/.test(plain) ? word.replace(/\\(.)/g, '$1') : null;
};

/** Whether a line is an rsync that sends exactly these files. */
export const sendsExactly = (line: string, paths: readonly string[]): boolean => {
  const rest = form.exec(line)?.[1];
  const words = rest?.match(/(?:\\.|[^\\ ])+/g) ?? [];
  return (
    rest !== undefined &&
    words.join(' ') === rest &&
    words.length === paths.length &&
    words.every((word, index) => unescaped(word) === paths[index])
  );
};
