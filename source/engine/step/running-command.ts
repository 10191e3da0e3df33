import { present } from '../../cluster/present.ts';
import type { RemoteHost } from '../../remote/host.ts';
import type { Step } from '../../runbook/language/step.ts';
import type { Outputs } from '../output/outputs.ts';
import { accepted, refused } from '../run/refusals.ts';
import type { OwnedSession } from '../run/session.ts';
import type { Checklist } from '../view/checklist.ts';
import type { Accepted, Quiet, Refusal } from '../view/controller.ts';
import { earlierDowntime } from '../view/downtime.ts';
import type { ViewStore } from '../view/view-store.ts';
import { StepWatch } from './step-watch.ts';
import { terminateJob } from './terminate-job.ts';

export interface CommandParts {
  readonly store: ViewStore;
  readonly checklist: Checklist;
  readonly outputs: Outputs;
}

/** One try of a step. */
export interface StepTry {
  readonly run: OwnedSession;
  readonly step: Step;
  readonly host: RemoteHost;
  /** Names the job's directory on the host. Asking for the same id again attaches to it. */
  readonly job: string;
}

/** A step's command as the operator has it before them: how it is shown, what is noticed of it, and how it is ended. */
export class RunningCommand {
  readonly #parts: CommandParts;
  readonly #try: StepTry;
  readonly #since = present();
  /** Null: the command has not been started, nor found running: there is nothing to end. */
  #watch: StepWatch | null = null;
  #quiet: Quiet | null = null;
  /** The command has ended; the servers are waited for. */
  #verifying = false;
  /** The operator ends it: the command, or the waiting for the servers. */
  #ending = false;
  #terminated: Promise<boolean> | null = null;

  constructor(parts: CommandParts, started: StepTry) {
    this.#parts = parts;
    this.#try = started;
    this.#show();
  }

  /** Whether nothing of what the operator has ended is left, once that is known; null: nothing was ended. */
  get terminated(): Promise<boolean> | null {
    return this.#terminated;
  }

  /** The servers are not to be waited for any longer: the operator has ended the waiting. */
  get waitingEnded(): boolean {
    return this.#verifying && this.#ending;
  }

  /** It runs. `confirmedAt`: by the journal, from which the report counts too; null: an earlier console has begun it. */
  begin(confirmedAt: number | null): void {
    const { store, outputs } = this.#parts;
    const onQuiet = (quiet: Quiet | null): void => this.#heardNothing(quiet);
    this.#watch = new StepWatch({ ...this.#try, store, outputs, onQuiet });
    this.#show();
    if (this.#try.step.writes === 'stop' && store.view.downtime.kind !== 'down')
      store.set({
        earlierDowntimeMs: earlierDowntime(store.view),
        downtime: { kind: 'down', since: confirmedAt ?? present() },
      });
  }

  /** It has printed something, or its output is over. */
  heard(): void {
    const { store, outputs } = this.#parts;
    const { step } = this.#try;
    store.heard(step.host);
    outputs.grown(step.id);
    this.#watch?.heard();
  }

  #heardNothing(quiet: Quiet | null): void {
    const again = this.#quiet !== null;
    this.#quiet = quiet;
    this.#show();
    // The screen has the newest inspection; once for each silence is enough for the journal.
    if (quiet === null || again) return;
    const { store, checklist } = this.#parts;
    const { run, step } = this.#try;
    const seconds = Math.round((quiet.at - quiet.since) / 1000);
    store.notice(`${step.host}: “${step.title}” has printed nothing for ${seconds} s.`);
    checklist.note(run, { kind: 'quiet', step: step.id, seconds, found: [...quiet.found] });
  }

  /** What must hold before it, or after it, is waited for. */
  verifying(waitingFor: string): void {
    this.#watch?.commandEnded();
    this.#verifying = this.#watch !== null;
    const { run, step } = this.#try;
    this.#parts.checklist.show(run, step, { kind: 'settling', since: this.#since, waitingFor });
  }

  /** Ends everything that it has started, where the host's name was typed; where it has ended, the waiting for the servers. */
  terminate(typed: string): Accepted | Refusal {
    const { run, step, job } = this.#try;
    if (this.#watch === null) return refused('no command of this step is running');
    if (this.#ending) return refused('it is being terminated already');
    if (typed.trim() !== step.host) return refused(`type ${step.host} to terminate it`);
    const written = run.journal.write({ kind: 'cancelled', step: step.id, job, typed });
    if (!written.ok) return refused(written.error.what);
    this.#ending = true;
    if (this.#verifying) return accepted;
    this.#show();
    this.#terminated = this.#terminate();
    return accepted;
  }

  async #terminate(): Promise<boolean> {
    const { store, outputs } = this.#parts;
    const { run, step, host, job } = this.#try;
    const { clean, said } = await terminateJob(run, step, host, job);
    const output = outputs.of(step.id);
    for (const line of said) output.note(`── ${line} ──`);
    outputs.grown(step.id);
    store.notice(
      clean
        ? `${step.host}: the step was terminated; no process of it is left.`
        : `${step.host}: not every process of the step could be terminated: ${said.at(-1) ?? ''}`,
    );
    // It may be tried again while the step goes on.
    if (!clean) this.#ending = false;
    return clean;
  }

  /** Nothing of it is watched any more. */
  close(): void {
    this.#watch?.stop();
  }

  #show(): void {
    const { run, step } = this.#try;
    this.#parts.checklist.show(run, step, {
      kind: 'running',
      since: this.#since,
      ...(this.#quiet === null ? {} : { quiet: this.#quiet }),
      ...(this.#ending ? { ending: true } : {}),
    });
  }
}
