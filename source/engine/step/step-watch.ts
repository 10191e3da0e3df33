import type { RemoteHost } from '../../remote/host.ts';
import type { Step } from '../../runbook/language/step.ts';
import type { Outputs } from '../output/outputs.ts';
import type { OwnedSession } from '../run/session.ts';
import type { Quiet } from '../view/controller.ts';
import type { ViewStore } from '../view/view-store.ts';
import { hostActivity } from './host-activity.ts';
import { type GaugeWatch, watchGauge } from './progress-watch.ts';
import { RepeatedError } from './repeated-error.ts';
import { Watchdog } from './watchdog.ts';

export interface StepWatchOptions {
  readonly store: ViewStore;
  readonly outputs: Outputs;
  readonly run: OwnedSession;
  readonly step: Step;
  readonly host: RemoteHost;
  /** The job's id. */
  readonly job: string;
  /** It prints nothing; null: it prints again. */
  readonly onQuiet: (quiet: Quiet | null) => void;
}

/** What is noticed of a step's command while it runs: how far it is, that it prints nothing, that it prints one error over and over. */
export class StepWatch {
  readonly #options: StepWatchOptions;
  readonly #watchdog: Watchdog;
  readonly #gauge: GaugeWatch | null;
  readonly #errors = new RepeatedError();
  /** The lines of its output below this one have been read. */
  #readTo: number;

  constructor(options: StepWatchOptions) {
    this.#options = options;
    const { store, outputs, run, step, host, job, onQuiet } = options;
    const output = outputs.of(step.id);
    this.#readTo = output.endLine;
    this.#watchdog = new Watchdog({
      quietMs: step.quietSeconds * 1000,
      inspect: () => hostActivity(run.facts, host, step, job),
      say: onQuiet,
    });
    this.#gauge = watchGauge(run, step, output, store);
  }

  /** It has printed something. */
  heard(): void {
    this.#watchdog.heard();
    this.#gauge?.heard();
    this.#noticeRepeatedErrors();
  }

  #noticeRepeatedErrors(): void {
    const { store, outputs, step } = this.#options;
    const output = outputs.of(step.id);
    for (let at = Math.max(this.#readTo, output.firstLine); at < output.endLine; at += 1) {
      const again = this.#errors.heard(output.line(at));
      if (again !== null)
        store.notice(
          `${step.host}: “${step.title}” has printed the same error for ${again.seconds} s: ${again.line}`,
        );
    }
    this.#readTo = output.endLine;
  }

  /** Its command has ended: from here on it need not print anything. */
  commandEnded(): void {
    this.#watchdog.stop();
  }

  stop(): void {
    this.#watchdog.stop();
    this.#gauge?.stop();
  }
}
