/** What is shown, and as what. */
export interface PagerOptions {
  /** `step 27 on node_1`; of letters, digits, `_`, `-`, `.` and blanks. */
  readonly title: string;
  /** What was looked for on the screen; '' for nothing. */
  readonly needle: string;
  /** The console is ended: the pager must be, too. */
  readonly signal: AbortSignal;
}

/** Gives the terminal to the operator's pager with this text until it is left. Why it could not, in a sentence; null: it was shown. */
export type Pager = (text: AsyncIterable<readonly string[]>, options: PagerOptions) => Promise<string | null>;
