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
    if (['rollback', 'back', 'b'].includes(answer)) {
      if (await turned(talk)) return true;
    } else if (answer === 'retry' || answer === 'r') {
      const typed = await typedFor(talk, view, step);
      if (typed !== null && !refusal(controller.retry(step.id, typed.typed))) return true;
    } else if (answer === 'skip' || answer === 's') {
      if (await passedOver(talk, step)) return true;
    } else if (['done', 'mark as done', 'recheck', 'probe', 'p'].includes(answer)) {
      if (!refusal(controller.probeAgain(step.id))) return true;
    }
  }
};
