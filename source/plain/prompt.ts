import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Asks one question and waits for a line; null when there will be no more input. */
export type Prompt = (question: string, options?: { readonly secret?: boolean }) => Promise<string | null>;

/** Questions over a terminal or a pipe. Lines that came before they were asked for are used in order. */
export const readlinePrompt = (
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
  output: NodeJS.WritableStream,
): { readonly ask: Prompt; readonly close: () => void } => {
  let silent = false;
  const echo = new Writable({
    write(chunk, _encoding, done) {
      if (!silent) output.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input, output: echo, terminal: input.isTTY === true });
  const waiting: ((line: string | null) => void)[] = [];
  const early: string[] = [];
  let ended = false;
  const fromTerminal = input.isTTY === true;
  lines.on('line', (line) => {
    const next = waiting.shift();
    if (next !== undefined) next(line);
    // On a terminal, what was typed ahead was typed before the question was read: it is no answer to it.
    else if (!fromTerminal) early.push(line);
  });
  // In raw mode Ctrl-C arrives as a key: it shall mean what it means everywhere.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  lines.on('close', () => {
    ended = true;
    for (const next of waiting.splice(0)) next(null);
  });
  return {
    ask(question, options) {
      output.write(question);
      const ready = early.shift();
      if (ready !== undefined) return Promise.resolve(ready);
      if (ended) return Promise.resolve(null);
      silent = options?.secret === true;
      return new Promise((resolve) => {
        waiting.push((line) => {
          if (silent) output.write('\n');
          silent = false;
          resolve(line);
        });
      });
    },
    close: () => lines.close(),
  };
};
