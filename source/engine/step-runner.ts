import { type Problem, problem, type Result } from '../cluster/result.ts';
import type { RemoteHost } from '../remote/host.ts';
import { endJobScript } from '../remote/job-processes.ts';
import type { Step, StepId } from '../runbook/step.ts';
import type { Board } from './board.ts';
import type { Accepted, Quiet, Refusal, StepFailure, StepStatus } from './controller.ts';
import type { Decisions } from './decisions.ts';
import { attach, type Executed, type Execution, execute } from './execute.ts';
import { type GaugeWatch, watchGauge } from './gauge-watch.ts';
import { whatTheHostDoes } from './host-doing.ts';
import type { Outputs } from './outputs.ts';
import type { Run } from './prepare.ts';
import type { Progress } from './progress.ts';
import { accepted, refused } from './refusals.ts';
import { type KeptJob, outputStart } from './unseen-jobs.ts';
import { Watchdog } from './watchdog.ts';

/** A job that runs now. */
interface Current {
  readonly run: Run;
  readonly step: Step;
  readonly host: RemoteHost;
  readonly job: string;
  readonly since: number;
  /** It has been started, or found running: there is something to end. */
  started: boolean;
  /** The command has ended; the servers are waited for. */
  settling: boolean;
  ending: boolean;
  /** Whether nothing is left of what was ended, once that is known. */
  ended: Promise<boolean> | null;
  quiet: Quiet | null;
  watchdog: Watchdog | null;
  gauge: GaugeWatch | null;
}

export interface StepRunnerParts {
  readonly board: Board;
  readonly progress: Progress;
  readonly outputs: Outputs;
  readonly decisions: Decisions;
}

/** Runs a step, or attaches to its job, and shows how it goes; ends it when the operator says so. */
export class StepRunner {
  readonly #parts: StepRunnerParts;
  readonly #attempts = new Map<StepId, number>();
  /** In the order in which they were begun. */
  readonly #running = new Map<StepId, Current>();

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
    run: Run,
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
  async attach(run: Run, step: Step, job: KeptJob): Promise<StepFailure | null> {
    const output = this.#parts.outputs.of(step.id);
    const outputFrom = outputStart(run.journal.earlier, job.id, output.bytes);
    const fromByte = output.bytes - outputFrom;
    this.#attempts.set(step.id, job.attempt);
    this.#parts.board.notice(
      job.state === 'running'
        ? `${step.host}: “${step.title}” still runs: following it`
        : `${step.host}: “${step.title}” ended while nobody was looking`,
    );
    return this.#go(run, step, job.id, null, (execution) => attach(execution, { outputFrom, fromByte }));
  }

  /** Ends everything that the running step has started. */
  cancel(id: StepId, typed: string): Accepted | Refusal {
    const current = this.#running.get(id);
    if (current === undefined || !current.started) return refused('no command of this step is running');
    if (current.ending) return refused('it is being ended already');
    if (typed.trim() !== current.step.host) return refused(`type ${current.step.host} to end it`);
    const { run, step, job } = current;
    const written = run.journal.write({ kind: 'cancelled', step: step.id, job, typed });
    if (!written.ok) return refused(written.error.what);
    current.ending = true;
    // No command runs any more: what is ended is the waiting.
    if (current.settling) return accepted;
    this.#show(current);
    current.ended = this.#end(current);
    return accepted;
  }

  async #end(current: Current): Promise<boolean> {
    const { outputs, board } = this.#parts;
    const { step, host, job } = current;
    const output = outputs.of(step.id);
    let said = '';
    const outcome = await host.job(
      { id: `${job}-end-${Date.now().toString(36)}`, as: step.as, script: endJobScript(job) },
      {
        onBytes: (chunk) => {
          said += chunk.toString('utf8');
        },
      },
    );
    for (const line of said.trim().split('\n')) output.note(`── ${line} ──`);
    outputs.grown(step.id);
    const clean = outcome.kind === 'exited' && outcome.code === 0;
    const last = said.trim().split('\n').at(-1) ?? '';
    board.notice(
      clean
        ? `${step.host}: ended; nothing of the step is left`
        : `${step.host}: the step could not be ended whole: ${last}`,
    );
    // It may be tried again while the step goes on.
    if (!clean) current.ending = false;
    return clean;
  }

  async #go(
    run: Run,
    step: Step,
    job: string,
    typed: string | null,
    work: (execution: Execution) => Promise<Executed>,
  ): Promise<StepFailure | null> {
    const { board, progress, outputs, decisions } = this.#parts;
    const host = run.hosts.get(step.host);
    if (host === undefined) {
      return this.#notRun(run, step, problem(`${step.host} is not connected`, 'start the console again'));
    }
    const since = Date.now();
    const current: Current = {
      run,
      step,
      host,
      job,
      since,
      started: false,
      settling: false,
      ending: false,
      ended: null,
      quiet: null,
      watchdog: null,
      gauge: null,
    };
    this.#running.set(step.id, current);
    this.#show(current);
    this.#showStage();
    const executed = await work({
      step,
      host,
      observer: run.observer,
      journal: run.journal,
      output: outputs.of(step.id),
      job,
      typed,
      expectedMs: progress.expectedOf(step.id),
      running: () => {
        current.started = true;
        current.watchdog = this.#watch(current);
        current.gauge = watchGauge(run, step, outputs.of(step.id), board);
        this.#show(current);
        if (step.writes === 'stop' && board.view.downtime.kind === 'not-started')
          board.set({ downtime: { kind: 'down', since: Date.now() } });
      },
      settling: (waitingFor) => {
        current.watchdog?.stop();
        if (current.started) current.settling = true;
        progress.show(run, step, { kind: 'settling', since, waitingFor });
      },
      onOutput: () => {
        current.watchdog?.heard();
        current.gauge?.heard();
        board.heard(step.host);
        outputs.grown(step.id);
      },
      onLine: (line) => {
        board.notice(
          line === 'lost'
            ? `${step.host}: the line is lost; the command goes on there`
            : `${step.host}: the line is back; the output continues where it was`,
        );
      },
      leaving: () => decisions.over || (current.settling && current.ending),
      cancelled: async () => current.ended,
    });
    current.watchdog?.stop();
    current.gauge?.stop();
    this.#running.delete(step.id);
    this.#showStage();
    progress.refresh(run);
    // An unknown end is followed up under the same name: asking again attaches to the job instead of starting a second.
    // A known one is over: after a turn back and forth the same step is a new job.
    if (executed.kind !== 'failed' || !executed.unknown)
      this.#attempts.set(step.id, Number(/\.(\d+)$/.exec(job)?.[1] ?? 0) + 1);
    if (executed.kind === 'failed') return executed.failure;
    const ran = executed.kind === 'done';
    progress.finish(run, step, ran ? 'run' : 'found', ran ? executed.tookMs : null);
    return null;
  }

  /**
   * The step that the stage names stays the same until it has ended; of the others the one that will take longest comes
   * next. Between two steps of the last lane the stage stays as it was.
   */
  #showStage(): void {
    const { board } = this.#parts;
    const { view } = board;
    const expected = (id: StepId): number => view.steps.find((one) => one.id === id)?.expectedMs ?? 0;
    const before = view.stage.kind === 'running' ? this.#running.get(view.stage.step) : undefined;
    const [longest] = [...this.#running.values()].sort(
      (one, other) => expected(other.step.id) - expected(one.step.id),
    );
    const shown = before ?? longest;
    if (shown === undefined) return;
    const beside = [...this.#running.keys()].filter((id) => id !== shown.step.id);
    board.set({
      stage: { kind: 'running', step: shown.step.id, ...(beside.length === 0 ? {} : { beside }) },
      phase: shown.step.phase,
    });
  }

  #notRun(run: Run, step: Step, what: Problem): StepFailure {
    const probe = step.probe(run.observer.world);
    return { problem: what, exitCode: null, lastLines: [], causes: [], unmet: [], probe };
  }

  #watch(current: Current): Watchdog {
    const { run, step, host, job } = current;
    return new Watchdog({
      quietMs: step.quietSeconds * 1000,
      look: () => whatTheHostDoes(run.facts, host, step, job),
      say: (quiet) => {
        const again = current.quiet !== null;
        current.quiet = quiet;
        this.#show(current);
        // The screen has the newest look; once for each silence is enough for the journal.
        if (quiet === null || again) return;
        const seconds = Math.round((quiet.at - quiet.since) / 1000);
        this.#parts.board.notice(`${step.host}: “${step.title}” has printed nothing for ${seconds} s`);
        this.#parts.progress.note(run, { kind: 'quiet', step: step.id, seconds, found: [...quiet.found] });
      },
    });
  }

  #show({ run, step, since, quiet, ending }: Current): void {
    const status: StepStatus = {
      kind: 'running',
      since,
      ...(quiet === null ? {} : { quiet }),
      ...(ending ? { ending: true } : {}),
    };
    this.#parts.progress.show(run, step, status);
  }
}
