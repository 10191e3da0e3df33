import { debugEvent } from '../../remote/debug-events.ts';
import type { StepId } from '../../runbook/language/step.ts';
import type { Direction } from '../view/controller.ts';

/** What the operator decided about the step that the engine waits with. */
export type Decision =
  /** `group`: the step, and with it whatever may run beside it; `stop`: the same, and on from there to the next stop. */
  | { readonly kind: 'run'; readonly typed: string | null; readonly until: 'step' | 'group' | 'stop' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'probe' }
  | { readonly kind: 'turn'; readonly direction: Direction }
  /** Take the lock over from a holder who is dead. */
  | { readonly kind: 'take-over'; readonly typed: string }
  /** Somebody else holds the lock: nothing is decided here any more. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'leave' };

/** The one place where the engine waits for a person. A decision without a waiting engine is refused. */
export class Decisions {
  #waiting: { readonly step: StepId | null; readonly resolve: (decision: Decision) => void } | null = null;
  #left = false;
  #lost = false;

  next(step: StepId | null): Promise<Decision> {
    if (this.#left) return Promise.resolve({ kind: 'leave' });
    if (this.#lost) return Promise.resolve({ kind: 'lost' });
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
    debugEvent('engine.decision', { kind: decision.kind, step: waiting?.step ?? null });
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

  /** Whether the lock is another's; whoever waits for a decision hears of it at once. */
  set lost(lost: boolean) {
    this.#lost = lost;
    if (lost) this.give({ kind: 'lost' });
  }

  /** Nothing is to be waited for any more. */
  get over(): boolean {
    return this.#left || this.#lost;
  }
}
