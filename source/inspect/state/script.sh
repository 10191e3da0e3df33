# shellcheck shell=sh
# One inspection of a host: read-only, as postgres, in one round trip. It prints everything that the probes, the conditions and the
# rollback verdict need, one fact a line: a key, a tab, and a value. parse.ts reads it.
# No program is started for what the shell does itself: a process costs more than everything else here. Free text travels on
# one line, its own lines joined by a character that is taken out of it before, so that nothing in it can begin a line of its own.
# From script.ts: `sql`, `liveness`, `tablespaces`, `unit_files`, `online`. A host without systemd has no $unit, the monitor no $node_id, and only the monitor
# is asked for the cluster's state ($monitor_sql).
# shellcheck disable=SC2015 # both halves of a line may fail: the fact is then not there
# shellcheck disable=SC2044,SC2046,SC2086 # a list is taken apart where a variable or a command is not quoted
# shellcheck disable=SC2012 # names are counted, or ours
# shellcheck disable=SC2154 # $autoctl is set by liveness
old_bin=
new_bin=
new_major=
work=
pgdata=
data=
new_data=
backup_data=
home=
config_file=
state_file=
pid_file=
node_id=
unit=
hold_file=
mark_file=
key_mark=
socket=
private_socket=
port=
superuser=
server_sql=
monitor_database=
monitor_sql=
joiner=

set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3
newline='
'
put() { printf '%s\t%s\n' "$1" "$2"; }
text() { # KEY TEXT; empty lines are left out
  case $2 in *"$joiner"*) set -- "$1" "$(printf %s "$2" | tr "$joiner" '?')" ;; esac
  name=$1 IFS=$newline; set -f; set -- $2; set +f; IFS=$joiner; put "$name" "$*"; unset IFS
}
first() { # FILE: its first line, as $line
  line=; { [ -r "$1" ] && read -r line <"$1"; } 2>/dev/null; [ -n "$line" ]
}
alive() { # PIDFILE PROGRAM: whether the process named in the file is one of that program
  first "$1" && pid=$line && kill -0 "$pid" 2>/dev/null && first "/proc/$pid/comm" && [ "$line" = "$2" ]
}
control() { # KEY PGDATA MAJOR: pg_controldata by the programs of that major
  case $3 in "$new_major") bin=$new_bin ;; *) bin=$old_bin ;; esac
  text "$1" "$("$bin/pg_controldata" -D "$2" 2>/dev/null)"
}
shared() ( # PGDATA: whether files of users' relations have a second name; pg_upgrade --link links all of them, so a few tell
  # Of each database pg_largeobject, which is the first that is linked; and, unless it was written anew since, twenty others
  # as they come, unsorted: the directories may hold many thousands.
  cd "$1" 2>/dev/null || exit 1
  seconds=$(ls -f base base/[1-9][0-9][0-9][0-9][0-9]* pg_tblspc/*/PG_*/* 2>/dev/null | {
    set -- base/*/2613 pg_tblspc/*/PG_*/*/2613; enough=$(($# + 20)) listed='' dir=''
    while [ $# -lt $enough ] && read -r name; do
      listed=yes
      case $name in
        */*:) dir=${name%:} ;;
        [1-9]*) [ -n "$dir" ] && [ "${name%%[._]*}" -ge 16384 ] && set -- "$@" "$dir/$name" ;;
      esac
    done 2>/dev/null
    exec </dev/null
    [ -n "$listed" ] || set -- base pg_tblspc/*/ # an ls that knows no -f
    find "$@" -type f -name '[1-9]*' -links +1 2>/dev/null
  })
  [ -n "$seconds" ]
)
databases() { # PGDATA: how many there are that initdb has not made
  count=0
  for database in "$1"/base/*; do
    database=${database##*/}
    case $database in *[!0-9]*) ;; *) [ "$database" -ge 16384 ] && count=$((count + 1)) ;; esac
  done
}
add() { found=$found$1$newline; }
only() { # PGDATA LIVE: what lies at its top and has no like in the directory that is live, in $found
  found=; for entry in "$1"/*; do
    [ -e "$2/${entry##*/}" ] || [ -L "$2/${entry##*/}" ] || add "${entry##*/}"
  done
}
twophase() { # PGDATA: whether a transaction that was prepared is kept there; a shutdown writes all of them
  for f in "$1"/pg_twophase/[0-9A-F]*; do [ -f "$f" ] && return 0; done; return 1
}
links() { # PGDATA: where its tablespaces are, in $found
  found=; for link in "$1"/pg_tblspc/[0-9]*; do [ -L "$link" ] && add "$(readlink "$link")"; done
}
parts() { # PLACE: each cluster's part of a tablespace, in its own directory and in the place beside it, in $found
  found=; for part in "$1"/PG_* "$1"_aside/*/PG_*; do [ -d "$part" ] && add "${part#"$1"}"; done
}
directory() { # KEY PGDATA
  [ -d "$2" ] || { put "$1" absent; return 0; }
  [ -r "$2/PG_VERSION" ] || { put "$1" other; put "$1.entries" "$(ls -A "$2" 2>/dev/null | wc -l)"; return 0; }
  first "$2/PG_VERSION"; major=$line; put "$1" cluster; put "$1.major" "$major"
  if [ -f "$2/global/pg_control" ]; then
    # that of the directory where a server may run is read behind the server's answer, below
    if [ "$1" = data ]; then of_data=$major; else control "$1.control" "$2" "$major"; fi
  else
    # pg_upgrade --link renames it, and the upgrade disarms it before the new server's first start; it is read through
    # a directory of links, nothing in the cluster is touched
    for renamed in pg_control.old pg_control.do-not-start; do [ -f "$2/global/$renamed" ] && break; done
    [ -f "$2/global/$renamed" ] && put "$1.linked" yes && [ $renamed = pg_control.do-not-start ] && put "$1.disarmed" yes
    view=$(mktemp -d) && mkdir "$view/global" && ln -s "$2/global/$renamed" "$view/global/pg_control" \
      && ln -s "$2/PG_VERSION" "$view/PG_VERSION" && control "$1.control" "$view" "$major"; rm -rf "$view"
  fi
  [ "$1" = data ] && twophase "$2" && put data.prepared yes
  if alive "$2/postmaster.pid" postgres; then put "$1.running" yes
  elif [ "$1" = data ] && [ -f "$2/global/pg_control" ]; then put data.written "$(date -u -r "$2/global/pg_control" +%FT%TZ)"; fi
  [ -e "$2/standby.signal" ] && put "$1.standby" yes
  [ -e "$2/postgresql-auto-failover.conf" ] && put "$1.carried" yes
  [ "$major" != "$new_major" ] && shared "$2" && put "$1.shared" yes
  # while what was moved out of it is there still, it is not over (runbook/shell/wal.ts)
  [ -L "$2/pg_wal" ] && [ ! -e "$2/pg_wal.moved" ] && text "$1.wal" "$(readlink "$2/pg_wal")"
  links "$2"; [ -z "$found" ] || text "$1.tablespaces" "$found"
  databases "$2"; put "$1.databases" $count
  [ -f "$2/$mark_file" ] && [ ! -L "$2/$mark_file" ] && text "$1.mark" "$(head -c 400 "$2/$mark_file")"
}
configured() { # FILE: pg_autoctl's configuration: who it says it is, and its pg_ctl
  while IFS= read -r line; do
    case $line in pg_ctl*=* | name*=* | role*=*) ;; *) continue ;; esac
    key=${line%%=*} line=${line#*=}
    key=${key%"${key##*[! ]}"} line=${line#"${line%%[! ]*}"}
    case $key in pg_ctl) text pg_ctl "$line" ;; name | role) text "who.$key" "$line" ;; esac
  done <"$1"
}
kept() { # in our own directory: what was written down, each file by its name; false where that could not be read whole
  # A check is good for a day: what it found may have changed since. Whether there is a backup is soon asked again.
  set -f; IFS=$newline; set -- ; marks=
  for path in $(find 'done' checks/look checks/log -type f -size +0 ! \( -mmin +1440 \( -name checks -o -name check -o -name configuration \
    -o -name look -o -name log \) \) ! \( -mmin +10 -name cleanup-backup \) 2>/dev/null); do
    case $path in checks/*) [ -r "$path" ] && set -- "$@" "$path" ;; *) marks=$marks${path##*/}$newline ;; esac
  done
  set +f; unset IFS
  text markers "$marks"
  # what a power cut has left empty was never written
  for path in fingerprint fingerprint-old handed-over stopped receiving link/key.pub link/lines to-do/*; do [ -r "$path" ] && [ -s "$path" ] && set -- "$@" "$path"; done
  [ -s stopped ] && put stopped.at "$(date -u -r stopped +%FT%TZ)"
  [ -s handed-over ] && put handed-over.at "$(date -u -r handed-over +%FT%TZ)"
  # A key of the run, and who may use it: nothing is there unless a secondary is rebuilt by hard links.
  [ -s link/rehearsal ] && put link/rehearsed yes
  [ -d link ] && text link/host_keys "$(cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null)"
  # All of them by one program, lines joined as text does it.
  [ $# -eq 0 ] || awk 'BEGIN { ORS = "\036" } FNR == 1 { printf("%s%s\t", NR > 1 ? "\n" : "", FILENAME) }
    { gsub(/\036/, "?"); print } END { printf("%s", NR > 0 ? "\n" : "") }' "$@"
}
tablespace() { # NUMBER PLACE PARENT
  text "tablespace.$1" "$2"; parts "$2"; text "tablespace.$1.parts" "$found"
  [ -w "${2}_aside" ] && put "tablespace.$1.aside" yes
  [ -w "$3" ] && put "tablespace.$1.above" yes
}
ask() { # SOCKETS DATABASE STATEMENT...: a line for each statement
  at=$1 in=$2; shift 2; for statement; do shift; set -- "$@" -c "$statement"; done
  sql "$in" -XAtq -h "$at" -p "$port" -U "$superuser" "$@" 2>/dev/null
}
itself() { # SOCKETS: what the server says of itself; its database postgres may be gone
  ask "$1" postgres "$server_sql"
  [ $? -ne 2 ] || ask "$1" template1 "$server_sql"
}
server() { # what the running server answers; the private one of the verification listens elsewhere
  if [ -S "$private_socket/.s.PGSQL.$port" ]; then itself "$private_socket"
  elif [ ! -S "$socket/.s.PGSQL.$port" ]; then :
  elif [ -z "$monitor_sql" ]; then itself "$socket"
  else
    ask "$socket" "$monitor_database" "$server_sql" "$monitor_sql"
    [ $? -ne 2 ] || itself "$socket"
  fi
}
unit() {
  [ -z "$unit" ] || systemctl show -p LoadState -p UnitFileState -p ActiveState -p KillMode -p DropInPaths -p ActiveEnterTimestamp \
    -p ExecStart -p MainPID -p ControlGroup "$unit" 2>/dev/null
}
numbers() { # what pg_autoctl's state file says. Source: pg_auto_failover, src/bin/pg_autoctl/state.h, KeeperStateData
  set -- $(od -An -v -t u8 -t d4 -j 16 -N 44 "$state_file") ''
  put state "$1"; put who.id "${5:-}"
  [ -z "$node_id" ] || [ "${5:-}" = "$node_id" ] || {
    found=; for f in "$work"/saved*/pg_autoctl.state; do [ -r "$f" ] && add "$(od -An -v -t d4 -j 24 -N 4 "$f")"; done; text who.was "$found"
  }
  [ "${9:-} ${17:-}" = '13 13' ] && put maintenance yes
}
unit_file() { # NAME FILE: a file of the unit, by its name among the copies
  cmp -s "saved/$1" "$2" || add "$1"
}
saved() { # in our own directory: whether what was saved before the stop is still what is in force
  [ -d saved ] && [ ! -e stopped ] && [ ! -e fingerprint ] || return 0
  found=; cmp -s saved/pg_autoctl.cfg "$config_file" || add pg_autoctl.cfg
  [ -z "$unit" ] || unit_files
  text saved.differs "$found"; [ -n "$(find saved -maxdepth 0 -mmin +1440)" ] && put saved.old yes
}

of_data=
unit | { exec 3<&0; server | { exec 4<&0 </dev/null
directory data "$data"
directory new "$new_data"
directory backup "$backup_data"
[ -r "$backup_data/PG_VERSION" ] && [ -r "$data/PG_VERSION" ] && only "$backup_data" "$data" && text backup.only "$found"
tablespaces
first /etc/machine-id && put who.machine "$line"
[ -n "$unit" ] && [ -e "$hold_file" ] && put held yes
[ -r "$config_file" ] && configured "$config_file"
[ -r "$state_file" ] && numbers
if cd "$work" 2>/dev/null; then kept || exit 1; saved; fi
found=; for f in "$data"_pg*_abandoned*; do [ -f "$f/$mark_file" ] && add "$f"; done; text abandoned "$found"
found=; for f in "$data"_pg*_abandoned*.* "$backup_data".* "$new_data".* "$work/link"; do [ -d "$f" ] && [ ! -L "$f" ] && add "$f"; done; text leftovers "$found"
[ -s "$home/.ssh/authorized_keys" ] && text authorized "$(grep -s "$key_mark" "$home/.ssh/authorized_keys")"
found=; f=$work/pg_upgrade/delete_old_cluster.sh; [ -e "$f" ] && add "$f"
f=$home/delete_old_cluster.sh; [ -e "$f" ] && grep -qsF -e "$data'" -e "$data\"" "$f" && add "$f"; text delete_scripts "$found"
grep -qs ':C500 [^ ]* 0A' /proc/net/tcp /proc/net/tcp6 && put upgrade_port busy
for f in "$private_socket/.s.PGSQL.50432.lock" "$home/.s.PGSQL.50432.lock"; do
  first "$f" && first "/proc/$line/comm" && [ "$line" = postgres ] && put upgrade_port busy && break
done
found='' main='' group='' state=''; while IFS= read -r line; do
  add "$line"; case $line in MainPID=*) main=${line#*=} ;; ControlGroup=*) group=${line#*=} ;; ActiveState=*) state=${line#*=} ;; esac
done <&3; text unit "$found"
if [ -n "$unit" ]; then liveness "$pgdata" "$data" "$pid_file" "$main" "$group" "$state"
else liveness "$pgdata" "$data" "$pid_file"; fi
put autoctl "$autoctl"
online
for key in server monitor; do IFS= read -r line <&4 && text $key "$line"; done
# Now: a server that answers beside a pg_control of before its start would look as if it had never run.
[ -n "$of_data" ] && first "$data/PG_VERSION" && [ "$line" = "$of_data" ] && control data.control "$data" "$of_data"
put end yes
}; }
