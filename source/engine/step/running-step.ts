import { lines } from '../../cluster/fragment.ts';
import { present } from '../../cluster/present.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { endJobScript } from '../../remote/job-processes.ts';
import { endRootLines } from '../../runbook/root-hosts.ts';
import type { Step } from '../../runbook/step.ts';
import type { Outputs } from '../output/outputs.ts';
import { accepted, refused } from '../run/refusals.ts';
import type { OwnedSession } from '../run/session.ts';
import type { Checklist } from '../view/checklist.ts';
import type { Accepted, Quiet, Refusal, StepStatus } from '../view/controller.ts';
import type { ViewStore } from '../view/view-store.ts';
import { hostActivity } from './host-activity.ts';
import { type GaugeWatch, watchGauge } from './progress-watch.ts';
import { RepeatedError } from './repeated-error.ts';
import { Watchdog } from './watchdog.ts';

export interface RunningParts {
  readonly store: ViewStore;
  readonly checklist: Checklist;
  readonly outputs: Outputs;
}

export interface StartedAs {
  readonly run: OwnedSession;
  readonly step: Step;
  readonly host: RemoteHost;
  /** The job's id. */
  readonly job: string;
}

/** A step from its confirmation to its end: shows how it goes, notices silence, and ends its job when the operator says so. */
export class RunningStep {
  readonly step: Step;
  readonly #job: string;
  readonly #since = present();
  readonly #parts: RunningParts;
  readonly #run: OwnedSession;
  readonly #host: RemoteHost;
  /** The job has been started, or found running: there is something to end. */
  #started = false;
  /** The command has ended; the servers are waited for. */
  #settling = false;
  #ending = false;
  /** Whether nothing is left of what was ended, once that is known. */
  #ended: Promise<boolean> | null = null;
  #quiet: Quiet | null = null;
  #watchdog: Watchdog | null = null;
  #gauge: GaugeWatch | null = null;
  readonly #errors = new RepeatedError();
  #readTo = 0;

  constructor(parts: RunningParts, { run, step, host, job }: StartedAs) {
    this.#parts = parts;
    this.#run = run;
    this.step = step;
    this.#host = host;
    this.#job = job;
    this.#readTo = parts.outputs.of(step.id).endLine;
    this.#show();
  }

  /** Whether nothing of what the operator ended is left; null while nothing was ended. */
  get ended(): Promise<boolean> | null {
    return this.#ended;
  }

  /** The servers are not to be waited for any longer: the operator has ended the waiting. */
  get waitingEnded(): boolean {
    return this.#settling && this.#ending;
  }

  /** Its command runs. */
  begun(): void {
    const { store, outputs } = this.#parts;
    const { step } = this;
    this.#started = true;
    this.#watchdog = this.#watch();
    this.#gauge = watchGauge(this.#run, step, outputs.of(step.id), store);
    this.#show();
    if (step.writes === 'stop' && store.view.downtime.kind !== 'down')
      store.set({ downtime: { kind: 'down', since: present() } });
  }

  /** What must hold before or after it is waited for. */
  settling(waitingFor: string): void {
    this.#watchdog?.stop();
    if (this.#started) this.#settling = true;
    this.#parts.checklist.show(this.#run, this.step, { kind: 'settling', since: this.#since, waitingFor });
  }

  /** It has printed something. */
  heard(): void {
    const { store, outputs } = this.#parts;
    this.#watchdog?.heard();
    this.#gauge?.heard();
    store.heard(this.step.host);
    outputs.grown(this.step.id);
    this.#sayRepeated();
  }

  #sayRepeated(): void {
    const { store, outputs } = this.#parts;
    const { host, id, title } = this.step;
    const output = outputs.of(id);
    for (let at = Math.max(this.#readTo, output.firstLine); at < output.endLine; at += 1) {
      const again = this.#errors.heard(output.line(at));
      if (again !== null)
        store.notice(`${host}: “${title}” has printed the same error for ${again.seconds} s: ${again.line}`);
    }
    this.#readTo = output.endLine;
  }

  /** Nothing of it is watched any more. */
  over(): void {
    this.#watchdog?.stop();
    this.#gauge?.stop();
  }

  /** Ends everything that it has started, where the host's name was typed. */
  cancel(typed: string): Accepted | Refusal {
    const { step } = this;
    if (!this.#started) return refused('no command of this step is running');
    if (this.#ending) return refused('it is being ended already');
    if (typed.trim() !== step.host) return refused(`type ${step.host} to end it`);
    const written = this.#run.journal.write({ kind: 'cancelled', step: step.id, job: this.#job, typed });
    if (!written.ok) return refused(written.error.what);
    this.#ending = true;
    // No command runs any more: what is ended is the waiting.
    if (this.#settling) return accepted;
    this.#show();
    this.#ended = this.#end();
    return accepted;
  }

  async #end(): Promise<boolean> {
    const { outputs, store } = this.#parts;
    const { step } = this;
    const job = this.#job;
    const output = outputs.of(step.id);
    let said = '';
    const outcome = await this.#host.job(
      {
        id: `${job}-end-${Date.now().toString(36)}`,
        as: step.as,
        script: lines(...endRootLines(this.#run.facts, step), endJobScript(job)).text,
      },
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
    store.notice(
      clean
        ? `${step.host}: ended; nothing of the step is left`
        : `${step.host}: the step could not be ended whole: ${last}`,
    );
    // It may be tried again while the step goes on.
    if (!clean) this.#ending = false;
    return clean;
  }

  #watch(): Watchdog {
    const { step } = this;
    return new Watchdog({
      quietMs: step.quietSeconds * 1000,
      look: () => hostActivity(this.#run.facts, this.#host, step, this.#job),
      say: (quiet) => {
        const again = this.#quiet !== null;
        this.#quiet = quiet;
        this.#show();
        // The screen has the newest look; once for each silence is enough for the journal.
        if (quiet === null || again) return;
        const seconds = Math.round((quiet.at - quiet.since) / 1000);
        const { store, checklist } = this.#parts;
        store.notice(`${step.host}: “${step.title}” has printed nothing for ${seconds} s`);
        checklist.note(this.#run, { kind: 'quiet', step: step.id, seconds, found: [...quiet.found] });
      },
    });
  }

  #show(): void {
    const status: StepStatus = {
      kind: 'running',
      since: this.#since,
      ...(this.#quiet === null ? {} : { quiet: this.#quiet }),
      ...(this.#ending ? { ending: true } : {}),
    };
    this.#parts.checklist.show(this.#run, this.step, status);
  }
}
