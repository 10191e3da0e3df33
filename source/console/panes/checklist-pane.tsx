import { memo } from 'react';
import { useConsole } from '../hooks/use-console.ts';
import { useTheme } from '../hooks/use-theme.ts';
import type { Area } from '../layout.ts';
import { checklistRows } from '../rows/checklist.ts';
import { titleRow } from '../rows/pane-title.ts';
import { tabLine, tabRows } from '../rows/tabs.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { Lines } from './lines.tsx';

interface Props {
  readonly store: ConsoleStore;
  readonly area: Area;
  readonly now: number;
}

/** The steps of each host, and all of them together in the order of the run. */
export const ChecklistPane = memo(({ store, area, now }: Props) => {
  const state = useConsole(store, ['view', 'focus', 'zoom', 'selected', 'hostFilter']);
  const theme = useTheme();
  const { columns, rows } = area;
  if (rows === 0) return null;
  const focused = state.focus === 'checklist';
  const zoomed = focused && state.zoom;
  // The tabs stand in the title where there is room: a line is a step.
  const inTitle = tabLine(state, columns - (zoomed ? 29 : 13), now, theme);
  const title = titleRow(
    {
      number: 2,
      name: 'Steps',
      focused,
      zoomed,
      ...(inTitle === null ? {} : { middle: inTitle }),
    },
    columns,
    theme,
  );
  const tabs = inTitle === null ? tabRows(state, columns, now, theme) : [];
  const head = [title, ...tabs.slice(0, Math.max(1, Math.floor(rows / 4)))];
  const lines = [...head, ...checklistRows(state, columns, rows - head.length, theme)];
  return <Lines rows={lines} columns={columns} height={rows} />;
});
