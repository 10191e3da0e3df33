import { answerQuestion } from '../plain/answer-question.ts';
import type { Ask } from '../remote/host.ts';
import { aside, askOn } from './terminal.ts';

/**
 * Questions while connecting, on the terminal where there is one; everything that is said goes to stderr, because
 * stdout is the answer. Without a terminal nobody is asked, and no unknown key is trusted.
 */
export const terminalAsk = (): { readonly ask: Ask; readonly close: () => void } => {
  const { write } = aside;
  if (!process.stdin.isTTY)
    return { ask: (question) => answerQuestion(question, write, undefined), close: () => undefined };
  const prompt = askOn('aside');
  return { ask: (question) => answerQuestion(question, write, prompt.ask), close: prompt.close };
};
