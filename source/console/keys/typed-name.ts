import { stepOf } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';

/** The names that the dialog takes, any of them; null: no name is asked for. */
export const namesAsked = ({ dialog, view }: ConsoleState): readonly string[] | null => {
  switch (dialog?.kind) {
    case 'type-name':
    case 'terminate-clients':
    case 'cancel': {
      const host = stepOf(view, dialog.step)?.host;
      return host === undefined ? [] : [host];
    }
    case 'take-over': {
      const holder = view.stage.kind === 'watching' ? view.stage.lock.holder : '';
      return [holder, view.cluster.name].filter((name) => name !== '');
    }
    default:
      return null;
  }
};

/**
 * Whether several characters that arrived in one read are a paste, by a terminal that does not bracket it, and not a name that somebody
 * types. A line that hung brings several keys at once, but the first letter of a name was sent by itself, before anything could wait
 * behind it; and what follows goes on with the name. So a paste is: a whole name at once, anything with an Enter or another control
 * character in it, and anything that is no part of the name where it stands. Whoever types a name within one packet types it again.
 */
export const isPasted = (names: readonly string[], typed: string, text: string): boolean =>
  /\p{Cc}/u.test(text) ||
  (typed === '' && names.includes(text.trim())) ||
  !names.some((name) => name.startsWith(typed + text));
