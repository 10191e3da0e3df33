import { type Row, type Span, span, type Tone } from './row.ts';

/** Whether a row holds what is looked for; nothing holds an empty text. */
export const rowHolds = (row: Row, needle: string): boolean =>
  needle !== '' &&
  row
    .map(({ text }) => text)
    .join('')
    .toLowerCase()
    .includes(needle.toLowerCase());

/** A row of a card with what is looked for marked, each part of it in its own tone elsewhere. */
export const markRow = (row: Row, needle: string, tone: Tone): Row => {
  if (!rowHolds(row, needle)) return row;
  const marked = markFound(
    row.map(({ text }) => text),
    needle,
    tone,
  );
  return marked.flatMap((parts, at) =>
    parts.map((part) => (part.tone === tone ? part : { ...row[at], text: part.text })),
  );
};

/** The parts of a folded line, with what is looked for marked, also where it was folded in the middle. */
export const markFound = (parts: readonly string[], needle: string, tone: Tone): readonly Row[] => {
  if (needle === '') return parts.map((part) => [span(part)]);
  const text = parts.join('').toLowerCase();
  const wanted = needle.toLowerCase();
  const places: number[] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) places.push(at);
  let from = 0;
  return parts.map((part) => {
    const start = from;
    from += part.length;
    const row: Span[] = [];
    let done = 0;
    for (const place of places) {
      const [first, end] = [
        Math.max(place - start, done),
        Math.min(place + wanted.length - start, part.length),
      ];
      if (first >= end) continue;
      row.push(span(part.slice(done, first)), span(part.slice(first, end), tone));
      done = end;
    }
    return [...row, span(part.slice(done))];
  });
};
