export interface PromptOptions {
  readonly secret?: boolean;
  /** The question is taken back: the answer is null, and what was typed of it is thrown away. */
  readonly withdrawn?: AbortSignal;
}

/** Asks one question and waits for a line; null when there will be no more input. */
export type Prompt = (question: string, options?: PromptOptions) => Promise<string | null>;

/** A person at a terminal: can be asked, and may say something without having been asked. */
export interface Typing {
  readonly ask: Prompt;
  /** Lines that are typed while no question stands there. */
  readonly onUnasked: (listener: (line: string) => void) => () => void;
  /** Whether a question stands there now. */
  readonly asked: () => boolean;
  /** After a question has got its answer, or was taken back, and whoever asked has said what follows from it. */
  readonly onAnswered: (listener: () => void) => () => void;
}

export interface PromptSeat {
  readonly ask: Prompt;
  /** Null where nobody sits at a terminal. */
  readonly typing: Typing | null;
  /** Writes whole lines. At a terminal a question that stands there is put again below them, with what is typed of its answer. */
  readonly write: (text: string) => void;
  readonly close: () => void;
}
