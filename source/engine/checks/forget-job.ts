import { sh } from '../../cluster/quote.ts';

/**
 * Removes the directory of a job that has ended. It belongs to the login user, who is found as the job's own way to
 * postgres went: sudo leaves the name. Where that way is another, or the directory may not be removed, it stays.
 */
export const forgetJobScript = (id: string): string => {
  const run = id.split('/')[0] ?? id;
  return `login=\${SUDO_USER:-$(id -un)}
home=$(getent passwd "$login" | cut -d: -f6)
jobs=$home/.pgaf-upgrade/jobs
[ -n "$home" ] && rm -rf "$jobs"/${sh(id)} 2>/dev/null && rmdir "$jobs"/${sh(run)} 2>/dev/null
exit 0
`;
};
