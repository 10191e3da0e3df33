import { useConsole } from '../hooks/use-console.ts';
import { useTheme } from '../hooks/use-theme.ts';
import { overlayOf } from '../overlay.ts';
import { moreRow } from '../rows/moving.ts';
import { windowOf } from '../rows/prose.ts';
import { rollbackEnter } from '../rows/rollback.ts';
import { ends, span } from '../rows/row.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { Lines } from './lines.tsx';

interface Props {
  readonly store: ConsoleStore;
  readonly columns: number;
  readonly rows: number;
}

/** What a rollback would be, over all panes: it is read in peace or not at all. */
export const RollbackPane = ({ store, columns, rows }: Props) => {
  const state = useConsole(store, ['view', 'preview', 'helpTop', 'dialog', 'tooSmall']);
  const theme = useTheme();
  const { text, height } = overlayOf(state, { columns, rows }, theme) ?? { text: [], height: 0 };
  const window = windowOf(text, state.helpTop, height);
  const more = moreRow(window.above, window.below, theme) ?? [];
  const name = state.view.direction === 'rollback' ? ' Rollback, from here ' : ' Rollback ';
  return (
    <>
      <Lines
        rows={[ends([span(name, 'selected')], more, columns), ...window.rows]}
        columns={columns}
        height={rows - 1}
      />
      <Lines rows={[rollbackEnter(state)]} columns={columns} height={1} />
    </>
  );
};
