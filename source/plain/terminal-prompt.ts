import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { safeText } from '../cluster/parse/terminal-text.ts';
import { pipeSeat } from './pipe-prompt.ts';
import type { Prompt, PromptSeat, Typing } from './prompt.ts';

type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** Questions over a terminal, or over a pipe or file. */
export const readlinePrompt = (input: Input, output: NodeJS.WritableStream): PromptSeat =>
  input.isTTY === true ? terminalSeat(input, output) : pipeSeat(input, output);

/** Questions at a terminal. What was typed ahead was typed before the question was read: it is no answer to it. */
const terminalSeat = (input: Input, output: NodeJS.WritableStream): PromptSeat => {
  let silent = false;
  /** The question that stands there; null: none. */
  let standing: string | null = null;
  const echo = new Writable({
    write(chunk, _encoding, done) {
      if (!silent) output.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input, output: echo, terminal: true, prompt: '' });
  const waiting: ((line: string | null) => void)[] = [];
  const listeners = new Set<(line: string) => void>();
  const answeredListeners = new Set<() => void>();
  let ended = false;
  lines.on('line', (line) => {
    const next = waiting.shift();
    if (next !== undefined) next(line);
    else for (const listener of listeners) listener(line);
  });
  // In raw mode Ctrl-C arrives as a key: it shall mean what it means everywhere.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  lines.on('close', () => {
    ended = true;
    for (const next of waiting.splice(0)) next(null);
  });
  const ask: Prompt = (asked, { secret = false, withdrawn } = {}) => {
    const question = safeText(asked);
    output.write(question);
    if (ended || withdrawn?.aborted === true) return Promise.resolve(null);
    silent = secret;
    standing = question;
    // What readline writes before the answer when it draws the line anew, after a backspace, say.
    lines.setPrompt(question);
    return new Promise((resolve) => {
      const answered = (line: string | null) => {
        withdrawn?.removeEventListener('abort', takenBack);
        if (silent) output.write('\n');
        silent = false;
        standing = null;
        lines.setPrompt('');
        resolve(line);
        queueMicrotask(() => {
          for (const listener of answeredListeners) listener();
        });
      };
      const takenBack = () => {
        waiting.splice(waiting.indexOf(answered), 1);
        // What stands on the line was meant for this question, not for the next one.
        lines.write(null, { ctrl: true, name: 'u' });
        answered(null);
      };
      withdrawn?.addEventListener('abort', takenBack, { once: true });
      waiting.push(answered);
    });
  };
  const write = (said: string): void => {
    const text = safeText(said);
    if (standing === null) {
      output.write(text);
      return;
    }
    if (lines.cursor < lines.line.length) lines.write(null, { ctrl: true, name: 'e' });
    output.write(`\n${text}${standing}${silent ? '' : lines.line}`);
  };
  const typing: Typing = {
    ask,
    onUnasked: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    asked: () => standing !== null,
    onAnswered: (listener) => {
      answeredListeners.add(listener);
      return () => answeredListeners.delete(listener);
    },
  };
  return { ask, typing, write, close: () => lines.close() };
};
