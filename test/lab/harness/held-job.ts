import { type Lab, type LabHost, quote } from './lab.ts';

/** A step's command that stands still on its host, with all of its processes. */
export interface HeldJob {
  /** As its directory is called, without the run: `N.node_1.cut-over.1`. */
  readonly id: string;
  /** It had ended before it could be held. */
  readonly over: boolean;
  readonly pids: readonly number[];
}

const jobs = '~dba/.pgaf-upgrade/jobs';

/** The jobs that a host knows. */
export const jobsOn = async (lab: Lab, host: LabHost): Promise<readonly string[]> =>
  (await lab.root(host, `cd ${jobs} 2>/dev/null && ls -d */* || true`))
    .split('\n')
    .filter((one) => one !== '');

/**
 * Waits for the next job of a host and holds it where it is, as soon as it runs, or as soon as a process with `moment` in its command line does. Null: none came within two minutes.
 */
export const holdNext = async (
  lab: Lab,
  host: LabHost,
  known: readonly string[],
  moment = '',
): Promise<HeldJob | null> => {
  const printed = await lab.root(
    host,
    `known=${quote(` ${known.join(' ')} `)} moment=${quote(moment)} jobs=${jobs}
tree() { # every process below one
  local next=$1 all=$1
  while next=$(pgrep -P "\${next// /,}" | tr '\\n' ' '); next=\${next% }; [ -n "$next" ]; do all="$all $next"; done
  echo $all
}
at_moment() {
  [ -n "$moment" ] || return 0
  pgrep -f -- "$moment" >/dev/null
}
end=$((SECONDS + 120)) found=
exec {pause}<> <(:)
while [ $SECONDS -lt $end ]; do
  if [ -z "$found" ]; then
    for d in $jobs/*/*; do
      case $known in *" \${d#$jobs/} "*) continue ;; esac
      [ -s $d/pid ] && found=$d
    done
  fi
  if [ -n "$found" ]; then
    if [ -s $found/rc ]; then echo over \${found##*/}; exit; fi
    read -r pid rest <$found/pid
    if at_moment; then
      kill -STOP $pid 2>/dev/null
      for round in 1 2 3; do for one in $(tree $pid); do kill -STOP $one 2>/dev/null; done; done
      echo held \${found##*/} $(tree $pid)
      exit
    fi
  fi
  read -rt 0.005 -u $pause || true
done`,
  );
  const [how, id, ...pids] = printed.trim().split(' ');
  return id === undefined ? null : { id, over: how === 'over', pids: pids.map(Number) };
};

/** It goes on; sudo, which stops with its command, is asked twice. */
export const letGo = (lab: Lab, host: LabHost, { pids }: HeldJob): Promise<string> =>
  pids.length === 0
    ? Promise.resolve('')
    : lab.root(host, `for i in 1 2 3; do kill -CONT ${pids.join(' ')} 2>/dev/null; sleep 0.05; done; true`);

/** Waits for its end, for a while. */
export const ended = async (lab: Lab, host: LabHost, { id }: HeldJob, seconds: number): Promise<boolean> =>
  (
    await lab.root(
      host,
      `for i in $(seq ${seconds * 20}); do for d in ${jobs}/*/${quote(id)}; do [ ! -s $d/rc ] || { echo yes; exit; }; done; sleep 0.05; done`,
    )
  ).includes('yes');
