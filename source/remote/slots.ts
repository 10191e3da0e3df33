/** Hands out a bounded number of places, first come, first served. */
export class Slots {
  #free: number;
  readonly #queue = new Set<(served: boolean) => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Waits for a place, `timeoutMs` at most (without it: until there is one); null when there was none.
   * The returned function gives it back, once however often it is called.
   */
  async take(timeoutMs?: number): Promise<(() => void) | null> {
    if (this.#free > 0) this.#free -= 1;
    else if (!(await this.#served(timeoutMs))) return null;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = this.#queue;
      if (next) next(true);
      else this.#free += 1;
    };
  }

  #served(timeoutMs: number | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter = (served: boolean): void => {
        clearTimeout(timer);
        this.#queue.delete(waiter);
        resolve(served);
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => waiter(false), timeoutMs);
      this.#queue.add(waiter);
    });
  }
}
