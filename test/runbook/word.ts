import { isWord, type Word } from '../../source/cluster/words.ts';

/** Any text as a word of any kind: where a test makes a value that no server could have sent, or only it knows. */
export const word = (text: string): Word<never> => {
  if (!isWord(text)) throw new Error('a NUL');
  return text;
};
