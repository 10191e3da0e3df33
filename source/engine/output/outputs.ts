import { join } from 'node:path';
import type { StepId } from '../../runbook/language/step.ts';
import { StepOutput } from './step-output.ts';

/** The outputs of a run's steps, and who hears of their growth. */
export class Outputs {
  readonly #outputs = new Map<StepId, StepOutput>();
  readonly #listeners = new Set<(step: StepId) => void>();
  readonly #directory: () => string | null;

  /** `directory` says where this run's files are; null before there is a run. */
  constructor(directory: () => string | null) {
    this.#directory = directory;
  }

  of(step: StepId): StepOutput {
    const known = this.#outputs.get(step);
    if (known !== undefined) return known;
    const directory = this.#directory();
    const output = new StepOutput(directory === null ? null : join(directory, 'output', `${step}.log`));
    this.#outputs.set(step, output);
    return output;
  }

  onGrowth(listener: (step: StepId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Another console's outputs are not this one's: what was shown so far is let go. */
  forget(): void {
    this.close();
    this.#outputs.clear();
  }

  grown(step: StepId): void {
    for (const listener of this.#listeners) listener(step);
  }

  close(): void {
    for (const output of this.#outputs.values()) output.close();
  }
}
