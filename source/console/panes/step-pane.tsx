import { memo } from 'react';
import { useConsole } from '../hooks/use-console.ts';
import { useTheme } from '../hooks/use-theme.ts';
import type { Layout } from '../layout.ts';
import { choicesRow, enterSentence } from '../rows/card.ts';
import { markRow } from '../rows/found.ts';
import { moreRow } from '../rows/moving.ts';
import { titleRow } from '../rows/pane-title.ts';
import { closingRows, problemRows } from '../rows/problem.ts';
import { windowOf } from '../rows/prose.ts';
import { type Row, span } from '../rows/row.ts';
import { stepPlace, stepStanding } from '../rows/step-title.ts';
import { cardKey, faceRows, findRow, outputRoom, outputWindow, pinnedRows } from '../screen.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { needleOf, shownFace, shownStep } from '../state/selectors.ts';
import { Lines } from './lines.tsx';

interface Props {
  readonly store: ConsoleStore;
  readonly layout: Layout;
  readonly now: number;
}

/** Before a step: its card. While it runs and after: its output. When it failed: what went wrong and what can be done. */
export const StepPane = memo(({ store, layout, now }: Props) => {
  const state = useConsole(store, [
    'view',
    'focus',
    'zoom',
    'selected',
    'face',
    'outputTop',
    'cardTop',
    'wrap',
    'needle',
    'found',
    'foundRow',
    'dialog',
    'typed',
    'outputVersion',
  ]);
  const theme = useTheme();
  const step = shownStep(state);
  const { columns, rows } = layout.areas.output;
  if (rows === 0) return null;
  const focused = state.focus === 'output';
  const zoomed = focused && state.zoom;
  const { stage } = state.view;
  if (step === null || stage.kind === 'stopped') {
    const title = titleRow({ number: 3, name: 'Step', focused, zoomed }, columns, theme);
    return <Lines rows={[title, ...problemRows(stage, columns)]} columns={columns} height={rows} />;
  }
  if (stage.kind === 'finished' && state.selected === null && state.face === null) {
    const title = titleRow({ number: 3, name: 'Done', focused, zoomed }, columns, theme);
    return <Lines rows={[title, ...closingRows(state.view, columns)]} columns={columns} height={rows} />;
  }
  const screen = { state, store, layout, theme };
  const face = shownFace(state);
  const output = store.controller.output(step.id);
  const visible = outputWindow(screen);
  const room = outputRoom(screen).rows;
  const names = { card: 'Step', output: 'Output', failure: 'Failure' } as const;
  const follows = face === 'output' && (visible?.atEnd ?? true);
  const card = windowOf(faceRows(screen), state.cardTop[cardKey(state)] ?? 0, room);
  const size = { lines: output.endLine, bytes: output.bytes };
  const more = face === 'output' ? null : moreRow(card.above, card.below, theme);
  const right: Row = [
    ...stepStanding(step, face, now, visible, size),
    ...(face === 'output' && !follows ? [span('  F follows', 'warn')] : []),
    ...(more ?? []),
  ];
  const title = titleRow(
    {
      number: 3,
      name: names[face],
      focused,
      zoomed,
      middle: stepPlace(state.view, step),
      ...(right.length > 0 ? { right } : {}),
    },
    columns,
    theme,
  );
  const empty: Row = [span(step.status.kind === 'running' ? 'Nothing printed yet.' : 'No output.', 'dim')];
  const foundRow = state.foundRow?.face === cardKey(state) ? state.foundRow.row : null;
  const body =
    face === 'output'
      ? visible === null || visible.rows.length === 0
        ? [empty]
        : visible.rows
      : card.rows.map((row, at) =>
          markRow(row, needleOf(state), card.first + at === foundRow ? 'selected' : 'found'),
        );
  const pinned: readonly Row[] =
    face === 'output'
      ? pinnedRows(screen, now)
      : [findRow(screen) ?? (face === 'failure' ? choicesRow : enterSentence(state.view, step, columns))];
  return (
    <>
      <Lines rows={[title, ...body]} columns={columns} height={rows - pinned.length} />
      <Lines rows={pinned} columns={columns} height={pinned.length} />
    </>
  );
});
