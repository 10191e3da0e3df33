import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

export interface PromptOptions {
  readonly secret?: boolean;
  /** The question is taken back: the answer is null, and what was typed of it is thrown away. */
  readonly withdrawn?: AbortSignal;
}

/** Asks one question and waits for a line; null when there will be no more input. */
export type Prompt = (question: string, options?: PromptOptions) => Promise<string | null>;

/** A person at a terminal: can be asked, and may say something without having been asked. */
export interface Typing {
  readonly ask: Prompt;
  /** Lines that are typed while no question stands there. */
  readonly onUnasked: (listener: (line: string) => void) => () => void;
}

/**
 * Questions over a terminal or a pipe. Lines that came over a pipe before they were asked for are used in order;
 * `typing` is null there, because nobody can tell such a line from one that was meant for later.
 */
export const readlinePrompt = (
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
  output: NodeJS.WritableStream,
): { readonly ask: Prompt; readonly typing: Typing | null; readonly close: () => void } => {
  let silent = false;
  const echo = new Writable({
    write(chunk, _encoding, done) {
      if (!silent) output.write(chunk);
      done();
    },
  });
  const fromTerminal = input.isTTY === true;
  const lines = createInterface({ input, output: echo, terminal: fromTerminal });
  const waiting: ((line: string | null) => void)[] = [];
  const early: string[] = [];
  const listeners = new Set<(line: string) => void>();
  let ended = false;
  lines.on('line', (line) => {
    const next = waiting.shift();
    if (next !== undefined) next(line);
    // On a terminal, what was typed ahead was typed before the question was read: it is no answer to it.
    else if (fromTerminal) for (const listener of listeners) listener(line);
    else early.push(line);
  });
  // In raw mode Ctrl-C arrives as a key: it shall mean what it means everywhere.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  lines.on('close', () => {
    ended = true;
    for (const next of waiting.splice(0)) next(null);
  });
  const ask: Prompt = (question, { secret = false, withdrawn } = {}) => {
    output.write(question);
    const ready = early.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (ended || withdrawn?.aborted === true) return Promise.resolve(null);
    silent = secret;
    return new Promise((resolve) => {
      const answered = (line: string | null) => {
        withdrawn?.removeEventListener('abort', takenBack);
        if (silent) output.write('\n');
        silent = false;
        resolve(line);
      };
      const takenBack = () => {
        waiting.splice(waiting.indexOf(answered), 1);
        // What stands on the line was meant for this question, not for the next one.
        if (fromTerminal) lines.write(null, { ctrl: true, name: 'u' });
        answered(null);
      };
      withdrawn?.addEventListener('abort', takenBack, { once: true });
      waiting.push(answered);
    });
  };
  const onUnasked: Typing['onUnasked'] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return { ask, typing: fromTerminal ? { ask, onUnasked } : null, close: () => lines.close() };
};
