# shellcheck shell=sh
# Whether pg_autoctl runs for a data directory, for the inspection and for the scripts that rest on it. How, and the sources: liveness.ts.
# shellcheck disable=SC2034 # $autoctl and $keeper are for whoever asks

liveness() { # PGDATA DATA PIDFILE [MAINPID CONTROLGROUP ACTIVESTATE]: $autoctl is runs, stopped or unknown; $keeper its process
  autoctl=stopped keeper='' proc=/proc/ dir=${1%/}
  is_autoctl() { { read -r comm <"$proc$1/comm"; } 2>/dev/null && [ "$comm" = pg_autoctl ]; }
  if [ $# -gt 3 ]; then
    for pid in "${4:-0}" $(cat "/sys/fs/cgroup$5/cgroup.procs" "/sys/fs/cgroup/systemd$5/cgroup.procs" 2>/dev/null || true); do
      [ -n "$5" ] || [ "$pid" = "$4" ] || continue
      if is_autoctl "$pid"; then autoctl=runs keeper=$pid; return 0; fi
    done
    # a unit that is neither at rest nor has its program may have it the next moment
    case $6 in inactive | failed) ;; *) autoctl=unknown ;; esac
  fi
  named=$(head -n 1 "$3" 2>/dev/null || true)
  if [ ! -r /proc/sys/kernel/random/boot_id ]; then
    autoctl=unknown; if [ -n "$named" ] && kill -0 "$named" 2>/dev/null; then autoctl=runs keeper=$named; fi
    return 0
  fi
  them=$(grep -lsx pg_autoctl /proc/[0-9]*/comm || true)
  [ -n "$them" ] || return 0
  # of each its words, and the PGDATA of its environment: PID KIND DIRECTORY, for those that keep a server
  them=$({ printf '%s\n' "$them" | sed 's/comm$/cmdline/' | xargs grep -Hasz ''; printf '%s\n' "$them" | sed 's/comm$/environ/' | xargs grep -Hasz '^PGDATA='; } 2>/dev/null |
    tr '\000' '\n' | awk '{ pid = $0; if (!sub(/\/(cmdline|environ):.*/, "", pid)) next; sub(/.*\//, "", pid); word = $0 }
      sub(/^.*\/environ:PGDATA=/, "", word) { env[pid] = word; next }
      { sub(/^.*\/cmdline:/, "", word) }
      !(pid in kind) { kind[pid] = word ~ /^pg_autoctl: / ? "titled" : ""; last = 0 }
      last { its[pid] = word; last = 0; next }
      word == "--pgdata" || word == "-D" { last = 1; next }
      word ~ /^--pgdata=/ { its[pid] = substr(word, 10) }
      word ~ /^-D./ { its[pid] = substr(word, 3) }
      word == "run" || word == "--run" || word == "service" { if (kind[pid] == "") kind[pid] = "keeps" }
      END { for (pid in kind) if (kind[pid] != "") print pid, kind[pid], its[pid] == "" ? env[pid] : its[pid] }')
  [ -n "$them" ] || return 0
  ours=$(readlink "${proc}self/ns/pid" 2>/dev/null || true)
  while read -r pid kind its; do
    if [ "$kind" = titled ]; then
      # one of its services: its parent tells, where that still is a pg_autoctl
      { read -r stat <"$proc$pid/stat"; } 2>/dev/null || continue
      stat=${stat##*) } stat=${stat#* }; if is_autoctl "${stat%% *}"; then continue; fi
    fi
    case $its in '' | /*) ;; *) its=$(readlink "$proc$pid/cwd" 2>/dev/null || true)/$its ;; esac
    # in a container of this host: the directory that it sees by that name tells, not the name
    space=$(readlink "$proc$pid/ns/pid" 2>/dev/null || true)
    if [ -n "$space" ] && [ "$space" != "$ours" ] && [ -e "$proc$pid/root/." ]; then
      seen=$(stat -Lc %d:%i "$proc$pid/root${its:-$2}" 2>/dev/null || true)
      if [ -z "$seen" ] || [ "$seen" != "$(stat -Lc %d:%i "$2" 2>/dev/null || true)" ]; then continue; fi
      if [ -n "$its" ]; then autoctl=runs keeper=$pid; return 0; fi
    fi
    if { [ -z "$its" ] && [ "$pid" = "$named" ]; } || [ "${its%/}" = "$dir" ] || { [ -n "$its" ] && [ "$(readlink -f "$its")" = "$2" ]; }; then
      autoctl=runs keeper=$pid; return 0
    fi
    # pg_autoctl runs as the owner of the directory, who is asking: one of another user is another's
    if [ -z "$its" ] && is_autoctl "$pid" && kill -0 "$pid" 2>/dev/null; then autoctl=unknown; fi
  done <<THEM
$them
THEM
}
