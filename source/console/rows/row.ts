import { cut, widthOf } from '../../wording/text.ts';

/** What a piece of text means; the theme decides how that looks. */
export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'warn' | 'bad' | 'danger' | 'selected' | 'found';

export interface Span {
  readonly text: string;
  readonly tone?: Tone;
  /** A spinner in place of the text, which has its width. */
  readonly spins?: true;
}

/** One line of the screen. Panes are made of rows by pure functions, so that they can be tested and cut exactly. */
export type Row = readonly Span[];

export const span = (text: string, tone: Tone = 'plain'): Span => ({ text, tone });
export const blank: Row = [];

export const rowWidth = (row: Row): number => row.reduce((sum, part) => sum + widthOf(part.text), 0);

/** Whether two rows look the same. */
export const sameRow = (one: Row, other: Row): boolean =>
  one === other ||
  (one.length === other.length &&
    one.every((part, at) => {
      const like = other[at];
      return part.text === like?.text && part.tone === like.tone && part.spins === like.spins;
    }));

/** The row in at most that many columns, with a mark where it was cut. */
export const cutRow = (row: Row, columns: number): Row => {
  const kept: Span[] = [];
  let room = columns;
  for (const [at, part] of row.entries()) {
    const width = widthOf(part.text);
    const more = row.slice(at + 1).some((later) => later.text !== '');
    if (width < room || (width === room && !more)) {
      kept.push(part);
      room -= width;
      continue;
    }
    kept.push({ ...part, text: width === room ? cut(`${part.text} `, room) : cut(part.text, room) });
    break;
  }
  return kept;
};

/** Left and right parts at the two ends of a line; the left one gives way. */
export const ends = (left: Row, right: Row, columns: number, filler: Span = span(' ')): Row => {
  const end = cutRow(right, columns);
  const start = cutRow(left, Math.max(0, columns - rowWidth(end) - 1));
  const gap = columns - rowWidth(start) - rowWidth(end);
  return [...start, { ...filler, text: filler.text.repeat(Math.max(0, gap)) }, ...end];
};

/** Everything of the row in one tone, filled up to the width: the selected line. */
export const highlighted = (row: Row, columns: number, tone: Tone): Row => {
  const text = row.map((part) => part.text).join('');
  return [span(cut(text, columns) + ' '.repeat(Math.max(0, columns - widthOf(text))), tone)];
};
