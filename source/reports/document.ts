/**
 * A paper as data: what it says, apart from how it is written. Renderers turn it into Markdown and HTML; text in it is
 * never markup, whoever wrote it.
 */

/** `literal`: a value as it stands on the servers; `file`: the absolute path of one on the operator's machine; `strong`: what must not be overlooked. */
export type Inline =
  | string
  | { readonly kind: 'literal' | 'file'; readonly text: string }
  | { readonly kind: 'strong'; readonly text: string };

export type Prose = string | readonly Inline[];

/** A bar of the timeline; milliseconds since the epoch. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly says: string;
  readonly tone: 'good' | 'bad' | 'open';
}

export interface ChartRow {
  readonly name: string;
  readonly bars: readonly Bar[];
}

/** A span that is shaded over all lanes. */
export interface Shade {
  readonly from: number;
  readonly to: number;
  readonly says: string;
}

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: Prose }
  | { readonly kind: 'list'; readonly items: readonly Prose[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly Prose[])[] }
  /** Text, line by line. */
  | { readonly kind: 'code'; readonly text: string; readonly language: 'sh' | 'text' }
  /** Shown on demand where the paper can. */
  | { readonly kind: 'fold'; readonly summary: string; readonly blocks: readonly Block[] }
  /** Left out where nothing can be drawn: a table says the same. */
  | {
      readonly kind: 'chart';
      readonly title: string;
      readonly lanes: readonly ChartRow[];
      readonly shades: readonly Shade[];
    };

export const literal = (text: string): Inline => ({ kind: 'literal', text });
export const file = (text: string): Inline => ({ kind: 'file', text });
export const strong = (text: string): Inline => ({ kind: 'strong', text });
export const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: 'heading', level, text });
export const paragraph = (...text: readonly Inline[]): Block => ({ kind: 'paragraph', text });
export const list = (...items: readonly Prose[]): Block => ({ kind: 'list', items });
export const table = (head: readonly string[], rows: readonly (readonly Prose[])[]): Block => ({
  kind: 'table',
  head,
  rows,
});

export const inlines = (text: Prose): readonly Inline[] => (typeof text === 'string' ? [text] : text);
