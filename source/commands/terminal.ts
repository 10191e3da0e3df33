import { safeJson, safeText } from '../cluster/parse/terminal-text.ts';
import type { PromptSeat } from '../plain/prompt.ts';
import { readlinePrompt } from '../plain/terminal-prompt.ts';

/**
 * The one place that writes to this process's terminal, pipe or file. What hosts, servers and other operators have said
 * goes through here, so no control sequence of theirs does: not in an error, a notice, a question or the last line.
 */
export interface Outlet {
  /** Text for people; control characters become U+FFFD. */
  readonly write: (text: string) => void;
  /** Text that is JSON: it stays the same value. */
  readonly json: (text: string) => void;
}

/** An outlet over any stream. */
export const outletTo = (stream: Pick<NodeJS.WritableStream, 'write'>): Outlet => ({
  write: (text) => {
    stream.write(safeText(text));
  },
  json: (text) => {
    stream.write(safeJson(text));
  },
});

/** Standard output: the answer. */
export const answer: Outlet = outletTo(process.stdout);
/** Standard error: what is said aside from the answer. */
export const aside: Outlet = outletTo(process.stderr);

/** Calls when nobody reads standard output any more (`| head`), or it cannot be written (a full disk): then with why. */
export const onUnread = (listener: (unwritten: string | null) => void): void => {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    listener(error.code === 'EPIPE' ? null : error.message);
  });
};

/** Standard output for lines of JSON; after one that nobody takes, nothing more goes there, and `trouble` says why. */
export const eventsOutlet = (): {
  readonly write: (line: string) => void;
  readonly trouble: () => string | null;
} => {
  let trouble: string | null = null;
  process.stdout.on('error', (error) => {
    trouble = error.message;
  });
  return {
    write: (line) => {
      if (trouble === null) answer.json(`${line}\n`);
    },
    trouble: () => trouble,
  };
};

/** Questions on the terminal: over standard output, or aside where standard output is the answer. */
export const askOn = (where: 'answer' | 'aside'): PromptSeat =>
  readlinePrompt(process.stdin, where === 'answer' ? process.stdout : process.stderr);

/** Columns of the terminal; null where standard output is none. */
export const columnsOfTerminal = (): number | null => (process.stdout.isTTY ? process.stdout.columns : null);

/** Whether somebody sits at a terminal that can show the full screen; plain lines otherwise. */
export const showsScreens = (): boolean =>
  process.stdin.isTTY && process.stdout.isTTY && process.env.TERM !== 'dumb';

/** The streams for the full screen, which tames what it shows by itself. */
export const screenStreams = (): {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
} => ({
  stdin: process.stdin,
  stdout: process.stdout,
});
