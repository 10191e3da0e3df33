import type { EngineView } from '../../engine/view/controller.ts';
import { stopAhead } from '../../wording/danger.ts';
import { tame, timeOfDay } from '../../wording/text.ts';
import { keyCommands } from '../keys/commands.ts';
import { keyLabel } from '../keys/keys.ts';
import { readOnlyWords } from '../state/decisions.ts';
import { canSwitch, target } from '../state/rollback-view.ts';
import { inputMode, stepNumber } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';
import { cutRow, type Row, rowWidth, type Span, span } from './row.ts';

const dialogKeys: Readonly<Record<Exclude<ReturnType<typeof inputMode>, 'commands' | 'rollback'>, Row>> = {
  'too-small': [span('q', 'strong'), span(' leave')],
  quit: [
    span('y', 'strong'),
    span(' leave   '),
    span('n', 'strong'),
    span(' or '),
    span('Esc', 'strong'),
    span(' stay'),
  ],
  'key-question': [
    span('y', 'strong'),
    span(' trust this key   '),
    span('n', 'strong'),
    span(' or '),
    span('Enter', 'strong'),
    span(' do not'),
  ],
  'secret-question': [
    span('Enter', 'strong'),
    span(' use it   '),
    span('Esc', 'strong'),
    span(' go on without this key'),
  ],
  'prompt-question': [
    span('Enter', 'strong'),
    span(' answer   '),
    span('Esc', 'strong'),
    span(' do not, and stop'),
  ],
  help: [span('Up Down PgUp PgDn', 'strong'), span(' scroll   '), span('Esc', 'strong'), span(' close')],
  warnings: [span('Up Down PgUp PgDn', 'strong'), span(' scroll   '), span('Esc', 'strong'), span(' close')],
  search: [
    span('Enter', 'strong'),
    span(' find   '),
    span('Ctrl-U', 'strong'),
    span(' clear   '),
    span('Esc', 'strong'),
    span(' cancel'),
  ],
  steps: [
    span('Enter', 'strong'),
    span(' show it   '),
    span('Up Down PgUp PgDn', 'strong'),
    span(' move   '),
    span('letters', 'strong'),
    span(' find   '),
    span('Esc', 'strong'),
    span(' close'),
  ],
  text: [
    span('Enter', 'strong'),
    span(' accept   '),
    span('Ctrl-U', 'strong'),
    span(' clear   '),
    span('Esc', 'strong'),
    span(' cancel'),
  ],
  retry: [span('Enter', 'strong'), span(' retry   '), span('Esc', 'strong'), span(' cancel')],
};

const targets = {
  'the first step': 'show the first step',
  upgrade: 'show the upgrade again',
  rollback: 'show these steps',
  cleanup: 'show the clean-up again',
  rehearse: 'show the rehearsal again',
  prepare: 'show the preparation again',
  'call-off': 'show these steps again',
} as const;

/** Enter is offered only where it does something. */
const rollbackKeys = (state: ConsoleState): Row => {
  const to = canSwitch(state) ? target(state) : null;
  return [
    ...(to === null ? [] : [span('Enter', 'strong'), span(` ${targets[to]}   `)]),
    span('Up Down PgUp PgDn', 'strong'),
    span(' scroll   '),
    span('Esc', 'strong'),
    span(to === null || to === 'the first step' ? ' close' : ' cancel'),
  ];
};

interface Part {
  readonly row: Row;
  readonly decides: boolean;
  readonly stays: boolean;
}

const gap = span('  ');

const widthOfParts = (parts: readonly Part[]): number =>
  parts.reduce((sum, { row }) => sum + rowWidth(row) + gap.text.length, -gap.text.length);

const shortened = (one: Span): Span => ({
  ...one,
  text: one.text.replace(/^ [A-Z, ]+: /, ' ').replace(/ on .*/, ''),
});

const keysRow = (state: ConsoleState, columns: number): Row => {
  const mode = inputMode(state);
  if (mode === 'rollback') return rollbackKeys(state);
  if (mode !== 'commands') return dialogKeys[mode];
  const parts = keyCommands.flatMap((command): Part[] => {
    const words = command.footer?.(state) ?? null;
    if (words === null || (command.disabled?.(state) ?? null) !== null) return [];
    const key = command.keys[0] === 'left' ? 'Left Right' : keyLabel(command.keys[0] ?? '');
    return [
      {
        row: [span(key, 'strong'), span(` ${words}`)],
        decides: command.group === 'Deciding',
        stays: command.stays === true,
      },
    ];
  });
  const [first] = parts;
  // The line above has the step's danger, the card its hosts: the other keys that decide are worth more.
  if (first !== undefined && widthOfParts(parts.filter(({ decides, stays }) => decides || stays)) > columns)
    parts[0] = { ...first, row: first.row.map(shortened) };
  const kept: Part[] = [];
  for (const [at, part] of parts.entries()) {
    const toCome = parts.slice(at + 1).filter(({ stays }) => stays);
    if (at === 0 || part.stays || widthOfParts([...kept, part, ...toCome]) <= columns) kept.push(part);
  }
  return kept.flatMap(({ row }, at) => (at === 0 ? row : [gap, ...row]));
};

const runningOnRow = (view: EngineView): Row => {
  const stop = stopAhead(view);
  const until = stop === null ? 'the end' : `step ${stepNumber(view, stop.id)} (${tame(stop.title)})`;
  return [
    span(
      view.runsOn?.ending === true
        ? 'Asks again behind what runs now.'
        : `Runs on to ${until} without asking.`,
      'warn',
    ),
  ];
};

const stageRow = ({ view }: ConsoleState): Row => {
  const { stage } = view;
  if (stage.kind === 'connecting') return [span(stage.doing)];
  if (stage.kind === 'finished') return [span(stage.says, 'good')];
  if (stage.kind === 'watching') return [span(readOnlyWords(stage.lock), 'warn')];
  if ((stage.kind === 'running' || stage.kind === 'confirm') && view.runsOn !== null)
    return runningOnRow(view);
  const waiting = stage.kind === 'confirm' || stage.kind === 'failed' ? stage.step : null;
  const notice = view.notices.at(-1);
  if (notice === undefined || (notice.whileWaits !== undefined && notice.whileWaits !== waiting)) return [];
  const all = notice.ofSeveral === true ? [span('w lists the warnings. ', 'strong')] : [];
  return [span(`${timeOfDay(notice.at)} `, 'dim'), ...all, span(tame(notice.text))];
};

/** Two lines: what is to be said just now, and the keys that work now. */
export const footerRowsOf = (state: ConsoleState, columns: number): readonly Row[] => {
  const said = state.hint === null ? stageRow(state) : [span(state.hint.text, state.hint.tone)];
  return [cutRow(said, columns), cutRow(keysRow(state, columns), columns)];
};
