import { padRight, wrapExact, wrapWords } from '../../wording/text.ts';
import type { Theme } from '../theme.ts';
import { type Row, span, type Tone } from './row.ts';

/** `Rollback` and a space. */
const labelWidth = 9;

/** `Why      one sentence …` with what wraps standing under the sentence. */
export const labelled = (
  label: string,
  text: string,
  columns: number,
  tone: Tone = 'plain',
): readonly Row[] =>
  wrapWords(text, columns - labelWidth).map((line, at) => [
    span(padRight(at === 0 ? label : '', labelWidth), 'dim'),
    span(line, tone),
  ]);

/** A label once, then each text as its own entry; what wraps stands under the text, not under its dash. */
export const labelledList = (label: string, texts: readonly string[], columns: number): readonly Row[] =>
  texts.flatMap((text, nth) =>
    wrapWords(text, columns - labelWidth - 2).map((line, at) => [
      span(padRight(nth === 0 && at === 0 ? label : '', labelWidth), 'dim'),
      span(`${at === 0 ? '- ' : '  '}${line}`),
    ]),
  );

/** Text of a machine, letter by letter, behind a bar; what had to be folded stands behind another bar. */
export const verbatim = (lines: readonly string[], columns: number, theme: Theme): readonly Row[] =>
  lines.flatMap((line) =>
    wrapExact(line, columns - 2).map((part, at) => [
      span(`${at === 0 ? theme.glyphs.bar : theme.glyphs.fold} `, 'dim'),
      span(part),
    ]),
  );

/** Words in a tone, wrapped. */
export const proseRows = (text: string, columns: number, tone: Tone = 'plain'): readonly Row[] =>
  wrapWords(text, columns).map((line) => [span(line, tone)]);

/** The rows of a scrolled text that are visible, and whether there are more above and below. */
export const windowOf = (rows: readonly Row[], top: number, height: number) => {
  const first = Math.max(0, Math.min(top, rows.length - height));
  return {
    rows: rows.slice(first, first + height),
    first,
    above: first,
    below: Math.max(0, rows.length - first - height),
  };
};
