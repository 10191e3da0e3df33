import type { OutputView } from '../../source/engine/controller.ts';

/** A bounded ring of lines, as the engine keeps one for each step. */
export class FakeOutput implements OutputView {
  firstLine = 0;
  unfinished = '';
  file: string | null = null;
  bytes = 0;
  readonly #lines: string[] = [];
  readonly #most: number;

  constructor(most = 5_000) {
    this.#most = most;
  }

  get endLine(): number {
    return this.firstLine + this.#lines.length;
  }

  line(index: number): string {
    return this.#lines[index - this.firstLine] ?? '';
  }

  append(text: string): void {
    this.bytes += Buffer.byteLength(text);
    this.file = '/home/dba/.local/state/pgaf-upgrade/shop/outputs/step.log';
    const lines = (this.unfinished + text).split('\n');
    this.unfinished = lines.pop() ?? '';
    this.#lines.push(...lines);
    const over = this.#lines.length - this.#most;
    if (over <= 0) return;
    this.#lines.splice(0, over);
    this.firstLine += over;
  }
}
