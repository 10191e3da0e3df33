# shellcheck shell=sh
# The lock is the directory `lock` in our work directory on the monitor's host, with three files: `token`, `holder` and `beat`,
# whose time is the last sign of life, by that host's clock. It is made beside and renamed into place: rename refuses a directory
# that is not empty, so it is as atomic as mkdir, and never seen without its holder.
# Functions, of which scripts.ts calls one; each ends with the report, which parse.ts reads. They run as postgres and take a few
# milliseconds. From scripts.ts too: `put`, `text`. $instead is the token of a lock to take over; the free lock needs none.
work=
token=
holder=
run=
instead=
approvals=

set -u; export LC_ALL=C
report() {
  if [ -d lock ]; then
    put token "$(cat lock/token 2>/dev/null)"
    [ -r lock/holder ] && text holder <lock/holder
    beat=$(stat -c %Y lock/beat 2>/dev/null || stat -c %Y lock 2>/dev/null || echo 0)
    put silent $(($(date +%s) - beat))
  fi
  [ -r run.json ] && text run <run.json
  [ -r approvals ] && tail -n 50 approvals | text approvals
  put end yes
}
enter() { cd "$work" 2>/dev/null || { put end yes; exit 0; }; }
held() { [ "$(cat lock/token 2>/dev/null)" = "$token" ]; }
write() { printf '%s\n' "$run" >run.json.new && mv run.json.new run.json; }

# Read-only: who holds the lock, since when nothing was heard of them, and which run was begun.
standing() { enter; report; }

# Takes the lock and writes which run this is: whose token stands there afterwards says whether it was taken.
take() {
  set -e; umask 077
  mkdir -p "$work"; cd "$work"
  new=lock.$token
  rm -rf "$new" && mkdir "$new"
  printf '%s\n' "$holder" >"$new/holder"
  printf '%s\n' "$token" >"$new/token"
  : >"$new/beat"
  old=lock.was.$token
  if [ -n "$instead" ] && [ "$(cat lock/token 2>/dev/null || true)" = "$instead" ] && mv -T lock "$old" 2>/dev/null; then
    # somebody else may have been faster between the two tests above: then it is theirs, and goes back
    if [ "$(cat "$old/token" 2>/dev/null || true)" = "$instead" ]; then rm -rf "$old"; else mv -T "$old" lock || true; fi
  fi
  if mv -T "$new" lock 2>/dev/null; then write; else rm -rf "$new"; fi
  report
}

# A sign of life, if the lock is still this token's.
beat() { enter; if held; then touch lock/beat; fi; report; }

# Changes what is written about the run, if the lock is still this token's.
write_run() { set -e; umask 077; cd "$work"; if held; then write; fi; report; }

# Writes down that a second person approves steps, a line each, whoever holds the lock.
approve() {
  set -e; umask 077; cd "$work"
  # a line that a full disk has cut is ended: what is written behind it counts
  [ -z "$(tail -c 1 approvals 2>/dev/null)" ] || echo >>approvals
  printf '%s\n' "$approvals" >>approvals
  sync -- approvals . 2>/dev/null || sync
  report
}

# Gives the lock back, if it is still this token's.
release() { enter; if held && mv -T lock "lock.was.$token"; then rm -rf "lock.was.$token"; fi; report; }
