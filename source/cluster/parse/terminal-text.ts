/** What may follow, depending on what has been read; control sequences can be split between any two bytes. */
export type SequenceState =
  | 'text'
  /** After ESC. */
  | 'escape'
  /** After ESC and intermediates (0x20 to 0x2F): one final character more. */
  | 'escape-final'
  /** After CSI: parameters up to a final character (0x40 to 0x7E). */
  | 'csi'
  /** In OSC, DCS, SOS, PM or APC: everything up to ST; BEL ends an OSC too. */
  | 'string';

/** How long a line may be before it is cut into pieces, in UTF-16 units; a multiple of the tab width. */
const defaultLimit = 4096;
const tabWidth = 8;

/**
 * Characters that are shown as they are. Not among them: C0, DEL and C1 controls, and the ones that reorder or
 * break a line on the screen (bidirectional controls, line and paragraph separators, byte order mark).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const visible = /[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/y;

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;

/**
 * Turns the bytes that a remote program prints into lines that are safe to show: no control sequence, title, clipboard
 * write or cursor movement survives, and no sequence can hide what follows the next newline. A carriage return begins
 * the current line anew, as progress displays mean it; tabs become blanks; bytes that are not UTF-8 become U+FFFD.
 * A line longer than the limit arrives in several pieces. Holds one piece and a few flags, whatever the input.
 * The result does not depend on how the input is divided into chunks.
 * Source: ECMA-48, 5.3 to 5.6; xterm, Control Sequences.
 */
export class LineAssembler {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #limit: number;
  #state: SequenceState;
  #line = '';
  /** A carriage return clears the line only when something follows: before a newline it means nothing. */
  #returned = false;

  /** `state`: where an assembler that read what goes before has stopped, if that was within a line. */
  constructor(limit: number = defaultLimit, state: SequenceState = 'text') {
    this.#limit = Math.max(tabWidth, limit - (limit % tabWidth));
    this.#state = state;
  }

  get state(): SequenceState {
    return this.#state;
  }

  /** The line that has no newline yet; empty when there is none. */
  get unfinished(): string {
    return this.#line;
  }

  /** The lines that this chunk finished. */
  push(chunk: Uint8Array): string[] {
    return this.#read(this.#decoder.decode(chunk, { stream: true }));
  }

  /** The rest, when nothing more will come: the unfinished line, if there is one. The assembler is then as new. */
  end(): string[] {
    const lines = this.#read(this.#decoder.decode());
    if (this.#line !== '') lines.push(this.#line);
    this.#line = '';
    this.#returned = false;
    this.#state = 'text';
    return lines;
  }

  #read(text: string): string[] {
    const lines: string[] = [];
    let index = 0;
    while (index < text.length) {
      if (this.#state === 'text') {
        visible.lastIndex = index;
        const run = visible.exec(text)?.[0];
        if (run !== undefined) {
          this.#append(run, lines);
          index += run.length;
          continue;
        }
      }
      const code = text.charCodeAt(index);
      // Not even a broken sequence may hold these: what follows is text again. Only a string swallows them.
      if (code >= 0xa0 && this.#state !== 'text' && this.#state !== 'string') {
        this.#state = 'text';
        continue;
      }
      this.#control(code, lines);
      index += 1;
    }
    return lines;
  }

  /** One character that is a control, or is within a control sequence. */
  #control(code: number, lines: string[]): void {
    if (code === 0x0a) {
      // Also ends an unfinished sequence: otherwise one stray ESC ] would swallow the rest of the output.
      lines.push(this.#line);
      this.#line = '';
      this.#returned = false;
      this.#state = 'text';
      return;
    }
    // CAN and SUB cancel a sequence; ESC begins the next, as on a terminal;
    if (code === 0x18 || code === 0x1a) this.#state = 'text';
    // within a string that is ESC and a backslash, ST.
    else if (code === 0x1b) this.#state = 'escape';
    else this.#state = this.#next(code, lines);
  }

  #next(code: number, lines: string[]): SequenceState {
    switch (this.#state) {
      case 'text':
        return this.#single(code, lines);
      case 'escape':
        if (code >= 0x20 && code <= 0x2f) return 'escape-final';
        return afterEscape(code);
      case 'escape-final':
        return code >= 0x20 && code <= 0x2f ? 'escape-final' : 'text';
      case 'csi':
        return code >= 0x40 && code <= 0x7e ? 'text' : 'csi';
      case 'string':
        return code === 0x07 || code === 0x9c ? 'text' : 'string';
    }
  }

  #single(code: number, lines: string[]): SequenceState {
    if (code === 0x0d) this.#returned = true;
    if (code === 0x09) {
      const column = this.#returned ? 0 : this.#line.length;
      this.#append(' '.repeat(tabWidth - (column % tabWidth)), lines);
    }
    // C1 controls are ESC and the character 0x40 lower.
    return code >= 0x80 && code <= 0x9f ? afterEscape(code - 0x40) : 'text';
  }

  #append(run: string, lines: string[]): void {
    if (this.#returned) this.#line = '';
    this.#returned = false;
    let rest = run;
    while (this.#line.length + rest.length > this.#limit) {
      let room = this.#limit - this.#line.length;
      // A character outside of the basic plane is two units: never cut between them.
      if (room > 0 && isHighSurrogate(rest.charCodeAt(room - 1))) room -= 1;
      lines.push(this.#line + rest.slice(0, room));
      this.#line = '';
      rest = rest.slice(room);
    }
    this.#line += rest;
  }
}

const afterEscape = (code: number): SequenceState => {
  if (code === 0x5b) return 'csi';
  // ] OSC, P DCS, X SOS, ^ PM, _ APC
  return code === 0x5d || code === 0x50 || code === 0x58 || code === 0x5e || code === 0x5f
    ? 'string'
    : 'text';
};

/** A whole text made safe to show, by the rules of LineAssembler; lines are joined with a newline. */
export const cleanText = (text: string): string => {
  const assembler = new LineAssembler();
  const lines = [...assembler.push(new TextEncoder().encode(text)), ...assembler.end()];
  return lines.join('\n');
};

/** What must not reach a terminal as it is; newlines and tabs may. The counterpart of {@link visible}. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * A text as it may be written to a terminal, whoever said it: each control character, and each that turns the order of
 * a line round, becomes U+FFFD. Nothing is left out, so that nothing can be hidden. Takes time in proportion to the text.
 */
export const safeText = (text: string): string => text.replace(unsafe, '\ufffd');

/** The same for JSON: what JSON.stringify leaves as it is (C1 controls, DEL, bidirectional controls) is escaped. */
export const safeJson = (json: string): string =>
  json.replace(unsafe, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
