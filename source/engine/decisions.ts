import type { StepId } from '../runbook/step.ts';
import type { Direction } from './controller.ts';

/** What the operator decided about the step that the engine waits with. */
export type Decision =
  | { readonly kind: 'run'; readonly typed: string | null }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'probe' }
  | { readonly kind: 'turn'; readonly direction: Direction }
  | { readonly kind: 'leave' };

/** The one place where the engine waits for a person. A decision without a waiting engine is refused. */
export class Decisions {
  #waiting: { readonly step: StepId | null; readonly resolve: (decision: Decision) => void } | null = null;
  #left = false;

  next(step: StepId | null): Promise<Decision> {
    if (this.#left) return Promise.resolve({ kind: 'leave' });
    return new Promise((resolve) => {
      this.#waiting = { step, resolve };
    });
  }

  waitsFor(step: StepId): boolean {
    return this.#waiting?.step === step;
  }

  /** Waits, with a step or at the end. */
  get waiting(): boolean {
    return this.#waiting !== null;
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
