import type { OutputView } from '../engine/controller.ts';

/** The lines of one output that hold one text: kept, and only what came since is read when it is asked again. */
export class Finder {
  #output: OutputView | null = null;
  #needle = '';
  #lines: number[] = [];
  #read = 0;

  /** Indices in order, of those lines that are still held. Capitals do not matter; nothing holds an empty text. */
  lines(output: OutputView, needle: string): readonly number[] {
    const wanted = needle.toLowerCase();
    if (wanted === '') return [];
    if (this.#output !== output || this.#needle !== wanted) {
      this.#output = output;
      this.#needle = wanted;
      this.#lines = [];
      this.#read = output.firstLine;
    }
    for (let at = Math.max(this.#read, output.firstLine); at < output.endLine; at += 1)
      if (output.line(at).toLowerCase().includes(wanted)) this.#lines.push(at);
    this.#read = output.endLine;
    const dropped = this.#lines.findIndex((line) => line >= output.firstLine);
    if (dropped !== 0) this.#lines = dropped < 0 ? [] : this.#lines.slice(dropped);
    return this.#lines;
  }
}
