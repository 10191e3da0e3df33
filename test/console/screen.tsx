import { render } from 'ink-testing-library';
import { App } from '../../source/console/app.tsx';
import type { Pager } from '../../source/console/pager.ts';
import { type ConsoleStoreOptions, createConsoleStore } from '../../source/console/state/console-store.ts';
import { themeFor } from '../../source/console/theme.ts';
import { widthOf } from '../../source/wording/text.ts';
import { FakeEngine, type FakeOptions } from './fake-engine.ts';
import { renderOnPaper } from './paper.ts';

export const keys = {
  enter: '\r',
  esc: '\u001B',
  tab: '\t',
  up: '\u001B[A',
  down: '\u001B[B',
  right: '\u001B[C',
  left: '\u001B[D',
  ctrlC: '\u0003',
  pageUp: '\u001B[5~',
  pageDown: '\u001B[6~',
} as const;

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** ink-testing-library draws on so many columns, whatever is asked for. */
const libraryColumns = 100;

interface Seat {
  readonly columns?: number;
  readonly rows?: number;
  readonly opensWithRollback?: boolean;
  readonly lang?: string;
  readonly pager?: Pager;
  readonly onStaged?: ConsoleStoreOptions['onStaged'];
}

/** The console without a terminal, and no guard against quick keys. */
export const openScreen = async (
  options: FakeOptions = {},
  { columns = 100, rows = 30, opensWithRollback = false, lang = 'C.UTF-8', pager, onStaged }: Seat = {},
) => {
  const size = { columns, rows };
  const engine = new FakeEngine(options);
  const store = createConsoleStore(engine, {
    guard: { shown: 0, pressed: 0 },
    intervalMs: 0,
    opensWithRollback,
    ...(onStaged === undefined ? {} : { onStaged }),
    ...(options.now === undefined ? {} : { now: options.now }),
  });
  let left = false;
  const tree = (
    <App
      store={store}
      theme={themeFor({ LANG: lang })}
      size={size}
      pager={pager ?? (async () => null)}
      ended={new AbortController().signal}
      onLeave={() => {
        left = true;
      }}
      {...(options.now === undefined ? {} : { now: options.now })}
    />
  );
  const app = columns <= libraryColumns ? render(tree) : renderOnPaper(tree, columns, rows);
  await settled();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: styles are not what is tested here
  const frame = () => (app.lastFrame() ?? '').replace(/\u001B\[[0-9;]*m/g, '');
  return {
    engine,
    store,
    frame,
    lines: () => frame().split('\n'),
    widest: () => Math.max(...frame().split('\n').map(widthOf)),
    left: () => left,
    /** Presses these keys one after the other, and waits for what follows from them. */
    async press(...pressed: readonly string[]) {
      await settled();
      for (const key of pressed) {
        app.stdin.write(key);
        // A lone Esc is told from the start of a longer key by the time that follows.
        await new Promise<void>((resolve) => setTimeout(resolve, key === keys.esc ? 40 : 0));
        await settled();
      }
      return frame();
    },
    close() {
      app.unmount();
      store.dispose();
    },
  };
};
