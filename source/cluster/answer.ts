import text from './answer.sh' with { type: 'text' };
import { fixed } from './fragment.ts';

/** Shell functions `put KEY VALUE` and `text KEY`, which print a fact; read by readFacts of inspect/lines.ts. */
export const answerFunctions = fixed(text);
