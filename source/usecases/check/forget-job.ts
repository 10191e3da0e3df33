import { type Fragment, quoted, sh } from '../../cluster/fragment.ts';

/**
 * Removes the directory of a job that has ended, and those of earlier checks whose console did not live to do it: ended,
 * or killed (their runner is gone). Run as the login itself, in its own home: nobody else removes anything there.
 * What is being removed has another name, so that what a kill leaves of it is known for that. A symbolic link is no job. A directory that may not be removed stays; it holds a script and a log.
 */
export const forgetJobScript = (
  id: string,
): Fragment => sh`cd "$HOME/.pgaf-upgrade/jobs" 2>/dev/null || exit 0
job=${quoted(id)}
gone() { rm -rf "./$1.removed"; mv -T "./$1" "./$1.removed" && rm -rf "./$1.removed"; }
[ -L "\${job%%/*}" ] || [ -L "$job" ] || [ ! -d "$job" ] || gone "$job"
for job in check-*/*; do
  [ -d "$job" ] && [ ! -L "$job" ] && [ ! -L "\${job%%/*}" ] || continue
  case $job in *.removed) rm -rf "./$job"; continue ;; esac
  read -r pid start boot <"$job/pid" 2>/dev/null || { [ -n "$(find "$job" -maxdepth 0 -mmin +1)" ] || continue; pid=0 start=0; }
  [ -s "$job/rc" ] || [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" != "$start" ] || continue
  gone "$job"
done
rmdir check-* 2>/dev/null
exit 0
`;
