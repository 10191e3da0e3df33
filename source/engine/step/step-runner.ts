import type { Result } from '../../cluster/result.ts';
import type { Step, StepId } from '../../runbook/language/step.ts';
import { refused } from '../run/refusals.ts';
import type { OwnedSession } from '../run/session.ts';
import { type KeptJob, outputStart } from '../run/unfinished-jobs.ts';
import type { Accepted, Refusal, StepFailure } from '../view/controller.ts';
import { runningStage } from '../view/running-steps.ts';
import { failureOf } from './failure.ts';
import { hostNotConnected } from './step-problems.ts';
import { type StepEnd, StepRun, type StepRunParts } from './step-run.ts';

/** Runs a step, or attaches to its job, under a name that no other try of it has. */
export class StepRunner {
  readonly #parts: StepRunParts;
  readonly #attempts = new Map<StepId, number>();
  /** In the order in which they were begun. */
  readonly #running = new Map<StepId, StepRun>();

  constructor(parts: StepRunParts) {
    this.#parts = parts;
  }

  /** The numbers under which earlier consoles of this run have used up a step's names. */
  continueFrom(next: ReadonlyMap<StepId, number>): void {
    for (const [step, attempt] of next)
      this.#attempts.set(step, Math.max(attempt, this.#attempts.get(step) ?? 1));
  }

  /** Runs a step once `claim` says that this console may. Null: it is done. */
  async run(
    run: OwnedSession,
    step: Step,
    typed: string | null,
    claim: () => Promise<Result<null>>,
  ): Promise<StepFailure | null> {
    const { outputs } = this.#parts;
    const attempt = this.#attempts.get(step.id) ?? 1;
    const output = outputs.of(step.id);
    if (output.endLine > 0) output.note(`── try ${attempt} ──`);
    const job = `${run.identity.id}/${step.id}.${attempt}`;
    return this.#go(run, step, job, (current) => current.run(typed, claim));
  }

  /** Follows a job that an earlier console has started. Null: the step is done. */
  async attach(run: OwnedSession, step: Step, job: KeptJob): Promise<StepFailure | null> {
    const output = this.#parts.outputs.of(step.id);
    const outputFrom = outputStart(run.journal.earlier, job.id, output.bytes);
    const fromByte = output.bytes - outputFrom;
    this.#attempts.set(step.id, job.attempt);
    this.#parts.store.notice(
      job.state === 'running'
        ? `${step.host}: “${step.title}” is still running; its output continues here.`
        : `${step.host}: “${step.title}” ended while no console was connected.`,
    );
    return this.#go(run, step, job.id, (current) => current.attach({ outputFrom, fromByte }));
  }

  /** Ends everything that the running step has started. */
  terminate(id: StepId, typed: string): Accepted | Refusal {
    return this.#running.get(id)?.terminate(typed) ?? refused('no command of this step is running');
  }

  async #go(
    run: OwnedSession,
    step: Step,
    job: string,
    work: (current: StepRun) => Promise<StepEnd>,
  ): Promise<StepFailure | null> {
    const { checklist } = this.#parts;
    const host = run.hosts.get(step.host);
    if (host === undefined) return failureOf(step, run.observer.world, hostNotConnected(step));
    const current = new StepRun(this.#parts, { run, step, host, job });
    this.#running.set(step.id, current);
    this.#showStage();
    const end = await work(current);
    current.close();
    this.#running.delete(step.id);
    this.#showStage();
    checklist.refresh(run);
    // An unknown end is followed up under the same name: asking again attaches to the job instead of starting a second.
    // A known one is over: after a turn back and forth the same step is a new job.
    if (end.kind !== 'failed' || !end.unknown)
      this.#attempts.set(step.id, Number(/\.(\d+)$/.exec(job)?.[1] ?? 0) + 1);
    if (end.kind === 'failed') return end.failure;
    const ran = end.kind === 'done';
    checklist.finish(run, step, ran ? 'run' : 'found', ran ? end.tookMs : null);
    return null;
  }

  #showStage(): void {
    const { store } = this.#parts;
    const shown = runningStage(
      store.view,
      [...this.#running.values()].map(({ step }) => step),
    );
    if (shown !== null) store.set(shown);
  }
}
