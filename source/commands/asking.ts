import { answerQuestion } from '../plain/answer-question.ts';
import { readlinePrompt } from '../plain/prompt.ts';
import type { Ask } from '../remote/host.ts';

/**
 * Questions while connecting, on the terminal where there is one; everything that is said goes to stderr, because
 * stdout is the answer. Without a terminal nobody is asked, and no unknown key is trusted.
 */
export const terminalAsk = (): { readonly ask: Ask; readonly close: () => void } => {
  const write = (text: string) => process.stderr.write(text);
  if (!process.stdin.isTTY)
    return { ask: (question) => answerQuestion(question, write, undefined), close: () => undefined };
  const prompt = readlinePrompt(process.stdin, process.stderr);
  return { ask: (question) => answerQuestion(question, write, prompt.ask), close: prompt.close };
};
