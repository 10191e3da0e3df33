import type { Answer, Ask, Question } from '../remote/host.ts';
import type { Board } from './board.ts';
import type { Stage } from './controller.ts';

interface Pending {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
}

/** One question at a time on the screen; the stage that it interrupted comes back afterwards. */
export class Asking {
  readonly #board: Board;
  #queue: Pending[] = [];
  #interrupted: Stage | null = null;

  constructor(board: Board) {
    this.#board = board;
  }

  readonly ask: Ask = (question) =>
    new Promise((resolve) => {
      this.#queue.push({ question, resolve });
      if (this.#queue.length === 1) this.#show();
    });

  answer(answer: Answer): void {
    const pending = this.#queue.shift();
    if (pending === undefined) return;
    if (this.#queue.length > 0) this.#show();
    else if (this.#interrupted !== null) {
      this.#board.set({ stage: this.#interrupted });
      this.#interrupted = null;
    }
    pending.resolve(answer);
  }

  /** Leaving is an answer too: no. */
  refuseAll(): void {
    for (const pending of this.#queue) pending.resolve({ kind: 'no' });
    this.#queue = [];
  }

  #show(): void {
    const [pending] = this.#queue;
    if (pending === undefined) return;
    const { stage } = this.#board.view;
    if (stage.kind !== 'question') this.#interrupted = stage;
    this.#board.set({ stage: { kind: 'question', question: pending.question } });
  }
}
