import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import type { ConsoleStore } from '../state/console-store.ts';
import type { ConsoleState } from '../state/state.ts';

/** The state; the component renders again only when one of these parts of it is another one, and of the view only when it shows something else. */
export const useConsole = (store: ConsoleStore, parts: readonly (keyof ConsoleState)[]): ConsoleState => {
  useStore(
    store.state,
    useShallow((state: ConsoleState) => parts.map((part) => state[part === 'view' ? 'drawn' : part])),
  );
  return store.state.getState();
};
