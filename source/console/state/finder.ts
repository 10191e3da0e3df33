import type { OutputView } from '../../engine/view/controller.ts';

/** Lines that a search looks at, the newest: decoding more would hold up the screen for longer than a blink. */
export const searchedLines = 20_000;

const searchedFrom = ({ firstLine, endLine }: OutputView): number =>
  Math.max(firstLine, endLine - searchedLines);

/** Whether a search looks at everything that was printed. */
export const searchesAll = (output: OutputView): boolean => output.whole && searchedFrom(output) === 0;

/** The lines of one output that hold one text: kept, and only what came since is read when it is asked again. */
export class Finder {
  #output: OutputView | null = null;
  #needle = '';
  #lines: number[] = [];
  #read = 0;

  /** Indices in order, of the lines that are read. Capitals do not matter; nothing holds an empty text. */
  lines(output: OutputView, needle: string): readonly number[] {
    const wanted = needle.toLowerCase();
    if (wanted === '') return [];
    if (this.#output !== output || this.#needle !== wanted) {
      this.#output = output;
      this.#needle = wanted;
      this.#lines = [];
      this.#read = 0;
    }
    const from = searchedFrom(output);
    for (let at = Math.max(this.#read, from); at < output.endLine; at += 1)
      if (output.line(at).toLowerCase().includes(wanted)) this.#lines.push(at);
    this.#read = output.endLine;
    const dropped = this.#lines.findIndex((line) => line >= from);
    if (dropped !== 0) this.#lines = dropped < 0 ? [] : this.#lines.slice(dropped);
    return this.#lines;
  }
}
