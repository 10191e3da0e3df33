import { memo } from 'react';
import { useConsole } from '../hooks/use-console.ts';
import { useTheme } from '../hooks/use-theme.ts';
import type { Area } from '../layout.ts';
import { monitorRows, monitorSource } from '../rows/monitor.ts';
import { titleRow } from '../rows/pane-title.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { Lines } from './lines.tsx';

interface Props {
  readonly store: ConsoleStore;
  readonly area: Area;
  readonly now: number;
}

/** The cluster as its monitor sees it. */
export const MonitorPane = memo(({ store, area, now }: Props) => {
  const { view, focus, zoom } = useConsole(store, ['view', 'focus', 'zoom']);
  const theme = useTheme();
  const { columns, rows } = area;
  if (rows === 0) return null;
  const focused = focus === 'monitor';
  const title = titleRow(
    { number: 1, name: 'Monitor', focused, zoomed: focused && zoom, right: monitorSource(view, now) },
    columns,
    theme,
  );
  const lines = [title, ...monitorRows(view, columns, rows - 1, now, theme)];
  return <Lines rows={lines} columns={columns} height={rows} />;
});
