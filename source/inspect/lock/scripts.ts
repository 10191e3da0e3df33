import { type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';
import type { Holder, RunFile } from './parse.ts';

/**
 * The lock is the directory `lock` in our work directory on the monitor's host, with three files: `token`, `holder` and
 * `beat`, whose time is the last sign of life, by that host's clock. It is made beside and renamed into place: rename
 * refuses a directory that is not empty, so it is as atomic as mkdir, and never seen without its holder.
 * All scripts run as postgres and take a few milliseconds.
 */

const report = sh`put() { printf '%s\t%s\n' "$1" "$2"; }
text() { printf '%s\t' "$1"; base64 | tr -d '\n'; echo; }
report() {
  if [ -d lock ]; then
    put token "$(cat lock/token 2>/dev/null)"
    [ -r lock/holder ] && text holder <lock/holder
    beat=$(stat -c %Y lock/beat 2>/dev/null || stat -c %Y lock 2>/dev/null || echo 0)
    put silent $(($(date +%s) - beat))
  fi
  [ -r run.json ] && text run <run.json
  put end yes
}`;

/** Read-only: who holds the lock, since when nothing was heard of them, and which run was begun. */
export const readStandingScript = (workDir: Path): Fragment => sh`set -u; export LC_ALL=C
${report}
cd ${workDir} 2>/dev/null || { put end yes; exit 0; }
report
`;

const writeRun = (run: RunFile): Fragment =>
  sh`printf '%s\n' ${quoted(JSON.stringify(run))} >run.json.new && mv run.json.new run.json`;

/**
 * Takes the lock and writes which run this is, then reports as {@link readStandingScript}: whose token stands there now
 * says whether it was taken. `instead` is the token of a lock to take over; the free lock needs none.
 */
export const takeLockScript = (
  workDir: Path,
  holder: Holder,
  run: RunFile,
  instead: string | null,
): Fragment => sh`set -eu; export LC_ALL=C
umask 077
${report}
mkdir -p ${workDir} && cd ${workDir}
new=lock.${quoted(holder.token)}
rm -rf "$new" && mkdir "$new"
printf '%s\n' ${quoted(JSON.stringify(holder))} >"$new/holder"
printf '%s\n' ${quoted(holder.token)} >"$new/token"
: >"$new/beat"
${
  instead === null
    ? sh``
    : sh`old=lock.was.${quoted(holder.token)}
token=$(cat lock/token 2>/dev/null || true)
if [ "$token" = ${quoted(instead)} ] && mv -T lock "$old" 2>/dev/null; then
  # somebody else may have been faster between the two lines above: then it is theirs, and goes back
  if [ "$(cat "$old/token" 2>/dev/null || true)" = ${quoted(instead)} ]; then rm -rf "$old"; else mv -T "$old" lock || true; fi
fi
`
}if mv -T "$new" lock 2>/dev/null; then
  ${writeRun(run)}
else
  rm -rf "$new"
fi
report
`;

/** A sign of life, if the lock is still this token's; then the report. */
export const beatScript = (workDir: Path, token: string): Fragment => sh`set -u; export LC_ALL=C
${report}
cd ${workDir} 2>/dev/null || { put end yes; exit 0; }
if [ "$(cat lock/token 2>/dev/null)" = ${quoted(token)} ]; then touch lock/beat; fi
report
`;

/** Changes what is written about the run, if the lock is still this token's. */
export const writeRunScript = (
  workDir: Path,
  token: string,
  run: RunFile,
): Fragment => sh`set -eu; export LC_ALL=C
umask 077
${report}
cd ${workDir}
if [ "$(cat lock/token 2>/dev/null)" = ${quoted(token)} ]; then ${writeRun(run)}; fi
report
`;

/** Gives the lock back, if it is still this token's. */
export const releaseScript = (workDir: Path, token: string): Fragment => sh`set -u; export LC_ALL=C
${report}
cd ${workDir} 2>/dev/null || { put end yes; exit 0; }
if [ "$(cat lock/token 2>/dev/null)" = ${quoted(token)} ] && mv -T lock lock.was.${quoted(token)}; then rm -rf lock.was.${quoted(token)}; fi
report
`;
