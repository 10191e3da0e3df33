import { Socket } from 'node:net';
import { render } from 'ink';
import type { ReactElement } from 'react';

/** What a terminal has, as far as Ink asks: frames are kept, nothing is drawn. */
const paperOf = (columns: number, rows: number) => {
  let last = '';
  const stdout = Object.assign(new Socket(), {
    columns,
    rows,
    isTTY: true as const,
    clearLine: () => true,
    clearScreenDown: () => true,
    cursorTo: () => true,
    moveCursor: () => true,
    getColorDepth: () => 1,
    hasColors: () => false,
    getWindowSize: (): [number, number] => [columns, rows],
    write: (frame: string | Uint8Array, ...written: readonly unknown[]) => {
      // What switches the terminal's modes is no frame.
      if (String(frame).includes('\n')) last = String(frame);
      const tell = written.at(-1);
      if (typeof tell === 'function') tell();
      return true;
    },
  });
  return { stdout, frame: () => last };
};

/** A keyboard: what is typed arrives as one chunk. */
const keyboard = () => {
  let typed: string | null = null;
  const stdin = Object.assign(new Socket(), {
    isTTY: true as const,
    isRaw: false,
    setRawMode: () => stdin,
    setEncoding: () => stdin,
    read: () => {
      const chunk = typed;
      typed = null;
      return chunk;
    },
  });
  return {
    stdin,
    type: (text: string) => {
      typed = text;
      stdin.emit('readable');
    },
  };
};

/** As ink-testing-library's `render`, on paper of any width: whole frames, one after the other. */
export const renderOnPaper = (tree: ReactElement, columns: number, rows: number) => {
  const paper = paperOf(columns, rows);
  const { stdin, type } = keyboard();
  const app = render(tree, {
    stdout: paper.stdout,
    stdin,
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  return { lastFrame: paper.frame, stdin: { write: type }, unmount: () => app.unmount() };
};
