import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import type { ConsoleStore } from '../../store/console-store.ts';
import type { ConsoleState } from '../../store/state.ts';

/** The state; the component renders again only when one of these parts of it is another one. */
export const useConsole = (store: ConsoleStore, parts: readonly (keyof ConsoleState)[]): ConsoleState => {
  useStore(
    store.state,
    useShallow((state: ConsoleState) => parts.map((part) => state[part])),
  );
  return store.state.getState();
};
