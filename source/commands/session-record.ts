import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { redactText } from '../cluster/parse/redact.ts';
import { type Problem, problem } from '../cluster/result.ts';
import { type Append, type OwnFile, openOwnFile } from './own-file.ts';

/**
 * The record of a console's session: what its terminal showed, with the times, as asciicast v2, which `asciinema play` and web players
 * show again. Source: asciinema, asciicast file format version 2. What was typed is in it only as far as it was shown.
 */

/** The file is not longer than this many bytes; what the terminal shows behind them is not kept. */
const mostBytes = 32 * 1024 * 1024;
/** So much room is left to the journal, without which no step is run. */
const roomBytes = 64 * 1024 * 1024;
/** The room is asked for again behind so many bytes. */
const askedBytes = 256 * 1024;
/** What this user may still write there, in bytes. */
const roomIn = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};
/** Players leave out what is longer than this without a change, in seconds. */
const longestIdle = 2;

/** What a terminal is told: control sequences of ECMA-48, and strings such as a title. In parentheses, so that a split keeps them. */
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what this looks for
  /(\u001B\[[0-?]*[ -/]*[@-~]|\u001B[\]P_^X][^\u0007\u001B]*(?:\u0007|\u001B\\)|\u001B[ -/]*[0-Z\\`-~])/;
/** Whoever plays it must not find another clipboard than before. */
const isClipboard = (sequence: string): boolean => sequence.startsWith('\u001B]52;');

/** Without secrets, and with what stands to the right of one still in its column. */
const withoutSecrets = (text: string): string =>
  text
    .split('\n')
    .map((line) => {
      const shown = redactText(line);
      return shown === line || line.endsWith('\r') ? shown : shown.padEnd(line.length);
    })
    .join('\n');

/** The row on which a line goes on that was too long, behind its glyph (theme.ts, fold): the words there, and what stands before them. */
const foldedRow =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what this looks for
  /^((?:.*?[^\w:])?(?:\u001B\[[\d;]*m)*(?:┊|:) *(?:\u001B\[[\d;]*m)* *)([^\s\u001B]+)/u;

/** A secret that goes on on the next row of the screen, where nothing tells that it is one. */
const withoutFolded = (text: string): string => {
  let goesOn = false;
  return text
    .split('\n')
    .map((row) => {
      const shown = goesOn
        ? row.replace(foldedRow, (_, before: string, rest: string) => `${before}${'*'.repeat(rest.length)}`)
        : row;
      const seen = shown.split(sequences).filter((_, at) => at % 2 === 0);
      goesOn =
        /\*\s*[│|]?\s*$/u.test(seen.join('')) && (shown !== row || seen.some((one) => one.includes('****')));
      return shown;
    })
    .join('\n');
};

/** What is kept of what was written to a terminal, which begins a new line at its left edge. */
export const recordable = (written: string): string =>
  withoutFolded(
    written
      .split(sequences)
      .map((part, at) => (at % 2 === 0 ? withoutSecrets(part) : isClipboard(part) ? '' : part))
      .join(''),
  ).replaceAll(/\r?\n/g, '\r\n');

export interface RecordedTerminal {
  readonly columns: number;
  readonly rows: number;
  readonly title: string;
  /** TERM of the environment. */
  readonly term: string;
}

export interface SessionRecord {
  /** What was written to the terminal. */
  readonly hear: (written: string) => void;
  readonly resized: (columns: number, rows: number) => void;
  /** A place to jump to. */
  readonly mark: (words: string) => void;
  /** The run's directory is known: the record lies in it from now on, with what was heard before. Once. */
  readonly begin: (directory: string) => void;
  /** Closes it; what kept it from being written whole, null: nothing. */
  readonly close: () => Problem | null;
}

interface Clock {
  /** The moment, in milliseconds since the epoch. */
  readonly date: () => number;
  /** Milliseconds of a clock that is never put back. */
  readonly steady: () => number;
}
const machineClock: Clock = { date: () => Date.now(), steady: () => performance.now() };

/** `session-20261127T182303Z-4711.cast`: sorts by time; two consoles never have the same. */
const nameOf = (began: number): string =>
  `session-${new Date(began).toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${process.pid}.cast`;

/**
 * Records what a terminal shows. Until the run's directory is known nothing is written; a console that could not start leaves none.
 * A record that cannot be written, or is full, ends; nothing else does.
 */
export const sessionRecord = (
  terminal: RecordedTerminal,
  {
    clock = machineClock,
    most = mostBytes,
    room = roomIn,
    append,
  }: { clock?: Clock; most?: number; room?: (directory: string) => number; append?: Append } = {},
): SessionRecord => {
  const began = clock.date();
  const from = clock.steady();
  const { columns: width, rows: height, title, term } = terminal;
  const header = {
    version: 2,
    width,
    height,
    timestamp: Math.floor(began / 1000),
    idle_time_limit: longestIdle,
    title,
    env: { TERM: term },
  };
  /** Null once the file is there. */
  let kept: string[] | null = [JSON.stringify(header)];
  let file: OwnFile | null = null;
  let bytes = Buffer.byteLength(kept[0] ?? '') + 1;
  let full: string | null = null;
  let isBound = false;
  let place: string | null = null;
  let askAt = 0;
  let trouble: Problem | null = null;
  const put = (line: string): void => {
    bytes += Buffer.byteLength(line) + 1;
    if (kept === null) file?.append(line);
    else kept.push(line);
  };
  const hasRoom = (): boolean => {
    if (place === null || bytes < askAt) return true;
    askAt = bytes + askedBytes;
    try {
      return room(place) > roomBytes;
    } catch {
      // Whether it can be written is seen when it is.
      return true;
    }
  };
  const event = (code: 'o' | 'r' | 'm', data: string): void => {
    if (full !== null || trouble !== null || data === '') return;
    const at = Math.round((clock.steady() - from) * 1000) / 1_000_000;
    const line = JSON.stringify([at, code, data]);
    const fits = bytes + Buffer.byteLength(line) + 1 <= most;
    if (fits && hasRoom()) {
      put(line);
      return;
    }
    full = new Date(clock.date()).toISOString();
    isBound = !fits;
    put(
      JSON.stringify([
        at,
        'm',
        fits
          ? 'The record ends here: the disk is nearly full.'
          : `The record ends here: it has ${most} bytes.`,
      ]),
    );
  };
  return {
    hear: (written) => event('o', recordable(written)),
    resized: (columns, rows) => event('r', `${columns}x${rows}`),
    mark: (words) => event('m', redactText(words)),
    begin: (directory) => {
      if (kept === null) return;
      place = directory;
      const path = join(directory, nameOf(began));
      const opened = openOwnFile(path, '', () => false, append);
      if (opened.ok) {
        file = opened.value;
        for (const line of kept) file.append(line);
      } else
        trouble = problem(
          `What the terminal showed was not recorded in ${path}.`,
          'The run went on without it: its journal and its outputs are kept.',
          opened.error.cause ?? opened.error.what,
        );
      kept = null;
    },
    close: () => {
      const cut = file?.close() ?? null;
      if (full !== null && cut === null)
        return problem(
          `${isBound ? `The record of this session has reached its ${Math.round(most / 1_048_576)} MB` : 'The record of this session leaves the last 64 MB of its disk to the journal'}, and has nothing of what the terminal showed after ${full}.`,
          'Journal and outputs are whole. The next console begins a record of its own.',
        );
      return trouble ?? cut;
    },
  };
};
