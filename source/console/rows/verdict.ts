import type { RollbackVerdict } from '../../engine/view/controller.ts';
import { tame } from '../../wording/text.ts';
import type { Tone } from './row.ts';

const looks: Readonly<Record<RollbackVerdict['kind'], readonly [string, Tone]>> = {
  unknown: ['not known', 'warn'],
  'nothing-to-undo': ['nothing to undo', 'good'],
  safe: ['safe, no data loss', 'good'],
  'safe-through': ['safe through another node, no data loss', 'good'],
  'loses-new-writes': ['loses new writes', 'warn'],
  'backup-only': ['only from a backup', 'bad'],
};

/** The verdict in words: the engine's sentence, else what its kind means. */
export const verdictWords = (verdict: RollbackVerdict): string => {
  const says = tame(verdict.says.trim());
  return says === '' ? looks[verdict.kind][0] : says;
};

export const verdictTone = (verdict: RollbackVerdict): Tone => looks[verdict.kind][1];
