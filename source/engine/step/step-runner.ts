import { type Problem, problem, type Result } from '../../cluster/result.ts';
import type { Step, StepId } from '../../runbook/step.ts';
import { clockTime } from '../observe/observer.ts';
import type { Decisions } from '../run/decisions.ts';
import { refused } from '../run/refusals.ts';
import type { OwnedSession } from '../run/session.ts';
import { type KeptJob, outputStart } from '../run/unfinished-jobs.ts';
import type { Accepted, Refusal, StepFailure } from '../view/controller.ts';
import { runningStage } from '../view/running-steps.ts';
import { attach, type Executed, type Execution, execute } from './execute.ts';
import { type RunningParts, RunningStep } from './running-step.ts';

export interface StepRunnerParts extends RunningParts {
  readonly decisions: Decisions;
}

/** Runs a step, or attaches to its job, under a name that no other try of it has. */
export class StepRunner {
  readonly #parts: StepRunnerParts;
  readonly #attempts = new Map<StepId, number>();
  /** In the order in which they were begun. */
  readonly #running = new Map<StepId, RunningStep>();

  constructor(parts: StepRunnerParts) {
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
    return this.#go(run, step, `${run.identity.id}/${step.id}.${attempt}`, typed, async (execution) => {
      const claimed = await claim();
      if (claimed.ok) return execute(execution);
      return { kind: 'failed', unknown: false, failure: this.#notRun(run, step, claimed.error) };
    });
  }

  /** Follows a job that an earlier console has started. Null: the step is done. */
  async attach(run: OwnedSession, step: Step, job: KeptJob): Promise<StepFailure | null> {
    const output = this.#parts.outputs.of(step.id);
    const outputFrom = outputStart(run.journal.earlier, job.id, output.bytes);
    const fromByte = output.bytes - outputFrom;
    this.#attempts.set(step.id, job.attempt);
    this.#parts.store.notice(
      job.state === 'running'
        ? `${step.host}: “${step.title}” still runs: following it`
        : `${step.host}: “${step.title}” ended while nobody was looking`,
    );
    return this.#go(run, step, job.id, null, (execution) => attach(execution, { outputFrom, fromByte }));
  }

  /** Ends everything that the running step has started. */
  cancel(id: StepId, typed: string): Accepted | Refusal {
    return this.#running.get(id)?.cancel(typed) ?? refused('no command of this step is running');
  }

  async #go(
    run: OwnedSession,
    step: Step,
    job: string,
    typed: string | null,
    work: (execution: Execution) => Promise<Executed>,
  ): Promise<StepFailure | null> {
    const { store, checklist, outputs, decisions } = this.#parts;
    const host = run.hosts.get(step.host);
    if (host === undefined) {
      return this.#notRun(run, step, problem(`${step.host} is not connected`, 'start the console again'));
    }
    const current = new RunningStep(this.#parts, { run, step, host, job });
    this.#running.set(step.id, current);
    this.#showStage();
    const executed = await work({
      facts: run.facts,
      direction: checklist.direction,
      step,
      host,
      observer: run.observer,
      journal: run.journal,
      output: outputs.of(step.id),
      job,
      typed,
      expectedMs: checklist.expectedOf(step.id),
      running: () => current.begun(),
      settling: (waitingFor) => current.settling(waitingFor),
      onOutput: () => current.heard(),
      onLine: (line) => {
        store.notice(
          line === 'lost'
            ? `${step.host}: no answer since ${clockTime(Date.now())}; a command that was running there goes on if the host is up`
            : `${step.host}: it answers again; the output continues where it was`,
        );
      },
      leaving: () => decisions.over || current.waitingEnded,
      waitingEnded: () => !decisions.over && current.waitingEnded,
      undone: () => checklist.undone(run, step),
      cancelled: async () => current.ended,
    });
    current.over();
    this.#running.delete(step.id);
    this.#showStage();
    checklist.refresh(run);
    // An unknown end is followed up under the same name: asking again attaches to the job instead of starting a second.
    // A known one is over: after a turn back and forth the same step is a new job.
    if (executed.kind !== 'failed' || !executed.unknown)
      this.#attempts.set(step.id, Number(/\.(\d+)$/.exec(job)?.[1] ?? 0) + 1);
    if (executed.kind === 'failed') return executed.failure;
    const ran = executed.kind === 'done';
    checklist.finish(run, step, ran ? 'run' : 'found', ran ? executed.tookMs : null);
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

  #notRun(run: OwnedSession, step: Step, what: Problem): StepFailure {
    const probe = step.probe(run.observer.world);
    return { problem: what, exitCode: null, lastLines: [], causes: [], unmet: [], probe };
  }
}
