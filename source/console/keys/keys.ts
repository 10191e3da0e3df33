import type { Key } from 'ink';

/** The name of a key as the command table spells it: `enter`, `ctrl+c`, `pageup`, `G`. */
export type KeyName = string;

/** One press, or a chunk of text that arrived at once and is never taken as a command. */
export type Press =
  | { readonly kind: 'key'; readonly name: KeyName }
  | { readonly kind: 'text'; readonly text: string };

const named = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
] as const satisfies readonly (readonly [keyof Key, KeyName])[];

const oneCharacter = (text: string): boolean => [...text].length === 1;

/** What arrived from the terminal, in the words of the command table; null for what means nothing here. */
export const pressOf = (input: string, key: Key): Press | null => {
  if (key.meta) return key.escape ? { kind: 'key', name: 'esc' } : null;
  for (const [flag, name] of named) {
    if (key[flag] !== true) continue;
    if (name === 'tab' && key.shift) return { kind: 'key', name: 'shift+tab' };
    // Ctrl or Shift with Enter or an arrow is somebody else's shortcut.
    return key.ctrl || (name === 'enter' && key.shift) ? null : { kind: 'key', name };
  }
  if (key.ctrl) return oneCharacter(input) ? { kind: 'key', name: `ctrl+${input}` } : null;
  // A lone control character means nothing; a line feed is an Enter from before the terminal was ours.
  if (input === '' || /^\p{Cc}$/u.test(input)) return null;
  return oneCharacter(input) && !/\p{Cc}/u.test(input)
    ? { kind: 'key', name: input }
    : { kind: 'text', text: input };
};

const words: Readonly<Record<KeyName, string>> = {
  enter: 'Enter',
  esc: 'Esc',
  tab: 'Tab',
  'shift+tab': 'Shift-Tab',
  'ctrl+c': 'Ctrl-C',
  'ctrl+l': 'Ctrl-L',
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
};

/** The key as it stands on the keyboard. */
export const keyLabel = (name: KeyName): string => words[name] ?? name;
