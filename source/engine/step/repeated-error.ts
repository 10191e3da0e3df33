/** So long, in milliseconds, the same error must have been printed before it is worth a word. */
const repeatedMs = 60_000;
const leastTimes = 3;
const isError = /\b(?:ERROR|FATAL|PANIC)\b/;

/** Times, process ids and numbers differ from one line to the next of the same error. */
const alike = (line: string): string => line.replace(/\d+/g, '#').trim();

/**
 * Notices that a step prints the same error again and again: it is not silent, and yet it does not get anywhere (pg_autoctl that
 * registers a node, say). Gives the line once for each error.
 */
export class RepeatedError {
  readonly #now: () => number;
  readonly #seen = new Map<string, { readonly since: number; times: number; said: boolean }>();

  /** `now`: milliseconds of a clock that nobody sets. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A finished line; what to say of it, or null. */
  heard(line: string): { readonly seconds: number; readonly line: string } | null {
    if (!isError.test(line)) return null;
    const key = alike(line);
    const seen = this.#seen.get(key) ?? { since: this.#now(), times: 0, said: false };
    seen.times += 1;
    if (this.#seen.size < 100 || this.#seen.has(key)) this.#seen.set(key, seen);
    const ms = this.#now() - seen.since;
    if (seen.said || seen.times < leastTimes || ms < repeatedMs) return null;
    seen.said = true;
    return { seconds: Math.round(ms / 1000), line: line.trim() };
  }
}
