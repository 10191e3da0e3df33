import { randomBytes } from 'node:crypto';
import { fail, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import type { BecomeMethod } from './host.ts';

/** Who logs in, and how that user turns into others. */
export interface Login {
  readonly alias: string;
  readonly user: string;
  readonly become: BecomeMethod;
}

const userName = /^[A-Za-z_][A-Za-z0-9_.-]*\$?$/;

/**
 * XDG_RUNTIME_DIR decides where pg_autoctl looks for its pid file. The service has none, so scripts get none either,
 * whichever way they became their user.
 */
const settle = 'unset XDG_RUNTIME_DIR; cd "$HOME" 2>/dev/null || cd /';

/**
 * The command line that runs `inner` (POSIX sh without single quotes) as `as`, with HOME, USER and LOGNAME of that user
 * and the home as working directory. Understood by every login shell: single quotes only. Errors: no way to become that user.
 */
export const shellAs = (login: Login, as: string, inner: string): Result<string> => {
  if (!userName.test(as)) {
    const remedy = 'Correct the user in the cluster file.';
    return fail(problem(`${JSON.stringify(as)} is not a user name.`, remedy));
  }
  if (login.user === as) return ok(`sh -c '${settle}; ${inner}'`);
  if (login.become === 'none')
    return fail(
      problem(
        `${login.alias}: this has to run as ${as}, but the console logs in as ${login.user} and may not use sudo.`,
        `Log in as ${as}, or set \`become: { method: sudo }\` in the cluster file.`,
      ),
    );
  if (login.user !== 'root') return ok(`sudo -H -n -u ${as} -- sh -c '${settle}; ${inner}'`);
  // runuser keeps root's environment; the shell knows the home from the password database.
  const identity = `HOME=~${as}; USER=${as}; LOGNAME=${as}; export HOME USER LOGNAME`;
  return ok(`runuser -u ${as} -- sh -c '${identity}; ${settle}; ${inner}'`);
};

/** A script on its way over stdin. */
export interface Parcel {
  /** For {@link shellAs}: reads the script, says the mark on both outputs, runs it. */
  readonly inner: string;
  /** What to write to stdin: the script, its seal, then the script's own stdin. */
  readonly payload: Buffer;
  /** The line on stdout and stderr before which nothing is the script's. */
  readonly mark: Buffer;
}

/**
 * Packs a script so that nothing of it is in a process list, and so that a line cut in mid-transfer runs nothing at all:
 * the shell counts the bytes and looks for the seal at their end. Without `stdin` the script's stdin is /dev/null.
 * What login files or sudo print comes before the mark.
 */
export const pack = (script: string, stdin: string | Buffer | undefined): Parcel => {
  const seal = randomBytes(12).toString('hex');
  const sealed = Buffer.from(script + seal);
  const read = `pgaf_s=$(head -c ${sealed.length}); case $pgaf_s in *${seal}) ;; *) exit 254;; esac`;
  const inner = [
    read,
    ...(stdin === undefined ? ['exec </dev/null'] : []),
    `echo ${seal}; echo ${seal} >&2`,
    `eval "unset pgaf_s;\${pgaf_s%${seal}}"`,
  ].join('; ');
  const payload = stdin === undefined ? sealed : Buffer.concat([sealed, Buffer.from(stdin)]);
  return { inner, payload, mark: Buffer.from(`${seal}\n`) };
};

/** A NUL cannot travel through a shell variable. */
export const scriptProblem = (script: string): Problem | null =>
  script.includes('\0')
    ? problem('The script holds a NUL character, which no shell can run.', 'Report this as a bug.')
    : null;

/** Why a command ended before its mark: the shell never became the user. */
export const becomeProblem = (login: Login, as: string, stderr: string, code: number | null): Problem => {
  const cause = stderr.trim() || `exit code ${code}`;
  const where = `${login.alias}: ${login.user}`;
  if (/unknown user|does not exist/i.test(cause))
    return problem(`${login.alias} has no user ${as}.`, 'Correct the user in the cluster file.', cause);
  if (/sudo.*(password|terminal|tty)|not allowed|may not run|sudoers/i.test(cause))
    return problem(
      `${where} may not become ${as} without a password.`,
      `Allow it for the window, in /etc/sudoers.d/pgaf-upgrade: ${login.user} ALL=(postgres,root) NOPASSWD: /usr/bin/sh`,
      cause,
    );
  if (code === 254)
    return problem(`${where} received only a part of the script; nothing of it ran.`, 'Try again.', cause);
  if (/sudo.*not found|runuser.*not found/i.test(cause))
    return problem(
      `${where} cannot become ${as}: the command is not installed.`,
      `Install it, or log in as ${as}.`,
      cause,
    );
  return problem(
    `${where} could not start a shell as ${as}.`,
    `Try it by hand: ssh to the host, then \`sudo -n -u ${as} sh -c id\`.`,
    cause,
  );
};
