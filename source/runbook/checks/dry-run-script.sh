# shellcheck shell=sh
# The dry run on one host, as postgres: the new version's programs, tried in a throwaway cluster beside the data directory. What each section
# prints, its exit code and its time are read by cluster/checks/sections.ts. What it is for: dry-run-script.ts.
# From dry-run-script.ts: `kin`, `old_psql`, `throwaway_initdb`; with $upgraded (the primary, the monitor) also `new_psql`, `new_pg_dump`,
# `new_pg_dumpall`, `new_pg_restore`, `check_upgrade`, `upgrade_causes`, `configuration_script`.
# With $keep the new directory is made and kept, by `new_cluster_script`. $t is the throwaway's directory, $sock where its servers have their sockets.
# shellcheck disable=SC2015 # a section that cannot begin ends the script
# shellcheck disable=SC2016 # '$libdir' is PostgreSQL's
# shellcheck disable=SC2034 # $old_bin is read by `old_psql`
# shellcheck disable=SC2086 # lists of process ids
t=
sock=
old_bin=
new_bin=
new_data=
socket=
port=
superuser=
upgraded=
keep=
options=
settings=
preloaded_sql=
configured_sql=
used_sql=
names_sql=
not_loaded=

set -u
export LC_ALL=C PGCONNECT_TIMEOUT=10 PGOPTIONS="$options"
umask 077
ms() { date +%s%3N; }
section() { # NAME COMMAND...: what it prints, indented, then its exit code and how long it took
  name=$1; shift; began=$(ms); rc=0
  "$@" >"$t/said" 2>&1 </dev/null || rc=$?
  tail -c 200000 "$t/said" | tr '\r' ' ' | sed 's/^/   /'
  printf '\n== %s: exit %s, %s ms\n' "$name" "$rc" "$(($(ms) - began))"
  return $rc
}

# What takes everything away again, and the lock.
inside() { # DIRECTORY: the processes that work in it, except this shell and its parents
  for p in /proc/[0-9]*; do
    [ "${p#/proc/}" = $$ ] && continue
    d=$(readlink "$p/cwd" 2>/dev/null) || continue
    case $d in "$1" | "$1"/* | "$1 (deleted)") printf '%s\n' "${p#/proc/}" ;; esac
  done
}
stray() { # a server that pg_upgrade has started in the new directory that was made for this cluster, and was kept from stopping
  kin "$new_data" || return 0
  pid=$(head -n 1 "$new_data/postmaster.pid" 2>/dev/null) || return 0
  [ "$(sed -n 4p "$new_data/postmaster.pid")" = 50432 ] || return 0 # a person's own has another port
  [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$new_data" ] && printf '%s\n' "$pid"
  return 0
}
take_away() {
  cd /
  for tries in 1 2 3 4 5 6 7 8 9 10; do
    found=$(inside "$t"; stray)
    [ -n "$found" ] || break
    kill -QUIT $found 2>/dev/null; sleep 0.1
    [ "$tries" -lt 5 ] || kill -KILL $found 2>/dev/null
  done
  # what tells that it is a check's goes last
  for one in "$t"/*; do [ "$one" = "$t/owner" ] || rm -rf "$one"; done
  rm -rf "$t" "$sock"
}
owner_lives() { # the check that made the directory: its process is there, and is the same
  read -r pid start <"$t/owner" 2>/dev/null || return 1
  [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "$start" ]
}
waits=0
while [ -e "$t" ] && { owner_lives || { [ ! -e "$t/owner" ] && [ -z "$(find "$t" -maxdepth 0 -mmin +1)" ] && [ $waits -lt 5 ]; }; }; do
  [ $waits -gt 0 ] || echo '   another check is at work here: waiting for its end'
  waits=$((waits + 1)); sleep 1
done
began=$(ms)
begin() { # CODE WORDS
  [ -z "$2" ] || printf '%s\n' "$2" | sed 's/^/   /'
  printf '== begin: exit %s, %s ms\n' "$1" "$(($(ms) - began))"
  [ "$1" = 0 ] || exit 1
}
if [ -e "$t" ]; then
  # a check that was killed before it had written whose it is has left it empty
  [ -e "$t/owner" ] || rmdir "$t" 2>/dev/null || begin 1 "$t was not made by a check (no file owner in it): inspect it first, then move it away"
  echo "   $t was left behind by an interrupted check: removed"; take_away
fi
error=$(mkdir "$t" 2>&1) || begin 1 "$error"
trap take_away EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
error=$( { printf '%s %s\n' $$ "$(sed 's/.*) //' /proc/$$/stat | cut -d' ' -f20)" >"$t/owner" && mkdir "$sock"; } 2>&1) || begin 1 "$error"
[ "$(df -Pk "$t" | awk 'END {print $4}')" -ge 307200 ] || begin 1 'less than 300 MB are free: nothing can be tried'
begin 0 ''
cd "$t" || exit 1

keep_new_directory() {
  if [ -L "$new_data" ] || { [ -e "$new_data" ] && [ -n "$(ls -A "$new_data")" ]; }; then echo "$new_data is there already"; return 0; fi
  new_cluster_script >"$t/new-cluster.sh" && sh "$t/new-cluster.sh"
}

# Every library that the server uses, alone in single-user mode: a preloaded one as the configuration does it, any other by LOAD.
ask() { # DATABASE SQL: of the server that runs
  old_psql "$1" -X -v ON_ERROR_STOP=1 -h "$socket" -p "$port" -U "$superuser" -Atq -c "$2"
}
libraries() {
  ask postgres "$preloaded_sql" >"$t/preloaded" || return 1
  { ask postgres "$configured_sql" || return 1
    echo '$libdir/plpgsql'
    ask postgres "$names_sql" >"$t/names" || return 1
    while IFS= read -r database; do ask "$database" "$used_sql" </dev/null || return 1; done <"$t/names"
  } >"$t/used" || return 1
  bad=0
  while IFS= read -r library; do
    said=$(echo 'select 1' | "$new_bin/postgres" --single -D "$t/new" -c shared_preload_libraries="$library" template1 2>&1)
    judge "$library" "$said"
  done <"$t/preloaded"
  sort -u "$t/used" | grep -vxF -e "$not_loaded" >"$t/others"
  while IFS= read -r library; do
    said=$(printf "LOAD '%s'\n" "$(printf %s "$library" | sed "s/'/''/g")" | "$new_bin/postgres" --single -D "$t/new" template1 2>&1)
    judge "$library" "$said"
  done <"$t/others"
  return $bad
}
judge() { # LIBRARY WHAT-THE-SERVER-SAID
  if reason=$(printf '%s\n' "$2" | grep -E -m 1 '(ERROR|FATAL|PANIC): '); then
    printf 'library %s does not load: %s\n' "$1" "$(printf %s "$reason" | sed -E 's/^.*(ERROR|FATAL|PANIC): +//')"; bad=1
  else echo "library $1 loads"; fi
}

# With the new directory where one was made for this cluster, so that what was made for the window is what is checked; else with the
# throwaway. Somebody else's is not given to pg_upgrade: it starts the new server, with fsync=off.
pg_upgrade_check() {
  at=$t/new
  if kin "$new_data" && [ -e "$new_data/PG_VERSION" ]; then at=$new_data; fi
  check_upgrade "$at" && return 0
  upgrade_causes "$at"
  return 1
}

# The whole schema, dumped by the new pg_dump from the server that runs and restored into the throwaway, as pg_upgrade does it.
dump_globals() {
  new_pg_dumpall postgres -h "$socket" -p "$port" -U "$superuser" --globals-only --quote-all-identifiers --binary-upgrade \
    --no-role-passwords --no-tablespaces --no-sync -f "$t/globals.sql"
}
databases() {
  new_psql postgres -X -h "$socket" -p "$port" -U "$superuser" -v ON_ERROR_STOP=1 -Atq \
    -c "$names_sql" >"$t/databases"
}
start_throwaway() {
  printf '%s\n' "$settings" >>"$t/new/postgresql.conf"
  "$new_bin/pg_ctl" -D "$t/new" -w -t 120 -l "$t/server.log" -o -b start || { tail -n 20 "$t/server.log"; return 1; }
}
restore_globals() { new_psql template1 -X -q -h "$sock" -p 50432 -U "$superuser" -v ON_ERROR_STOP=1 -f "$t/globals.sql"; }
dump_one() { # NUMBER
  echo "database $database"
  new_pg_dump "$database" -h "$socket" -p "$port" -U "$superuser" --schema-only --quote-all-identifiers --binary-upgrade --no-tablespaces \
    --lock-wait-timeout=5000 --format=custom --no-sync --file="$t/dump.$1"
}
restore_one() { # NUMBER
  echo "database $database"
  dump=$t/dump.$1
  set -- -h "$sock" -p 50432 -U "$superuser" --exit-on-error --no-tablespaces --create
  case $database in
    template1) new_pg_restore "$@" --clean --dbname=postgres "$dump" ;;
    postgres) new_pg_restore "$@" --clean --dbname=template1 "$dump" ;;
    *) new_pg_restore "$@" --dbname=template1 "$dump" ;;
  esac
}
restore_all() {
  section 'dump globals' dump_globals || return 0
  section databases databases || return 0
  section start start_throwaway || return 0
  section 'restore globals' restore_globals || return 0
  n=0
  while IFS= read -r database; do
    n=$((n + 1))
    section "dump $n" dump_one "$n" || return 0
    section "restore $n" restore_one "$n" || return 0
    rm -f "$t/dump.$n"
  done <"$t/databases"
  section stop "$new_bin/pg_ctl" -D "$t/new" -m immediate stop
}

disk() { dd if=/dev/zero of="$t/speed" bs=1M count=64 conv=fsync 2>&1; rc=$?; rm -f "$t/speed"; return $rc; }

section initdb throwaway_initdb || exit 1
[ -z "$keep" ] || section prepare keep_new_directory
section libraries libraries
if [ -n "$upgraded" ]; then
  section 'pg upgrade' pg_upgrade_check
  configuration_script >"$t/configuration.sh"
  section configuration sh "$t/configuration.sh"
  rm -rf "$t/configuration"
  restore_all
fi
section disk disk
section end true
