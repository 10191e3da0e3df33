import { shellQuoted as quotedWord } from './quote.ts';
import { isWord, type Word } from './words.ts';

/** `fixed`: it begins inside a quoted text or a here-document, where blanks put before it would become part of the text. */
interface Line {
  readonly text: string;
  readonly fixed: boolean;
}

declare const madeByTemplate: unique symbol;
/** The text of a fragment: a script as it goes to a host. No other string is one, so nothing else is run there. */
export type ScriptText = string & { readonly [madeByTemplate]: true };

const make = Symbol('only this module makes fragments');

/**
 * A piece of a shell script, whole lines or part of one. It comes from the template {@link sh} alone, so nothing in it is
 * unquoted that was not written in our source.
 */
export class Fragment {
  readonly lines: readonly Line[];
  #text: ScriptText | undefined;

  constructor(lines: readonly Line[], key: typeof make) {
    if (key !== make) throw new TypeError('a fragment is made by the template');
    this.lines = lines;
  }

  /** The text as it goes to a host. */
  get text(): ScriptText {
    this.#text ??= this.lines.map((line) => line.text).join('\n') as ScriptText;
    return this.#text;
  }

  /** Nothing is put together from scripts as from text: throws a TypeError. What leaves for a host is {@link text}. */
  toString(): never {
    throw new TypeError('a fragment is no text: put it into a template, or take its text at the edge');
  }
}

/** Text of any content, which the shell takes as one word and leaves as it is. Throws a TypeError for NUL. */
export const quoted = (text: string): Fragment =>
  new Fragment(
    quotedWord(text)
      .split('\n')
      .map((line, at) => ({ text: line, fixed: at > 0 })),
    make,
  );

/** What the type checker says of a string of no known kind: a fragment is made of it by quoted(), where it is a value. */
interface OnlyQuoted {
  readonly 'text of any content: put it in as quoted(text)': never;
}

/** Itself where it is a word of a kind, which has the mark of words.ts; for no other string. */
type Marked<Value> = Value extends string ? (keyof Value extends keyof string ? OnlyQuoted : Value) : Value;

/**
 * What may stand in a template: a word of a known kind (words.ts), which is quoted; a number; a
 * fragment, which is not quoted again; a list of fragments, a line each; false, or a fragment of nothing but false ones, for nothing. Text of any
 * other content needs {@link quoted}, a constant that is shell {@link constant}.
 */
export type Value = Word | number | false | Fragment | readonly (Fragment | false)[];

/** The same for a text that is written in our source, or a word of a kind; for no other string. */
export type Known<Text extends string> = keyof Text extends keyof string
  ? string extends Text
    ? OnlyQuoted
    : Text
  : Text;

/** The same types, but for any string, which does not type-check. */
type Checked<Values extends readonly Value[]> = { readonly [At in keyof Values]: Marked<Values[At]> };

/** As it is written: a backslash is the shell's own. Only before a backtick or a `${` it belongs to the template. */
const written = (raw: string): string => raw.replace(/\\(`|\$\{)/g, '$1');

/** The lines of a template without their common indentation, and without the line breaks next to its backticks. */
const undented = (parts: readonly string[]): readonly string[] => {
  const [first = ''] = parts;
  if (!first.startsWith('\n')) return parts;
  const starts = parts.flatMap((part, at) =>
    [...part.matchAll(/\n([ \t]*)(?=([\s\S]?))/g)].flatMap(([, blanks = '', next]) =>
      // A line of blanks alone says nothing, unless a value stands on it.
      next === '' && at < parts.length - 1
        ? [blanks.length]
        : next === '' || next === '\n'
          ? []
          : [blanks.length],
    ),
  );
  const depth = Math.min(...starts, 100);
  const indentation = new RegExp(`\n[ \t]{0,${depth}}`, 'g');
  return parts.map((part, at) => {
    const moved = part.replace(indentation, '\n');
    const begun = at === 0 ? moved.slice(1) : moved;
    return at === parts.length - 1 ? begun.replace(/\n[ \t]*$/, '') : begun;
  });
};

/** The same, worked out once for each template of the source: a runbook is made at every start. */
const oncePerTemplate = (
  workOut: (raw: readonly string[]) => readonly string[],
): ((raw: readonly string[]) => readonly string[]) => {
  const known = new WeakMap<readonly string[], readonly string[]>();
  return (raw) => {
    const parts = known.get(raw) ?? workOut(raw);
    known.set(raw, parts);
    return parts;
  };
};

/** The parts of a template as they go into a script. */
const partsOf = oncePerTemplate((raw) => undented(raw).map(written));
/** The parts of a template as they go into a word. */
const partsOfWord = oncePerTemplate((raw) => raw.map(written));

const fragmentOf = (value: Exclude<Value, false>): Fragment | null => {
  if (value instanceof Fragment) return value.lines.length === 0 ? null : value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('a number of a script must be finite');
    return new Fragment([{ text: String(value), fixed: false }], make);
  }
  if (typeof value === 'string') return quoted(value);
  const lines = value.flatMap((one) => (one === false ? [] : one.lines));
  return lines.length === 0 ? null : new Fragment(lines, make);
};

/**
 * A piece of a shell script, as it is written: backslashes are the shell's. What is put into it is quoted as one word, but for fragments,
 * whose further lines get the indentation of the line that they stand on (a here-document and a quoted line break do not). A
 * line with nothing but a false, an empty list or a fragment without lines on it goes. A template that begins with a line break loses
 * its common indentation.
 */
export const sh = <const Values extends readonly Value[]>(
  { raw }: TemplateStringsArray,
  ...values: Values & Checked<Values>
): Fragment => {
  const parts = partsOf(raw);
  const lines: Line[] = [];
  let text = '';
  let fixed = false;
  /** A value that is nothing stood on the line. */
  let gap = false;
  const end = (): void => {
    if (!(gap && !fixed && /^[ \t]*$/.test(text))) lines.push({ text, fixed });
    [text, fixed, gap] = ['', false, false];
  };
  for (const [at, part] of parts.entries()) {
    for (const [number, piece] of part.split('\n').entries()) {
      if (number > 0) end();
      text += piece;
    }
    const value: Value | undefined = values[at];
    if (value === undefined) continue;
    const fragment = value === false ? null : fragmentOf(value);
    if (fragment === null) {
      gap = true;
      continue;
    }
    const indentation = fixed ? '' : (/^[ \t]*/.exec(text)?.[0] ?? '');
    for (const [number, line] of fragment.lines.entries()) {
      if (number > 0) {
        end();
        text = line.fixed ? '' : indentation;
        fixed = line.fixed;
      }
      text += line.text;
    }
  }
  end();
  return new Fragment(lines, make);
};

/** A constant of the source, not quoted: its type is the text itself, so no value from elsewhere can be one. */
export const constant = <const Text extends string>(text: string extends Text ? never : Text): Fragment =>
  new Fragment(
    text.split('\n').map((line) => ({ text: line, fixed: false })),
    make,
  );

/** The name of a variable of the script. Throws a TypeError where it is none. */
export const variable = (name: string): Fragment => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`${name} is no name of a variable`);
  return new Fragment([{ text: name, fixed: false }], make);
};

const nothing = sh``;

/** Lines below each other. */
export const lines = (...all: readonly (Fragment | false)[]): Fragment =>
  new Fragment(
    all.flatMap((one) => (one === false ? [] : one.lines)),
    make,
  );

declare const readFromFile: unique symbol;
/** The text of a `.sh` file of the source, by its import. No other string is one. */
export type ShellFile = string & { readonly [readFromFile]: true };

/**
 * The shell of a `.sh` file, as it is written there, below the values that it asks for. Its head, up to the first empty line, is
 * for whoever reads the file: comments, and a line `name=` for each value. It is not sent; instead of it the values are set, each quoted as
 * one word, whatever it holds. Throws a TypeError where a value is missing, or is one that the file does not ask for.
 */
export const fixed = (file: ShellFile, values: Readonly<Record<string, string | number>> = {}): Fragment => {
  const all = file.replace(/\n$/, '').split('\n');
  const [head, body] = [all.slice(0, all.indexOf('')), all.slice(all.indexOf('') + 1)];
  const given = new Map(Object.entries(values));
  const settings = head.flatMap((line) => {
    const name = /^([a-z][a-z0-9_]*)=$/.exec(line)?.[1];
    const value = given.get(name ?? '');
    if (name === undefined ? !line.startsWith('#') : value === undefined)
      throw new TypeError(`the head of a shell file asks for a value, and none is given: ${line}`);
    given.delete(name ?? '');
    return name === undefined ? [] : [sh`${variable(name)}=${quoted(String(value))}`];
  });
  if (given.size > 0) throw new TypeError(`a shell file asks for no ${[...given.keys()].join(', ')}`);
  return lines(
    ...settings,
    new Fragment(
      body.map((text) => ({ text, fixed: false })),
      make,
    ),
  );
};

/** One behind the other as they are, with no indentation added. */
const after = (one: Fragment, next: Fragment): Fragment => {
  const [first, ...rest] = next.lines;
  const last = one.lines.at(-1);
  if (first === undefined || last === undefined) return first === undefined ? one : next;
  return new Fragment([...one.lines.slice(0, -1), { ...last, text: last.text + first.text }, ...rest], make);
};

/** Fragments with something between them that is written here. */
export const joined = <const Between extends string>(
  all: readonly (Fragment | false)[],
  between: string extends Between ? never : Between,
): Fragment =>
  all
    .filter((one) => one !== false)
    .reduce(
      (whole, one, at) => (at === 0 ? one : after(after(whole, constant<Between>(between)), one)),
      nothing,
    );

/** Words beside each other, each quoted by itself. */
export const spaced = (all: readonly Word[]): Fragment =>
  joined(
    all.map((one) => sh`${one}`),
    ' ',
  );

/** A comment, whatever the text holds. Throws a TypeError for a line break, which would end it. */
export const comment = (text: string): Fragment => {
  if (/[\n\r\0]/.test(text)) throw new TypeError('a comment is one line');
  return new Fragment([{ text: `# ${text}`, fixed: false }], make);
};

const marked = (mark: string): Fragment => new Fragment([{ text: `'${mark}'`, fixed: false }], make);

/**
 * A here-document: the command that reads it, and its lines, which the shell leaves as they are and which no indentation reaches.
 * Throws a TypeError where a line is the end mark, and would end it early, and for a mark of anything but capitals, digits, `_` and `-`.
 */
export const hereDocument = (command: Fragment, mark: string, body: string | Fragment): Fragment => {
  if (!/^[A-Z][A-Z0-9_-]*$/.test(mark)) throw new TypeError(`${mark} is no end mark of a here-document`);
  const text = (typeof body === 'string' ? body : body.text).split('\n');
  if (text.includes(mark)) throw new TypeError(`a line of the here-document is its end mark, ${mark}`);
  const [first, ...rest] = sh`${command} <<${marked(mark)}`.lines;
  if (first === undefined) throw new TypeError('a here-document needs a command');
  return new Fragment(
    [first, ...rest, ...[...text, mark].map((line) => ({ text: line, fixed: true }))],
    make,
  );
};

/** What is written in our source, as a word of any kind; a word stays what it is. */
export const known = <const Text extends string>(text: Known<Text>): Word<never> => {
  const one: string = String(text);
  if (!isWord(one)) throw new TypeError('a NUL character is in no word');
  return one;
};

/** A word made of words: a path below a path, a name with a suffix. It is quoted as one where it is put into a script, and may stand for any kind. */
export const word = <const Values extends readonly (Word | number)[]>(
  { raw }: TemplateStringsArray,
  ...values: Values & {
    readonly [At in keyof Values]: Values[At] extends string ? Known<Values[At]> : Values[At];
  }
): Word<never> => {
  const text = partsOfWord(raw)
    .map((part, at) => `${part}${values[at] ?? ''}`)
    .join('');
  if (!isWord(text)) throw new TypeError('a NUL character is in no word');
  return text;
};
