import { useInput, usePaste } from 'ink';
import { handlePaste, handlePress } from '../keys/input.ts';
import { pressOf } from '../keys/keys.ts';
import type { Screen } from '../screen.ts';

/** Takes every key and paste of the terminal to the screen as it is at that moment. */
export const useKeys = (screenNow: () => Screen): void => {
  useInput((input, key) => {
    const press = pressOf(input, key);
    if (press !== null) handlePress(screenNow(), press);
  });
  usePaste((text) => handlePaste(screenNow(), text));
};
