import { currentStep, shownFace } from '../store/selectors.ts';
import type { ConsoleState } from '../store/state.ts';
import type { KeyName } from './keys.ts';
import type { Screen } from './screen.ts';
import { findNext, scroll } from './scroll.ts';
import { due, enterWords, failed, outputOnly, scrolls, searched, whyNotDue, whyNotFailed } from './when.ts';

export type Group = 'Deciding' | 'Looking' | 'Moving' | 'Leaving';

/** One thing that a key does. Keys, footer, help and docs/console.md are all made from this table. */
export interface Command {
  readonly group: Group;
  readonly keys: readonly KeyName[];
  /** For help and the docs: a sentence without a full stop. */
  readonly says: string;
  /** For the footer, in few words; null or absent: not in the footer now. */
  readonly footer?: (state: ConsoleState) => string | null;
  /** Why it does nothing now; null when it works. */
  readonly disabled?: (state: ConsoleState) => string | null;
  readonly run: (screen: Screen) => void;
}

const move = (
  keys: readonly KeyName[],
  says: string,
  ...[how, direction]: Parameters<typeof scroll> extends [unknown, ...infer Rest] ? Rest : never
): Command => ({
  group: 'Moving',
  keys,
  says,
  disabled: scrolls,
  run: (screen) => scroll(screen, how, direction),
});

export const commands: readonly Command[] = [
  {
    group: 'Deciding',
    keys: ['enter'],
    says: 'Run the step whose card is shown; from elsewhere, show the step that waits',
    footer: enterWords,
    run: ({ store }) => store.decide.enter(),
  },
  {
    group: 'Deciding',
    keys: ['r'],
    says: 'Run a failed step again (asks)',
    footer: (state) => (failed(state) ? 'run again' : null),
    disabled: whyNotFailed,
    run: ({ store }) => store.decide.askRetry(),
  },
  {
    group: 'Deciding',
    keys: ['s'],
    says: 'Skip the step that waits or has failed (asks for the reason)',
    footer: (state) => (due(state) ? 'skip' : null),
    disabled: whyNotDue('Skipping'),
    run: ({ store }) => store.decide.askSkip(),
  },
  {
    group: 'Deciding',
    keys: ['p'],
    says: 'Done by hand: look at the servers again and go on if they agree',
    footer: (state) => (failed(state) ? 'done by hand' : null),
    disabled: whyNotDue('Looking again'),
    run: ({ store }) => store.decide.probeAgain(),
  },
  {
    group: 'Looking',
    keys: ['o'],
    says: 'Turn the third pane over: output, step card, failure',
    footer: (state) =>
      currentStep(state.view) === null ? null : shownFace(state) === 'output' ? 'card' : 'output',
    disabled: (state) => (currentStep(state.view) === null ? 'There are no steps yet.' : null),
    run: ({ store }) => store.go.nextFace(),
  },
  {
    group: 'Looking',
    keys: ['c', 'esc'],
    says: 'Back to the step that the run is at',
    footer: (state) => (state.selected === null ? null : 'current step'),
    run: ({ store }) => store.go.showCurrent(),
  },
  {
    group: 'Looking',
    keys: ['['],
    says: 'Show the step before',
    run: ({ store }) => store.go.selectBy(-1),
  },
  {
    group: 'Looking',
    keys: [']'],
    says: 'Show the step after',
    run: ({ store }) => store.go.selectBy(1),
  },
  {
    group: 'Looking',
    keys: ['left'],
    says: "The checklist of the host before, or of all hosts in the run's order",
    footer: (state) => (state.focus === 'checklist' ? 'host' : null),
    run: ({ store }) => store.go.filterBy(-1),
  },
  {
    group: 'Looking',
    keys: ['right'],
    says: 'The checklist of the next host',
    run: ({ store }) => store.go.filterBy(1),
  },
  {
    group: 'Looking',
    keys: ['/'],
    says: 'Search in the output shown',
    disabled: outputOnly,
    run: ({ store }) => store.go.open({ kind: 'search' }),
  },
  {
    group: 'Looking',
    keys: ['n'],
    says: 'Next place found',
    disabled: searched,
    run: (screen) => findNext(screen, 1),
  },
  {
    group: 'Looking',
    keys: ['N'],
    says: 'Place found before',
    disabled: searched,
    run: (screen) => findNext(screen, -1),
  },
  {
    group: 'Looking',
    keys: ['w'],
    says: 'Fold long lines of the output, or cut them with a mark',
    run: ({ store }) => store.go.toggleWrap(),
  },
  {
    group: 'Moving',
    keys: ['tab'],
    says: 'Focus the next pane',
    footer: () => 'pane',
    run: ({ store }) => store.go.focusNext(1),
  },
  {
    group: 'Moving',
    keys: ['shift+tab'],
    says: 'Focus the pane before',
    run: ({ store }) => store.go.focusNext(-1),
  },
  { group: 'Moving', keys: ['1'], says: 'Focus the monitor', run: ({ store }) => store.go.focus('monitor') },
  {
    group: 'Moving',
    keys: ['2'],
    says: 'Focus the checklists',
    run: ({ store }) => store.go.focus('checklist'),
  },
  {
    group: 'Moving',
    keys: ['3'],
    says: 'Focus the step: card, output, failure',
    run: ({ store }) => store.go.focus('output'),
  },
  {
    group: 'Moving',
    keys: ['z'],
    says: 'Give the focused pane the whole window, and back',
    footer: (state) => (state.zoom ? 'unzoom' : 'zoom'),
    run: ({ store }) => store.go.toggleZoom(),
  },
  move(['up', 'k'], 'One line up; in the checklists the step before', 'line', -1),
  move(['down', 'j'], 'One line down; in the checklists the step after', 'line', 1),
  move(['pageup'], 'One page up', 'page', -1),
  move(['pagedown'], 'One page down', 'page', 1),
  move(['g', 'home'], 'To the first line', 'edge', -1),
  move(['G', 'end'], 'To the last line, and follow new output', 'edge', 1),
  {
    group: 'Looking',
    keys: ['ctrl+l'],
    says: 'Draw the screen anew, when something else wrote to it',
    run: ({ redraw }) => redraw(),
  },
  {
    group: 'Leaving',
    keys: ['?'],
    says: 'This help',
    footer: () => 'help',
    run: ({ store }) => store.go.open({ kind: 'help' }),
  },
  {
    group: 'Leaving',
    keys: ['q', 'ctrl+c'],
    says: 'Leave (asks; running jobs go on)',
    footer: () => 'leave',
    run: ({ state, store, leave }) => {
      const over = state.view.stage.kind === 'finished' || state.view.stage.kind === 'stopped';
      if (over) leave();
      else store.go.open({ kind: 'quit' });
    },
  },
];

/** The command on a key; null if it has none. */
export const commandOn = (name: KeyName): Command | null =>
  commands.find((command) => command.keys.includes(name)) ?? null;
