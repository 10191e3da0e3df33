import { redactText } from '../cluster/parse/redact.ts';
import { type Problem, problem } from '../cluster/result.ts';
import { answer, aside, onUnread } from './terminal.ts';

/** Further lines stand behind the first, so that none looks like a word of this program. */
const indented = (text: string): string => redactText(text).trimEnd().replaceAll('\n', '\n         ');

/** A problem in lines: what is so, why, and what to do. */
export const problemText = ({ what, remedy, cause }: Problem): string =>
  `pgaf-upgrade: ${indented(what)}\n${cause === undefined ? '' : `  cause: ${indented(cause)}\n`}  remedy: ${indented(remedy)}\n`;

/** Says problems aside from the answer. */
export const sayProblems = (problems: readonly Problem[]): void => {
  for (const one of problems) aside.write(problemText(one));
};

let doneBefore = '';

/** What a command is doing meanwhile; the same thing once. */
export const sayDoing = (doing: string): void => {
  if (doing !== doneBefore) aside.write(`${doing}\n`);
  doneBefore = doing;
};

/** Leaves with this code once nobody reads standard output any more; where it cannot be written, says so and why. */
export const leaveUnread = (code: number, unwrittenCode: number): void => {
  onUnread((unwritten) => {
    if (unwritten === null) process.exit(code);
    sayProblems([
      problem(
        'Standard output could not be written to its end.',
        'Make room, or let it go elsewhere.',
        unwritten,
      ),
    ]);
    process.exit(unwrittenCode);
  });
};

/** Writes a whole paper to standard output; that nobody reads it to its end (`| head`) is no failure. */
export const print = (text: string, kind: 'text' | 'json' = 'text'): void => {
  leaveUnread(0, 2);
  if (kind === 'json') answer.json(text);
  else answer.write(text);
};
