import { type Problem, problem } from '../cluster/result.ts';
import type { RemoteHost } from '../remote/host.ts';
import type { Probe, Step } from '../runbook/step.ts';
import { steady } from './clock.ts';
import type { StepFailure } from './controller.ts';
import { fetchCauses } from './failure.ts';
import type { Journal } from './journal.ts';
import { probed } from './judge.ts';
import type { Observer } from './observer.ts';
import type { StepOutput } from './step-output.ts';

export interface Execution {
  readonly step: Step;
  readonly host: RemoteHost;
  readonly observer: Observer;
  readonly journal: Journal;
  readonly output: StepOutput;
  /** Names the job's directory on the host. Asking for the same id again attaches to it. */
  readonly job: string;
  readonly typed: string | null;
  /** How long it should take, in milliseconds; null where nothing was measured. */
  readonly expectedMs: number | null;
  readonly running: () => void;
  readonly settling: (waitingFor: string) => void;
  readonly onOutput: () => void;
  readonly onLine: (line: 'following' | 'lost') => void;
  /** The operator leaves, or the lock is another's: nothing is waited for any more. */
  readonly leaving: () => boolean;
  /** Null: the job was not ended by the operator. Else whether nothing of it is left, once that was looked at. */
  readonly cancelled: () => Promise<boolean | null>;
}

export type Executed =
  | { readonly kind: 'done'; readonly probe: Probe; readonly tookMs: number }
  | { readonly kind: 'found'; readonly probe: Probe }
  | {
      readonly kind: 'failed';
      readonly failure: StepFailure;
      /** The job may still run on its host. */
      readonly unknown: boolean;
    };

const failureOf = (
  { step, observer }: Execution,
  what: Problem,
  rest: Partial<StepFailure> = {},
): StepFailure => ({
  problem: what,
  exitCode: null,
  lastLines: [],
  causes: [],
  unmet: [],
  probe: step.probe(observer.world),
  ...rest,
});

/** A failure, written down. `unknown`: the job may still run. */
export const failed = (
  execution: Execution,
  what: Problem,
  rest: Partial<StepFailure> = {},
  unknown = false,
): Executed => {
  const failure = failureOf(execution, what, rest);
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

/** What to say of an exit code that is not zero. */
const endedBadly = ({ step }: Execution, code: number, clean: boolean | null): Problem =>
  clean !== null
    ? problem(
        `${step.host}: “${step.title}” was ended by you (exit code ${code})`,
        clean
          ? 'nothing of it is running any more; see what the servers say, then retry, skip or go back'
          : 'something that it started resisted, see its output: end that by hand before anything else',
      )
    : problem(
        `${step.host}: “${step.title}” ended with exit code ${code}`,
        'read the cause below; put it right, then retry',
      );

/** Follows a job, new or found, to its end, and judges it by what the servers show then. */
export const follow = async (
  execution: Execution,
  from: { readonly script: string | null; readonly outputFrom: number; readonly fromByte: number },
): Promise<Executed> => {
  const { step, host, observer, journal, output, job } = execution;
  const began = steady();
  execution.running();
  const outcome = await host.job(
    { id: job, as: step.as, script: from.script, fromOffset: from.fromByte },
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
  // The console lets go of a job that goes on: that is neither its end nor a failure, and the journal has `left`.
  if (outcome.kind === 'unknown' && execution.leaving() && outcome.gone !== true)
    return { kind: 'failed', failure: failureOf(execution, outcome.problem), unknown: true };
  const ended = journal.write({
    kind: 'ended',
    step: step.id,
    job,
    exitCode: outcome.kind === 'exited' ? outcome.code : null,
    tookMs: Math.round(steady() - began),
    outputFrom: from.outputFrom,
    outputTo: output.bytes,
  });
  const lastLines = output.last(20);
  if (outcome.kind === 'unknown') {
    const world = await observer.look(step.looksAt);
    // Nobody can tell how it ended, but its work is there: the servers alone decide.
    if (
      outcome.gone === true &&
      step.probe(world).state === 'done' &&
      step.after.every((one) => one.holds(world).holds)
    )
      return { kind: 'found', probe: step.probe(world) };
    const mayRun = outcome.neverStarted !== true && outcome.gone !== true;
    return failed(execution, outcome.problem, { lastLines }, mayRun);
  }
  if (outcome.code !== 0) {
    const [causes] = await Promise.all([
      fetchCauses(step, host, output.last(200)),
      observer.look(step.looksAt),
    ]);
    const clean = await execution.cancelled();
    return failed(execution, endedBadly(execution, outcome.code, clean), {
      exitCode: outcome.code,
      lastLines: output.last(20),
      causes,
    });
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
      { exitCode: 0, lastLines, causes, unmet: after.unmet },
    );
  }
  if (!ended.ok) return failed(execution, ended.error, { exitCode: 0 });
  return { kind: 'done', probe: step.probe(observer.world), tookMs: Math.round(steady() - began) };
};
