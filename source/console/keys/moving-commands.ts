import type { KeyCommand } from './command.ts';
import type { KeyName } from './keys.ts';
import { scroll } from './scroll.ts';
import { scrolls } from './when.ts';

const move = (
  keys: readonly KeyName[],
  says: string,
  ...[how, direction]: Parameters<typeof scroll> extends [unknown, ...infer Rest] ? Rest : never
): KeyCommand => ({
  group: 'Moving',
  keys,
  says,
  disabled: scrolls,
  run: (screen) => scroll(screen, how, direction),
});

/** Where the eye goes: focus, zoom, scrolling. None of it decides anything. */
export const movingCommands: readonly KeyCommand[] = [
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
    says: 'Focus the list of steps',
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
  move(['up', 'k'], 'One line up; in the list of steps the step before', 'line', -1),
  move(['down', 'j'], 'One line down; in the list of steps the step after', 'line', 1),
  move(['pageup'], 'One page up', 'page', -1),
  move(['pagedown'], 'One page down', 'page', 1),
  move(['g', 'home'], 'To the first line', 'edge', -1),
  move(['F', 'end'], 'To the last line, and follow new output', 'edge', 1),
];
