# shellcheck shell=sh
# The inspection of a host before the window: read-only, as postgres, in one round trip, one fact a line; inspect/checks/parse.ts
# reads it. Nothing in it takes long: sizes come from the server, and every query has a limit of its own.
# From script.ts: `keeper`, `put`, `text`, `sql`, `newest`, `backup_ages`, `tablespaces`, `unit_files`, `dependents`, `concerns`, `timers`. A host without systemd has no $unit; $links is
# `gives` or `takes` where a secondary is rebuilt by hard links.
# shellcheck disable=SC2086 # $unit_properties are options
# shellcheck disable=SC2010,SC2012 # names are counted, or PostgreSQL's
old_bin=
new_bin=
old_major=
new_major=
new_autoctl=
data=
parent=
new_data=
backup_data=
wal_next=
server_directories=
old_name=
copy_name=
home=
config_file=
state_file=
unit=
unit_properties=
mark_file=
throwaway=
links=
primary_host=
primary_port=
upstream=
upstream_port=
pid_file=
socket=
private_socket=
port=
superuser=
server_sql=
database_sql=
names_sql=
look_sql=

set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3
# Mount points are read from the kernel's table: a bind mount has the device of what is behind it, and stat tells nothing of it.
escaped() { case $1 in *[\\\ ]*) printf %s "$1" | sed 's/\\/\\134/g; s/ /\\040/g' ;; *) printf %s "$1" ;; esac; } # as mountinfo writes a path
mount_of() { # PATH: the mount point that it lies on
  at=$(escaped "$(readlink -f "$1")") awk 'BEGIN { at = ENVIRON["at"]; best = "/" }
    { if ($5 != "/" && index(at "/", $5 "/") == 1 && length($5) > length(best)) best = $5 } END { print best }' /proc/self/mountinfo 2>/dev/null
}
mounts() { # PATH: what is mounted on it and below it, for this user and for its server, which may have mounts of its own
  for info in /proc/self/mountinfo "/proc/$(head -n 1 "$1/postmaster.pid" 2>/dev/null)/mountinfo"; do
    [ -r "$info" ] && at=$(escaped "$1") awk 'BEGIN { at = ENVIRON["at"] } index($5 "/", at "/") == 1 { print $5 }' "$info" 2>/dev/null
  done | sort -u | sed 's/\\040/ /g; s/\\134/\\/g'
}
place() { # KEY PATH: its file system; of the nearest directory that exists
  p=$2; put "$1" "$2"
  while [ ! -e "$p" ] && [ "$p" != / ]; do p=$(dirname "$p"); done
  put "$1.device" "$(stat -c %d "$p" 2>/dev/null)"
  put "$1.mount" "$(mount_of "$p")"
  put "$1.free" "$(df -Pk "$p" 2>/dev/null | awk 'END {print $4}')"
}
sharedir() { # the new version's; pg_config may be in a package of its own
  s=$("$new_bin/pg_config" --sharedir 2>/dev/null) && [ -d "$s/extension" ] && { echo "$s"; return; }
  real=$(readlink -f "$new_bin/postgres"); b=$(dirname "$real")
  for s in "$b/../share" "$b/../share/postgresql" "$b/../../../../share/postgresql/$new_major"; do [ -d "$s/extension" ] && { echo "$s"; return; }; done
}
tablespace() { # NUMBER PLACE PARENT ASIDE: what would keep its old part from going aside, and a base backup from arriving
  place "tablespace.$1" "$2"
  put "tablespace.$1.parent" "$(stat -c %d "$3" 2>/dev/null)"
  readlink -f "$2" | text "tablespace.$1.real"
  ls -A "$2" 2>/dev/null | grep -v "^PG_${old_major}_" | text "tablespace.$1.foreign"
  [ -n "$copy_name" ] && [ -e "$4/$copy_name" ] && sed -n 's/^system=//p' "$4/$copy_name/$mark_file" 2>/dev/null | text "tablespace.$1.copy"
  [ -n "$(ls -A "$4/$old_name" 2>/dev/null)" ] || { [ -e "$4" ] && [ ! -w "$4" ]; } && put "tablespace.$1.taken" yes
}
ask() { # DATABASE STATEMENT
  sql "$1" -X -v ON_ERROR_STOP=1 -h "$socket" -p "$port" -U "$superuser" -Atq -c "$2" 2>/dev/null </dev/null
}

error() { # DATABASE: why no session of ours gets an answer there
  sql "$1" -X -h "$socket" -p "$port" -U "$superuser" -Atq -c "$database_sql" 2>&1 >/dev/null </dev/null | head -n 3 | cut -c -300
}

refused() { # why pg_autoctl would not be let in on the primary before a base backup: it has no password there but that of ~/.pgpass or of its own surroundings
  tr '\000' '\n' 2>/dev/null <"/proc/$(head -n 1 "$pid_file" 2>/dev/null)/environ" | grep -q '^PGPASS' && return
  d=$(sed -n 's/^dbname *= *//p' "$config_file" 2>/dev/null | head -n 1)
  s=$(sed -n 's/^sslmode *= *//p' "$config_file" 2>/dev/null | head -n 1); case $s in verify-*) s=require ;; esac
  export PGSSLMODE="${s:-prefer}"
  sql "${d:-postgres}" -w -X -h "$upstream" -p "$upstream_port" -U pgautofailover_replicator -Atqc 'select 1' 2>&1 >/dev/null </dev/null |
    grep -E 'no password supplied|authentication failed|no pg_hba.conf entry|pg_hba.conf rejects' | head -n 1 | cut -c -300
}

entries() { # what lies at the top of the data directory and is no directory of the server's: kilobytes, where du can tell, and name
  set --
  for f in "$data"/* "$data"/.[!.]*; do
    [ -e "$f" ] || [ -L "$f" ] || continue
    [ $# -lt 200 ] || break
    n=${f##*/}; case " $server_directories " in *" $n "*) continue ;; esac
    # files by one program, below: a process costs more than everything else here
    case $n in *[[:cntrl:]]*) ;; *) [ -L "$f" ] || [ ! -f "$f" ] || { set -- "$@" "$n"; continue; } ;; esac
    kb=$(timeout 5 du -sk "$f" 2>/dev/null) || kb=
    printf '%s %s\n' "${kb%%[!0-9]*}" "$(printf %s "$n" | tr -d '\000-\037\177')"
  done
  [ $# -eq 0 ] || (cd "$data" && ls -dsk -- "$@") 2>/dev/null | sed 's/^ *//'
}

[ -z "$look_sql" ] || ask postgres "$look_sql" | text look # the other is the last thing
# Every program that the runbook or pg_autoctl calls from the new directory, beyond those without which there are no facts.
for tool in postgres initdb pg_upgrade pg_ctl pg_controldata pg_resetwal pg_dump pg_dumpall pg_restore pg_basebackup pg_rewind \
  pg_isready psql vacuumdb pg_config; do [ -x "$new_bin/$tool" ] || printf '%s\n' "$tool"; done | text tools
"$new_autoctl" version 2>&1 | text autoctl
s=$(sharedir); if [ -n "$s" ]; then put sharedir "$s"; ls "$s/extension" 2>/dev/null | sed -n "s/\.control$//p" | text extensions; fi
place data "$data"
put data.type "$(stat -f -c %T "$data" 2>/dev/null)"
place parent "$parent"
place new_place "$new_data"
place wal "$(readlink -f "$data/pg_wal")"
[ -w "$parent" ] && put parent_writable yes
[ -r "$state_file" ] && put state_layout "$(od -An -v -t d4 -N 4 "$state_file" | tr -d ' ')" && put state_bytes "$(($(wc -c <"$state_file")))"
mounts "$data" | text mounts
if [ -L "$data/pg_wal" ]; then
  put wal_link yes; above=$(dirname "$(readlink -f "$data/pg_wal")")
  place wal_parent "$above"; [ -w "$above" ] && put wal_parent_writable yes
  [ -n "$wal_next" ] && { [ -e "$wal_next" ] || [ -L "$wal_next" ]; } && put wal_next_there yes
fi
put wal_bytes "$(du -skL "$data/pg_wal" 2>/dev/null | cut -f1)"
grep -qs ':C500 [^ ]* 0A' /proc/net/tcp /proc/net/tcp6 && put upgrade_port busy
for f in "$private_socket/.s.PGSQL.50432" "$home/.s.PGSQL.50432"; do [ -S "$f" ] && put upgrade_port busy; done
entries | head -n 200 | text entries
for f in postgresql.conf pg_hba.conf pg_ident.conf; do [ ! -L "$data/$f" ] || printf '%s\n' "$f"; done | text linked
n=$new_data
if [ ! -d "$n" ]; then put new absent
elif [ ! -r "$n/PG_VERSION" ]; then put new other; put new.entries "$(ls -A "$n" 2>/dev/null | wc -l)"
else put new cluster; put new.major "$(head -n 1 "$n/PG_VERSION")"; "$new_bin/pg_controldata" -D "$n" 2>/dev/null | text new.control
  put new.databases "$(ls "$n/base" 2>/dev/null | awk '/^[0-9]+$/ && $1 >= 16384' | wc -l)"
  [ -f "$n/$mark_file" ] && [ ! -L "$n/$mark_file" ] && sed -n 's/^system=//p' "$n/$mark_file" | head -n 1 | text new.made_for
  pid=$(head -n 1 "$n/postmaster.pid" 2>/dev/null) && [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$n" ] && put new.running yes
fi
[ -e "$backup_data" ] && put backup_there yes
if [ -e "$throwaway" ]; then
  read -r pid start <"$throwaway/owner" 2>/dev/null || pid=none
  [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "${start:-none}" ] || printf '%s\n' "$throwaway"
fi | text left_behind
"$old_bin/pg_controldata" -D "$data" 2>/dev/null | text control
[ -n "$unit" ] && systemctl show $unit_properties "$unit" 2>/dev/null | text unit
unit_files | text unit_unreadable
[ -n "$unit" ] && dependents "$unit" | text dependents
put username "$(sed -n 's/^username *= *//p' "$config_file" 2>/dev/null | head -n 1)"
put rate "$(sed -n 's/^maximum_backup_rate *= *//p' "$config_file" 2>/dev/null | head -n 1)"
b=$(sed -n 's/^backup_directory *= *//p' "$config_file" 2>/dev/null | head -n 1); [ -n "$b" ] && place backup "$b" && put backup_entries "$(ls -A "$b" 2>/dev/null | wc -l)"
for c in /sys/class/net/*; do [ "${c##*/}" != lo ] && [ "$(cat "$c/operstate" 2>/dev/null)" = up ] && cat "$c/speed" 2>/dev/null; done | awk '$1 > 0' | sort -n | head -n 1 | text link
{ crontab -l 2>/dev/null | sed 's|^|crontab of postgres: |'
  for f in /etc/crontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* /etc/monit/monitrc /etc/monitrc /etc/monit.d/* /etc/monit/conf.d/* /etc/monit/conf-enabled/*; do [ -f "$f" ] && [ -r "$f" ] && sed "s|^|$f: |" "$f"; done
  timers
} | concerns "$unit" | head -n 20 | text cron
keeper
[ -n "$upstream" ] && refused | text refused
backup_ages | sort -n | head -n 1 | text backup_age
tablespaces
if [ -n "$links" ]; then
  put transfer asked
  put transfer.rsync "$(rsync --version 2>/dev/null | sed -n 's/^rsync  *version \([0-9.]*\).*/\1/p' | head -n 1)"
fi
if [ "$links" = takes ]; then
  for tool in ssh ssh-keygen; do command -v "$tool" >/dev/null 2>&1 || printf '%s\n' "$tool"; done | text transfer.missing
  # sshd is asked with no host key known: it is reached if ssh says that it does not trust the key; nobody logs in
  ssh -F none -o BatchMode=yes -o ConnectTimeout=5 -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null \
    -p "$primary_port" -- "$primary_host" true 2>&1 </dev/null | tail -n 1 | text transfer.sshd
fi
if [ -S "$socket/.s.PGSQL.$port" ]; then
  # a database postgres that is gone is told like any other, by what the server says in template1
  in=postgres; server=$(ask $in "$server_sql") || { in=template1; server=$(ask $in "$server_sql"); }; printf '%s\n' "$server" | text server
  names=$(ask $in "$names_sql"); printf '%s\n' "$names" | text names
  printf '%s\n' "$names" | while IFS= read -r database; do [ -n "$database" ] || continue # a database's answer, or why there is none, each on a line
    if answer=$(ask "$database" "$database_sql"); then printf %s "$answer"; else error "$database"; fi | tr '\n' ' '; echo
  done | text databases
  [ -z "$look_sql" ] || { sleep 1; ask $in "$look_sql" | text looked; }
fi
put end yes
