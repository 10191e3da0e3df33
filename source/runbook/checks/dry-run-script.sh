# shellcheck shell=sh
# The dry run on one host, as postgres: the new version's programs, tried in a throwaway cluster beside the data directory. What each section
# prints, its exit code and its time are read by cluster/checks/sections.ts. What it is for: dry-run-script.ts.
# From dry-run-script.ts: `kin`, `old_psql`, `throwaway_initdb`, `carry_script`; with $upgraded (the primary, the monitor) also `new_psql`,
# `new_pg_dump`, `new_pg_dumpall`, `new_pg_restore`, `check_upgrade`, `upgrade_causes`.
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
data=
socket=
port=
superuser=
upgraded=
keep=
options=
settings=
trial_settings=
preloaded_sql=
configured_sql=
used_sql=
names_sql=
updates_sql=
statistics_sql=

set -u
export LC_ALL=C PGCONNECT_TIMEOUT=10 PGOPTIONS="$options"
umask 077
tab=$(printf '\t')
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

# Every library that the server uses, in single-user mode: the preloaded ones as the configuration does it, in its order, because one may want
# another before it; any other by LOAD, beside those, because it may insist on them. $good: those that can be preloaded.
good=
ask() { # DATABASE SQL: of the server that runs
  old_psql "$1" -X -v ON_ERROR_STOP=1 -h "$socket" -p "$port" -U "$superuser" -Atq -c "$2"
}
single() { # reads statements; no library's background workers
  "$new_bin/postgres" --single -D "$t/new" -c max_worker_processes=0 -c shared_preload_libraries="$good" template1 2>&1
}
refused() { grep -Eq '(ERROR|FATAL|PANIC): '; } # the server, in what it says
first=postgres # the database in which the server is asked: it may be gone, and is told by another check
libraries() {
  ask $first "$preloaded_sql" >"$t/all-preloaded" 2>/dev/null || { first=template1; ask $first "$preloaded_sql" >"$t/all-preloaded"; } || return 1
  # only names that stay one word within the options of pg_upgrade's servers, which two shells read
  grep -vx '[A-Za-z0-9_./+-]*' "$t/all-preloaded" | sed 's/^/not tried, because of its name: library /'
  grep -x '[A-Za-z0-9_./+-]*' "$t/all-preloaded" >"$t/preloaded"
  { ask $first "$configured_sql" || return 1
    echo '$libdir/plpgsql'
    ask $first "$names_sql" >"$t/names" || return 1
    while IFS= read -r database; do ask "$database" "$used_sql" </dev/null || return 1; done <"$t/names"
  } >"$t/used" || return 1
  bad=0
  good=$(paste -sd, "$t/preloaded")
  if [ -n "$good" ]; then
    if ! echo 'select 1' | single | refused; then sed 's/.*/library & loads/' "$t/preloaded"
    else
      good=
      while IFS= read -r library; do
        before=$good; good=$good${good:+,}$library
        judge "$library" "$(echo 'select 1' | single)" || good=$before
      done <"$t/preloaded"
    fi
  fi
  sort -u "$t/used" >"$t/others"
  while IFS= read -r library; do
    judge "$library" "$(printf "LOAD '%s'\n" "$(printf %s "$library" | sed "s/'/''/g")" | single)"
  done <"$t/others"
  return $bad
}
judge() { # LIBRARY WHAT-THE-SERVER-SAID
  if reason=$(printf '%s\n' "$2" | grep -E -m 1 '(ERROR|FATAL|PANIC): '); then
    printf 'library %s does not load: %s\n' "$1" "$(printf %s "$reason" | sed -E 's/^.*(ERROR|FATAL|PANIC): +//')"; bad=1; return 1
  fi
  echo "library $1 loads"
}

# A server of the new version with the whole configuration, carried as the window carries it, and what lies elsewhere as it is on this host;
# in the environment that the server has now. What it must not touch, and what would want the memory twice, is set otherwise.
carry() {
  # without the databases, whose nearly all files are: a server that nobody connects to opens none of them
  mkdir "$t/carried" "$t/carried/base" || return 1
  for one in "$t/new"/*; do [ "${one##*/}" = base ] || cp -pR "$one" "$t/carried/" || return 1; done
  carry_script >"$t/carry.sh" && sh "$t/carry.sh" && apart || return 1
  printf "\ndata_directory = '%s'\n" "$(printf %s "$t/carried" | sed "s/'/''/g")" >>"$t/carried/postgresql.conf"
}
# Symbolic links lead to the files that the running server reads: what is written into here becomes a copy, the rest stays readable from here.
apart() {
  for one in "$t/carried"/*; do
    [ -L "$one" ] || continue
    from=$(readlink -f "$data/${one##*/}") || continue
    case ${one##*/} in
      postgresql.conf | postgresql.auto.conf) rm -f "$one" && cp -p "$from" "$one" && chmod u+w "$one" || return 1 ;;
      *) ln -sfn "$from" "$one" || return 1 ;;
    esac
  done
}
huge_pages() { # the new version needs some more of them than the old one, which has its own as long as it runs
  now=$(ask $first "select current_setting('huge_pages') || ' ' || coalesce(current_setting('shared_memory_size_in_huge_pages', true), '')" 2>/dev/null) || return 0
  held=${now#on }; case $held in '' | *[!0-9]*) return 0 ;; esac
  need=$("$new_bin/postgres" -D "$t/carried" -C shared_memory_size_in_huge_pages 2>/dev/null) || return 0
  case $need in '' | *[!0-9]*) return 0 ;; esac
  free=$(awk '/^HugePages_Free:/ {free = $2} /^HugePages_Rsvd:/ {reserved = $2} END {print free - reserved}' /proc/meminfo 2>/dev/null)
  [ "$need" -gt "$((held + ${free:-0}))" ] || return 0
  echo "FATAL:  huge_pages is on, and the new version needs $need huge pages: $((held + ${free:-0})) are there, the $held of the running server included"
  return 1
}
start_trial() {
  printf '\n%s\n' "$trial_settings" >>"$t/carried/postgresql.auto.conf"
  pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null)
  if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ] && [ -r "/proc/$pid/environ" ]; then
    grep -az '^[A-Za-z_][A-Za-z0-9_]*=' "/proc/$pid/environ" |
      xargs -0 sh -c 'bin=$1 data=$2 log=$3; shift 3; exec env "$@" LC_ALL=C "$bin/pg_ctl" -D "$data" -w -t 60 -l "$log" start' sh \
        "$new_bin" "$t/carried" "$t/carried.log" >"$t/carried.said" 2>&1
  else "$new_bin/pg_ctl" -D "$t/carried" -w -t 60 -l "$t/carried.log" start >"$t/carried.said" 2>&1; fi
}
started=
configuration() {
  carry && huge_pages || return 1
  if ! start_trial; then
    # what it says before it has read log_line_prefix begins with a time of its own
    if [ -s "$t/carried.log" ]; then tail -n 60 "$t/carried.log" | sed -E 's/^[0-9]{4}(-[0-9]{2}){2} [0-9:.]+ [^ ]+ [[][0-9]+[]] //'; else cat "$t/carried.said"; fi
    return 1
  fi
  "$new_bin/pg_ctl" -D "$t/carried" -m immediate stop >/dev/null
  echo 'the new version starts with it'; started=yes
}
# A name map that cannot be read keeps no server from starting: nobody is let in by it. What else it reads so had to be in order.
name_maps() { [ -z "$started" ] || ! grep -B 1 -A 1 -E 'of configuration file|pg_ident' "$t/carried.log"; }

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
  new_pg_dumpall $first -h "$socket" -p "$port" -U "$superuser" --globals-only --quote-all-identifiers --binary-upgrade \
    --no-role-passwords --no-tablespaces --no-sync -f "$t/globals.sql"
}
databases() {
  new_psql $first -X -h "$socket" -p "$port" -U "$superuser" -v ON_ERROR_STOP=1 -Atq \
    -c "$names_sql" >"$t/databases"
}
start_throwaway() {
  printf "%s\nshared_preload_libraries = '%s'\n" "$settings" "$good" >>"$t/new/postgresql.conf"
  "$new_bin/pg_ctl" -D "$t/new" -w -t 120 -l "$t/server.log" -o -b start || { tail -n 20 "$t/server.log"; return 1; }
}
restore_globals() { new_psql template1 -X -q -h "$sock" -p 50432 -U "$superuser" -v ON_ERROR_STOP=1 -f "$t/globals.sql"; }
dump_one() { # NUMBER
  echo "database $database"
  dump_schema "$database" -h "$socket" -p "$port" -U "$superuser" --quote-all-identifiers --binary-upgrade --no-tablespaces \
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
  # as it is after pg_upgrade: what begins there is no part of a binary upgrade
  section restart restart_throwaway || return 0
  n=0
  while IFS= read -r database; do
    n=$((n + 1))
    section "update $n" update_extensions
    section "statistics $n" try_statistics
  done <"$t/databases"
  section stop "$new_bin/pg_ctl" -D "$t/new" -m immediate stop
}
restart_throwaway() { # a restart would keep the options
  "$new_bin/pg_ctl" -D "$t/new" -w -t 120 -m fast stop >/dev/null &&
    "$new_bin/pg_ctl" -D "$t/new" -w -t 120 -l "$t/server.log" start || { tail -n 20 "$t/server.log"; return 1; }
}
throwaway_psql() { new_psql "$database" -X -h "$sock" -p 50432 -U "$superuser" -v ON_ERROR_STOP=1 -Atq "$@" </dev/null; }
# Each by itself, as in the window: what one refuses does not keep another.
update_extensions() {
  printf 'database\t%s\n' "$database"; bad=0
  throwaway_psql -F "$tab" -c "$updates_sql" >"$t/updates" || return 1
  while IFS="$tab" read -r extension from to statement; do
    said=$(throwaway_psql -c "$statement" 2>&1) && continue
    case $said in *'could not open file'*) continue ;; esac # it would change rows, which are not here
    printf 'extension\t%s\t%s\t%s\t%s\t%s\n' "$extension" "$from" "$to" "$statement" "$(printf %s "$said" | tr '\n\t' '  ')"; bad=1
  done <"$t/updates"
  return $bad
}
try_statistics() {
  printf 'database\t%s\n' "$database"
  throwaway_psql -c "$statistics_sql" >"$t/tried" 2>&1 || { cat "$t/tried"; return 1; }
  ! sed -n "s/^INFO:  statistics$tab/statistics$tab/p" "$t/tried" | grep .
}

disk() { dd if=/dev/zero of="$t/speed" bs=1M count=64 conv=fsync 2>&1; rc=$?; rm -f "$t/speed"; return $rc; }

section initdb throwaway_initdb || exit 1
[ -z "$keep" ] || section prepare keep_new_directory
section libraries libraries
section configuration configuration
section 'name maps' name_maps
rm -rf "$t/carried"
if [ -n "$upgraded" ]; then
  section 'pg upgrade' pg_upgrade_check
  restore_all
fi
section disk disk
section end true
