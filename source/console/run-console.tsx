import { render } from 'ink';
import { safeText } from '../cluster/parse/terminal-text.ts';
import type { EngineController } from '../engine/view/controller.ts';
import { closeTelling } from '../wording/close-telling.ts';
import { farewell } from '../wording/farewell.ts';
import { App } from './app.tsx';
import { attend } from './attention.ts';
import type { Pager } from './pager.ts';
import { type Signal, untilSignal } from './signals.ts';
import { type ConsoleStoreOptions, createConsoleStore } from './state/console-store.ts';
import { themeFor } from './theme.ts';

export interface ConsoleStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pager: Pager;
}

/** How the console was left: after the last step, after a start that could not be, in between, or by a signal. */
export type ExitReason = 'finished' | 'stopped' | 'left' | Signal;

const turnOfTheLoop = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Ink has taken its listeners away, yet Node would still read, and lose, the next key: that one is the pager's. */
const leaveKeys = async (stdin: NodeJS.ReadStream): Promise<void> => {
  await turnOfTheLoop();
  stdin.pause();
  await turnOfTheLoop();
};

export interface ConsoleOptions extends ConsoleStoreOptions {
  /** Called once, when something is on the screen. */
  readonly onShown?: () => void;
}

/** Shows the console until the operator leaves it, then closes the engine and says on the normal screen how things stand. */
export const runConsole = async (
  controller: EngineController,
  streams: ConsoleStreams,
  options: ConsoleOptions = {},
): Promise<ExitReason> => {
  const { stdin, stdout, env, pager } = streams;
  const store = createConsoleStore(controller, options);
  // Before the first frame: what is typed meanwhile would be echoed into it and shift every line.
  if (stdin.isTTY) stdin.setRawMode(true);
  // The alternate screen begins in the cursor's column: behind a prompt that was answered ahead the first line would wrap.
  stdout.write('\r\u001B[K');
  const ended = new AbortController();
  const screen = (
    <App
      store={store}
      theme={themeFor(env)}
      onRedraw={() => app.clear()}
      onCopy={(sequence) => stdout.write(sequence)}
      pager={async (text, options) => {
        await leaveKeys(stdin);
        return pager(text, options);
      }}
      ended={ended.signal}
    />
  );
  let shown = false;
  const onRender = () => {
    if (!shown) options.onShown?.();
    shown = true;
  };
  const app = render(screen, {
    stdin,
    stdout,
    // A build server's variable in the environment must not turn a real terminal into a dumb one.
    interactive: true,
    alternateScreen: true,
    incrementalRendering: true,
    // Twice the store's rate: at 30 over 30 every second frame would be late.
    maxFps: 60,
    exitOnCtrlC: false,
    patchConsole: false,
    onRender,
    // Batches: without it every pane that hears of a change lays out and draws the whole screen once more.
    concurrent: true,
  });
  // A terminal that is gone (closed laptop, killed tmux) fails every write: leave as if asked to, jobs go on.
  let gone = false;
  const unattend = attend(store, (text) => gone || stdout.write(text), env);
  const end = () => {
    ended.abort();
    app.unmount();
  };
  const lost = () => {
    gone = true;
    end();
  };
  stdout.on('error', lost);
  const ending = untilSignal();
  let signal: Signal | null = null;
  void ending.signal.then((name) => {
    signal = name;
    // What hung up reads nothing any more: writing to it would only fail.
    if (name === 'SIGHUP') gone = true;
    end();
  });
  try {
    await app.waitUntilExit();
  } finally {
    unattend();
    store.dispose();
  }
  const { view } = controller;
  const tell = (text: string): void => {
    if (!gone) stdout.write(safeText(text));
  };
  tell(`${farewell(view)}\n`);
  await closeTelling(controller, tell, signal ?? undefined);
  ending.forget();
  if (signal !== null) return signal;
  const { kind } = view.stage;
  return kind === 'finished' || kind === 'stopped' ? kind : 'left';
};
