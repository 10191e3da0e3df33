import { Box, Text } from 'ink';
import Spinner from 'ink-spinner';
import { createElement, memo } from 'react';
import { widthOf } from '../../wording/text.ts';
import { useTheme } from '../hooks/use-theme.ts';
import { cutRow, type Row, type Span, sameRow } from '../rows/row.ts';

/** Typographic signs of our own texts for a terminal without UTF-8: each as wide as what it stands for. */
const plainSigns: Readonly<Record<string, string>> = {
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '–': '-',
  '—': '-',
  '…': '.',
  '→': '>',
  '·': '-',
};
const inAscii = (text: string): string =>
  text.replace(/[^\t -~]/gu, (sign) => plainSigns[sign] ?? '?'.repeat(widthOf(sign)));

const Piece = ({ part }: { readonly part: Span }) => {
  const { looks, spinner, wide } = useTheme();
  const look = looks[part.tone ?? 'plain'];
  const text = wide ? part.text : inAscii(part.text);
  return <Text {...look}>{part.spins === true ? <Spinner type={spinner} /> : text}</Text>;
};

// A line without a character would have no height, and everything below it would move up.
const Line = memo(
  ({ row }: { readonly row: Row }) =>
    // Children as arguments: a line's pieces have no names that could be keys.
    createElement(
      Text,
      { wrap: 'truncate-end' },
      ...(row.every((part) => part.text === '') ? [' '] : row.map((part) => createElement(Piece, { part }))),
    ),
  // Rows are made anew for each frame, and most of them are what they were.
  (before, after) => sameRow(before.row, after.row),
);

interface LinesProps {
  readonly rows: readonly Row[];
  readonly columns: number;
  /** Exactly so many lines: what is more is cut, what is less stays empty. */
  readonly height: number;
}

/** Rows as lines of the screen. Nothing stands out of it, so Ink is not asked to clip: that would cost a fifth of each frame. */
export const Lines = ({ rows, columns, height }: LinesProps) =>
  createElement(
    Box,
    { flexDirection: 'column', width: columns, height, flexShrink: 0 },
    ...rows.slice(0, height).map((row) => createElement(Line, { row: cutRow(row, columns) })),
  );
