import { stepOf } from '../console/state/selectors.ts';
import { awaitsApproval } from '../engine/view/approval-view.ts';
import type { EngineView, StepView } from '../engine/view/controller.ts';
import { clientsOf } from '../wording/clients.ts';
import { runOnWords, stopWords } from '../wording/danger.ts';
import { groupSentence, stepsOnHosts, togetherLines, togetherNow } from '../wording/parallel.ts';
import { sayClients, terminateClients } from './clients.ts';
import { describeStep } from './describe.ts';
import { isHeldBack, passedOver, type Talk, turned, typedFor } from './talk.ts';

type Word = 'yes' | 'go' | 'one' | 'terminate' | 'skip' | 'turn' | 'quit' | 'no';

const wordOf = (answer: string | null): Word => {
  const said = answer?.trim() ?? 'quit';
  if (/^y(es)?$/i.test(said)) return 'yes';
  if (/^g(o)?$/i.test(said)) return 'go';
  if (/^o(ne)?$/i.test(said)) return 'one';
  if (/^t(erminate)?$/i.test(said)) return 'terminate';
  if (/^s(kip)?$/i.test(said)) return 'skip';
  if (/^(r(ollback)?|u(pgrade)?)$/i.test(said)) return 'turn';
  return /^q(uit)?$/i.test(said) ? 'quit' : 'no';
};

/** Confirmed by `--yes`, it waits for the second person that the cluster file wants; false: something else is due meanwhile. */
const approved = async ({ controller, write }: Talk, step: StepView): Promise<boolean> => {
  const waits = (view: EngineView): boolean => awaitsApproval(view, step.id);
  if (!waits(controller.view)) return true;
  write(['Waits for the approval of a second person.']);
  const { stage } = controller.view;
  await new Promise<void>((resolve) => {
    const forget = controller.onChange((view) => {
      if (waits(view) && view.stage.kind === stage.kind) return;
      forget();
      resolve();
    });
  });
  return controller.view.stage.kind === 'confirm';
};

/** Shows the step that waits, with all that may run beside it, and asks. Whether the run goes on; false leaves. */
export const confirmStep = async (talk: Talk, view: EngineView, step: StepView): Promise<boolean> => {
  const { controller, yes, write, ask, refusal } = talk;
  const together = yes !== null && step.optional ? null : togetherNow(view);
  for (const id of together ?? [step.id]) {
    const one = stepOf(view, id);
    if (one !== null) write(describeStep(view, one));
  }
  const words = together === null ? '' : stepsOnHosts(view, together);
  if (together !== null)
    write(['', groupSentence(view, together), ...togetherLines(view, together).map((line) => `  ${line}`)]);
  await sayClients(talk, step);
  if (isHeldBack(talk, step.givesUp)) return false;
  // A switchover is for somebody who watches it.
  if (yes !== null && step.optional) {
    write(['Optional: skipped.']);
    return !refusal(controller.skip(step.id, ''));
  }
  if (yes !== null && !(await approved(talk, step))) return false;
  const ends = clientsOf(controller.view, step) !== null;
  const also = ends ? 'terminate/' : '';
  // As the console's `r` says it: where a rollback runs, it goes on with the upgrade.
  const turn = view.direction === 'rollback' ? 'upgrade' : 'rollback';
  const question =
    together === null
      ? `Run this step on ${step.host}? [y/N/go/${also}skip/${turn}/quit] `
      : `Run ${words} together? [y/N/go/one/${also}skip/${turn}/quit] `;
  const usage = `Not run. y runs ${together === null ? 'it' : 'them, one only the first'}, go runs on to ${stopWords(view, step.id)}, ${ends ? 'terminate ends the sessions of all clients, ' : ''}skip skips it, ${turn} ${view.direction === 'rollback' ? 'goes on with the upgrade' : 'shows the rollback'}, quit leaves.`;
  for (;;) {
    const word = yes !== null ? 'yes' : wordOf(await ask(question));
    if (word === 'quit') return false;
    if (word === 'turn') {
      if (await turned(talk)) return true;
    } else if (word === 'skip') {
      if (await passedOver(talk, step)) return true;
    } else if (word === 'terminate' && ends) await terminateClients(talk, step);
    else if (word === 'no' || word === 'terminate' || (word === 'one' && together === null)) write([usage]);
    else if (yes === null && awaitsApproval(controller.view, step.id)) {
      // Nobody types a name for nothing: it is refused, and asked for anew.
      refusal(controller.confirm(step.id));
    } else {
      if (word === 'go') write(['', runOnWords(view, step.id)]);
      const typed = await typedFor(talk, view, step, word === 'go');
      if (typed === null) continue;
      const how = word === 'go' ? 'to-stop' : together === null || word === 'one' ? 'alone' : 'together';
      if (!refusal(controller.confirm(step.id, typed.typed, how))) return true;
      // The lock went to another console while the question stood there: there is nothing to answer any more.
      if (controller.view.stage.kind === 'watching') return true;
      if (yes !== null) return false;
    }
  }
};
