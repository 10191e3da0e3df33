/** How long after something new appears, or after the last press, a press does not count. Milliseconds. */
export interface GuardTimes {
  /** Since the card or dialog came on the screen. */
  readonly shown: number;
  /** Since the last press of the same key: a held key repeats, and its first repeat comes late. */
  readonly pressed: number;
  /** Since the last key that did nothing where it was pressed: what follows it was meant for something else. Default 0. */
  readonly refused?: number;
}

export const defaultGuard: GuardTimes = { shown: 300, pressed: 700, refused: 2_000 };

/**
 * Tells a decision from a key that is held, hammered or typed ahead.
 * A press counts only if the thing it confirms was on the screen before, and the key had been let go.
 */
export class PressGuard {
  readonly #times: GuardTimes;
  readonly #now: () => number;
  #shownAt = Number.NEGATIVE_INFINITY;
  #pressedAt = Number.NEGATIVE_INFINITY;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(times: GuardTimes, now: () => number) {
    this.#times = times;
    this.#now = now;
  }

  /** Something new to decide came on the screen. */
  shown(): void {
    this.#shownAt = this.#now();
  }

  /** A key was pressed that does nothing here. */
  refused(): void {
    this.#refusedAt = this.#now();
  }

  /** Whether what is pressed now may belong to something that was typed into the wrong place. */
  get strayed(): boolean {
    return this.#now() - this.#refusedAt < (this.#times.refused ?? 0);
  }

  /** A press of a confirming key: whether it counts. Every press restarts the wait, counted or not. */
  press(): boolean {
    const now = this.#now();
    const counts =
      !this.strayed &&
      now - this.#shownAt >= this.#times.shown &&
      now - this.#pressedAt >= this.#times.pressed;
    this.#pressedAt = now;
    return counts;
  }
}
