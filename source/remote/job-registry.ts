import { type Fragment, quoted, sh } from '../cluster/fragment.ts';
import { fail, ok, problem, type Result } from '../cluster/result.ts';
import type { Login } from './become.ts';
import type { JobRecord } from './host.ts';
import { aliveFunction } from './job-scripts.ts';
import { runScript } from './run.ts';
import type { Sessions } from './sessions.ts';

const runName = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const timeoutMs = 30_000;

/** One line a job: name, state, exit code or `-`, start or `-`, bytes of its log, whether the host was restarted since. */
const registryScript = (run: string): Fragment => sh`
  set -u; export LC_ALL=C
  cd "$HOME/.pgaf-upgrade/jobs/"${quoted(run)} 2>/dev/null || exit 0
  ${aliveFunction}
  for job in */; do
    job=\${job%/}
    [ -f "$job/log" ] || continue
    (
      cd "$job" || exit 0
      code=- lives=no restarted=no now= boot=
      if alive; then lives=yes; elif [ "$now" != "$boot" ]; then restarted=yes; fi
      if [ -s rc ]; then state=ended code=$(cat rc)
      elif [ $lives = yes ]; then state=running
      # Whoever made the directory a moment ago may still write the process id.
      elif ! [ -s pid ] && [ -n "$(find . -maxdepth 0 -mmin -1)" ]; then state=running
      else state=vanished
      fi
      started=-; [ -s started ] && started=$(cat started)
      printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$job" "$state" "$code" "$started" "$(wc -c <log)" "$restarted"
    )
  done

`;

const recordOf = (run: string, line: string): JobRecord | null => {
  const [name = '', state, code, started, bytes, restarted] = line.split('\t');
  if (!runName.test(name) || (state !== 'running' && state !== 'ended' && state !== 'vanished')) return null;
  const exit = Number(code);
  return {
    id: `${run}/${name}`,
    state,
    code: state === 'ended' && Number.isInteger(exit) ? exit : null,
    restarted: restarted === 'yes',
    startedAt: started === undefined || started === '-' ? null : started,
    bytes: Number(bytes) || 0,
  };
};

/**
 * What the login keeps of one run on this host: how a console that comes back finds what still runs, and what has ended
 * meanwhile. Read-only. Errors: no line, or an answer that cannot be read.
 */
export const listJobs = async (
  sessions: Sessions,
  login: Login,
  run: string,
): Promise<Result<readonly JobRecord[]>> => {
  if (!runName.test(run))
    return fail(problem(`${JSON.stringify(run)} is no name for a run.`, 'Report this as a bug.'));
  const output = await runScript(sessions, login, registryScript(run).text, { as: login.user, timeoutMs });
  if (!output.ok) return output;
  if (output.value.code !== 0)
    return fail(
      problem(
        `The jobs of ${run} on ${login.alias} cannot be listed.`,
        `Look into ~/.pgaf-upgrade/jobs of ${login.user} there.`,
        output.value.stderr.trim().slice(0, 400),
      ),
    );
  return ok(
    output.value.stdout.split('\n').flatMap((text) => {
      const record = text === '' ? null : recordOf(run, text);
      return record === null ? [] : [record];
    }),
  );
};
