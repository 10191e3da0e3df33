import type { EngineView, StepFailure, StepView } from '../engine/view/controller.ts';
import { describeFailure } from './describe.ts';
import { passedOver, type Talk, turned, typedFor } from './talk.ts';

/** Says what failed and asks how to go on. Whether the run goes on; false leaves. */
export const afterFailure = async (
  talk: Talk,
  view: EngineView,
  step: StepView,
  failure: StepFailure,
): Promise<boolean> => {
  const { controller, yes, write, ask, refusal } = talk;
  write(describeFailure(view, step, failure));
  if (yes !== null) return false;
  for (;;) {
    const answer =
      (await ask('Next: [retry/skip/mark as done/rollback/quit] '))?.trim().toLowerCase() ?? 'quit';
    if (answer === 'quit' || answer === 'q') return false;
    if (answer === 'rollback') {
      if (await turned(talk)) return true;
    } else if (answer === 'retry' || answer === 'r') {
      const typed = await typedFor(talk, view, step);
      if (typed !== null && !refusal(controller.retry(step.id, typed.typed))) return true;
    } else if (answer === 'skip' || answer === 's') {
      if (await passedOver(talk, step)) return true;
    } else if (answer === 'done' || answer === 'mark as done') {
      if (!refusal(controller.probeAgain(step.id))) return true;
    } else
      write([
        'Not understood. retry runs the step again, skip asks for a reason and goes on, done marks it as done by hand once the servers show it, rollback shows the rollback, quit leaves.',
      ]);
  }
};
