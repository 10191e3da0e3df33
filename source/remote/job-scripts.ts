import { comment, type Fragment, fixed, joined, quoted, sh } from '../cluster/fragment.ts';
import { ok, type Result } from '../cluster/result.ts';
import { type Login, shellAs } from './become.ts';
import aliveFile from './job-alive.sh' with { type: 'text' };

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
 * The runner: a small file beside the script, started in its own session as the login user. It writes its pid before the
 * script may run and the exit code after it, both by rename, so that a reader sees them whole or not at all.
 * It waits for the script alone, so a daemon that keeps the log open does not hold the end.
 * The script is its own input, which whoever it becomes reads to the end before anything of it runs: what has not been
 * read has not run. So a refusal by sudo is not mistaken for the script's exit code, and sudo need not be asked before.
 */
const runner = (plan: LaunchPlan, asUser: Fragment): Fragment => sh`
  ${comment(`Runs ./script as ${plan.as}. Written by pgaf-upgrade.`)}
  umask 077
  read -r stat </proc/$$/stat
  set -- "$1" \${stat##*) }
  read -r boot </proc/sys/kernel/random/boot_id
  echo "$$ \${21} $boot" >pid.new && mv pid.new pid || exit 1
  date -u +%Y-%m-%dT%H:%M:%SZ >started
  umask "$1"
  exec <script
  PGAF_UPGRADE_JOB=${quoted(plan.id)} ${asUser} >>log 2>&1
  rc=$?
  umask 077
  { read -r unread || [ -n "$unread" ]; } && : >unread
  date -u +%Y-%m-%dT%H:%M:%SZ >ended
  echo "$rc" >rc.new && mv rc.new rc

`;

/**
 * Shell function: whether the process that wrote `pid` in the working directory is that very one and lives; a process id
 * alone may be another's by now. Leaves `now` and `boot` behind, so that the caller can tell a restarted host.
 */
export const aliveFunction = fixed(aliveFile);

/**
 * Everything is in the directory before it gets its name: rename refuses one that is not empty, so it is as atomic as mkdir.
 * Only the shell itself writes: what it was sent has been seen to be whole, and a program costs more than the rest of it.
 */
const makeDirectory = (script: string, runnerText: Fragment, tag: string): Fragment => sh`
  parent=\${dir%/*} new=$jobs/.new.${quoted(tag)}
  [ -d "$parent" ] || error=$(mkdir -p "$parent" 2>&1) || refuse "$error"
  error=$(mkdir "$new" 2>&1) || refuse "$error"
  error=$({ printf %s ${quoted(script)} >"$new/script" && printf %s ${quoted(runnerText.text)} >"$new/runner" && : >"$new/log"; } 2>&1) \
    || { rm -rf "$new"; refuse "$error"; }
  if error=$(mv -T "$new" "$dir" 2>&1); then
    cd "$dir" || refuse "cd $dir failed"
    setsid sh ./runner "$was" >/dev/null 2>&1 &
  else
    rm -rf "$new"
    [ -d "$dir" ] || refuse "$error"
  fi
`;

/**
 * The launcher, run as the login user: starts the job unless its directory is there, which is the lock, then follows the
 * log. stdout carries nothing but bytes of the log; what the launcher itself has to say goes to stderr, one line each: `following`, and at the end one of
 * `exited CODE SIZE`, `vanished REASON`, `unborn REASON` (nobody can tell yet), `again` (the follower died, the job lives), or for a job that did not start
 * `denied TEXT` (by sudo) and `refused TEXT` (by the file system).
 */
const launcher = (plan: LaunchPlan, runnerText: Fragment): Fragment => sh`

  say() { printf '%s %s\n' ${quoted(plan.tag)} "$*" >&2; }
  refuse() { say refused "$(printf %s "$1" | tr '\n' ' ')"; exit 0; }
  was=$(umask); umask 077
  jobs=$HOME/.pgaf-upgrade/jobs; dir=$jobs/${quoted(plan.id)}
  if ! [ -d "$dir" ]; then
    ${
      plan.script === null
        ? sh`say vanished 'its directory is not there'; exit 0`
        : makeDirectory(plan.script, runnerText, plan.tag)
    }
  fi
  cd "$dir" || refuse "cd $dir failed"
  pid=; start=; boot=
  ${aliveFunction}
  # The one who made the directory may be a moment from writing the pid.
  tries=0
  until [ -s pid ] || [ -s rc ] || [ $tries -ge 200 ]; do tries=$((tries + 1)); sleep 0.01; done
  say following
  if [ -s rc ] || ! alive; then tail -c +${plan.offset + 1} log 2>/dev/null
  else tail -c +${plan.offset + 1} -s 0.005 --pid="$pid" -f log 2>/dev/null
  fi
  if [ -s rc ] && [ -e unread ]; then say denied "$(tr '\n' ' ' <log)"
  elif [ -s rc ]; then read -r code <rc; say exited "$code" "$(wc -c <log)"
  elif alive; then say again
  elif [ -s pid ] && [ "$now" != "$boot" ]; then say vanished the host was restarted meanwhile
  elif [ -s pid ]; then say vanished "its process $pid is gone and left no exit code"
  # Whoever made the directory a moment ago may still write it.
  elif [ -n "$(find . -maxdepth 0 -mmin -1)" ]; then say unborn 'it left no process id: it may never have started'
  else say vanished 'it left no process id: it never started'
  fi

`;

/** The launcher's text for one job, to be run as the login user. Errors: no way to become the job's user. */
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
  return ok(launcher(plan, runner(plan, asUser.value)));
};
