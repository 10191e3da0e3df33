import type { Answer, Ask, Question } from '../../remote/host.ts';
import type { EntryOf } from '../journal/entry.ts';
import type { Stage } from '../view/controller.ts';
import type { ViewStore } from '../view/view-store.ts';

/** A question and its answer in words; a secret stays one. */
const answered = (question: Question, answer: Answer): EntryOf<'answered'> => ({
  kind: 'answered',
  question: questionWords(question),
  answer: answer.kind !== 'secret' ? answer.kind : question.kind === 'prompt' ? 'an answer' : 'a passphrase',
});

const questionWords = (question: Question): string => {
  if (question.kind === 'passphrase') return `passphrase of ${question.identityFile} for ${question.alias}`;
  if (question.kind === 'prompt')
    return `asked at login to ${question.alias} (${question.host}): ${question.prompt}`;
  return `host key of ${question.alias} (${question.host}): ${question.keyType} ${question.fingerprint}`;
};

interface Pending {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
}

/** One question at a time on the screen; the stage that it interrupted comes back afterwards. */
export class Prompts {
  readonly #store: ViewStore;
  #queue: Pending[] = [];
  #interrupted: Stage | null = null;
  readonly #answers: EntryOf<'answered'>[] = [];

  constructor(store: ViewStore) {
    this.#store = store;
  }

  readonly ask: Ask = (question) =>
    new Promise((resolve) => {
      this.#queue.push({ question, resolve });
      if (this.#queue.length === 1) this.#show();
    });

  answer(answer: Answer): void {
    const pending = this.#queue.shift();
    if (pending === undefined) return;
    this.#answers.push(answered(pending.question, answer));
    if (this.#queue.length > 0) this.#show();
    else if (this.#interrupted !== null) {
      this.#store.set({ stage: this.#interrupted });
      this.#interrupted = null;
    }
    pending.resolve(answer);
  }

  /** What was answered since the last call, for the journal: questions come before there is one, too. */
  takeAnswers(): readonly EntryOf<'answered'>[] {
    return this.#answers.splice(0);
  }

  /** Leaving is an answer too: no. */
  refuseAll(): void {
    for (const pending of this.#queue) pending.resolve({ kind: 'no' });
    this.#queue = [];
  }

  #show(): void {
    const [pending] = this.#queue;
    if (pending === undefined) return;
    const { stage } = this.#store.view;
    if (stage.kind !== 'question') this.#interrupted = stage;
    this.#store.set({ stage: { kind: 'question', question: pending.question } });
  }
}
