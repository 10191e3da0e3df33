import { comment, type Fragment, fixed, joined, lines, quoted, sh } from '../cluster/fragment.ts';
import { ok, type Result } from '../cluster/result.ts';
import { type Login, shellAs } from './become.ts';
import aliveFile from './job-alive.sh' with { type: 'text' };
import launchFile from './job-launch.sh' with { type: 'text' };
import runnerFile from './job-runner.sh' with { type: 'text' };

/** What the launcher needs to know. `tag` begins each line that it says on stderr. */
export interface LaunchPlan {
  readonly id: string;
  readonly as: string;
  readonly tag: string;
  /** Null: attach to what is there, start nothing. */
  readonly script: string | null;
  /** Follow the log from this byte. */
  readonly offset: number;
}

/**
 * Shell function: whether the process that wrote `pid` in the working directory is that very one and lives; a process id
 * alone may be another's by now. Leaves `now` and `boot` behind, so that the caller can tell a restarted host.
 */
export const aliveFunction = fixed(aliveFile);

/**
 * The runner: a small file beside the script, started in its own session as the login user. It writes its pid before the
 * script may run and the exit code after it, both by rename, so that a reader sees them whole or not at all.
 * It waits for the script alone, so a daemon that keeps the log open does not hold the end.
 * The script is its own input, which whoever it becomes reads to the end before anything of it runs: what has not been
 * read has not run. So a refusal by sudo is not mistaken for the script's exit code, and sudo need not be asked before.
 */
const runner = (plan: LaunchPlan, asUser: Fragment): Fragment =>
  lines(
    comment(`Runs ./script as ${plan.as}. Written by pgaf-upgrade.`),
    sh`as_user() { PGAF_UPGRADE_JOB=${quoted(plan.id)} ${asUser}; }`,
    fixed(runnerFile),
    sh``,
  );

/**
 * The launcher's text for one job, to be run as the login user: starts the job unless its directory is there, which is the lock, then
 * follows the log. stdout carries nothing but bytes of the log; what the launcher itself has to say goes to stderr, one line each: `following`,
 * and at the end one of `exited CODE SIZE`, `vanished REASON`, `unborn REASON` (nobody can tell yet), `again` (the follower died, the job lives),
 * or for a job that did not start `denied TEXT` (by sudo) and `refused TEXT` (by the file system).
 * Errors: no way to become the job's user.
 */
export const launchScript = (login: Login, plan: LaunchPlan): Result<Fragment> => {
  // The name of the job is in the environment of everything it starts, so that it can be found in /proc/*/environ.
  const inner = joined(
    [
      sh`pgaf_s=$(cat; echo .)`,
      sh`exec </dev/null`,
      sh`PGAF_UPGRADE_JOB=${quoted(plan.id)}; export PGAF_UPGRADE_JOB`,
      sh`eval "unset pgaf_s;\${pgaf_s%.}"`,
    ],
    '; ',
  );
  const asUser = shellAs(login, plan.as, inner);
  if (!asUser.ok) return asUser;
  return ok(
    lines(
      aliveFunction,
      fixed(launchFile, {
        job_tag: plan.tag,
        job_id: plan.id,
        job_script: plan.script ?? '',
        job_runner: plan.script === null ? '' : runner(plan, asUser.value).text,
        job_from: plan.offset + 1,
      }),
      sh``,
    ),
  );
};
