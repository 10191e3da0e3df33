import { useConsole } from '../hooks/use-console.ts';
import { smallest } from '../layout.ts';
import { dialogText } from '../rows/dialogs.ts';
import { writes } from '../rows/header.ts';
import { proseRows } from '../rows/prose.ts';
import type { Row } from '../rows/row.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { Lines } from './lines.tsx';

interface Props {
  readonly store: ConsoleStore;
  readonly columns: number;
  readonly rows: number;
  readonly now: number;
}

/** Below the smallest size nothing can be judged, so nothing can be confirmed; what runs goes on. */
export const TooSmall = ({ store, columns, rows, now }: Props) => {
  const state = useConsole(store, ['view', 'dialog', 'hint']);
  const asked = state.dialog?.kind === 'quit' ? dialogText(state, columns) : null;
  const said = state.hint === null ? [] : proseRows(state.hint.text, columns, state.hint.tone);
  // What cannot wait until the window is large again.
  const down: readonly Row[] = state.view.downtime.kind === 'down' ? [[writes(state.view, now, false)]] : [];
  const lines: readonly Row[] = asked?.rows ?? [
    ...down,
    ...proseRows(
      `This window has ${columns}x${rows}; the console needs ${smallest.columns}x${smallest.rows}.`,
      columns,
      'strong',
    ),
    ...proseRows(
      'Make it larger. What is running goes on; nothing can be confirmed meanwhile. q leaves.',
      columns,
    ),
  ];
  return <Lines rows={[...lines, ...said]} columns={columns} height={rows} />;
};
