import { Box, useApp, useWindowSize } from 'ink';
import { useEffect, useState } from 'react';
import { present } from '../cluster/present.ts';
import { copySequence } from './clipboard.ts';
import { useConsole } from './hooks/use-console.ts';
import { useKeys } from './hooks/use-keys.ts';
import { useNow } from './hooks/use-now.ts';
import { usePaneTime } from './hooks/use-pane-time.ts';
import { useSame } from './hooks/use-same.ts';
import { ThemeContext } from './hooks/use-theme.ts';
import { bodyRows, footerRows, headerRows, type Layout, layoutFor } from './layout.ts';
import { openLog } from './open-log.ts';
import type { Pager } from './pager.ts';
import { ChecklistPane } from './panes/checklist-pane.tsx';
import { DialogPane, dialogFrame } from './panes/dialog-pane.tsx';
import { HelpPane } from './panes/help-pane.tsx';
import { Lines } from './panes/lines.tsx';
import { MonitorPane } from './panes/monitor-pane.tsx';
import { RollbackPane } from './panes/rollback-pane.tsx';
import { StepListPane } from './panes/step-list-pane.tsx';
import { StepPane } from './panes/step-pane.tsx';
import { TooSmall } from './panes/too-small.tsx';
import { dialogText } from './rows/dialogs.ts';
import { footerRowsOf } from './rows/footer.ts';
import { headerRowsOf, stagedRows } from './rows/header.ts';
import type { ConsoleStore } from './state/console-store.ts';
import { type InputMode, inputMode } from './state/selectors.ts';
import type { ConsoleState } from './state/state.ts';
import type { Theme } from './theme.ts';

export interface AppProps {
  readonly store: ConsoleStore;
  readonly theme: Theme;
  readonly now?: () => number;
  /** Forgets what is on the terminal, so that the next frame is drawn whole. */
  readonly onRedraw?: () => void;
  readonly pager: Pager;
  /** Aborted when the console is ended from without. */
  readonly ended: AbortSignal;
  /** Writes a control sequence of our own to the terminal. */
  readonly onCopy?: (sequence: string) => void;
  /** Instead of ending the app itself. */
  readonly onLeave?: () => void;
  /** For tests without a terminal. */
  readonly size?: { readonly columns: number; readonly rows: number };
}

/** Modes in which the three panes stand as they are, or something lies over all of them. */
const besides: readonly InputMode[] = [
  'commands',
  'help',
  'warnings',
  'rollback',
  'search',
  'steps',
  'too-small',
];

const asks = (state: ConsoleState): boolean => {
  const mode = inputMode(state);
  return !besides.includes(mode);
};

const layoutOf = (state: ConsoleState, size: { columns: number; rows: number }): Layout =>
  layoutFor({
    ...size,
    focus: state.focus,
    zoom: state.zoom && !asks(state),
    nodes:
      (state.view.monitor.feed.state?.nodes.length ?? state.view.monitor.before.length) +
      Math.min(4, state.view.follows?.databases.length ?? 0),
    staged: state.staged !== null,
    dialog: asks(state)
      ? (dialogText(state, size.columns - dialogFrame.columns)?.rows.length ?? 0) + dialogFrame.rows
      : 0,
  });

/** The console: two lines of header, three panes, two lines of footer. */
export const App = ({
  store,
  theme,
  now = present,
  onRedraw,
  pager,
  ended,
  onCopy,
  onLeave,
  size,
}: AppProps) => {
  const app = useApp();
  const window = useWindowSize();
  const { columns, rows } = size ?? window;
  const state = useConsole(store, [
    'view',
    'focus',
    'zoom',
    'selected',
    'face',
    'dialog',
    'hint',
    'staged',
    'tooSmall',
    'preview',
  ]);
  const time = useNow(store, now);
  const [, setDrawn] = useState(0);
  const redraw = () => {
    onRedraw?.();
    setDrawn((count) => count + 1);
  };
  const paneTime = usePaneTime(state, time);
  const layout = useSame(layoutOf(state, { columns, rows }));
  const tooSmall = layout.shape === 'too-small';
  useEffect(() => store.go.setTooSmall(tooSmall), [store, tooSmall]);
  useKeys(() => {
    const fresh = store.state.getState();
    return {
      state: fresh,
      store,
      theme,
      layout: layoutOf(fresh, { columns, rows }),
      redraw,
      openLog: () => void openLog(store, pager, app.suspendTerminal, ended),
      copy: (text) => {
        const sequence = copySequence(text);
        if (sequence === null) return false;
        onCopy?.(sequence);
        return true;
      },
      leave: onLeave ?? (() => app.exit()),
    };
  });

  const body = bodyRows(rows, state.staged !== null);
  const third = asks(state) ? (
    <DialogPane store={store} area={layout.areas.output} />
  ) : (
    <StepPane store={store} layout={layout} now={paneTime} />
  );
  const monitor = <MonitorPane store={store} area={layout.areas.monitor} now={paneTime} />;
  const checklist = <ChecklistPane store={store} area={layout.areas.checklist} now={paneTime} />;
  const zoomed = layout.areas.output.rows === 0 || layout.areas.checklist.rows === 0;
  const panes =
    layout.shape === 'split' && !zoomed ? (
      <>
        {monitor}
        <Box columnGap={2}>
          {checklist}
          <Box flexDirection="column">{third}</Box>
        </Box>
      </>
    ) : (
      <>
        {monitor}
        {checklist}
        {third}
      </>
    );

  const mode = inputMode(state);
  const overlay =
    mode === 'help' || mode === 'warnings' ? (
      <HelpPane store={store} shows={mode} columns={columns} rows={body} />
    ) : mode === 'rollback' ? (
      <RollbackPane store={store} columns={columns} rows={body} />
    ) : mode === 'steps' ? (
      <StepListPane store={store} columns={columns} rows={body} />
    ) : null;

  return (
    <ThemeContext.Provider value={theme}>
      <Box flexDirection="column" width={columns} height={rows}>
        {tooSmall ? (
          <TooSmall store={store} columns={columns} rows={rows} now={time} />
        ) : (
          <>
            <Lines
              rows={headerRowsOf(state.view, columns, time, theme)}
              columns={columns}
              height={headerRows}
            />
            <Lines
              rows={stagedRows(state, columns)}
              columns={columns}
              height={state.staged === null ? 0 : 1}
            />
            <Box flexDirection="column" height={body} flexShrink={0}>
              {overlay ?? panes}
            </Box>
            <Lines rows={footerRowsOf(state, columns)} columns={columns} height={footerRows} />
          </>
        )}
      </Box>
    </ThemeContext.Provider>
  );
};
