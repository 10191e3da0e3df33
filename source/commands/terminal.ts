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

/** A stream to a terminal, pipe or file whose writes can be heard of. */
interface Heard {
  write: NodeJS.WriteStream['write'];
  readonly columns: number;
  readonly rows: number;
  readonly on: (event: 'resize', listener: () => void) => unknown;
  readonly off: (event: 'resize', listener: () => void) => unknown;
}

/**
 * Hears of all that is written there, whoever writes it, once it is written; and of the terminal's size when that changes.
 * Gives what ends that. What a pager writes by itself is not heard.
 */
export const overhear = (
  where: 'answer' | 'aside' | Heard,
  { written, resized }: { written: (text: string) => void; resized: (columns: number, rows: number) => void },
): (() => void) => {
  const stream: Heard = where === 'answer' ? process.stdout : where === 'aside' ? process.stderr : where;
  const decoder = new TextDecoder();
  const { write } = stream;
  stream.write = new Proxy(write, {
    apply: (target, _self, given: readonly unknown[]) => {
      const taken: unknown = Reflect.apply(target, stream, given);
      const [chunk] = given;
      if (typeof chunk === 'string') written(chunk);
      else if (chunk instanceof Uint8Array) written(decoder.decode(chunk, { stream: true }));
      return taken;
    },
  });
  const size = (): void => resized(stream.columns, stream.rows);
  stream.on('resize', size);
  return () => {
    stream.write = write;
    stream.off('resize', size);
  };
};

/** How large the terminal there is; that of a page where it is none. */
export const sizeOfTerminal = (
  where: 'answer' | 'aside',
): { readonly columns: number; readonly rows: number } => {
  const { columns = 80, rows = 24, isTTY } = where === 'answer' ? process.stdout : process.stderr;
  return isTTY ? { columns, rows } : { columns: 80, rows: 24 };
};
