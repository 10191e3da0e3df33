import { problem } from '../../cluster/result.ts';
import { probed, promised } from '../observe/judge.ts';
import { silentProblem } from '../run/absence.ts';
import { type Executed, type Execution, failed, failureOf, follow } from './run-job.ts';

export type { Executed, Execution };

/** Transient states of the monitor pass within this time; longer, and a condition is really not met. */
const beforeSeconds = 15;

/** One step, from the conditions before it to those after it. Runs nothing unless the journal has it on disk. */
export const execute = async (execution: Execution): Promise<Executed> => {
  const { step, observer, journal, output, job } = execution;
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
  if (!before.settled && execution.leaving())
    return {
      kind: 'failed',
      failure: failureOf(execution, problem(`${step.host}: the console was left`, 'start it again')),
      unknown: false,
    };
  if (!before.settled && before.silent !== null)
    return failed(
      execution,
      silentProblem(execution.facts, step, before.silent, execution.direction, 'not run'),
      { unmet: before.unmet, silent: { host: before.silent.alias, waits: false } },
    );
  if (!before.settled)
    return failed(
      execution,
      problem(
        `${step.host}: not run, because what must hold before it does not`,
        'see what was found; put it right, then retry',
      ),
      { unmet: before.unmet },
    );
  const script = step.script(observer.world);
  if (script.kind === 'unresolved')
    return failed(
      execution,
      problem(`${step.host}: not run, ${script.needs} is not known`, 'look at the hosts, then retry'),
    );
  const outputFrom = output.bytes;
  const written = journal.write({
    kind: 'confirmed',
    step: step.id,
    host: step.host,
    as: step.as,
    typed: execution.typed,
    job,
    script: script.text,
    outputFrom,
    ...(execution.expectedMs === null ? {} : { expectedMs: execution.expectedMs }),
  });
  if (!written.ok) return failed(execution, written.error);
  return follow(execution, { script: script.text, outputFrom, fromByte: 0 });
};

/**
 * A job that was found on its host: its log is followed from the byte that this machine has not seen, and its end is
 * judged as if nothing had come in between.
 */
export const attach = async (
  execution: Execution,
  from: { readonly outputFrom: number; readonly fromByte: number },
): Promise<Executed> => {
  const { step, journal, job } = execution;
  const written = journal.write({ kind: 'attached', step: step.id, host: step.host, job, ...from });
  if (!written.ok) return failed(execution, written.error, {}, true);
  return follow(execution, { script: null, ...from });
};
