import { sh } from '../../cluster/quote.ts';

/** Who logged in, asked as postgres: sudo leaves the name; empty where the way to postgres was another. */
export const loginScript = `printf %s "\${SUDO_USER:-}"`;

/**
 * Removes the directory of a job that has ended, and those of earlier checks whose console did not live to do it: ended,
 * or killed (their runner is gone). Run as the login, or as root by a login that is
 * root. A directory that may not be removed stays; it holds a script and a log.
 */
export const forgetJobScript = (id: string): string => `login=\${SUDO_USER:-$(id -un)}
home=$(getent passwd "$login" | cut -d: -f6)
[ -n "$home" ] && cd "$home/.pgaf-upgrade/jobs" 2>/dev/null || exit 0
rm -rf ./${sh(id)}
for job in check-*/*; do
  [ -d "$job" ] || continue
  read -r pid start boot <"$job/pid" 2>/dev/null || { [ -n "$(find "$job" -maxdepth 0 -mmin +1)" ] || continue; pid=0 start=0; }
  [ -s "$job/rc" ] || [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" != "$start" ] || continue
  rm -rf "./$job"
done
rmdir check-* 2>/dev/null
exit 0
`;
