import type { Screen } from '../screen.ts';
import type { ConsoleState } from '../state/state.ts';
import type { KeyName } from './keys.ts';

export type Group = 'Deciding' | 'Looking' | 'Moving' | 'Leaving';

/** One thing that a key does. Keys, footer, help and docs/console.md are all made from this table. */
export interface KeyCommand {
  readonly group: Group;
  readonly keys: readonly KeyName[];
  /** For help and the docs: a sentence without a full stop. */
  readonly says: string;
  /** For the footer, in few words; null or absent: not in the footer now. */
  readonly footer?: (state: ConsoleState) => string | null;
  /** It stands in the footer however narrow the window is, wherever it works. */
  readonly stays?: true;
  /** Why it does nothing now; null when it works. */
  readonly disabled?: (state: ConsoleState) => string | null;
  /** It only ends something: taken even right behind a key that does nothing. */
  readonly always?: true;
  readonly run: (screen: Screen) => void;
}
