import { type Problem, problem } from '../cluster/result.ts';
import { type Login, scriptProblem } from './become.ts';
import type { JobEvents, JobOutcome, JobSpec } from './host.ts';
import { type FollowEnd, follow } from './job-follow.ts';
import type { Sessions } from './sessions.ts';

const idPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
/** Milliseconds before following anew while the line itself holds; the last one repeats. */
const pauseMs = [0, 50, 200, 1_000, 2_000];

const unknown = (reason: Problem): JobOutcome => ({ kind: 'unknown', problem: reason });
const neverStarted = (reason: Problem): JobOutcome => ({
  kind: 'unknown',
  problem: reason,
  neverStarted: true,
});

const directory = (spec: JobSpec): string => `~/.pgaf-upgrade/jobs/${spec.id}`;

const vanished = (login: Login, spec: JobSpec, reason: string, gone: boolean): JobOutcome => ({
  kind: 'unknown',
  problem: problem(
    `The outcome of ${spec.id} on ${login.alias} is unknown: ${reason}.`,
    `Read its log, ${directory(spec)}/log of ${login.user}, and look at the servers: they alone say what was done.`,
  ),
  ...(gone ? { gone: true } : {}),
});

const refused = (login: Login, spec: JobSpec, reason: string): JobOutcome =>
  neverStarted(
    problem(
      `${spec.id} was not started: ${login.alias} cannot keep it in ${directory(spec)}.`,
      `Is there room on the disk, and may ${login.user} write to its home?`,
      reason,
    ),
  );

const outcomeOf = (login: Login, spec: JobSpec, end: FollowEnd): JobOutcome | null => {
  switch (end.kind) {
    case 'exited':
      return { kind: 'exited', code: end.code };
    case 'vanished':
      return vanished(login, spec, end.reason, end.gone);
    case 'refused':
      return refused(login, spec, end.reason);
    case 'not-started':
      return neverStarted(end.problem);
    case 'broken':
      return null;
  }
};

/**
 * Starts a durable job, or attaches to it, and follows it to its end over as many connections as that takes.
 * It answers only when the host said how the job ended, when the host does not know, or when the line is closed for good.
 */
export const followRemoteJob = async (
  sessions: Sessions,
  login: Login,
  spec: JobSpec,
  events: JobEvents,
): Promise<JobOutcome> => {
  const refusal = scriptProblem(spec.script ?? '');
  if (refusal) return neverStarted(refusal);
  if (!idPattern.test(spec.id))
    return neverStarted(problem(`${JSON.stringify(spec.id)} is no name for a job.`, 'Report this as a bug.'));

  let offset = spec.fromOffset ?? 0;
  let lost = false;
  let failures = 0;
  let finalSize: number | null = null;
  const onBytes = (chunk: Buffer) => {
    const at = offset;
    offset += chunk.length;
    failures = 0;
    events.onBytes(chunk, at);
  };
  const onFollowing = () => {
    if (lost) events.onLine?.('following');
    lost = false;
  };
  for (;;) {
    const end = await follow(sessions, login, spec, offset, onBytes, onFollowing);
    if (!end.ok)
      return finalSize === null && sessions.line.state !== 'closed'
        ? neverStarted(end.error)
        : unknown(end.error);
    if (end.value.kind === 'exited') {
      // A daemon may write on for ever; what counts is what was there when the exit code was first read.
      finalSize ??= end.value.size;
      if (offset >= finalSize) return { kind: 'exited', code: end.value.code };
    } else {
      const outcome = outcomeOf(login, spec, end.value);
      if (outcome) return outcome;
      if (!lost) events.onLine?.('lost');
      lost = true;
    }
    const pause = pauseMs[Math.min(failures, pauseMs.length - 1)] ?? 0;
    failures += 1;
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  }
};
