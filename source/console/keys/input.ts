import { scrollOverlay } from '../overlay.ts';
import type { Screen } from '../screen.ts';
import { canSwitch } from '../state/rollback-view.ts';
import { type InputMode, inputMode } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';
import { commandOn } from './commands.ts';
import { findFirst } from './find.ts';
import { keyLabel, type Press } from './keys.ts';
import { isPasted, namesAsked } from './typed-name.ts';

const printable = (text: string): string => text.replace(/[\r\n\t]+/g, ' ').replace(/\p{Cc}/gu, '');
const graphemes = new Intl.Segmenter();
const withoutLast = (text: string): string =>
  [...graphemes.segment(text)]
    .slice(0, -1)
    .map(({ segment }) => segment)
    .join('');

/** Types into the dialog; whether the press was one that types. */
const edit = ({ state, store }: Screen, press: Press): boolean => {
  if (press.kind === 'text') store.go.type(state.typed + printable(press.text));
  else if (press.name === 'backspace') store.go.type(withoutLast(state.typed));
  else if (press.name === 'ctrl+u') store.go.type('');
  else if ([...press.name].length === 1) store.go.type(state.typed + press.name);
  else return false;
  return true;
};

const nameOf = (press: Press): string => (press.kind === 'key' ? press.name : '');

/** A name that is typed is a decision. */
const refusePaste = ({ store }: Screen) =>
  store.go.hint({ text: 'Pasting is not taken here: type the name, key by key.', tone: 'warn' });

const inText = (screen: Screen, press: Press) => {
  const { state, store } = screen;
  const names = namesAsked(state);
  if (press.kind === 'text' && names !== null && isPasted(names, state.typed, press.text))
    return refusePaste(screen);
  if (edit(screen, press)) return;
  const name = nameOf(press);
  if (name === 'esc') return store.go.closeDialog();
  if (name === 'ctrl+c') return store.go.open({ kind: 'quit' });
  if (name === 'enter') store.decide.submit();
};

const inSearch = (screen: Screen, press: Press) => {
  const { state, store } = screen;
  if (edit(screen, press)) return;
  const name = nameOf(press);
  if (name === 'esc') store.go.closeDialog();
  else if (name === 'ctrl+c') store.go.open({ kind: 'quit' });
  else if (name === 'enter') {
    store.decide.pressed();
    store.go.search(state.typed);
    findFirst({ ...screen, state: store.state.getState() });
  }
};

const inSteps = (screen: Screen, press: Press) => {
  const { store, layout } = screen;
  if (edit(screen, press)) return;
  const name = nameOf(press);
  const page = Math.max(1, layout.rows - 8);
  if (name === 'enter') store.decide.jump();
  else if (name === 'down') store.go.moveCursor(1);
  else if (name === 'up') store.go.moveCursor(-1);
  else if (name === 'pagedown') store.go.moveCursor(page);
  else if (name === 'pageup') store.go.moveCursor(-page);
  else if (name === 'home') store.go.moveCursor(Number.NEGATIVE_INFINITY);
  else if (name === 'end') store.go.moveCursor(Number.POSITIVE_INFINITY);
  else if (name === 'esc') store.go.closeDialog();
  else if (name === 'ctrl+c') store.go.open({ kind: 'quit' });
};

const inSecret = (screen: Screen, press: Press) => {
  if (edit(screen, press)) return;
  const name = nameOf(press);
  if (name === 'enter') screen.store.decide.giveSecret();
  else if (name === 'esc') screen.store.decide.refuseQuestion();
  else if (name === 'ctrl+c') screen.store.go.open({ kind: 'quit' });
};

/** A key that does nothing here: what is typed next was meant for something else, and confirms nothing. */
const refuse = ({ store }: Screen, text: string | null, tone: 'plain' | 'warn' = 'plain') => {
  store.decide.refused();
  if (text !== null) store.go.hint({ text, tone });
};

const inKeyQuestion = (screen: Screen, press: Press) => {
  const { store } = screen;
  const name = nameOf(press);
  if (name === 'y' || name === 'Y') store.decide.trustKey();
  else if (name === 'n' || name === 'N' || name === 'enter' || name === 'esc') store.decide.refuseQuestion();
  else if (name === 'ctrl+c') store.go.open({ kind: 'quit' });
  else refuse(screen, 'y: accept and save the key; n or Enter: reject and stop.', 'warn');
};

const inQuit = (screen: Screen, press: Press) => {
  const { store, leave } = screen;
  const name = nameOf(press);
  if (name === 'y' || name === 'Y' || name === 'ctrl+c') {
    if (store.decide.leaves()) leave();
  } else if (name === 'n' || name === 'N' || name === 'esc' || name === 'q') store.go.closeDialog();
  else refuse(screen, 'y leaves; n or Esc stays.');
};

const inRetry = (screen: Screen, press: Press) => {
  const { store } = screen;
  const name = nameOf(press);
  if (name === 'enter') store.decide.runAgain();
  else if (name === 'esc' || name === 'n') store.go.closeDialog();
  else if (name === 'ctrl+c') store.go.open({ kind: 'quit' });
  else refuse(screen, 'Enter retries it; Esc cancels.');
};

const inRollback = (screen: Screen, press: Press) => {
  const { state, store } = screen;
  const name = nameOf(press);
  if (name !== 'enter') inHelp(screen, press);
  else if (canSwitch(state)) store.decide.switch();
  else store.go.hint({ text: 'There is nothing to roll back. Esc closes.', tone: 'plain' });
};

const inHelp = (screen: Screen, press: Press) => {
  const { store } = screen;
  const name = nameOf(press);
  if (name === 'down' || name === 'j') scrollOverlay(screen, 'line', 1);
  else if (name === 'up' || name === 'k') scrollOverlay(screen, 'line', -1);
  else if (name === 'pagedown') scrollOverlay(screen, 'page', 1);
  else if (name === 'pageup') scrollOverlay(screen, 'page', -1);
  else if (name === 'g' || name === 'home') scrollOverlay(screen, 'edge', -1);
  else if (name === 'F' || name === 'end') scrollOverlay(screen, 'edge', 1);
  else if (name === 'esc' || name === '?' || name === 'w' || name === 'q') store.go.closeDialog();
  else if (name === 'ctrl+c') store.go.open({ kind: 'quit' });
  // Enter belongs to nothing in the help; over the rollback it was taken before.
  else if (name !== 'enter') refuse(screen, null);
};

/** Keys that only move may come several at once over a slow line; anything that decides may not. */
const movesOnly =
  (state: ConsoleState) =>
  (name: string): boolean =>
    commandOn(name, state)?.group === 'Moving';

const inCommands = (screen: Screen, press: Press) => {
  const { state, store } = screen;
  if (press.kind === 'text') {
    const keys = [...press.text];
    // A slow line brings `/` and the first letters of what is looked for at once: they are no commands either.
    if (keys[0] === '/' && commandOn('/', state)?.disabled?.(state) == null) {
      commandOn('/', state)?.run(screen);
      store.go.type(printable(press.text.slice(1)));
    } else if (keys.every(movesOnly(state))) {
      for (const name of keys) {
        const now = store.state.getState();
        commandOn(name, now)?.run({ ...screen, state: now });
      }
    } else refuse(screen, 'Ignored: several keys at once (a paste?). Press one at a time.', 'warn');
    return;
  }
  const command = commandOn(press.name, state);
  if (command === null) {
    refuse(
      screen,
      press.name.length === 1 ? `${keyLabel(press.name)} does nothing here; ? shows the keys.` : null,
    );
    return;
  }
  const why = command.disabled?.(state) ?? null;
  if (why !== null) refuse(screen, why, 'warn');
  else if (command.group === 'Deciding' && command.always !== true && store.decide.strayed())
    refuse(screen, 'Ignored: right after a key that does nothing here. Wait two seconds.', 'warn');
  else command.run(screen);
};

const inTooSmall = ({ store }: Screen, press: Press) => {
  if (nameOf(press) === 'q' || nameOf(press) === 'ctrl+c') store.go.open({ kind: 'quit' });
  else store.go.hint({ text: 'Window too small: keys are disabled.', tone: 'warn' });
};

const takers: Readonly<Record<InputMode, (screen: Screen, press: Press) => void>> = {
  quit: inQuit,
  'too-small': inTooSmall,
  'key-question': inKeyQuestion,
  'secret-question': inSecret,
  'prompt-question': inSecret,
  help: inHelp,
  warnings: inHelp,
  rollback: inRollback,
  search: inSearch,
  steps: inSteps,
  text: inText,
  retry: inRetry,
  commands: inCommands,
};

/** Takes a press to whatever is outermost on the screen. */
export const handlePress = (screen: Screen, press: Press): void =>
  takers[inputMode(screen.state)](screen, press);

/** Takes a paste: text where text is asked for, nothing elsewhere; and a name at the point of no return is typed. */
export const handlePaste = (screen: Screen, text: string): void => {
  const { state, store } = screen;
  const mode = inputMode(state);
  if (mode === 'text' && namesAsked(state) !== null) refusePaste(screen);
  else if (
    mode === 'text' ||
    mode === 'search' ||
    mode === 'steps' ||
    mode === 'secret-question' ||
    mode === 'prompt-question'
  ) {
    store.go.type(state.typed + printable(text));
  } else refuse(screen, 'A paste is not taken as keys: nothing was done.', 'warn');
};
