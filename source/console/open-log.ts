import { messageOf } from '../cluster/result.ts';
import type { Pager } from './pager.ts';
import { uninterrupted } from './signals.ts';
import type { ConsoleStore } from './state/console-store.ts';
import { shownStep, stepNumber } from './state/selectors.ts';

/** Gives the terminal away while `work` has it. */
export type Suspend = (work: () => Promise<void>) => Promise<void>;

/** The whole log of the step shown in the operator's pager. What runs goes on meanwhile; what came is on the screen afterwards. */
export const openLog = async (
  store: ConsoleStore,
  pager: Pager,
  suspend: Suspend,
  signal: AbortSignal,
): Promise<void> => {
  const state = store.state.getState();
  const step = shownStep(state);
  if (step === null) return;
  const output = store.controller.output(step.id);
  if (output.endLine === 0 && output.unfinished === '')
    return store.go.hint({ text: 'This step has printed nothing: there is no log to open.', tone: 'warn' });
  let trouble: string | null = null;
  try {
    const title = `step ${stepNumber(state.view, step.id)} on ${step.host}`;
    await suspend(async () => {
      trouble = await uninterrupted(() => pager(output.text(), { title, needle: state.needle, signal }));
    });
  } catch (thrown) {
    trouble = messageOf(thrown);
  }
  // What the screen shows now may be new to whoever comes back: no Enter counts right away.
  store.decide.pressed();
  if (trouble !== null) store.go.hint({ text: trouble, tone: 'bad' });
  else if (output.file !== null) store.go.hint({ text: `The log: ${output.file}`, tone: 'plain' });
  else
    store.go.hint({
      text: 'There is no file of it on this machine: that was all this console has.',
      tone: 'plain',
    });
};
