import type { StoreApi } from 'zustand/vanilla';
import { messageOf } from '../../cluster/result.ts';
import type { Direction, EngineController } from '../../engine/view/controller.ts';
import { tooSoon } from './decisions.ts';
import type { PressGuard } from './guard.ts';
import type { ConsoleState, Preview } from './state.ts';

/** Going back, and going on again. Neither runs anything: only the steps on the screen become others. */
export interface Turning {
  /** Asks the engine what going back would be now, and shows it. `opening`: as the first thing on the screen. */
  askWayBack(opening?: boolean): void;
  /** Enter on what is shown: the other runbook comes on the screen. */
  turn(): void;
}

const isOpening = ({ dialog }: ConsoleState): boolean => dialog?.kind === 'way-back' && dialog.opening;

/** Whether there is anything that Enter could put on the screen. */
export const mayTurn = (state: ConsoleState): boolean =>
  isOpening(state) ||
  state.view.direction === 'rollback' ||
  (state.preview.kind === 'known' && state.preview.preview.steps.length > 0);

/** What Enter on the way-back view leads to. */
export const turnsTo = (state: ConsoleState): 'the first step' | Direction =>
  isOpening(state) ? 'the first step' : state.view.direction === 'rollback' ? 'upgrade' : 'rollback';

/** The turning over a state and its engine. */
export const createTurning = (
  store: StoreApi<ConsoleState>,
  controller: EngineController,
  guard: PressGuard,
): Turning => {
  let asked = 0;
  const look = async (): Promise<Preview> => {
    try {
      const preview = await controller.previewRollback();
      return preview === null
        ? { kind: 'none', why: 'The cluster is not known yet: there is nothing to go back from.' }
        : { kind: 'known', preview };
    } catch (thrown) {
      return { kind: 'none', why: `The servers could not be looked at: ${messageOf(thrown)}` };
    }
  };
  return {
    askWayBack(opening = false) {
      asked += 1;
      const mine = asked;
      store.setState({
        dialog: { kind: 'way-back', opening },
        preview: { kind: 'looking' },
        typed: '',
        helpTop: 0,
        hint: null,
      });
      void look().then((preview) => {
        // An answer to an earlier question, or after the dialog was closed, is not shown.
        if (mine === asked && store.getState().dialog?.kind === 'way-back') store.setState({ preview });
      });
    },
    turn() {
      const state = store.getState();
      if (state.dialog?.kind !== 'way-back' || !mayTurn(state)) return;
      if (!guard.press()) {
        store.setState({ hint: tooSoon });
        return;
      }
      const to = turnsTo(state);
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
