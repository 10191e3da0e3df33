import { LineAssembler } from '../../source/cluster/parse/terminal-text.ts';
import type { OutputView } from '../../source/engine/view/controller.ts';

/** A bounded ring of lines, as the engine keeps one for each step. */
export class FakeOutput implements OutputView {
  firstLine = 0;
  unfinished = '';
  file: string | null = null;
  bytes = 0;
  readonly #lines: string[] = [];
  readonly #all: string[] = [];
  readonly #most: number;
  readonly #assembler = new LineAssembler();

  constructor(most = 5_000) {
    this.#most = most;
  }

  get endLine(): number {
    return this.firstLine + this.#lines.length;
  }

  get whole(): boolean {
    return this.firstLine === 0;
  }

  async *text(): AsyncGenerator<readonly string[]> {
    yield this.#all;
    if (this.unfinished !== '') yield [this.unfinished];
  }

  line(index: number): string {
    return this.#lines[index - this.firstLine] ?? '';
  }

  /** As the engine takes what a host sends: through the same assembler. */
  append(text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    this.bytes += bytes.length;
    this.file = '/home/dba/.local/state/pgaf-upgrade/shop/outputs/step.log';
    const lines = this.#assembler.push(bytes);
    this.#all.push(...lines);
    this.#lines.push(...lines);
    this.unfinished = this.#assembler.unfinished;
    const over = this.#lines.length - this.#most;
    if (over <= 0) return;
    this.#lines.splice(0, over);
    this.firstLine += over;
  }
}
