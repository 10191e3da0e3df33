import type { StepId } from '../runbook/step.ts';

/** What the operator decided about the step that the engine waits with. */
export type Decision =
  | { readonly kind: 'run'; readonly typed: string | null }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'probe' }
  | { readonly kind: 'leave' };

/** The one place where the engine waits for a person. A decision without a waiting engine is refused. */
export class Decisions {
  #waiting: { readonly step: StepId; readonly resolve: (decision: Decision) => void } | null = null;
  #left = false;

  next(step: StepId): Promise<Decision> {
    if (this.#left) return Promise.resolve({ kind: 'leave' });
    return new Promise((resolve) => {
      this.#waiting = { step, resolve };
    });
  }

  waitsFor(step: StepId): boolean {
    return this.#waiting?.step === step;
  }

  give(decision: Decision): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(decision);
  }

  leave(): void {
    this.#left = true;
    this.give({ kind: 'leave' });
  }

  get left(): boolean {
    return this.#left;
  }
}
