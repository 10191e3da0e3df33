# shellcheck shell=sh
# Finds every pg_autoctl on a host and prints what the facts need: read-only, as postgres, in one round trip. parse.ts reads it.
# Numbered keys, one set for each pg_autoctl.cfg found: what an upgrade has left is told of each by itself, because several
# clusters may share a host and its user. The directory, unit, programs and port that the cluster file names go before what is found.
# From script.ts: `put`, `text`, `sql`, `work_directory`, `liveness`.
# shellcheck disable=SC2154 # $work is set by work_directory, $autoctl and $keeper by liveness
# shellcheck disable=SC2002 # a file that is not there is an empty text
# shellcheck disable=SC2012 # names of units have no line breaks
# shellcheck disable=SC2086 # lists of units and of processes are taken apart
new_bin=
only=
set_unit=
set_old=
set_port=
drop_in=
server_directories=
server_sql=

set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3
setting() { sed -n "s/^$1 *= *//p" "$2" | head -n 1; }
ask() { sql "$1" -XAtq -h "${socket:-/tmp}" -p "$port" ${2:+-U "$2"} -c "$server_sql" </dev/null; } # DATABASE [ROLE]
answer() { # what the server says of itself, as $said, or why it says nothing: a database postgres may be gone, and so may a role of this user's name
  # warnings (a collation's version, say) are not part of the answer; an answer that is not JSON is psql's reason for having none
  said=$(ask postgres 2>/dev/null) && return
  said=$(ask postgres 2>&1) && return
  case $said in *'timeout expired'*) return ;; esac
  # as pg_autoctl connects; and by the superuser that it has made for its standbys
  for role in '' "$(setting username "$cfg")" pgautofailover_replicator; do
    other=$(ask template1 "$role" 2>/dev/null || ask postgres "$role" 2>/dev/null) && { said=$other; return; }
  done
}
put home "$HOME"
put user "$(id -un)"
first() { # FILE: its first line, as $line
  line=; { [ -r "$1" ] && read -r line <"$1"; } 2>/dev/null; [ -n "$line" ]
}
first /etc/machine-id && put machine "$line"
systems() { # the system identifiers that the files of $pgdata show: pg_autoctl's state and its copies, and every pg_control
  for f in "$state" "$state".pg* "$state".before-rollback; do [ -r "$f" ] && od -An -v -t u8 -j 16 -N 8 "$f"; done
  for d in "$data" "$data"_pg*_bak "$data"_pg*_abandoned*; do
    for f in pg_control pg_control.old pg_control.do-not-start; do [ -r "$d/global/$f" ] && od -An -v -t u8 -N 8 "$d/global/$f"; done
  done
}
small_directories() { # those at the top of $data that a person has put there and can be copied in no time: whatever reads files from them
  find "$data" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | while IFS= read -r d; do
    case " $server_directories " in *" ${d##*/} "*) continue ;; esac
    [ "$(stat -c %d "$d")" = "$(stat -c %d "$data")" ] || continue
    kb=$(timeout 5 du -sk "$d" 2>/dev/null) || continue
    [ "${kb%%[!0-9]*}" -le 10240 ] || continue
    [ -n "$(timeout 5 find "$d" ! -exec test -r '{}' ';' -print 2>&1 | head -n 1)" ] || printf '%s\n' "${d##*/}"
  done
}
for tool in postgres initdb pg_upgrade pg_ctl pg_controldata pg_dump psql vacuumdb; do [ -x "$new_bin/$tool" ] || printf '%s\n' "$tool"; done | text missing
"$new_bin/postgres" --version 2>&1 | text new_version
[ -x "$new_bin/pg_autoctl" ] && put new_autoctl "$new_bin/pg_autoctl"
of() { tr '\000' '\n' <"/proc/$1/environ" 2>/dev/null | sed -n "s/^$2=//p" | head -n 1; } # PROCESS VARIABLE
parent() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 2; } # PROCESS
starts() { # UNIT: it is what has started $keeper, as pg_autoctl itself or by a program of its own that waits for it
  systemctl show -p ExecStart "$1" 2>/dev/null | grep -q pg_autoctl && return
  main=$(systemctl show -p MainPID "$1" 2>/dev/null); main=${main#*=}
  [ "${main:-0}" != 0 ] && { [ "$keeper" = "$main" ] || [ "$(parent "$keeper")" = "$main" ]; }
}
unit_files() { # those that name pg_autoctl
  grep -ls pg_autoctl /etc/systemd/system/*.service /usr/local/lib/systemd/system/*.service /usr/lib/systemd/system/*.service /lib/systemd/system/*.service
}
systemd=no; [ -d /run/systemd/system ] && command -v systemctl >/dev/null && systemd=yes
n=0
config_home=${XDG_CONFIG_HOME:-$HOME/.config} data_home=${XDG_DATA_HOME:-$HOME/.local/share}
# a rollback that registers a node again moves its configuration out of the way for a moment, which may last where it failed
found=$(find "$config_home/pg_autoctl" '(' -name pg_autoctl.cfg -o -name pg_autoctl.cfg.before-rollback ')' 2>/dev/null | sort)
while IFS= read -r cfg; do
  [ -n "$cfg" ] || continue
  at=${cfg%.before-rollback}
  [ "$at" = "$cfg" ] || [ ! -e "$at" ] || continue
  # pg_autoctl's own name for the directory is where its files lie; in them it writes the name with every link resolved
  written=$(setting pgdata "$cfg") pgdata=${at#"$config_home/pg_autoctl"} pgdata=${pgdata%/pg_autoctl.cfg}
  [ "$(readlink -f "$pgdata")" = "$(readlink -f "$written")" ] || pgdata=$written
  [ -n "$only" ] && [ "$pgdata" != "$only" ] && [ "$written" != "$only" ] && continue
  n=$((n + 1)); put "$n" "$pgdata"; put "$n.cfg" "$at"; text "$n.cfg_text" <"$cfg"
  work_directory; put "$n.work" "$work"
  data=$(readlink -f "$pgdata"); put "$n.data" "$data"
  [ -r "$data/PG_VERSION" ] && put "$n.major" "$(head -n 1 "$data/PG_VERSION")"
  [ -n "$(find "$data" -maxdepth 0 -perm -0050 2>/dev/null)" ] && put "$n.group_access" yes
  old_bin=${set_old:-$(dirname "$(setting pg_ctl "$cfg")")}; put "$n.old_bin" "$old_bin"
  [ -x "$old_bin/pg_autoctl" ] && put "$n.old_autoctl" "$old_bin/pg_autoctl"
  "$old_bin/postgres" --version 2>&1 | text "$n.old_version"
  state=$data_home/pg_autoctl$pgdata/pg_autoctl.state; put "$n.state" "$state"
  # the node's id, at byte 24. Source: pg_auto_failover, src/bin/pg_autoctl/state.h, KeeperStateData
  [ -r "$state" ] && put "$n.node_id" "$(od -An -v -t d4 -j 24 -N 4 "$state" | tr -d ' ')"
  systems 2>/dev/null | tr -d ' ' | sort -u | text "$n.systems"
  [ -e "$data/standby.signal" ] && put "$n.standby" yes
  pid_file=/tmp/pg_autoctl$pgdata/pg_autoctl.pid
  [ -r "$pid_file" ] || ! [ -r "/run/user/$(id -u)/pg_autoctl$pgdata/pg_autoctl.pid" ] || pid_file=/run/user/$(id -u)/pg_autoctl$pgdata/pg_autoctl.pid
  liveness "$pgdata" "$data" "$pid_file"
  if [ "$autoctl" = runs ]; then
    put "$n.running" yes; put "$n.program" "$(readlink -f "/proc/$keeper/exe" 2>/dev/null)"
    # below the runtime directory that its service gave it, which is not ours
    runtime=$(of "$keeper" XDG_RUNTIME_DIR); [ -n "$runtime" ] && pid_file=$runtime/pg_autoctl$pgdata/pg_autoctl.pid
  fi
  put "$n.pid_file" "$pid_file"
  unit=
  if [ $systemd = yes ]; then
    unit=$set_unit; case $unit in ''|*.service) ;; *) unit=$unit.service ;; esac
    if [ -z "$unit" ] && [ -n "$keeper" ]; then
      unit=$(sed -n 's|^0::.*/\([^/]*\.service\)$|\1|p; s|^1:name=systemd:.*/\([^/]*\.service\)$|\1|p' "/proc/$keeper/cgroup" 2>/dev/null | head -n 1)
      [ -z "$unit" ] || starts "$unit" || unit=
    fi
    [ -n "$unit" ] || unit=$(unit_files | while IFS= read -r f; do
      grep -q "[='\" ]$(printf %s "$pgdata" | sed 's/[][\.*^$]/\\&/g')['\" ]*\$" "$f" && basename "$f" && break; done)
    # a unit that does not name the data directory is known while it runs; and by the copy that an upgrade has made of it
    [ -n "$unit" ] || unit=$(cd "$work/saved" 2>/dev/null && ls -- *.service 2>/dev/null | head -n 1)
    if [ -n "$unit" ]; then
      put "$n.unit" "$unit"
      shown=$(systemctl show -p LoadState -p UnitFileState -p ActiveState -p KillMode -p FragmentPath -p DropInPaths -p ExecStart "$unit" 2>/dev/null); printf '%s\n' "$shown" | text "$n.unit_show"
      for f in $(printf '%s\n' "$shown" | sed -n 's/^DropInPaths=//p'); do
        case $f in */"$drop_in") continue ;; esac
        if [ ! -r "$f" ] || grep -q /pg_autoctl "$f"; then printf '%s\n' "$f"; fi
      done | text "$n.unit_drop_ins"
    fi
  fi
  find "$data" -maxdepth 1 '(' -type f -size -10240k -exec test -r '{}' ';' -o -type l ')' -print 2>/dev/null | sed 's|.*/||' | text "$n.files"
  find "$data" -maxdepth 1 -type d 2>/dev/null | sed 's|.*/||' | text "$n.directories"
  small_directories | text "$n.small"
  # a pg_wal elsewhere, where another can be made beside it: postgres may, a rename is enough, and there is room for as much again
  if [ -L "$data/pg_wal" ]; then
    wal=$(readlink -f "$data/pg_wal") above=$(dirname "$wal")
    case $wal in "$data"/*) above= ;; esac
    if [ -n "$above" ] && [ -w "$above" ] && [ "$(stat -c '%d %m' "$wal" 2>/dev/null)" = "$(stat -c '%d %m' "$above")" ] \
      && [ "$(df -Pk "$above" | awk 'END { print $4 }')" -gt "$(du -sk "$wal" 2>/dev/null | cut -f 1)" ]; then put "$n.wal" "$wal"; fi
  fi
  port=${set_port:-$(setting port "$cfg")}; put "$n.port" "$port"
  for socket in "$(sed -n 5p "$data/postmaster.pid" 2>/dev/null)" /var/run/postgresql /tmp; do
    [ -n "$socket" ] && [ -S "$socket/.s.PGSQL.$port" ] && { put "$n.socket" "$socket"; break; }
  done
  answer; printf '%s\n' "$said" | text "$n.server"
  # what an upgrade, or a rollback, of this data directory has left
  for trace in "$work/fingerprint" "$work/stopped" "$work"/done/rollback-* ${unit:+"/etc/systemd/system/$unit.d/$drop_in"}; do
    [ -e "$trace" ] && { put "$n.underway" yes; break; }
  done
  for trace in "$work/done/rollback-dropped" "$work"/done/rollback-through-*; do [ -e "$trace" ] && { put "$n.registered_anew" yes; break; }; done
  cat "$work/record.json" 2>/dev/null | text "$n.record"
  cat "$work/run.json" 2>/dev/null | text "$n.run"
  [ -r "$work/saved/pg_autoctl.cfg" ] && put "$n.saved_bin" "$(dirname "$(setting pg_ctl "$work/saved/pg_autoctl.cfg")")"
  [ -n "${unit:-}" ] && [ -r "$work/saved/$unit" ] && put "$n.saved_program" "$(cat "$work/saved/$unit" "$work/saved/$unit".d-* 2>/dev/null | sed -n 's|^ExecStart *= *[-@:+!]*\(/[^ ]*\).*|\1|p' | tail -n 1)"
done <<EOF
$found
EOF
# where none is found: whose pg_autoctl runs here, and where its service has it look for its files; and whose units start one, which may be stopped
[ "$n" -gt 0 ] || {
  grep -lsx pg_autoctl /proc/[0-9]*/comm | while read -r at; do
    at=${at%/comm}; printf '%s %s\n' "$(stat -c %U "$at" 2>/dev/null)" "$(of "${at#/proc/}" XDG_CONFIG_HOME)"
  done
  [ $systemd = no ] || unit_files | while IFS= read -r f; do
    user=$(systemctl show -p User "${f##*/}" 2>/dev/null); [ -z "${user#User=}" ] || printf '%s \n' "${user#User=}"
  done
} | sort -u | text keepers
# earlier versions had one place for whatever cluster it was
old=$HOME/pgaf-upgrade
if [ -e "$old/record.json" ] || [ -e "$old/run.json" ] || [ -d "$old/lock" ] || [ -d "$old/saved" ] || [ -d "$old/done" ]; then
  put earlier yes; cat "$old/record.json" 2>/dev/null | text earlier.record; cat "$old/run.json" 2>/dev/null | text earlier.run
fi
put end yes
