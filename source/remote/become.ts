import { randomBytes } from 'node:crypto';
import { type Fragment, joined, quoted, sh } from '../cluster/fragment.ts';
import { theLogin } from '../cluster/login.ts';
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
const settle = sh`unset XDG_RUNTIME_DIR; cd "$HOME" 2>/dev/null || cd /`;

/**
 * The command line that runs `inner` (POSIX sh, one line without single quotes) as `as`, with HOME, USER and LOGNAME of that user
 * and the home as working directory. Understood by every login shell: single quotes only. Errors: no way to become that user.
 */
export const shellAs = (login: Login, as: string, inner: Fragment): Result<Fragment> => {
  const whole = quoted(sh`${settle}; ${inner}`.text);
  if (login.user === as || as === theLogin) return ok(sh`sh -c ${whole}`);
  if (!userName.test(as)) {
    const remedy = 'Correct the user in the cluster file.';
    return fail(problem(`${JSON.stringify(as)} is not a user name.`, remedy));
  }
  if (login.become === 'none')
    return fail(
      problem(
        `${login.alias}: this has to run as ${as}, but the console logs in as ${login.user} and may not use sudo.`,
        `Log in as ${as}, or set \`become: { method: sudo }\` in the cluster file.`,
      ),
    );
  if (login.user !== 'root') return ok(sh`sudo -H -n -u ${quoted(as)} -- sh -c ${whole}`);
  // runuser keeps root's environment; the shell knows the home from the password database.
  // The shell expands the tilde only where nothing behind it is quoted: a machine's account ends in a dollar sign.
  const home = sh`~${quoted(as.replace(/\$$/, ''))}${as.endsWith('$') ? sh`$` : sh``}`;
  const identity = sh`HOME=${home}; USER=${quoted(as)}; LOGNAME=${quoted(as)}; export HOME USER LOGNAME`;
  return ok(sh`runuser -u ${quoted(as)} -- sh -c ${quoted(sh`${identity}; ${settle}; ${inner}`.text)}`);
};

/** A script on its way over stdin. */
export interface Parcel {
  /** For {@link shellAs}: reads the script, says the mark on both outputs, runs it. */
  readonly inner: Fragment;
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
  const end = quoted(seal);
  const inner = joined(
    [
      sh`pgaf_s=$(head -c ${sealed.length}); case $pgaf_s in *${end}) ;; *) exit 254;; esac`,
      stdin === undefined && sh`exec </dev/null`,
      sh`echo ${end}; echo ${end} >&2`,
      sh`eval "unset pgaf_s;\${pgaf_s%${end}}"`,
    ],
    '; ',
  );
  const payload = stdin === undefined ? sealed : Buffer.concat([sealed, Buffer.from(stdin)]);
  return { inner, payload, mark: Buffer.from(`${seal}\n`) };
};

/** A NUL cannot travel through a shell variable. */
export const scriptProblem = (script: string): Problem | null =>
  script.includes('\0')
    ? problem('The script holds a NUL character, which no shell can run.', 'Report this as a bug.')
    : null;

/** sudo's `requiretty`. Source: sudoers(5); sudo, plugins/sudoers/sudoers.c, "sorry, you must have a tty to run sudo". */
export const wantsTerminal = (cause: string): boolean => /must have a tty|requiretty/i.test(cause);
export const terminalRemedy = (user: string): string =>
  `Add to /etc/sudoers.d/pgaf-upgrade: \`Defaults:${user} !requiretty\`.`;

/** Why a command ended before its mark: the shell never became the user. */
export const becomeProblem = (login: Login, as: string, stderr: string, code: number | null): Problem => {
  const cause = stderr.trim() || `exit code ${code}`;
  const where = `${login.alias}: ${login.user}`;
  if (/unknown user|does not exist/i.test(cause))
    return problem(`${login.alias} has no user ${as}.`, 'Correct the user in the cluster file.', cause);
  if (wantsTerminal(cause))
    return problem(
      `${where} may not become ${as}: sudo there wants a terminal (requiretty), which no command of the console has.`,
      terminalRemedy(login.user),
      cause,
    );
  if (/sudo.*(password|terminal|tty)|not allowed|may not run|sudoers/i.test(cause))
    return problem(
      `${where} may not become ${as} without a password.`,
      as === 'root'
        ? `Allow it for the window, in /etc/sudoers.d/pgaf-upgrade: \`${login.user} ALL=(postgres,root) NOPASSWD: /usr/bin/sh\`; or allow fixed verbs alone: \`pgaf-upgrade helper\` prints them.`
        : `Allow it for the window, in /etc/sudoers.d/pgaf-upgrade: \`${login.user} ALL=(${as}) NOPASSWD: /usr/bin/sh\`.`,
      cause,
    );
  if (code === 254)
    return problem(`${where} received only a part of the script; nothing of it ran.`, 'Retry.', cause);
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
