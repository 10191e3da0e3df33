import { type Fragment, lines, quoted, sh } from '../cluster/fragment.ts';

/**
 * How a job's processes are found: its name is in the environment of everything that it started, daemons in sessions of
 * their own included; of the shell that runs the script it is in the command line. `grep` would find itself.
 */
export const markedFunction = (job: string): Fragment => sh`mark=${quoted(`PGAF_UPGRADE_JOB=${job}`)}
marked() {
  { grep -lzsxF "$mark" /proc/[0-9]*/environ; grep -lsF "$mark;" /proc/[0-9]*/cmdline; } 2>/dev/null | cut -d/ -f3 | sort -un |
    while read -r pid; do
      name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
      state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
      case $name in grep | cut | sort) continue ;; esac
      case $state in Z | X | '') continue ;; esac
      printf '%s %s\n' "$pid" "$name"
    done
}`;

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
export const endJobScript = (job: string): Fragment => sh`set -u
export LC_ALL=C
${markedFunction(job)}
others() { marked | grep -v ' postgres$'; }
servers() { marked | grep ' postgres$'; }
gone() { # WHICH TENTHS: waits until none of them is left
  tries=0
  while [ -n "$($1)" ]; do
    [ $tries -ge "$2" ] && return 1
    tries=$((tries + 1)); sleep 0.1
  done
}
signal() { # WHICH SIGNAL
  found=$($1)
  [ -n "$found" ] || return 0
  printf '%s\n' "$found" | while read -r pid name; do
    echo "$2 to $name ($pid)"
    kill -s "$2" "$pid" 2>/dev/null || true
  done
}
signal others TERM
gone others 100 || { signal others KILL; gone others 50 || true; }
signal servers INT
gone servers 600 || { signal servers QUIT; gone servers 100 || { signal servers KILL; gone servers 50 || true; }; }
left=$(marked)
if [ -n "$left" ]; then printf 'still there:\n%s\n' "$left"; exit 1; fi
echo 'nothing of it is left'
`;
