import type { RollbackVerdict } from '../../engine/view/controller.ts';
import { tame, widthOf } from '../../wording/text.ts';
import type { Tone } from './row.ts';

const looks: Readonly<Record<RollbackVerdict['kind'], readonly [string, Tone]>> = {
  unknown: ['not known', 'warn'],
  'nothing-to-undo': ['nothing to undo', 'good'],
  safe: ['safe, no data loss', 'good'],
  'safe-through': ['safe through another node, no data loss', 'good'],
  lossless: ['lossless, the old version follows', 'good'],
  'loses-new-writes': ['loses new writes', 'warn'],
  'backup-only': ['only from a backup', 'bad'],
};

/** The verdict in words: the engine's sentence, else what its kind means. */
export const verdictWords = (verdict: RollbackVerdict): string => {
  const says = tame(verdict.says.trim());
  return says === '' ? looks[verdict.kind][0] : says;
};

/**
 * The verdict in one line of that many columns. What must not be cut off is that something is lost: first the amount goes, then the
 * kind is said before the rest.
 */
export const verdictWithin = (verdict: RollbackVerdict, columns: number): string => {
  const words = verdictWords(verdict);
  if (widthOf(words) <= columns || verdict.kind !== 'loses-new-writes') return words;
  const withoutAmount = words.replace(/ \([^()]*\)/, '');
  return widthOf(withoutAmount) <= columns ? withoutAmount : `${looks[verdict.kind][0]}; ${words}`;
};

export const verdictTone = (verdict: RollbackVerdict): Tone => looks[verdict.kind][1];
