import { type Problem, problem } from '../cluster/result.ts';
import type { RemoteHost } from '../remote/host.ts';
import type { Probe, Step } from '../runbook/step.ts';
import type { StepFailure } from './controller.ts';
import { fetchCauses } from './failure.ts';
import type { Journal } from './journal.ts';
import { probed, promised } from './judge.ts';
import type { Observer } from './observer.ts';
import type { StepOutput } from './step-output.ts';

/** Transient states of the monitor pass within this time; longer, and a condition is really not met. */
const beforeSeconds = 15;

export interface Execution {
  readonly step: Step;
  readonly host: RemoteHost;
  readonly observer: Observer;
  readonly journal: Journal;
  readonly output: StepOutput;
  /** Names the job's directory on the host. Asking for the same id again attaches to it. */
  readonly job: string;
  readonly typed: string | null;
  readonly running: () => void;
  readonly settling: (waitingFor: string) => void;
  readonly onOutput: () => void;
  readonly onLine: (line: 'following' | 'lost') => void;
  readonly leaving: () => boolean;
}

export type Executed =
  | { readonly kind: 'done'; readonly probe: Probe; readonly tookMs: number }
  | { readonly kind: 'found'; readonly probe: Probe }
  | {
      readonly kind: 'failed';
      readonly failure: StepFailure /** The job may still run on its host. */;
      readonly unknown: boolean;
    };

const failed = (
  execution: Execution,
  what: Problem,
  rest: Partial<StepFailure> = {},
  unknown = false,
): Executed => {
  const failure: StepFailure = {
    problem: what,
    exitCode: null,
    lastLines: [],
    causes: [],
    unmet: [],
    probe: execution.step.probe(execution.observer.world),
    ...rest,
  };
  const written = execution.journal.write({
    kind: 'failed',
    step: execution.step.id,
    what: what.what,
    unmet: failure.unmet.map((one) => `${one.says}: ${one.found}`),
    probe: failure.probe,
  });
  return {
    kind: 'failed',
    failure: written.ok
      ? failure
      : { ...failure, problem: { ...what, cause: `${what.cause ?? ''} ${written.error.what}`.trim() } },
    unknown,
  };
};

/** One step, from the conditions before it to those after it. Runs nothing unless the journal has it on disk. */
export const execute = async (execution: Execution): Promise<Executed> => {
  const { step, host, observer, journal, output, job } = execution;
  const began = Date.now();
  const before = await observer.until(
    [...step.before, probed(step), promised(step)],
    step.host,
    beforeSeconds,
    execution.settling,
    execution.leaving,
    'a fresh look',
  );
  const probe = step.probe(observer.world);
  if (probe.state === 'done' && step.after.every((one) => one.holds(observer.world).holds))
    return { kind: 'found', probe };
  if (!before.settled)
    return failed(
      execution,
      problem(
        `${step.host}: not run, because what must hold before it does not`,
        'see what was found; put it right, then retry',
      ),
      {
        unmet: before.unmet,
      },
    );
  const script = step.script(observer.world);
  if (script.kind === 'unresolved')
    return failed(
      execution,
      problem(`${step.host}: not run, ${script.needs} is not known`, 'look at the hosts, then retry'),
    );

  const written = journal.write({
    kind: 'confirmed',
    step: step.id,
    host: step.host,
    as: step.as,
    typed: execution.typed,
    job,
    script: script.text,
  });
  if (!written.ok) return failed(execution, written.error);
  execution.running();
  const from = output.bytes;
  const started = Date.now();
  const outcome = await host.job(
    { id: job, as: step.as, script: script.text },
    {
      onBytes: (chunk) => {
        output.push(chunk);
        execution.onOutput();
      },
      onLine: execution.onLine,
    },
  );
  output.close();
  execution.onOutput();
  const ended = journal.write({
    kind: 'ended',
    step: step.id,
    job,
    exitCode: outcome.kind === 'exited' ? outcome.code : null,
    tookMs: Date.now() - started,
    outputFrom: from,
    outputTo: output.bytes,
  });
  if (outcome.kind === 'unknown') {
    await observer.look(step.looksAt);
    return failed(execution, outcome.problem, { lastLines: output.last(20) }, outcome.neverStarted !== true);
  }
  if (outcome.code !== 0) {
    const [causes] = await Promise.all([
      fetchCauses(step, host, output.last(200)),
      observer.look(step.looksAt),
    ]);
    return failed(
      execution,
      problem(
        `${step.host}: “${step.title}” ended with exit code ${outcome.code}`,
        'read the cause below; put it right, then retry',
      ),
      {
        exitCode: outcome.code,
        lastLines: output.last(20),
        causes,
      },
    );
  }
  const after = await observer.until(
    [...step.after, probed(step)],
    step.host,
    step.settleSeconds,
    execution.settling,
    execution.leaving,
  );
  if (!after.settled) {
    const causes = await fetchCauses(step, host, []);
    return failed(
      execution,
      problem(
        `${step.host}: the command ended well, but the servers do not show what must hold after it`,
        'see what was found; look again, or put it right by hand',
      ),
      {
        exitCode: 0,
        lastLines: output.last(20),
        causes,
        unmet: after.unmet,
      },
    );
  }
  if (!ended.ok) return failed(execution, ended.error, { exitCode: 0 });
  return { kind: 'done', probe: step.probe(observer.world), tookMs: Date.now() - began };
};
