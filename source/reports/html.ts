import { visible } from './visible.ts';

/** HTML that was made here; a plain string never is, and is escaped wherever it is put in. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text, without control characters and without markup. */
export const escaped = (text: string): string =>
  visible(text).replace(/[&<>"']/g, (one) => entities[one] ?? one);

type Value = string | number | Html | readonly Html[];

const piece = (value: Value): string => {
  if (value instanceof Html) return value.text;
  return typeof value === 'string' || typeof value === 'number'
    ? escaped(String(value))
    : value.map((one) => one.text).join('');
};

/** A template whose values are escaped, unless they are HTML made here. Attributes must be in double quotes. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(parts.map((part, index) => part + piece(values[index] ?? '')).join(''));
