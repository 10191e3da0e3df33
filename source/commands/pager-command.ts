import { basename } from 'node:path';

export interface PagerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** It ends with the text, or may: then a last word is needed before the screen comes back. */
  readonly staysOpen: boolean;
  readonly isLess: boolean;
}

/** What only a shell understands. */
const shellish = /[|&;<>()$`\\*?[\]#~=%!{}\n]/;

/** The words of a command without a shell: blanks part them, quotes keep them together. Null: a quote is not closed. */
const wordsOf = (command: string): readonly string[] | null => {
  const words: string[] = [];
  let rest = command.trim();
  while (rest !== '') {
    const piece = /^(?:[^\s'"]+|'[^']*'|"[^"]*")+/.exec(rest)?.[0];
    if (piece === undefined) return null;
    words.push(piece.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
    rest = rest.slice(piece.length).trimStart();
  }
  return words;
};

const escaped = (needle: string): string => needle.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** The pager that $PAGER asks for; a shell runs it only where its words need one. Default: less. */
export const pagerCommand = (pager: string | undefined, needle: string): PagerCommand => {
  const asked = (pager ?? '').trim() || 'less -R';
  const words = shellish.test(asked) ? null : wordsOf(asked);
  const [program, ...args] = words ?? [];
  if (program === undefined) return { program: 'sh', args: ['-c', asked], staysOpen: false, isLess: false };
  const isLess = basename(program) === 'less';
  const find = isLess && needle !== '' ? ['-I', '-p', escaped(needle)] : [];
  return {
    program,
    args: [...args, ...find],
    staysOpen: !['cat', 'more', 'head', 'tail', 'bat'].includes(basename(program)),
    isLess,
  };
};

/**
 * What the pager finds in its environment. less must neither run commands nor edit for whoever sits there (LESSSECURE), and
 * must not be gone at once where the text is short. Source: less(1), SECURITY, -F, -E, -P.
 */
export const pagerEnvironment = (
  env: Readonly<Record<string, string | undefined>>,
  title: string,
): Readonly<Record<string, string | undefined>> => ({
  ...env,
  LESSSECURE: '1',
  LESS: `${env.LESS ?? ''} -R -+F -+E -Ps${title.replace(/[^\w. -]/g, '').replaceAll('.', '\\.')}, q goes back to the console$`.trim(),
});
