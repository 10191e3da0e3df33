/**
 * Time as the monitor counts it: in beats, one a demo second. A process that was suspended or busy has beaten less often,
 * and nobody has been silent because of it.
 */
export class DemoClock {
  readonly #heard = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;
  #beats = 0;

  /** `beat` is run once every `secondMs` milliseconds, never before the last one has ended. */
  constructor(secondMs: number, beat: () => Promise<void>) {
    let busy = false;
    this.#timer = setInterval(() => {
      if (busy) return;
      busy = true;
      this.#beats += 1;
      void beat().finally(() => {
        busy = false;
      });
    }, secondMs);
    this.#timer.unref();
  }

  heardOf(nodeId: number): void {
    this.#heard.set(nodeId, this.#beats);
  }

  /** Demo seconds since the node reported; since the clock was started, if it has not. */
  silenceOf(nodeId: number): number {
    return this.#beats - (this.#heard.get(nodeId) ?? 0);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
