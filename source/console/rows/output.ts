import type { OutputView } from '../../engine/view/controller.ts';
import { cut, tame, wrapExact } from '../../wording/text.ts';
import type { Theme } from '../theme.ts';
import { markFound } from './found.ts';
import { type Row, span } from './row.ts';

type Lines = Pick<OutputView, 'firstLine' | 'endLine' | 'line' | 'unfinished'>;

interface Window {
  /** First line asked for; null follows the end. */
  readonly top: number | null;
  readonly columns: number;
  readonly rows: number;
  readonly wrap: boolean;
  readonly needle: string;
  /** The line found last; null for none. */
  readonly found?: number | null;
}

export interface VisibleOutput {
  readonly rows: readonly Row[];
  /** The first and one past the last line of which something is visible. */
  readonly first: number;
  readonly end: number;
  /** The end of the output is visible. */
  readonly atEnd: boolean;
}

/** The rows of the output that are visible. Looks at no more lines than there are rows, however long the output is. */
export const visibleOutput = (output: Lines, window: Window, theme: Theme): VisibleOutput => {
  const { columns, rows, wrap, needle } = window;
  const end = output.endLine + (output.unfinished === '' ? 0 : 1);
  const text = (index: number) => (index < output.endLine ? output.line(index) : output.unfinished);
  const rowsOf = (index: number): readonly Row[] => {
    const tone = index === window.found ? 'selected' : 'found';
    if (!wrap) return markFound([cut(tame(text(index)), columns)], needle, tone);
    // The mark of a continuation takes a column; a line that fits as it is has none.
    const whole = wrapExact(text(index), columns);
    const parts = whole.length === 1 ? whole : wrapExact(text(index), columns - 1);
    return markFound(parts, needle, tone).map((row, at) =>
      at === 0 ? row : [span(theme.glyphs.fold, 'dim'), ...row],
    );
  };
  const bottom = (): VisibleOutput => {
    const lines: Row[] = [];
    let first = end;
    while (first > output.firstLine && lines.length < rows) {
      first -= 1;
      lines.unshift(...rowsOf(first));
    }
    return { rows: lines.slice(-rows), first, end, atEnd: true };
  };
  if (window.top === null) return bottom();
  const first = Math.max(output.firstLine, Math.min(window.top, end - 1));
  const lines: Row[] = [];
  let at = first;
  while (at < end && lines.length < rows) {
    lines.push(...rowsOf(at));
    at += 1;
  }
  // Scrolled past the last full page: show the last page.
  if (lines.length < rows) return { ...bottom(), atEnd: true };
  return { rows: lines.slice(0, rows), first, end: at, atEnd: at >= end && lines.length <= rows };
};
