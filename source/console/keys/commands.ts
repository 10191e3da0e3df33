import { copyOf } from '../clipboard.ts';
import { currentStep, shownFace } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';
import type { KeyCommand } from './command.ts';
import { findNext } from './find.ts';
import type { KeyName } from './keys.ts';
import { movingCommands } from './moving-commands.ts';

import {
  aloneWords,
  approvable,
  due,
  enterWords,
  failed,
  runOnFooter,
  searched,
  showsOutput,
  whyNoLog,
  whyNoRunOn,
  whyNoSearch,
  whyNoTakeOver,
  whyNoTerminate,
  whyNoTermination,
  whyNotAlone,
  whyNotApprovable,
  whyNotDue,
  whyNotFailed,
  whyNotRunningOn,
} from './when.ts';

/** Everything that a key does, in the order of the footer. */
export const keyCommands: readonly KeyCommand[] = [
  {
    group: 'Deciding',
    keys: ['enter'],
    says: 'Run the step whose card is shown; from elsewhere, show the pending step',
    footer: enterWords,
    run: ({ store }) => store.decide.enter(),
  },
  {
    group: 'Deciding',
    keys: ['G'],
    says: 'Run to the next stop: from the card shown on without asking, until a step that asks for a name of its own, a failure or a warning (asks for the host’s name)',
    footer: runOnFooter,
    disabled: whyNoRunOn,
    run: ({ store }) => store.decide.askRunOn(),
  },
  {
    group: 'Deciding',
    keys: ['esc'],
    says: 'While it runs to the next stop: ask again, behind the step that runs',
    footer: ({ view }) => (view.runsOn?.ending === false ? 'ask again after this step' : null),
    disabled: whyNotRunningOn,
    always: true,
    run: ({ store }) => store.decide.stopRunningOn(),
  },
  {
    group: 'Deciding',
    keys: ['e'],
    says: 'Run the step whose card is shown alone, where Enter would start several; run an optional step',
    footer: aloneWords,
    disabled: whyNotAlone,
    run: ({ store }) => store.decide.enterAlone(),
  },
  {
    group: 'Deciding',
    keys: ['a'],
    says: 'Retry a failed step (asks)',
    footer: (state) => (failed(state) ? 'retry' : null),
    disabled: whyNotFailed,
    run: ({ store }) => store.decide.askRetry(),
  },
  {
    group: 'Deciding',
    keys: ['s'],
    says: 'Skip the step that is pending or has failed (asks for the reason)',
    footer: (state) => (due(state) ? 'skip' : null),
    disabled: whyNotDue('Skipping'),
    run: ({ store }) => store.decide.askSkip(),
  },
  {
    group: 'Deciding',
    keys: ['p'],
    says: 'Mark as done by hand (verified on the servers)',
    footer: (state) => (failed(state) ? 'mark as done' : null),
    disabled: whyNotDue('Inspecting again'),
    run: ({ store }) => store.decide.probeAgain(),
  },
  {
    group: 'Deciding',
    keys: ['x'],
    says: 'Terminate the running step and everything that it started on its host (asks for the host’s name)',
    footer: ({ view }) => (view.stage.kind === 'running' ? 'terminate it' : null),
    disabled: whyNoTermination,
    run: ({ store }) => store.decide.askTerminateStep(),
  },
  {
    group: 'Deciding',
    keys: ['t'],
    says: 'Read-only: take over the lock of a holder who has stopped responding (asks for a name)',
    footer: ({ view }) => (view.stage.kind === 'watching' && view.stage.lock.dead ? 'take over' : null),
    disabled: whyNoTakeOver,
    run: ({ store }) => store.decide.askTakeOver(),
  },
  {
    group: 'Deciding',
    keys: ['A'],
    says: 'Read-only: approve, as a second person, the step that the operator is at (asks for the host’s name)',
    footer: (state) => (approvable(state) === null ? null : 'approve it'),
    disabled: whyNotApprovable,
    run: ({ store }) => store.decide.askApprove(),
  },
  {
    group: 'Deciding',
    keys: ['t'],
    says: 'Before the step that stops the primary: terminate the sessions of all its clients (asks for the host’s name)',
    footer: ({ view }) => (view.clients === null ? null : 'terminate clients'),
    disabled: whyNoTerminate,
    run: ({ store }) => store.decide.askTerminate(),
  },
  {
    group: 'Deciding',
    keys: ['r'],
    says: 'Preview the rollback, step by step; start it from there',
    footer: ({ view }) => (view.direction === 'rollback' ? 'the upgrade' : 'rollback'),
    stays: true,
    disabled: ({ view }) => (view.steps.length === 0 ? 'The servers have not been inspected yet.' : null),
    run: ({ store }) => store.decide.previewRollback(),
  },
  {
    group: 'Looking',
    keys: ['o'],
    says: 'Cycle pane 3: output, step card, failure',
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
    says: 'The steps of the host before, or of all hosts in the order of the run',
    footer: (state) => (state.focus === 'checklist' ? 'host' : null),
    run: ({ store }) => store.go.filterBy(-1),
  },
  {
    group: 'Looking',
    keys: ['right'],
    says: 'The steps of the next host',
    run: ({ store }) => store.go.filterBy(1),
  },
  {
    group: 'Looking',
    keys: ['y'],
    says: 'Copy the script of the step shown, or the cause of its failure, into the clipboard of a terminal that takes OSC 52',
    disabled: (state) => (copyOf(state) === null ? 'There is nothing to copy yet.' : null),
    run: ({ state, store, copy }) => {
      const it = copyOf(state);
      // Whoever types y and Enter means yes: that Enter confirms nothing.
      store.decide.refused();
      if (it === null) return;
      store.go.hint(
        copy(it.text)
          ? { text: `Sent to the clipboard of the terminal, if it takes that: ${it.what}.`, tone: 'plain' }
          : { text: `Not copied: ${it.what} is too long for a clipboard over the terminal.`, tone: 'warn' },
      );
    },
  },
  {
    group: 'Looking',
    keys: ['/'],
    says: 'Search in the output, card or failure shown',
    footer: (state) => (showsOutput(state) && state.focus === 'output' ? 'find' : null),
    disabled: whyNoSearch,
    run: ({ store }) => {
      store.go.focus('output');
      store.go.open({ kind: 'search' });
    },
  },
  {
    group: 'Looking',
    keys: ['n'],
    says: 'Next match',
    disabled: searched,
    run: (screen) => findNext(screen, 1),
  },
  {
    group: 'Looking',
    keys: ['N'],
    says: 'Previous match',
    disabled: searched,
    run: (screen) => findNext(screen, -1),
  },
  {
    group: 'Looking',
    keys: ['v'],
    says: 'The whole log of the step shown in your pager ($PAGER, else less); leaving it comes back here',
    footer: (state) => (showsOutput(state) && state.focus === 'output' ? 'whole log' : null),
    disabled: whyNoLog,
    run: ({ openLog }) => openLog(),
  },
  {
    group: 'Looking',
    keys: ['l'],
    says: 'List all steps, find one by its words or number, and show it; runs nothing',
    footer: () => 'steps',
    disabled: (state) => (state.view.steps.length === 0 ? 'There are no steps yet.' : null),
    run: ({ store }) =>
      store.go.open({ kind: 'steps', on: currentStep(store.state.getState().view)?.id ?? null }),
  },
  {
    group: 'Looking',
    keys: ['w'],
    says: 'List all warnings and notices of the run, with their step and host',
    run: ({ store }) => {
      store.go.setHelpTop(0);
      store.go.open({ kind: 'warnings' });
    },
  },
  {
    group: 'Looking',
    keys: ['W'],
    says: 'Wrap long lines of the output, or cut them',
    run: ({ store }) => store.go.toggleWrap(),
  },
  ...movingCommands,
  {
    group: 'Looking',
    keys: ['ctrl+l'],
    says: 'Redraw the screen',
    run: ({ redraw }) => redraw(),
  },
  {
    group: 'Leaving',
    keys: ['?'],
    says: 'This help',
    footer: () => 'help',
    stays: true,
    run: ({ store }) => store.go.open({ kind: 'help' }),
  },
  {
    group: 'Leaving',
    keys: ['q', 'ctrl+c'],
    says: 'Leave (asks; running jobs keep running)',
    footer: () => 'leave',
    stays: true,
    run: ({ state, store, leave }) => {
      const over = state.view.stage.kind === 'finished' || state.view.stage.kind === 'stopped';
      if (over) leave();
      else store.go.open({ kind: 'quit' });
    },
  },
];

/** The command on a key: of several the one that works now, else the last. Null if it has none. */
export const commandOn = (name: KeyName, state: ConsoleState): KeyCommand | null => {
  const all = keyCommands.filter((command) => command.keys.includes(name));
  return all.find((command) => (command.disabled?.(state) ?? null) === null) ?? all.at(-1) ?? null;
};
