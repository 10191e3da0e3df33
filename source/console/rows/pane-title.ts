import type { Theme } from '../theme.ts';
import { ends, type Row, rowWidth, type Span, span } from './row.ts';

interface Title {
  readonly number: 1 | 2 | 3;
  readonly name: string;
  readonly focused: boolean;
  readonly zoomed?: boolean;
  /** Between name and rule. */
  readonly middle?: Row;
  readonly right?: Row;
}

/** The line on top of a pane: its number is the key that focuses it. */
export const titleRow = (title: Title, columns: number, theme: Theme): Row => {
  const name: Span = span(` ${title.number} ${title.name} `, title.focused ? 'selected' : 'strong');
  const zoomed = title.zoomed === true ? [span(' zoomed, z back', 'dim')] : [];
  const middle = title.middle ?? [];
  const left: Row = [
    // Not by colour alone: where the keys go is seen in a terminal without any.
    title.focused ? span(theme.glyphs.cursor, 'strong') : span(theme.glyphs.rule, 'dim'),
    name,
    ...zoomed,
    span(' '),
    ...middle,
    ...(middle.length > 0 ? [span(' ')] : []),
  ];
  const right: Row = [
    ...(title.right ?? []),
    span(title.right === undefined ? '' : ' '),
    span(theme.glyphs.rule, 'dim'),
  ];
  const spaced = rowWidth(right) > 1 ? [span(' '), ...right] : right;
  return ends(left, spaced, columns, span(theme.glyphs.rule, 'dim'));
};
