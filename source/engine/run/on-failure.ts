import { present } from '../../cluster/present.ts';
import {
  type FailedMoment,
  type FailedStep,
  failedSteps,
  failedStepsAhead,
} from '../../runbook/steps/custom-failed.ts';
import { writesNow } from '../../runbook/verdict/writes.ts';
import { steady } from '../observe/clock.ts';
import type { BehindFailure, EngineView, Stage } from '../view/controller.ts';
import type { ViewStore } from '../view/view-store.ts';
import type { Decision } from './decisions.ts';
import type { OwnedSession } from './session.ts';

type Failed = Extract<Stage, { kind: 'failed' }>;

/** So many bytes of a step's output are kept for the journal, the last ones; so many lines are told. */
const keptBytes = 4096;
const toldLines = 5;
/** What a step may take beyond its limit, in milliseconds: to be started, and to be ended with what it has started. */
const graceMs = 30_000;

const lastOf = (output: string): readonly string[] =>
  output
    .slice(-keptBytes)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-toldLines);

/**
 * Runs the custom steps at `failed`: some as soon as a failure is shown, the others when the run is left with one. Whatever becomes of them, the
 * failure stays what it is: they are told beside it.
 */
export class OnFailure {
  readonly #store: ViewStore;
  #running: Promise<void> = Promise.resolve();
  #shown: Failed['failure'] | null = null;

  constructor(store: ViewStore) {
    this.#store = store;
  }

  /** For every view of this run: a failure that is new has its steps run, one after the other. */
  heard({ stage }: EngineView, run: OwnedSession | null): void {
    if (run === null || stage.kind !== 'failed' || stage.failure === this.#shown) return;
    this.#shown = stage.failure;
    this.#list(run, stage);
    this.#begin(run, stage, 'shown');
  }

  /** The run is left with this failure: what belongs to that is run, and all of it is waited for, each within its limit. */
  async left(run: OwnedSession, stage: Failed): Promise<void> {
    this.#begin(run, stage, 'left');
    await this.#running;
  }

  /** What is decided about the step that has failed waits until what was begun when it was shown is over. */
  readonly decided = async (decision: Decision): Promise<Decision> => {
    if (decision.kind !== 'leave' && decision.kind !== 'lost') await this.#running;
    return decision;
  };

  /** A rehearsal and a clean-up are no window: null. */
  get #direction(): 'upgrade' | 'rollback' | null {
    const { direction } = this.#store.view;
    return direction === 'upgrade' || direction === 'rollback' ? direction : null;
  }

  /** What the failure's card tells. Not within the change that is being told: listeners behind this one would hear the older view last. */
  #list(run: OwnedSession, { failure }: Failed): void {
    const ahead = this.#direction === null ? [] : failedStepsAhead(run.facts);
    if (ahead.length === 0) return;
    const steps = ahead.map(({ name, title, host, as, when }) => ({
      ...{ name, title, host, as, when },
      state: { kind: 'waits' as const },
    }));
    this.#running = this.#running.then(() => this.#store.set({ behindFailure: { failure, steps } }));
  }

  #tell(name: string, state: BehindFailure['steps'][number]['state']): void {
    const { behindFailure } = this.#store.view;
    if (behindFailure === undefined) return;
    const steps = behindFailure.steps.map((one) => (one.name === name ? { ...one, state } : one));
    this.#store.set({ behindFailure: { ...behindFailure, steps } });
  }

  #begin(run: OwnedSession, stage: Failed, when: FailedMoment): void {
    const direction = this.#direction;
    if (direction === null) return;
    const step = this.#store.view.steps.find(({ id }) => id === stage.step);
    const steps = failedSteps(run.facts, when, {
      step: stage.step,
      host: step?.host ?? '',
      what: stage.failure.problem.what,
      direction,
      writes: writesNow(run.facts, run.observer.world).kind,
    });
    for (const one of steps) this.#running = this.#running.then(() => this.#run(run, stage.step, one));
  }

  async #run(run: OwnedSession, failed: string, step: FailedStep): Promise<void> {
    const { title, host: alias } = step;
    const host = run.hosts.get(alias);
    const job = `${run.identity.id}/failed.${step.name}-${present().toString(36)}`;
    const { journal } = run;
    const began = steady();
    const note = (exitCode: number | null, says: readonly string[]): void => {
      const { name, as, script } = step;
      const written = journal.write({
        kind: 'on-failure',
        step: failed,
        name,
        host: alias,
        as,
        job,
        script,
        exitCode,
        ...(exitCode === null ? {} : { seconds: (steady() - began) / 1000 }),
        says: [...says],
      });
      const end =
        exitCode === null
          ? 'how it ended is not known'
          : exitCode === 0
            ? 'done'
            : `it failed with exit code ${exitCode}`;
      const what = says.length === 0 ? '' : ` (${says.join(' / ')})`;
      this.#tell(step.name, { kind: 'ended', exitCode });
      this.#store.notice(`Behind the failure, on ${alias}: “${title}”: ${end}${what}.`);
      if (!written.ok) this.#store.notice(written.error.what);
    };
    if (host === undefined || host.line === 'closed') {
      note(null, [`${alias} is not connected`]);
      return;
    }
    this.#tell(step.name, { kind: 'runs' });
    let output = '';
    const ended = host.job(
      { id: job, as: step.as, script: step.script },
      { onBytes: (chunk) => (output = (output + chunk.toString('utf8')).slice(-2 * keptBytes)) },
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), step.limit * 1000 + graceMs);
    });
    const outcome = await Promise.race([ended, late]);
    clearTimeout(timer);
    if (outcome === null) note(null, [`no end of it was heard within ${step.limit + graceMs / 1000} s`]);
    else if (outcome.kind === 'unknown') note(null, [outcome.problem.what]);
    else note(outcome.code, lastOf(output));
  }
}
