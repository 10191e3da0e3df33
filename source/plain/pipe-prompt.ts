import { safeText } from '../cluster/parse/terminal-text.ts';
import type { Prompt, PromptSeat } from './prompt.ts';

/** In milliseconds: so long nothing must have come before a question is asked. */
const quietMs = 50;
/** In characters: more than a pipe and its reader hold. Whoever sends more without having been asked never stops. */
const floodLimit = 1_000_000;
/** In characters: no answer is longer. */
const longestAnswer = 4096;

const instead = 'To confirm every step without a person: --yes NAME.';

/**
 * Questions over a pipe or a file. An answer counts only if it came after its question: what was read before is dropped,
 * and that is said. Nothing is read while nothing is asked, so nothing piles up; a sender that never stops (`yes |`) is
 * told apart by that, and counts as the end of the input. `typing` is null: nobody sits there.
 */
export const pipeSeat = (
  input: NodeJS.ReadableStream & { readonly ref?: () => unknown; readonly unref?: () => unknown },
  output: NodeJS.WritableStream,
): PromptSeat => {
  let ended = false;
  /** What came since the last question, and is no answer. */
  let early = { lines: 0, characters: 0 };
  /** The line that has no end yet; it is of the time in which it began. */
  let unfinished = '';
  let unfinishedIsEarly = false;
  let waiting: ((line: string | null) => void) | null = null;
  let heardAt = 0;

  const line = (text: string): void => {
    const answered = waiting;
    if (answered === null || unfinishedIsEarly) early.lines += 1;
    else {
      waiting = null;
      answered(text);
    }
  };
  const heard = (chunk: string | Buffer): void => {
    const text = chunk.toString();
    heardAt = performance.now();
    if (waiting === null) early.characters += text.length;
    // At once: a sender that never stops leaves no time for anything else.
    if (early.characters >= floodLimit) {
      input.pause();
      return;
    }
    const [first = '', ...more] = text.split('\n');
    unfinished = (unfinished + first).slice(0, longestAnswer);
    for (const next of more) {
      line(unfinished.replace(/\r$/, ''));
      unfinished = next.slice(0, longestAnswer);
      unfinishedIsEarly = false;
    }
  };
  const over = (): void => {
    ended = true;
    const answered = waiting;
    waiting = null;
    answered?.(null);
  };
  input.ref?.();
  input.setEncoding('utf8');
  input.on('data', heard);
  input.on('end', over);
  input.on('close', over);
  input.on('error', over);
  input.pause();

  /** Reads away what came before the question. */
  const drain = async (): Promise<void> => {
    heardAt = performance.now();
    input.resume();
    while (!ended && performance.now() - heardAt < quietMs && early.characters < floodLimit)
      await new Promise((resolve) => setTimeout(resolve, quietMs / 5));
    if (early.characters >= floodLimit) {
      input.pause();
      ended = true;
      output.write(
        `\nAnswers come without end, and without having been asked for: none of them is taken. ${instead}\n`,
      );
    } else if (early.lines > 0) {
      const [count, are] = early.lines === 1 ? ['A line', 'is'] : [`${early.lines} lines`, 'are'];
      output.write(`\n${count} came before the question below and ${are} no answer to it. ${instead}\n`);
    }
    early = { lines: 0, characters: 0 };
    unfinishedIsEarly = unfinished !== '';
  };

  const ask: Prompt = async (question, { withdrawn } = {}) => {
    if (!ended) await drain();
    output.write(safeText(question));
    if (ended || withdrawn?.aborted === true) {
      output.write('\n');
      return null;
    }
    return new Promise((resolve) => {
      const answered = (text: string | null) => {
        withdrawn?.removeEventListener('abort', takenBack);
        input.pause();
        resolve(text);
      };
      const takenBack = () => {
        waiting = null;
        answered(null);
      };
      withdrawn?.addEventListener('abort', takenBack, { once: true });
      waiting = answered;
    });
  };

  return {
    ask,
    typing: null,
    write: (text) => {
      output.write(safeText(text));
    },
    close: () => {
      input.removeListener('data', heard);
      input.pause();
      // Whoever holds the other end may keep it open for ever: that keeps no console that is done.
      input.unref?.();
      over();
    },
  };
};
