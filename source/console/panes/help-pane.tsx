import { useConsole } from '../hooks/use-console.ts';
import { useTheme } from '../hooks/use-theme.ts';
import { helpRows } from '../rows/help.ts';
import { moreRow } from '../rows/moving.ts';
import { windowOf } from '../rows/prose.ts';
import { ends, span } from '../rows/row.ts';
import { warningRows } from '../rows/warnings.ts';
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
  const { helpTop, view } = useConsole(store, ['helpTop', 'view']);
  const theme = useTheme();
  const text = shows === 'help' ? helpRows(view.verdict, columns, theme) : warningRows(view, columns);
  const window = windowOf(text, helpTop, rows - 1);
  const more = moreRow(window.above, window.below, theme) ?? [];
  const title = ends([span(shows === 'help' ? ' Help ' : ' Warnings ', 'selected')], more, columns);
  return <Lines rows={[title, ...window.rows]} columns={columns} height={rows} />;
};
