/** So far back a rate looks, in milliseconds: long enough to be calm, short enough to be true. */
const windowMs = 20_000;
/** A shorter time tells nothing. */
const leastMs = 1_000;

/** How fast a count grows. */
export class Pace {
  #samples: { readonly count: number; readonly at: number }[] = [];

  /** Takes a count at a time (milliseconds); gives what it grew by a second, null while that cannot be told. */
  of(count: number, at: number): number | null {
    // It began anew: what was counted before is another copy.
    if (count < (this.#samples.at(-1)?.count ?? 0)) this.#samples = [];
    this.#samples.push({ count, at });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= windowMs) this.#samples.shift();
    // Before the first byte comes there is a checkpoint to wait for: that is no part of the pace.
    const first = this.#samples.findLast((sample) => sample.count === 0) ?? this.#samples[0];
    if (first === undefined || at - first.at < leastMs) return null;
    return ((count - first.count) * 1000) / (at - first.at);
  }
}
