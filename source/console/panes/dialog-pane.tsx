import { Box } from 'ink';
import { padRight } from '../../wording/text.ts';
import { useConsole } from '../hooks/use-console.ts';
import { useTheme } from '../hooks/use-theme.ts';
import type { Area } from '../layout.ts';
import { dialogText } from '../rows/dialogs.ts';
import { type Row, span } from '../rows/row.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { Lines } from './lines.tsx';

interface Props {
  readonly store: ConsoleStore;
  readonly area: Area;
}

/** What stands around its text: border, padding, title. */
export const dialogFrame = { columns: 4, rows: 3 } as const;

/** Keeps the end, where one types, whatever room there is. */
const squeezed = (rows: readonly Row[], height: number): readonly Row[] =>
  rows.length <= height
    ? rows
    : [...rows.slice(0, Math.max(0, height - 4)), [span('…', 'dim')], ...rows.slice(-3)];

/** What asks something, in place of the third pane. The point of no return looks like nothing else. */
export const DialogPane = ({ store, area }: Props) => {
  const state = useConsole(store, ['view', 'dialog', 'typed']);
  const theme = useTheme();
  const { columns, rows } = area;
  const inner = columns - dialogFrame.columns;
  const text = dialogText(state, inner);
  if (text === null || rows === 0) return null;
  const lines = squeezed(text.rows, rows - dialogFrame.rows);
  const title: Row = [span(padRight(` ${text.title}`, inner), text.alarm ? 'danger' : 'selected')];
  const colour = text.alarm && theme.alarm !== undefined ? { borderColor: theme.alarm } : {};
  const style = text.alarm ? theme.border : theme.border === 'double' ? 'round' : 'classic';
  return (
    <Box borderStyle={style} {...colour} paddingX={1} width={columns} height={rows} flexShrink={0}>
      <Lines rows={[title, ...lines]} columns={inner} height={rows - 2} />
    </Box>
  );
};
