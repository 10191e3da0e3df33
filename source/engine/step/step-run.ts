import type { ScriptText } from '../../cluster/fragment.ts';
import type { Problem, Result } from '../../cluster/result.ts';
import { localClock } from '../../cluster/times.ts';
import type { JobOutcome, RemoteHost } from '../../remote/host.ts';
import { onHost, yes } from '../../runbook/language/conditions.ts';
import type { Probe, Step, StepId } from '../../runbook/language/step.ts';
import type { ExpectedDowntime } from '../../runbook/timing/estimates.ts';
import type { Entry } from '../journal/entry.ts';
import { steady } from '../observe/clock.ts';
import { judgeConditions, probed, promised, scripted } from '../observe/judge.ts';
import type { Silence } from '../observe/observer.ts';
import type { StepOutput } from '../output/step-output.ts';
import type { Decisions } from '../run/decisions.ts';
import type { OwnedSession } from '../run/session.ts';
import type { Accepted, EngineView, Refusal, StepFailure } from '../view/controller.ts';
import { failureOf, fetchCauses } from './failure.ts';
import { followJob } from './follow-job.ts';
import { pauseTold } from './pause-told.ts';
import { type CommandParts, RunningCommand, type StepTry } from './running-command.ts';
import * as problems from './step-problems.ts';

/** Transient states of the monitor pass within this time, in seconds; longer, and a condition is really not met. */
const beforeSeconds = 15;
/** For how long, in seconds, a host may be asked again whose command failed just before it gave no answer any more. */
const answerSeconds = 60;
/** What was done has been undone for so long, in milliseconds, before it counts: pg_autoctl may restart by itself. */
const undoneMs = 10_000;
/** So many lines of output are shown with a failure, and so many are searched for the files that hold its cause. */
const shownLines = 20;
const searchedLines = 200;

export interface StepRunParts extends CommandParts {
  readonly decisions: Decisions;
  /** The step whose text is not what a second person has approved; null: none. */
  readonly changed: (id: StepId, textOf: (id: StepId) => string | null) => StepId | null;
}

export type StepEnd =
  | { readonly kind: 'done'; readonly probe: Probe; readonly tookMs: number }
  /** The servers showed it done; nothing had to be run, or nobody can tell how its command ended. */
  | { readonly kind: 'found'; readonly probe: Probe }
  | {
      readonly kind: 'failed';
      readonly failure: StepFailure;
      /** The job may still run on its host. */
      readonly unknown: boolean;
    };

/** The downtime that the stop's card shows, for the journal; null: nothing was measured. */
const downtimeTold = ({ expectedDowntimeMs, dryRun }: EngineView): ExpectedDowntime | null =>
  expectedDowntimeMs === null ? null : { seconds: expectedDowntimeMs / 1000, dryRun };

/** Where a job's output goes on. */
export interface OutputPosition {
  /** The byte of the step's whole output with which this job's begins. */
  readonly outputFrom: number;
  /** So many bytes of the job's output this machine has already. */
  readonly fromByte: number;
}

/**
 * One try of one step, from its confirmation to its judgment: lock, preconditions, script, journal, job, end, verification. The
 * methods stand in this order; each gives null where the journey goes on, and the end where it is over.
 */
export class StepRun {
  readonly step: Step;
  readonly #parts: StepRunParts;
  readonly #run: OwnedSession;
  readonly #host: RemoteHost;
  readonly #job: string;
  readonly #output: StepOutput;
  readonly #command: RunningCommand;

  constructor(parts: StepRunParts, started: StepTry) {
    const { run, step, host, job } = started;
    this.#parts = parts;
    this.#run = run;
    this.step = step;
    this.#host = host;
    this.#job = job;
    this.#output = parts.outputs.of(step.id);
    this.#command = new RunningCommand(parts, started);
  }

  /**
   * Runs the step once `claim` says that this console may. Runs nothing unless the journal has it on disk. `typed`: what the operator
   * has typed to confirm it; null: nothing.
   */
  async run(typed: string | null, claim: () => Promise<Result<null>>): Promise<StepEnd> {
    const { step } = this;
    const claimed = await claim();
    if (!claimed.ok) return this.#notDecided(claimed.error, false);
    const end = await this.#checkPreconditions();
    if (end !== null) return end;
    const script = step.script(this.#run.observer.world);
    if (script.kind === 'unresolved') return this.#fail(problems.scriptNotReady(step, script.needs));
    const changed = this.#changedSinceApproval();
    if (changed !== null) return this.#fail(problems.changedSinceApproval(changed));
    const outputFrom = this.#output.bytes;
    const at = new Date();
    const written = this.#writeConfirmed(script.text, typed, outputFrom, at);
    if (!written.ok) return this.#fail(written.error);
    return this.#runJob(script.text, { outputFrom, fromByte: 0 }, at.getTime());
  }

  /**
   * Follows a job that was found on its host, from the byte that this machine has not seen; its end is judged as if nothing had come
   * in between.
   */
  async attach(from: OutputPosition): Promise<StepEnd> {
    const { id, host } = this.step;
    const written = this.#run.journal.write({ kind: 'attached', step: id, host, job: this.#job, ...from });
    if (!written.ok) return this.#fail(written.error, {}, true);
    return this.#runJob(null, from);
  }

  /**
   * Every condition before it must hold, and its script be made, by a fresh observation. Where the servers show it done already, nothing is
   * to be run.
   */
  async #checkPreconditions(): Promise<StepEnd | null> {
    const { step } = this;
    const { observer } = this.#run;
    const before = await observer.until(
      [...step.before, probed(step), promised(step), scripted(step)],
      step.host,
      beforeSeconds,
      (waitingFor) => this.#command.verifying(waitingFor),
      () => this.#isLeft,
      'a fresh look',
    );
    if (this.#isShownDone()) return { kind: 'found', probe: step.probe(observer.world) };
    if (before.settled) return null;
    if (this.#isLeft) return this.#notDecided(problems.consoleLeft(step), false);
    if (before.silent !== null) return this.#failSilent(before.silent, 'not run', { unmet: before.unmet });
    const script = step.script(observer.world);
    const conditions = judgeConditions(step.before, observer.world).unmet;
    return conditions.length === 0 && script.kind === 'unresolved'
      ? this.#fail(problems.scriptNotReady(step, script.needs))
      : this.#fail(problems.preconditionsNotMet(step), { unmet: before.unmet });
  }

  /** By the look of just now: what runs is what was approved, of the steps that follow at once too. */
  #changedSinceApproval(): Step | null {
    const { checklist, changed } = this.#parts;
    const id = changed(this.step.id, (one) => {
      const script = checklist.find(one)?.script(this.#run.observer.world);
      return script?.kind === 'ready' ? script.text : null;
    });
    return id === null ? null : (checklist.find(id) ?? this.step);
  }

  #writeConfirmed(script: ScriptText, typed: string | null, outputFrom: number, at: Date): Result<null> {
    const { id, host, as, writes } = this.step;
    const { checklist, store } = this.#parts;
    const expectedMs = checklist.expectedOf(id);
    const clusterNotes = this.step.clusterNotes(this.#run.observer.world);
    const expectedDowntime = writes === 'stop' ? downtimeTold(store.view) : null;
    const entry: Entry = {
      kind: 'confirmed',
      step: id,
      host,
      as,
      typed,
      job: this.#job,
      script,
      outputFrom,
      ...(expectedMs === null ? {} : { expectedMs }),
      ...(expectedDowntime === null ? {} : { expectedDowntime }),
      ...(clusterNotes === null ? {} : { clusterNotes: [...clusterNotes] }),
    };
    return this.#run.journal.write(entry, at);
  }

  /** The job, new (`script`) or found (null), to its end, and what the servers show then. `confirmedAt`: by the journal, in milliseconds since the epoch. */
  async #runJob(
    script: ScriptText | null,
    from: OutputPosition,
    confirmedAt: number | null = null,
  ): Promise<StepEnd> {
    const { step } = this;
    const { journal, observer } = this.#run;
    const began = steady();
    this.#command.begin(confirmedAt);
    const firstLine = this.#output.endLine;
    const outcome = await this.#followJob(script, from.fromByte);
    this.#output.close();
    this.#command.heard();
    // The console lets go of a job that goes on: that is neither its end nor a failure, and the journal has `left`.
    if (outcome.kind === 'unknown' && this.#isLeft && outcome.gone !== true)
      return this.#notDecided(outcome.problem, true);
    const ended = journal.write({
      kind: 'ended',
      step: step.id,
      job: this.#job,
      exitCode: outcome.kind === 'exited' ? outcome.code : null,
      tookMs: Math.round(steady() - began),
      outputFrom: from.outputFrom,
      outputTo: this.#output.bytes,
      ...pauseTold(step, outcome, this.#output, script === null ? null : firstLine),
    });
    const end =
      outcome.kind === 'unknown'
        ? await this.#judgeUnknown(outcome)
        : outcome.code !== 0
          ? await this.#judgeExitCode(outcome.code)
          : await this.#verify();
    if (end !== null) return end;
    if (!ended.ok) return this.#fail(ended.error, { exitCode: 0 });
    return { kind: 'done', probe: step.probe(observer.world), tookMs: Math.round(steady() - began) };
  }

  #followJob(script: ScriptText | null, fromOffset: number): Promise<JobOutcome> {
    const { step } = this;
    const { store } = this.#parts;
    return followJob(
      this.#host,
      { id: this.#job, as: step.as, script, fromOffset },
      {
        onBytes: (chunk) => {
          this.#output.push(chunk);
          this.#command.heard();
        },
        onLine: (line) =>
          store.notice(
            line === 'lost'
              ? `${step.host}: no answer since ${localClock(Date.now())}; a command that was running there keeps running if the host is up.`
              : `${step.host}: it answers again; the output continues where it was.`,
          ),
      },
      this.#patienceMs,
      (since) => ({ kind: 'unknown', problem: problems.endNotKnown(step, since) }),
    );
  }

  /** A secondary whose connection is down for so long, in milliseconds, is not waited for; null: the primary and the monitor are. */
  get #patienceMs(): number | null {
    const { step } = this;
    const { nodes, outside } = this.#run.facts;
    const secondary =
      nodes.some((node) => node.alias === step.host && node.role === 'secondary') ||
      outside.some((place) => place.alias === step.host);
    return secondary || step.phase >= 'R' ? (step.settleSeconds > 3600 ? 90_000 : 30_000) : null;
  }

  /** Nobody can tell how it ended: the servers alone decide whether its work is there. */
  async #judgeUnknown(outcome: Extract<JobOutcome, { kind: 'unknown' }>): Promise<StepEnd> {
    const { step } = this;
    const { observer } = this.#run;
    const lastLines = this.#output.last(shownLines);
    await observer.inspect(step.inspects);
    if (outcome.gone === true && this.#isShownDone())
      return { kind: 'found', probe: step.probe(observer.world) };
    const mayRun = outcome.neverStarted !== true && outcome.gone !== true;
    const silence = mayRun ? observer.silence(step.host) : null;
    if (silence !== null) return this.#failSilent(silence, 'no end', { lastLines }, true);
    return this.#fail(outcome.problem, { lastLines }, mayRun);
  }

  /** Its command has failed, was ended by the operator, or was torn along by its host. */
  async #judgeExitCode(code: number): Promise<StepEnd> {
    const { step } = this;
    const [causes] = await Promise.all([
      fetchCauses(step, this.#host, this.#output.last(searchedLines)),
      this.#run.observer.inspect(step.inspects),
    ]);
    const clean = await this.#command.terminated;
    const silent = clean === null ? await this.#silenceAfterFailure() : null;
    const rest = { exitCode: code, lastLines: this.#output.last(shownLines), causes };
    if (silent !== null) return this.#failSilent(silent, { code }, rest);
    return this.#fail(
      clean === null ? problems.endedWithCode(step, code) : problems.endedByOperator(step, code, clean),
      rest,
    );
  }

  /**
   * A host that goes down tears its commands along: they fail, and their exit codes come over a connection that stands for a moment
   * longer. Then the absence is what is to be said. Null: it answers, or it is one that is waited for in any case.
   */
  async #silenceAfterFailure(): Promise<Silence | null> {
    const { host } = this.step;
    const { observer } = this.#run;
    if (this.#patienceMs === null || observer.silence(host) === null) return null;
    const seen = await observer.until(
      [onHost(host, `${host} answers`, () => yes)],
      host,
      answerSeconds,
      (waitingFor) => this.#command.verifying(waitingFor),
      () => this.#isLeft,
    );
    return seen.settled ? null : seen.silent;
  }

  /** The command exited 0: the servers are asked until they show every condition after it, or the time is up. */
  async #verify(): Promise<StepEnd | null> {
    const { step } = this;
    const lastLines = this.#output.last(shownLines);
    const undone = this.#undoneWatch();
    const after = await this.#run.observer.until(
      [...step.after, probed(step)],
      step.host,
      step.settleSeconds,
      (waitingFor) => this.#command.verifying(waitingFor),
      () => this.#isLeft || undone() !== null,
    );
    if (after.settled) return null;
    // Nothing has failed: the console lets go while the servers take their time. The next one judges the job anew.
    if (this.#parts.decisions.over) return this.#notDecided(problems.consoleLeft(step), true);
    const { silent, unmet } = after;
    if (silent !== null) return this.#failSilent(silent, 'not verified', { exitCode: 0, lastLines, unmet });
    const causes = await fetchCauses(step, this.#host, []);
    const before = undone();
    return this.#fail(
      before === null ? problems.postconditionsNotMet(step) : problems.undoneMeanwhile(step, before),
      { exitCode: 0, lastLines, causes, unmet },
    );
  }

  /** An earlier step of this host that stays undone while the servers are waited for: pg_autoctl does not run since a restart, say. */
  #undoneWatch(): () => Step | null {
    let since: number | null = null;
    return () => {
      const step = this.#parts.checklist.undone(this.#run, this.step);
      if (step === null) since = null;
      else since ??= steady();
      return since !== null && steady() - since >= undoneMs ? step : null;
    };
  }

  #isShownDone(): boolean {
    const { world } = this.#run.observer;
    const { step } = this;
    return step.probe(world).state === 'done' && step.after.every((one) => one.holds(world).holds);
  }

  /** Nothing is waited for any more: the operator leaves or has ended the waiting, or the lock is another's. */
  get #isLeft(): boolean {
    return this.#parts.decisions.over || this.#command.waitingEnded;
  }

  /** It stands where it stood, and nothing has failed: not for the journal. */
  #notDecided(what: Problem, unknown: boolean): StepEnd {
    return { kind: 'failed', failure: failureOf(this.step, this.#run.observer.world, what), unknown };
  }

  #failSilent(
    silence: Silence,
    what: Parameters<typeof problems.hostSilent>[4],
    rest: Partial<StepFailure>,
    unknown = false,
  ): StepEnd {
    const { direction } = this.#parts.checklist;
    return this.#fail(
      problems.hostSilent(this.#run.facts, this.step, silence, direction, what),
      { ...rest, silent: { host: silence.alias, waits: false } },
      unknown,
    );
  }

  /** A failure, written down. `unknown`: the job may still run. */
  #fail(problem: Problem, rest: Partial<StepFailure> = {}, unknown = false): StepEnd {
    const { step } = this;
    const { world } = this.#run.observer;
    // Whether it may be repeated, the step itself reads from the disks.
    const advice = step.interrupted(world);
    const what = advice === null ? problem : { ...problem, remedy: advice };
    const failure = failureOf(step, world, what, {
      ...rest,
      ...(advice === null ? {} : { onlyBack: true }),
    });
    const written = this.#run.journal.write({
      kind: 'failed',
      step: step.id,
      what: what.what,
      unmet: failure.unmet.map((one) => `${one.says}: ${one.found}`),
      probe: failure.probe,
    });
    if (written.ok) return { kind: 'failed', failure, unknown };
    const cause = `${what.cause ?? ''} ${written.error.what}`.trim();
    return { kind: 'failed', failure: { ...failure, problem: { ...what, cause } }, unknown };
  }

  /** Ends everything that it has started, where the host's name was typed. */
  terminate(typed: string): Accepted | Refusal {
    return this.#command.terminate(typed);
  }

  /** Nothing of it is watched any more. */
  close(): void {
    this.#command.close();
  }
}
