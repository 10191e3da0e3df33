import { tracksOf } from '../../source/runbook/language/parallel.ts';
import type { Step, StepId } from '../../source/runbook/language/step.ts';

/** Steps that were confirmed together: those of a lane one behind the other, lanes beside each other or behind others. */
export class FakeTracks {
  readonly #waiting: (readonly Step[])[];
  readonly #running: Step[] = [];

  constructor(steps: readonly Step[]) {
    this.#waiting = [...tracksOf(steps)];
  }

  get running(): readonly StepId[] {
    return this.#running.map(({ id }) => id);
  }

  /** The steps that can begin now, which then run. */
  begin(): readonly Step[] {
    const open = new Set(
      [...this.#waiting.flat(), ...this.#running].map((step) => step.parallel?.track ?? step.id),
    );
    const begun: Step[] = [];
    for (const [index, lane] of this.#waiting.entries()) {
      const [first, ...rest] = lane;
      if (first === undefined || this.#running.some((one) => sameTrack(one, first))) continue;
      if (first.parallel?.after.some((name) => open.has(name)) === true) continue;
      this.#running.push(first);
      begun.push(first);
      this.#waiting[index] = rest;
    }
    return begun;
  }

  /** A step has ended; gives those that begin behind it. */
  end(id: StepId): readonly Step[] {
    const found = this.#running.findIndex((step) => step.id === id);
    if (found >= 0) this.#running.splice(found, 1);
    return this.begin();
  }
}

const sameTrack = (one: Step, other: Step): boolean =>
  one.parallel !== null &&
  one.parallel.track === other.parallel?.track &&
  one.parallel.group === other.parallel.group;
