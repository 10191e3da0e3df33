import type { StoreApi } from 'zustand/vanilla';
import { messageOf } from '../../cluster/result.ts';
import type { Direction, EngineController } from '../../engine/view/controller.ts';
import { tooSoon } from './decisions.ts';
import type { PressGuard } from './guard.ts';
import type { ConsoleState, Preview } from './state.ts';

/** Switching to the rollback, and to the upgrade again. Neither runs anything: only the steps on the screen become others. */
export interface RollbackView {
  /** Asks the engine what a rollback would be now, and shows it. `opening`: as the first thing on the screen. */
  previewRollback(opening?: boolean): void;
  /** Enter on what is shown: the other runbook comes on the screen. */
  switch(): void;
}

const isOpening = ({ dialog }: ConsoleState): boolean => dialog?.kind === 'rollback' && dialog.opening;

/** Whether there is anything that Enter could put on the screen. */
export const canSwitch = (state: ConsoleState): boolean =>
  isOpening(state) ||
  state.view.direction === 'rollback' ||
  (state.preview.kind === 'known' && state.preview.preview.steps.length > 0);

/** What Enter on the rollback view leads to. */
export const target = (state: ConsoleState): 'the first step' | Direction =>
  isOpening(state) ? 'the first step' : state.view.direction === 'rollback' ? 'upgrade' : 'rollback';

/** The rollback view over a state and its engine. */
export const createRollbackView = (
  store: StoreApi<ConsoleState>,
  controller: EngineController,
  guard: PressGuard,
): RollbackView => {
  let asked = 0;
  const ask = async (): Promise<Preview> => {
    try {
      const preview = await controller.previewRollback();
      return preview === null
        ? { kind: 'none', why: 'The cluster is not known yet: there is nothing to roll back.' }
        : { kind: 'known', preview };
    } catch (thrown) {
      return { kind: 'none', why: `The servers could not be inspected: ${messageOf(thrown)}` };
    }
  };
  return {
    previewRollback(opening = false) {
      asked += 1;
      const mine = asked;
      store.setState({
        dialog: { kind: 'rollback', opening },
        preview: { kind: 'looking' },
        typed: '',
        helpTop: 0,
        hint: null,
      });
      void ask().then((preview) => {
        // An answer to an earlier question, or after the dialog was closed, is not shown.
        if (mine === asked && store.getState().dialog?.kind === 'rollback') store.setState({ preview });
      });
    },
    switch() {
      const state = store.getState();
      if (state.dialog?.kind !== 'rollback' || !canSwitch(state)) return;
      if (!guard.press()) {
        store.setState({ hint: tooSoon });
        return;
      }
      const to = target(state);
      if (to === 'the first step') {
        store.setState({ dialog: null, hint: null });
        return;
      }
      const outcome = controller.turn(to);
      if ('refused' in outcome)
        store.setState({ hint: { text: `Refused: ${outcome.refused}`, tone: 'bad' } });
      else store.setState({ dialog: null, selected: null, face: null, hostFilter: null, hint: null });
    },
  };
};
