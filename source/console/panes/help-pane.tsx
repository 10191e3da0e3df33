import { useConsole } from '../hooks/use-console.ts';
import { useTheme } from '../hooks/use-theme.ts';
import { overlayOf } from '../overlay.ts';
import { moreRow } from '../rows/moving.ts';
import { windowOf } from '../rows/prose.ts';
import { ends, span } from '../rows/row.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { Lines } from './lines.tsx';

interface Props {
  readonly store: ConsoleStore;
  readonly shows: 'help' | 'warnings';
  readonly columns: number;
  readonly rows: number;
}

/** The keys and signs, or all warnings, over all panes. */
export const HelpPane = ({ store, shows, columns, rows }: Props) => {
  const state = useConsole(store, ['helpTop', 'view', 'preview', 'dialog', 'tooSmall']);
  const theme = useTheme();
  const { text, height } = overlayOf(state, { columns, rows }, theme) ?? { text: [], height: 0 };
  const window = windowOf(text, state.helpTop, height);
  const more = moreRow(window.above, window.below, theme) ?? [];
  const title = ends([span(shows === 'help' ? ' Help ' : ' Warnings ', 'selected')], more, columns);
  return <Lines rows={[title, ...window.rows]} columns={columns} height={rows} />;
};
