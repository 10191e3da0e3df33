import type { ClusterFacts } from '../../cluster/facts.ts';
import type { ScriptText } from '../../cluster/fragment.ts';
import { type Problem, problem } from '../../cluster/result.ts';
import type { JobOutcome, RemoteHost } from '../../remote/host.ts';
import { about, yes } from '../../runbook/conditions.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import type { Probe, Step } from '../../runbook/step.ts';
import type { Journal } from '../journal/journal.ts';
import { steady } from '../observe/clock.ts';
import { probed } from '../observe/judge.ts';
import { clockTime, type Observer, type Silence } from '../observe/observer.ts';
import type { StepOutput } from '../output/step-output.ts';
import { silentProblem } from '../run/absence.ts';
import type { StepFailure } from '../view/controller.ts';
import { fetchCauses } from './failure.ts';
import { untilSilent } from './silent-connection.ts';

export interface Execution {
  readonly facts: ClusterFacts;
  readonly direction: Direction;
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
  /** The operator has ended the waiting for the servers. */
  readonly waitingEnded: () => boolean;
  /** An earlier step of this host that was done and is not any more: pg_autoctl does not run since a restart, say. */
  readonly undone: () => Step | null;
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

export const failureOf = (
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
  problem: Problem,
  rest: Partial<StepFailure> = {},
  unknown = false,
): Executed => {
  // Whether it may be repeated, the step itself reads from the disks.
  const advice = execution.step.interrupted(execution.observer.world);
  const what = advice === null ? problem : { ...problem, remedy: advice };
  const failure = failureOf(execution, what, { ...rest, ...(advice === null ? {} : { onlyBack: true }) });
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

/** The command ended well, and still the servers do not show it: why. */
const notShown = (execution: Execution, silent: Silence | null, undone: Step | null): Problem => {
  const { step, facts, direction } = execution;
  if (silent !== null)
    return silentProblem(
      facts,
      step,
      silent,
      direction,
      'the command ended well, but nobody can see what must hold after it',
    );
  if (undone !== null)
    return problem(
      `${step.host}: “${undone.title}” is undone; was the host restarted?`,
      'that step is asked for first; then this one goes on',
    );
  return problem(
    `${step.host}: the command ended well, but the servers do not show what must hold after it`,
    'see what was found; look again, or put it right by hand',
  );
};

/** A secondary whose connection is down for so long, in milliseconds, is not waited for; the primary and the monitor are. */
const lostMs = ({ facts, step }: Execution): number | null => {
  const secondary = facts.nodes.some((node) => node.alias === step.host && node.role === 'secondary');
  return secondary || step.phase >= 'R' ? (step.settleSeconds > 3600 ? 90_000 : 30_000) : null;
};

/** The job to its end, or until its host has given no answer for too long: then nobody knows whether it goes on there. */
const jobsEnd = async (
  execution: Execution,
  from: { readonly script: ScriptText | null; readonly fromByte: number },
): Promise<JobOutcome> => {
  const { step, host, output, job } = execution;
  let over = false;
  const outcome = host.job(
    { id: job, as: step.as, script: from.script, fromOffset: from.fromByte },
    {
      onBytes: (chunk) => {
        if (over) return;
        output.push(chunk);
        execution.onOutput();
      },
      onLine: (line) => {
        if (!over) execution.onLine(line);
      },
    },
  );
  const ms = lostMs(execution);
  if (ms === null) return outcome;
  const watch = untilSilent(host, ms);
  const given = watch.silent.then(
    (since): JobOutcome => ({
      kind: 'unknown',
      problem: problem(
        `no answer from ${step.host} since ${clockTime(since)}: whether its command goes on there is not known`,
        `bring ${step.host} back: it is followed from where it was`,
      ),
    }),
  );
  const end = await Promise.race([outcome, given]);
  over = true;
  watch.forget();
  return end;
};

/** For how long, in seconds, a host may be asked again whose command failed just before it gave no answer any more. */
const answerSeconds = 60;

/**
 * A host that goes down tears its commands along: they fail, and their exit codes come over a line that stands for a moment longer. Then
 * the absence is what is to be said. Null: it answers, or it is one that is waited for in any case.
 */
const goneSilent = async (execution: Execution): Promise<Silence | null> => {
  const { step, observer } = execution;
  if (lostMs(execution) === null || observer.silence(step.host) === null) return null;
  const answers = about(step.host, `${step.host} answers`, () => yes);
  const seen = await observer.until([answers], step.host, answerSeconds, execution.settling, () =>
    execution.leaving(),
  );
  return seen.settled ? null : seen.silent;
};

/** What was done has been undone for so long, in milliseconds, before it counts: pg_autoctl may restart by itself. */
const undoneMs = 10_000;

/** Whether an earlier step of the host stays undone while the servers are waited for. */
const undoneFor = ({ undone }: Execution): (() => Step | null) => {
  let since: number | null = null;
  return () => {
    const step = undone();
    if (step === null) since = null;
    else since ??= performance.now();
    return since !== null && performance.now() - since >= undoneMs ? step : null;
  };
};

/** Follows a job, new or found, to its end, and judges it by what the servers show then. */
export const follow = async (
  execution: Execution,
  from: { readonly script: ScriptText | null; readonly outputFrom: number; readonly fromByte: number },
): Promise<Executed> => {
  const { step, host, observer, journal, output, job } = execution;
  const began = steady();
  execution.running();
  const outcome = await jobsEnd(execution, from);
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
    const silence = mayRun ? observer.silence(step.host) : null;
    if (silence !== null)
      return failed(
        execution,
        silentProblem(execution.facts, step, silence, execution.direction, 'nobody knows how it ended'),
        { lastLines, silent: { host: step.host, waits: false } },
        true,
      );
    return failed(execution, outcome.problem, { lastLines }, mayRun);
  }
  if (outcome.code !== 0) {
    const [causes] = await Promise.all([
      fetchCauses(step, host, output.last(200)),
      observer.look(step.looksAt),
    ]);
    const clean = await execution.cancelled();
    const silent = clean === null ? await goneSilent(execution) : null;
    if (silent !== null)
      return failed(
        execution,
        silentProblem(
          execution.facts,
          step,
          silent,
          execution.direction,
          `its command ended with exit code ${outcome.code}, and nobody can see why`,
        ),
        {
          exitCode: outcome.code,
          lastLines: output.last(20),
          causes,
          silent: { host: silent.alias, waits: false },
        },
      );
    return failed(execution, endedBadly(execution, outcome.code, clean), {
      exitCode: outcome.code,
      lastLines: output.last(20),
      causes,
    });
  }
  const undone = undoneFor(execution);
  const after = await observer.until(
    [...step.after, probed(step)],
    step.host,
    step.settleSeconds,
    execution.settling,
    () => execution.leaving() || undone() !== null,
  );
  if (!after.settled) {
    // Nothing has failed: the console lets go while the servers take their time. The next one judges the job anew.
    if (execution.leaving() && !execution.waitingEnded())
      return {
        kind: 'failed',
        failure: failureOf(execution, problem(`${step.host}: the console was left`, 'start it again')),
        unknown: true,
      };
    const { silent } = after;
    const causes = silent === null ? await fetchCauses(step, host, []) : [];
    return failed(execution, notShown(execution, silent, undone()), {
      exitCode: 0,
      lastLines,
      causes,
      unmet: after.unmet,
      ...(silent === null ? {} : { silent: { host: silent.alias, waits: false } }),
    });
  }
  if (!ended.ok) return failed(execution, ended.error, { exitCode: 0 });
  return { kind: 'done', probe: step.probe(observer.world), tookMs: Math.round(steady() - began) };
};
