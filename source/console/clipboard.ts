import { causeLines } from '../wording/failure-cause.ts';
import { shownFace, shownStep, stepNumber } from './state/selectors.ts';
import type { ConsoleState } from './state/state.ts';

/** More than this many bytes many terminals, and tmux, leave out without a word. */
const mostBytes = 74_000;

/** What makes a terminal put a text into its clipboard; null: it is too long. Source: xterm, Control Sequences, OSC 52. */
export const copySequence = (text: string): string | null => {
  const coded = Buffer.from(text, 'utf8').toString('base64');
  return coded.length > mostBytes ? null : `\u001B]52;c;${coded}\u001B\\`;
};

/** What the step shown has to copy: the cause of its failure, where that is shown, else its script. Null: nothing. */
export const copyOf = (state: ConsoleState): { readonly what: string; readonly text: string } | null => {
  const step = shownStep(state);
  if (step === null) return null;
  const number = stepNumber(state.view, step.id);
  if (step.status.kind === 'failed' && shownFace(state) !== 'card') {
    const { failure } = step.status;
    const lines = [
      `step ${number}, ${step.host}: ${failure.problem.what}`,
      ...causeLines(failure),
      ...(failure.problem.cause === undefined ? [] : [failure.problem.cause]),
      ...failure.unmet.map(({ says, found }) => `not met: ${says} (found: ${found})`),
      ...failure.lastLines,
    ];
    return { what: `the cause of the failure of step ${number}`, text: `${lines.join('\n')}\n` };
  }
  return step.script === null ? null : { what: `the script of step ${number}`, text: step.script };
};
