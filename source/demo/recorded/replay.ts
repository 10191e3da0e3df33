/** A piece of recorded output, and how long it came after the piece before, in milliseconds. */
export interface Piece {
  readonly waitMs: number;
  readonly text: string;
}

/** Reads `MILLISECONDS<tab>TEXT` lines, in which \n stands for a line's end. Comments begin with #. */
export const piecesOf = (recording: string): readonly Piece[] => {
  let before = 0;
  return recording.split('\n').flatMap((line) => {
    const [, at, text] = /^(\d+)\t(.*)$/.exec(line) ?? [];
    if (at === undefined || text === undefined) return [];
    const waitMs = Number(at) - before;
    before = Number(at);
    return [{ waitMs, text: text.replaceAll('\\n', '\n') }];
  });
};

/** The same, cut behind each line's end, so that something can happen between two lines. */
export const recordedLines = (pieces: readonly Piece[]): readonly Piece[] =>
  pieces.flatMap(({ waitMs, text }) =>
    text
      .split(/(?<=\n)/)
      .filter((part) => part !== '')
      .map((part, at) => ({ waitMs: at === 0 ? waitMs : 0, text: part })),
  );

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
