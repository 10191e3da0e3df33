import { stepNumber, stepOf } from '../console/state/selectors.ts';
import type { StepView } from '../engine/view/controller.ts';
import type { StepId } from '../runbook/language/step.ts';
import type { Typing } from './prompt.ts';
import type { Talk } from './talk.ts';

export const howToEnd = 'type end and Enter to end it and all that it started; it is not ended by itself';

const isEnd = /^(?:end|x)(?:\s+(\d+))?$/i;

/**
 * What `x` is on the full screen: while a step runs, the word `end` asks for the host's name and ends the step. Only on a
 * terminal, where a line that nobody has asked for is known from an answer given in advance. Gives what takes it away.
 */
export const offerEnd = (talk: Talk, typing: Typing): (() => void) => {
  const { controller, write, refusal } = talk;
  /** The question that stands there now; it is withdrawn when its step is over. */
  let open: { readonly step: StepId; readonly withdraw: AbortController } | null = null;

  const runningNow = (): readonly StepView[] => {
    const { view } = controller;
    const { stage } = view;
    const ids = stage.kind === 'running' ? [stage.step, ...(stage.beside ?? [])] : [];
    return ids.flatMap((id) => stepOf(view, id) ?? []);
  };
  const named = (step: StepView): string =>
    `step ${stepNumber(controller.view, step.id)}, “${step.title}” on ${step.host}`;

  const askFor = async (step: StepView): Promise<void> => {
    const withdraw = new AbortController();
    open = { step: step.id, withdraw };
    write([
      `This ends ${named(step)}, and everything that it has started there. Its output waits for your answer.`,
    ]);
    const typed = await typing.ask(
      `Type the name of the host (${step.host}) to end it, Enter lets it run: `,
      {
        withdrawn: withdraw.signal,
      },
    );
    open = null;
    if (withdraw.signal.aborted) return write(['', 'It has ended by itself: nothing was ended.']);
    if (typed === null || typed.trim() === '') return write(['It goes on.']);
    if (!refusal(controller.terminateStep(step.id, typed))) write(['It is being ended.']);
  };

  const heard = (line: string): void => {
    const running = runningNow();
    const [first] = running;
    const said = line.trim();
    // While nothing runs, or a question stands there already, a line is an answer or a slip.
    if (first === undefined || open !== null || said === '') return;
    const asked = isEnd.exec(said);
    const number = asked?.[1];
    const chosen = running.filter(
      (step) => number === undefined || stepNumber(controller.view, step.id) === Number(number),
    );
    const [only] = chosen;
    if (asked === null) write([`Nothing is asked now. While a step runs: ${howToEnd}.`]);
    else if (only !== undefined && chosen.length === 1) void askFor(only);
    else
      write([
        only === undefined ? `Step ${number ?? ''} does not run.` : 'Several steps run:',
        ...running.map((step) => `  end ${stepNumber(controller.view, step.id)}  ends ${named(step)}`),
      ]);
  };

  const forget = [
    typing.onUnasked(heard),
    controller.onChange(() => {
      const asked = open;
      if (asked !== null && !runningNow().some(({ id }) => id === asked.step)) asked.withdraw.abort();
    }),
  ];
  return () => {
    for (const one of forget) one();
    open?.withdraw.abort();
  };
};
