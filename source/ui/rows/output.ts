import type { OutputView } from '../../engine/controller.ts';
import { type Row, type Span, span } from '../row.ts';
import { cut, tame, wrapExact } from '../text.ts';
import type { Theme } from '../theme.ts';

interface Window {
  /** First line asked for; null follows the end. */
  readonly top: number | null;
  readonly columns: number;
  readonly rows: number;
  readonly wrap: boolean;
  readonly needle: string;
}

export interface VisibleOutput {
  readonly rows: readonly Row[];
  /** The first and one past the last line of which something is visible. */
  readonly first: number;
  readonly end: number;
  /** The end of the output is visible. */
  readonly atEnd: boolean;
}

const marked = (text: string, needle: string): readonly Span[] => {
  const at = needle === '' ? -1 : text.toLowerCase().indexOf(needle.toLowerCase());
  if (at < 0) return [span(text)];
  const end = at + needle.length;
  return [span(text.slice(0, at)), span(text.slice(at, end), 'found'), ...marked(text.slice(end), needle)];
};

/** The rows of the output that are visible. Looks at no more lines than there are rows, however long the output is. */
export const visibleOutput = (output: OutputView, window: Window, theme: Theme): VisibleOutput => {
  const { columns, rows, wrap, needle } = window;
  const end = output.endLine + (output.unfinished === '' ? 0 : 1);
  const text = (index: number) => (index < output.endLine ? output.line(index) : output.unfinished);
  const rowsOf = (index: number): readonly Row[] => {
    if (!wrap) return [marked(cut(tame(text(index)), columns), needle)];
    return wrapExact(text(index), columns - 1).map((part, at) =>
      at === 0 ? marked(part, needle) : [span(theme.glyphs.fold, 'dim'), ...marked(part, needle)],
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
