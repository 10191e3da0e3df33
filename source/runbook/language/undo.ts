import type { Fragment } from '../../cluster/fragment.ts';

/** What undoes a step on its host: a command that can be pasted there, words, or nothing because nothing has changed. */
export type Undo =
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'nothing' };

export const undoneBy = (command: Fragment): Undo => ({ kind: 'command', command: command.text });

export const undoText = (text: string): Undo => ({ kind: 'text', text });

export const nothingToUndo: Undo = { kind: 'nothing' };

/** The one wording of it, in a line. A command begins with `$ ` as everywhere; where it is set as code, it does without. */
export const undoWords = (undo: Undo): string => {
  switch (undo.kind) {
    case 'command':
      return `$ ${undo.command}`;
    case 'text':
      return undo.text;
    case 'nothing':
      return 'nothing to undo';
  }
};
