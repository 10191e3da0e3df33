import { awaitsApproval } from '../../engine/view/approval-view.ts';
import { approvedWith } from '../../engine/view/approved-with.ts';
import type { StepView } from '../../engine/view/controller.ts';
import { nameAskedWords, stopWords } from '../../wording/danger.ts';
import { stepsOnHosts, togetherNow } from '../../wording/parallel.ts';
import { readOnlyWords } from '../state/decisions.ts';
import { confirmable, shownFace, shownStep, stepNumber, stepOf } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';

/** A step waits for a decision: to be run, or after it failed. */
export const due = ({ view }: ConsoleState): boolean =>
  view.stage.kind === 'confirm' || view.stage.kind === 'failed';

/** The step that the run is at has failed. */
export const failed = ({ view }: ConsoleState): boolean => view.stage.kind === 'failed';

/** Why nothing can be decided while another console holds the lock; null while this one may. */
export const whyReadOnly = ({ view }: ConsoleState): string | null =>
  view.stage.kind === 'watching' ? readOnlyWords(view.stage.lock) : null;

/** Why the running step cannot be ended now. */
export const whyNoTermination = (state: ConsoleState): string | null =>
  whyReadOnly(state) ??
  (state.view.stage.kind === 'running' ? null : 'Nothing is running: there is nothing to end.');

/** Why the lock cannot be taken over now. */
export const whyNoTakeOver = ({ view }: ConsoleState): string | null => {
  if (view.stage.kind !== 'watching') return 'Nobody else holds the lock.';
  const { holder, dead } = view.stage.lock;
  return dead
    ? null
    : `${holder || 'The holder'} still responds: the lock can be taken over only when its holder stops responding.`;
};

/** The step that a second person can approve from here; null: none. */
export const approvable = ({ view }: ConsoleState): StepView | null => {
  const step =
    view.stage.kind === 'watching' && view.stage.step !== null ? stepOf(view, view.stage.step) : null;
  return step !== null && view.direction === 'upgrade' && approvedWith(view, step).length > 0 ? step : null;
};

/** Why nothing can be approved now. */
export const whyNotApprovable = (state: ConsoleState): string | null => {
  if (state.view.stage.kind !== 'watching')
    return 'A second person approves, from a read-only console of their own.';
  return approvable(state) === null
    ? 'Nothing waits for an approval: that is for what cannot be undone, and for the opening.'
    : null;
};

/** Why no clients can be terminated now: only before the step that stops their server. */
export const whyNoTerminate = (state: ConsoleState): string | null => {
  const { view } = state;
  if (view.stage.kind === 'watching') return whyNoTakeOver(state);
  if (view.clients !== null && view.stage.kind === 'confirm') return null;
  return 'Clients can be terminated only before the step that stops the server they are connected to.';
};

/** Why something about the waiting step cannot be done now. */
export const whyNotDue = (what: string) => (state: ConsoleState) => {
  if (due(state)) return null;
  const readOnly = whyReadOnly(state);
  if (readOnly !== null) return readOnly;
  const { stage } = state.view;
  return stage.kind === 'running'
    ? `${what} is possible when the running step has ended.`
    : `${what} is possible when a step waits for you.`;
};

/** Why nothing can be retried now. */
export const whyNotFailed = (state: ConsoleState): string | null =>
  failed(state) ? null : (whyReadOnly(state) ?? 'Nothing has failed: there is nothing to retry.');

/** What Enter does now, for the footer. */
export const enterWords = (state: ConsoleState): string | null => {
  const { stage, runsOn } = state.view;
  // It is confirmed already, by the name that was typed for all of them.
  if (stage.kind !== 'confirm' || runsOn !== null) return null;
  const step = stepOf(state.view, stage.step);
  if (step === null) return null;
  const number = stepNumber(state.view, step.id);
  if (confirmable(state) === null) return `show step ${number}, which waits`;
  if (step.script === null) return null;
  if (awaitsApproval(state.view, step.id)) return 'check for the approval';
  if (step.asksName !== null) return `${nameAskedWords[step.asksName]}: asks for the name ${step.host}`;
  if (step.optional) return `go on without step ${number}`;
  const together = togetherNow(state.view);
  return together === null
    ? `run step ${number} on ${step.host}`
    : `run ${stepsOnHosts(state.view, together)}`;
};

/** Where a run to the next stop would end, for the footer. */
export const runOnFooter = (state: ConsoleState): string | null => {
  const step = confirmable(state);
  return step === null || step.script === null || step.optional
    ? null
    : `run to ${stopWords(state.view, step.id)}`;
};

/** Why it cannot run to the next stop now. */
export const whyNoRunOn = (state: ConsoleState): string | null => {
  if (state.view.runsOn !== null) return 'It runs to the next stop already; Esc ends that.';
  if (failed(state)) return 'A step has failed: a runs it again; then G runs on.';
  return whyNotDue('Running to the next stop')(state);
};

/** Why nothing that runs on can be ended now. */
export const whyNotRunningOn = ({ view }: ConsoleState): string | null => {
  if (view.runsOn === null) return 'It does not run on: each step is asked for.';
  return view.runsOn.ending ? 'It asks again already, behind what runs now.' : null;
};

/** What running one step alone is now, for the footer. */
export const aloneWords = (state: ConsoleState): string | null => {
  const step = confirmable(state);
  if (step === null || whyNotAlone(state) !== null) return null;
  return step.optional ? 'run it' : 'only this one';
};

/** Why no step can be run alone now, out of several. */
export const whyNotAlone = (state: ConsoleState): string | null => {
  if (confirmable(state)?.optional === true) return null;
  if (togetherNow(state.view) !== null) return null;
  if (failed(state)) return 'A step has failed: a runs it again, alone.';
  return whyNotDue('Running one step alone')(state) ?? 'Enter starts a single step anyway.';
};

/** Whether the third pane shows the output of a step. */
export const showsOutput = (state: ConsoleState): boolean => shownFace(state) === 'output';

/** Why nothing can be searched now. */
export const whyNoSearch = (state: ConsoleState): string | null =>
  shownStep(state) === null ? 'There is no step to search in yet.' : null;

/** Why no log can be opened now. */
export const whyNoLog = (state: ConsoleState): string | null =>
  shownStep(state) === null ? 'There is no step whose log could be opened yet.' : null;

/** Why there is no next place found. */
export const searched = (state: ConsoleState): string | null =>
  whyNoSearch(state) ?? (state.needle === '' ? 'Nothing was searched for yet: / asks.' : null);

/** Why the focused pane does not scroll. */
export const scrolls = (state: ConsoleState): string | null =>
  state.focus === 'monitor' ? 'Nothing to scroll in the monitor pane: z shows it whole.' : null;
