import type { StoreApi } from 'zustand/vanilla';
import { awaitsApproval } from '../../engine/view/approval-view.ts';
import type { Accepted, EngineController, LockView, Refusal } from '../../engine/view/controller.ts';
import type { StepId } from '../../runbook/language/step.ts';
import type { PressGuard } from './guard.ts';
import { confirmable, currentStep, stepNumber, stepOf } from './selectors.ts';
import type { ConsoleState, Hint, NameFor } from './state.ts';
import { stepAimedAt } from './step-list.ts';

/** Everything that reaches the engine. Only these run something on a server, each after its own confirmation. */
export interface KeyDecisions {
  /** Enter outside of dialogs: runs the step whose card is shown, with what may run beside it; or shows the card. */
  enter(): void;
  /** From the step whose card is shown on to the next stop: asks for the host's name. */
  askRunOn(): void;
  /** What runs on ends behind the step that runs. */
  stopRunningOn(): void;
  /** Runs the step whose card is shown, and nothing beside it. */
  enterAlone(): void;
  /** Enter in a dialog that asks for text: name, reason. */
  submit(): void;
  /** Enter in the dialog that asks whether to run a failed step again. */
  runAgain(): void;
  askRetry(): void;
  askSkip(): void;
  /** Ending what runs: asks for the host's name. */
  askTerminateStep(): void;
  /** Ending the sessions of the clients of the server that the step stops: asks for the host's name. */
  askTerminate(): void;
  /** Taking over from a dead holder of the lock: asks for a name. */
  askTakeOver(): void;
  /** Approving the step that the operator is at, as a second person: asks for the host's name. */
  askApprove(): void;
  probeAgain(): void;
  trustKey(): void;
  refuseQuestion(): void;
  giveSecret(): void;
  /** Enter in the list of steps: shows the one aimed at, and runs nothing. */
  jump(): void;
  /** An Enter that decides nothing: the next one must not follow too soon all the same. */
  pressed(): void;
  /** A key that does nothing here was pressed: what follows it soon confirms nothing. */
  refused(): void;
  /** Whether such a key was pressed a short time ago. */
  strayed(): boolean;
  /** `y` in the question whether to leave: whether it counts. */
  leaves(): boolean;
}

/** Said when a press did not count. */
export const tooSoon: Hint = {
  text: 'Ignored: too soon after the last change or key press. Read, then press again.',
  tone: 'warn',
};
/** Said while the servers are inspected because somebody asked for it. */
export const inspecting = 'Inspecting the servers again …';
const failedHint: Hint = {
  text: 'The step has failed. Enter does nothing here: a retries it, s skips it, p marks it as done.',
  tone: 'warn',
};

/** Why nothing can be decided in a console that only watches. */
export const readOnlyWords = ({ holder, dead }: LockView): string =>
  `Read-only: ${holder || 'somebody else'} holds the lock of this cluster${dead ? ' and gives no sign of life: t takes over' : ''}.`;

/** The step of the stage where a decision about it is due; null elsewhere. */
const dueStep = ({ view }: ConsoleState) =>
  view.stage.kind === 'confirm' || view.stage.kind === 'failed' ? stepOf(view, view.stage.step) : null;

/** The decisions over a state and its engine. */
export const createKeyDecisions = (
  store: StoreApi<ConsoleState>,
  controller: EngineController,
  guard: PressGuard,
): KeyDecisions => {
  const hint = (text: string, tone: Hint['tone'] = 'warn') => store.setState({ hint: { text, tone } });
  const show = () => store.setState({ selected: null, face: null, zoom: false, focus: 'output', hint: null });
  const close = () => store.setState({ dialog: null, typed: '', hint: null });
  const settle = (outcome: Accepted | Refusal) => {
    if ('refused' in outcome) hint(`Refused: ${outcome.refused}`, 'bad');
  };

  const askName = (step: StepId, runs: NameFor) =>
    store.setState({ dialog: { kind: 'type-name', step, runs }, typed: '', hint: null });

  const enterConfirm = (state: ConsoleState, how: 'alone' | 'together') => {
    const counts = guard.press();
    const step = confirmable(state);
    if (step === null) {
      show();
      hint('This step waits for you. Read it, then press Enter to run it.', 'plain');
    } else if (!counts) store.setState({ hint: tooSoon });
    else if (step.script === null)
      hint(`Nothing to run yet: ${step.scriptNeeds ?? 'its script is not known'}.`);
    // Nobody types a name for nothing: the engine says what it waits for.
    else if (awaitsApproval(state.view, step.id)) settle(controller.confirm(step.id));
    else if (step.asksName !== null) askName(step.id, 'confirm');
    else if (step.optional && how === 'together') {
      store.setState({ hint: null });
      settle(controller.skip(step.id, ''));
    } else {
      store.setState({ hint: null });
      const { stage } = state.view;
      const several = how === 'together' && stage.kind === 'confirm' && stage.together !== undefined;
      settle(several ? controller.confirm(step.id, undefined, how) : controller.confirm(step.id));
    }
  };

  const submitName = (state: ConsoleState, id: StepId, runs: NameFor) => {
    const host = stepOf(state.view, id)?.host;
    if (host === undefined) return close();
    if (state.typed !== host) {
      const said = state.typed === '' ? 'Nothing was typed' : `'${state.typed}' is not this host`;
      return hint(`${said}. Type ${host}, or press Esc to stay before this point.`, 'bad');
    }
    close();
    if (runs === 'approve') settle(controller.approve(id, host));
    else if (runs === 'retry') settle(controller.retry(id, host));
    else settle(runs === 'confirm' ? controller.confirm(id, host) : controller.confirm(id, host, runs));
  };

  /** The engine knows which name it wants; the dialog stays until it got it. */
  const submitTyped = (outcome: Accepted | Refusal) => {
    if ('refused' in outcome) hint(`Refused: ${outcome.refused}`, 'bad');
    else close();
  };

  const submitReason = (state: ConsoleState, id: string) => {
    const step = stepOf(state.view, id);
    const reason = state.typed.trim();
    if (step === null) return close();
    if (reason === '' && !step.optional) return hint('A reason is needed: it stands in the report.');
    close();
    settle(controller.skip(id, reason));
  };

  return {
    enter() {
      const state = store.getState();
      const { stage } = state.view;
      if (stage.kind === 'confirm') return enterConfirm(state, 'together');
      guard.press();
      if (stage.kind === 'failed') {
        show();
        store.setState({ hint: failedHint });
      } else if (stage.kind === 'running') {
        hint(`Step ${stepNumber(state.view, stage.step)} is running: nothing to confirm.`, 'plain');
      } else if (stage.kind === 'watching') hint(readOnlyWords(stage.lock));
      else if (stage.kind === 'stopped') hint('Cannot start; nothing was changed. q leaves.', 'plain');
      else if (stage.kind === 'finished') hint('Finished: nothing is left to run. q leaves.', 'plain');
      else hint('Still connecting: nothing to confirm.', 'plain');
    },
    submit() {
      const state = store.getState();
      const { dialog } = state;
      if (!guard.press()) return store.setState({ hint: tooSoon });
      if (dialog?.kind === 'type-name') submitName(state, dialog.step, dialog.runs);
      else if (dialog?.kind === 'cancel') submitTyped(controller.terminateStep(dialog.step, state.typed));
      else if (dialog?.kind === 'terminate-clients')
        submitTyped(controller.terminateClients(dialog.step, state.typed));
      else if (dialog?.kind === 'take-over') submitTyped(controller.takeOver(state.typed));
      else if (dialog?.kind === 'skip') submitReason(state, dialog.step);
    },
    askRunOn() {
      const step = confirmable(store.getState());
      if (step === null) {
        show();
        hint('This step waits for you. Read it, then press G to run from it to the next stop.', 'plain');
      } else if (step.script === null)
        hint(`Nothing to run yet: ${step.scriptNeeds ?? 'its script is not known'}.`);
      else if (awaitsApproval(store.getState().view, step.id)) settle(controller.confirm(step.id));
      else askName(step.id, 'to-stop');
    },
    stopRunningOn() {
      settle(controller.stopRunningOn());
    },
    enterAlone() {
      const state = store.getState();
      if (state.view.stage.kind === 'confirm') enterConfirm(state, 'alone');
    },
    runAgain() {
      const { dialog } = store.getState();
      if (dialog?.kind !== 'retry') return;
      if (!guard.press()) return store.setState({ hint: tooSoon });
      close();
      settle(controller.retry(dialog.step));
    },
    askRetry() {
      const step = dueStep(store.getState());
      if (step === null) return;
      show();
      if (step.asksName !== null) askName(step.id, 'retry');
      else store.setState({ dialog: { kind: 'retry', step: step.id }, typed: '' });
    },
    askSkip() {
      const step = dueStep(store.getState());
      if (step === null) return;
      show();
      store.setState({ dialog: { kind: 'skip', step: step.id }, typed: '' });
    },
    askTerminateStep() {
      const state = store.getState();
      const { stage } = state.view;
      if (stage.kind !== 'running') return;
      // Of several that run, the one that is shown.
      const shown = stage.beside?.find((id) => id === state.selected) ?? stage.step;
      store.setState({ dialog: { kind: 'cancel', step: shown }, typed: '', hint: null });
    },
    askTerminate() {
      const { clients, stage } = store.getState().view;
      if (clients === null || stage.kind !== 'confirm') return;
      show();
      store.setState({ dialog: { kind: 'terminate-clients', step: clients.step }, typed: '' });
    },
    askTakeOver() {
      if (store.getState().view.stage.kind !== 'watching') return;
      store.setState({ dialog: { kind: 'take-over' }, typed: '', hint: null });
    },
    askApprove() {
      const { stage } = store.getState().view;
      if (stage.kind !== 'watching' || stage.step === null) return;
      show();
      askName(stage.step, 'approve');
    },
    probeAgain() {
      const step = dueStep(store.getState());
      if (step === null) return;
      hint(inspecting, 'plain');
      settle(controller.probeAgain(step.id));
    },
    trustKey() {
      if (!guard.press()) return store.setState({ hint: tooSoon });
      store.setState({ hint: null, typed: '' });
      controller.answer({ kind: 'yes' });
    },
    refuseQuestion() {
      if (!guard.press()) return store.setState({ hint: tooSoon });
      store.setState({ hint: null, typed: '' });
      controller.answer({ kind: 'no' });
    },
    giveSecret() {
      const { typed, view } = store.getState();
      if (!guard.press()) return store.setState({ hint: tooSoon });
      const passphrase = view.stage.kind === 'question' && view.stage.question.kind === 'passphrase';
      if (typed === '' && passphrase)
        return hint('Type the passphrase, or press Esc to go on without this key.');
      store.setState({ hint: null, typed: '' });
      controller.answer({ kind: 'secret', secret: typed });
    },
    jump() {
      guard.press();
      const state = store.getState();
      const step = stepAimedAt(state);
      if (step === null) return hint('No step is found: Ctrl-U clears what was typed.');
      const current = step.id === currentStep(state.view)?.id;
      store.setState({
        selected: current ? null : step.id,
        face: null,
        hostFilter: state.hostFilter === step.host ? state.hostFilter : null,
        focus: 'output',
        dialog: null,
        typed: '',
        hint: null,
      });
    },
    pressed() {
      guard.press();
    },
    refused() {
      guard.refused();
    },
    strayed: () => guard.strayed,
    leaves: () => guard.press(),
  };
};
