import { type Fragment, fixed, lines, sh } from '../cluster/fragment.ts';
import endFile from './job-end.sh' with { type: 'text' };
import processesFile from './job-processes.sh' with { type: 'text' };

/**
 * How a job's processes are found: its name is in the environment of everything that it started, daemons in sessions of
 * their own included; of the shell that runs the script it is in the command line. `grep` would find itself.
 */
export const markedFunction = (job: string): Fragment =>
  fixed(processesFile, { mark: `PGAF_UPGRADE_JOB=${job}` });

/** Read-only: one line for each process of a job that this user may see, `PID NAME`. Run it as the job's own user. */
export const jobProcessesScript = (job: string): Fragment =>
  lines(sh`set -u; export LC_ALL=C`, markedFunction(job), sh`marked`, sh``);

/**
 * Ends everything that a job has started, as the job's own user (or root), and proves by looking that nothing is left:
 * exit code 0 means that, 1 that something resisted. A PostgreSQL server is ended last and by a fast shutdown (SIGINT):
 * TERM would wait for its clients, and KILL would leave a data directory that was not shut down. The job's runner is
 * the login's own and carries no mark: it lives on and writes the exit code, so the job ends like any other.
 * It takes up to a minute and a half, so it is a job itself.
 */
export const endJobScript = (job: string): Fragment =>
  lines(sh`set -u`, sh`export LC_ALL=C`, markedFunction(job), fixed(endFile), sh``);
