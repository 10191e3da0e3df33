import type { Accepted, Refusal, Stage } from '../view/controller.ts';

export const accepted: Accepted = { accepted: true };
export const refused = (why: string): Refusal => ({ refused: why });

/** Why the stage takes no decision on a step now. */
export const whyNot = (stage: Stage): Refusal => {
  switch (stage.kind) {
    case 'running':
      return refused('a step is running');
    case 'failed':
      return refused('a step has failed: retry it, skip it, or mark it as done');
    case 'confirm':
      return refused('it is another step’s turn');
    case 'watching':
      return refused(`read-only: ${stage.lock.holder || 'somebody else'} holds the lock`);
    case 'finished':
      return refused('there is nothing left to do');
    default:
      return refused('nothing waits for a confirmation');
  }
};
