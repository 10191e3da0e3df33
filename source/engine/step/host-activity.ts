import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { hostsOf, userOn } from '../../cluster/facts.ts';
import { type Fragment, joined, quoted, sh, spaced, word } from '../../cluster/fragment.ts';
import { theLogin } from '../../cluster/login.ts';
import { redactText } from '../../cluster/parse/redact.ts';
import { cleanText } from '../../cluster/parse/terminal-text.ts';
import { sqlProgram } from '../../cluster/superuser-sql.ts';
import type { Path } from '../../cluster/words.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { markedFunction } from '../../remote/job-processes.ts';
import type { Step } from '../../runbook/language/step.ts';
import { rootHosts } from '../../runbook/shell/root-hosts.ts';
import { helperPath } from '../../runbook/shell/root-verbs.ts';
import { privateSocket } from '../../runbook/shell/shell.ts';

const timeoutMs = 20_000;
const shownLines = 12;
const shownWidth = 160;
/** Where pg_upgrade's own servers listen. Source: PostgreSQL, pg_upgrade, DEF_PGUPORT. */
const upgradePort = 50_432;

/** Who does what, and who waits for whom, in the words of the server itself. */
const activitySql = `select concat_ws(' ', pid, backend_type, datname, state,
  case when wait_event is not null then 'waits for ' || wait_event_type || '/' || wait_event end,
  case when cardinality(pg_blocking_pids(pid)) > 0 then 'blocked by ' || array_to_string(pg_blocking_pids(pid), ',') end,
  case when xact_start is not null then 'for ' || date_trunc('second', clock_timestamp() - xact_start) end,
  left(regexp_replace(query, '\\s+', ' ', 'g'), 80))
  from pg_stat_activity where pid <> pg_backend_pid()
    and (backend_type = 'client backend' or datname is not null) order by xact_start nulls last limit 6`;

/** Disk, and what every server that answers says of itself. Read-only; bounded, whatever hangs. */
export const serverScript = (host: HostFacts): Fragment => {
  const sockets = [
    [host.socketDirectory, host.port],
    [privateSocket(host), host.port],
    [privateSocket(host), upgradePort],
  ] as const;
  return sh`set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3
df -Ph ${spaced([host.data, host.newData, host.workDir])} 2>/dev/null | awk 'NR > 1 && !seen[$6]++ { print "disk " $6 ": " $4 " free of " $2 " (" $5 " used)" }'
for at in ${joined(
    sockets.map(([directory, port]) => sh`${word`${directory}/.s.PGSQL.${port}`}`),
    ' ',
  )}; do
  [ -S "$at" ] || continue
  ${sqlProgram('psql', host.newBindir, 'postgres', { timeout: 8 })} -XAtq -h "\${at%/*}" -p "\${at##*.}" -U ${host.superuser} -c ${quoted(activitySql)} </dev/null 2>&1 |
    sed "s|^|server on port \${at##*.}: |"
done
`;
};

/** The job's processes by name, with their state and arguments; the shells that only carry the script are left out. */
const processScript = (job: string): Fragment => sh`set -u; export LC_ALL=C
${markedFunction(job)}
marked | while read -r pid name; do
  arguments=$(tr '\0\n' '  ' <"/proc/$pid/cmdline" 2>/dev/null)
  case $arguments in *PGAF_UPGRADE_JOB=*) continue ;; esac
  state=$(sed -n 's/^State:.*(\(.*\)).*/\1/p' "/proc/$pid/status" 2>/dev/null)
  printf 'process %s %s, %s: %s\n' "$pid" "$name" "$state" "$(printf %s "\${arguments#* }" | cut -c 1-120)"
done
`;

/**
 * What a call of the host's helper is at, for a login that is not root: sudo takes the job's name out of the environment, but
 * everybody may read a command line. The helper's own processes, and what each has started.
 */
export const helperProcessScript = (helper: Path): Fragment => sh`set -u; export LC_ALL=C
shown() { # PID
  state=$(sed -n 's/^State:.*(\(.*\)).*/\1/p' "/proc/$1/status" 2>/dev/null)
  printf 'process %s %s, %s: %s\n' "$1" "$(cat "/proc/$1/comm" 2>/dev/null)" "$state" "$(tr '\0\n' '  ' <"/proc/$1/cmdline" 2>/dev/null | cut -c 1-120)"
}
helper=${helper}
for at in /proc/[0-9]*; do
  case $(tr '\0' ' ' <"$at/cmdline" 2>/dev/null) in "/bin/sh $helper "*) ;; *) continue ;; esac
  pid=\${at#/proc/}; shown "$pid"
  for child in $(cat "$at/task/$pid/children" 2>/dev/null); do
    case $(tr '\0' ' ' <"/proc/$child/cmdline" 2>/dev/null) in "/bin/sh $helper "*) ;; *) shown "$child" ;; esac
  done
done
`;

/** The script that lists a step's processes, as the user that it runs as. */
const processesOf = (facts: ClusterFacts, step: Step, job: string): Fragment => {
  const its = step.as === theLogin ? rootHosts(facts).find(({ alias }) => alias === step.host) : undefined;
  return its === undefined ? processScript(job) : helperProcessScript(helperPath(its));
};

/**
 * What a host is doing while a step prints nothing: the step's processes, the disks, and what the servers say.
 * What cannot be asked is said, never an error: this is for the operator's eyes.
 */
export const hostActivity = async (
  facts: ClusterFacts,
  host: RemoteHost,
  step: Step,
  job: string,
): Promise<readonly string[]> => {
  const on = hostsOf(facts).find((one) => one.alias === step.host);
  if (on === undefined) return [];
  if (host.line !== 'connected')
    return [`the SSH connection to ${step.host} is ${host.line}: its processes cannot be inspected`];
  const [processes, servers] = await Promise.all([
    host.run(processesOf(facts, step, job).text, { as: step.as, timeoutMs }),
    host.run(serverScript(on).text, { as: userOn(facts, step.host), timeoutMs }),
  ]);
  const text = [processes, servers]
    .map((output) => (output.ok ? output.value.stdout : `${output.error.what}\n`))
    .join('');
  const lines = text
    .split('\n')
    .map((line) => redactText(cleanText(line)).trim().slice(0, shownWidth))
    .filter((line) => line !== '');
  return lines.length > 0 ? lines.slice(0, shownLines) : ['no process of the step was found'];
};
