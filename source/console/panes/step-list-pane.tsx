import { useConsole } from '../hooks/use-console.ts';
import { useTheme } from '../hooks/use-theme.ts';
import { span } from '../rows/row.ts';
import { stepListEnter, stepListRows } from '../rows/step-list.ts';
import type { ConsoleStore } from '../state/console-store.ts';
import { Lines } from './lines.tsx';

interface Props {
  readonly store: ConsoleStore;
  readonly columns: number;
  readonly rows: number;
}

/** All steps over all panes, to jump to one. */
export const StepListPane = ({ store, columns, rows }: Props) => {
  const state = useConsole(store, ['view', 'dialog', 'typed']);
  const theme = useTheme();
  const list = stepListRows(state, columns, rows - 2, theme);
  return (
    <>
      <Lines rows={[[span(' Steps ', 'selected')], ...list]} columns={columns} height={rows - 1} />
      <Lines rows={[stepListEnter(state)]} columns={columns} height={1} />
    </>
  );
};
