════ P.node_2.room
set -eu
export LC_ALL=C
umask 077
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
idle() ( # DIRECTORY...: nothing runs in them, nobody has them open; else it says who
  real=
  for dir in "$@"; do
    [ -d "$dir" ] || continue
    real=$(printf '%s\n%s' "$real" "$(readlink -f -- "$dir")")
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    pid=${pid#-}
    case $pid in *[!0-9]*) continue ;; esac
    [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = "$(stat -c %u "$dir/postmaster.pid")" ] || continue
    echo "$dir/postmaster.pid names process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which is alive: stop it first" >&2
    exit 1
  done
  [ -n "$real" ] || exit 0
  open=$(set -- /proc/[0-9]*/fd /proc/[0-9]*/cwd; for wait in 0.1 0.4 0.5 1 1 ""; do
    open=$(find "$@" -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
      BEGIN { n = split(ENVIRON["real"], real, "\n") }
      { path = substr($0, index($0, " ") + 1)
        for (i = 2; i <= n; i++) if (path == real[i] || index(path, real[i] "/") == 1) { split($0, part, "/"); held[part[3]] = path } }
      END { for (pid in held) print pid, held[pid] }')
    # gone in a moment is whoever passes by; asked again are those who were found
    [ -n "$open" ] && [ -n "$wait" ] || break
    sleep $wait
    set --; for pid in $(printf '%s\n' "$open" | cut -d ' ' -f 1); do set -- "$@" "/proc/$pid/fd" "/proc/$pid/cwd"; done
  done; printf %s "$open")
  [ -n "$open" ] || exit 0
  printf '%s\n' "$open" | head -n 3 | while read -r pid path; do
    echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first" >&2
  done
  exit 1
)
room() { # DIRECTORY: sets free and reserve, kilobytes
  room=$(df -Pk "$1" | awk 'END { print $2, $4 }')
  free=${room#* } reserve=$((${room% *} / 20))
  [ "$reserve" -ge 1048576 ] || reserve=1048576
  [ "$reserve" -le 10485760 ] || reserve=10485760
}
root=/var/lib/pgsql/pgaf-upgrade-rehearsal.data
if [ -L "$root" ] || { [ -e "$root" ] && ! kin "$root" && [ -n "$(find "$root" -mindepth 1 ! -name .pgaf-upgrade.new)" ]; }; then
  echo "$root is there and has no marker file of a rehearsal of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it, and move it away" >&2; exit 1
fi
if [ -e "$root" ]; then
  for left in $(grep -lsF -- --pgdata=/var/lib/pgsql/pgaf-upgrade-rehearsal.data/data /proc/[0-9]*/cmdline | cut -d / -f 3); do
    [ "$(cat "/proc/$left/comm" 2>/dev/null || true)" = pg_basebackup ] || continue
    echo "an earlier base backup, process $left, is ended"
    kill "$left" 2>/dev/null || true
    tries=100; while [ -e "/proc/$left" ] && ! grep -qs '^State:[[:blank:]]*Z' "/proc/$left/status" && [ "$tries" -gt 0 ]; do tries=$((tries - 1)); sleep 0.1; done
  done
  for dir in "$root"/data "$root"/data_pg*; do
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    case $pid in '' | *[!0-9]*) continue ;; esac
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null || true)" = "$(readlink -f "$dir")" ] || continue
    echo "the server on $dir is ended"
    kill -INT "$pid" || true
    left=60; while [ -e "/proc/$pid" ] && [ "$left" -gt 0 ]; do left=$((left - 1)); [ "$left" -ne 30 ] || kill -QUIT "$pid" 2>/dev/null || true; sleep 1; done
  done
  idle "$root"
  find "$root" -mindepth 1 -maxdepth 1 ! -name .pgaf-upgrade -exec rm -rf -- '{}' +
  rm -f -- "$root"/.pgaf-upgrade; rmdir -- "$root"
  echo "removed $root"
fi
rm -rf -- /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6
[ -z "$(ls -A /var/lib/pgsql/data/pg_tblspc)" ] || { echo 'the cluster has tablespaces: their parts would have to be copied to other places, which a rehearsal does not do' >&2; exit 1; }
kilobytes() { du -sk "$1" 2>/dev/null | cut -f 1; }
data=$(kilobytes /var/lib/pgsql/data || true) wal=$(kilobytes /var/lib/pgsql/data/pg_wal || true) log=$(kilobytes /var/lib/pgsql/data/log || true)
data=$((${data:-0} - ${wal:-0} - ${log:-0})); [ "$data" -gt 0 ] || { echo 'the size of /var/lib/pgsql/data cannot be read' >&2; exit 1; }
# the server's own logs are copied with the rest, once, and carried no further
need=$((data / 100 * 115 + ${log:-0} + 409600))
room /var/lib/pgsql
echo "the data take $((data / 1024)) MB, the rehearsal $((need / 1024)) MB at most; $((free / 1024)) MB are free, of which $((reserve / 1024)) MB stay free"
[ "$free" -ge $((need + reserve)) ] || { echo '/var/lib/pgsql on node_2 has no room for a rehearsal:' "$(((need + reserve - free) / 1024)) MB are missing. Free them, or choose another host: --host NODE" >&2; exit 1; }
mkdir -m 700 "$root"; own "$root"
mkdir -p /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done
echo "$data" > /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/kilobytes-"$data"
mkdir -p /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/of-20261123T014800Z-1a2b && { sync -- /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/of-20261123T014800Z-1a2b /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done || sync; }

════ P.node_2.copy
set -eu
export LC_ALL=C
umask 077
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
room() { # DIRECTORY: sets free and reserve, kilobytes
  room=$(df -Pk "$1" | awk 'END { print $2, $4 }')
  free=${room#* } reserve=$((${room% *} / 20))
  [ "$reserve" -ge 1048576 ] || reserve=1048576
  [ "$reserve" -le 10485760 ] || reserve=10485760
}
idle() ( # DIRECTORY...: nothing runs in them, nobody has them open; else it says who
  real=
  for dir in "$@"; do
    [ -d "$dir" ] || continue
    real=$(printf '%s\n%s' "$real" "$(readlink -f -- "$dir")")
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    pid=${pid#-}
    case $pid in *[!0-9]*) continue ;; esac
    [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = "$(stat -c %u "$dir/postmaster.pid")" ] || continue
    echo "$dir/postmaster.pid names process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which is alive: stop it first" >&2
    exit 1
  done
  [ -n "$real" ] || exit 0
  open=$(set -- /proc/[0-9]*/fd /proc/[0-9]*/cwd; for wait in 0.1 0.4 0.5 1 1 ""; do
    open=$(find "$@" -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
      BEGIN { n = split(ENVIRON["real"], real, "\n") }
      { path = substr($0, index($0, " ") + 1)
        for (i = 2; i <= n; i++) if (path == real[i] || index(path, real[i] "/") == 1) { split($0, part, "/"); held[part[3]] = path } }
      END { for (pid in held) print pid, held[pid] }')
    # gone in a moment is whoever passes by; asked again are those who were found
    [ -n "$open" ] && [ -n "$wait" ] || break
    sleep $wait
    set --; for pid in $(printf '%s\n' "$open" | cut -d ' ' -f 1); do set -- "$@" "/proc/$pid/fd" "/proc/$pid/cwd"; done
  done; printf %s "$open")
  [ -n "$open" ] || exit 0
  printf '%s\n' "$open" | head -n 3 | while read -r pid path; do
    echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first" >&2
  done
  exit 1
)
ours /var/lib/pgsql/pgaf-upgrade-rehearsal.data || { echo '/var/lib/pgsql/pgaf-upgrade-rehearsal.data has no marker file of this upgrade (.pgaf-upgrade, run=20261123T014800Z-1a2b): it may belong to somebody else. Inspect it first' >&2; exit 1; }
for left in $(grep -lsF -- --pgdata=/var/lib/pgsql/pgaf-upgrade-rehearsal.data/data /proc/[0-9]*/cmdline | cut -d / -f 3); do
  [ "$(cat "/proc/$left/comm" 2>/dev/null || true)" = pg_basebackup ] || continue
  echo "an earlier base backup, process $left, is ended"
  kill "$left" 2>/dev/null || true
  tries=100; while [ -e "/proc/$left" ] && ! grep -qs '^State:[[:blank:]]*Z' "/proc/$left/status" && [ "$tries" -gt 0 ]; do tries=$((tries - 1)); sleep 0.1; done
done
idle /var/lib/pgsql/pgaf-upgrade-rehearsal.data # nothing is removed under what still writes there
rm -rf /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data # of an earlier try
end_backup() { # with the process that fetches its WAL, which would go on without it
  them=
  for one in "$backup" $(grep -ls "^PPid:[[:blank:]]*$backup\$" /proc/[0-9]*/status | cut -d / -f 3); do
    them="$them $one"; kill "$one" 2>/dev/null || true
  done
  for one in $them; do while [ -e "/proc/$one" ] && ! grep -qs '^State:[[:blank:]]*Z' "/proc/$one/status"; do sleep 0.1; done; done
}
PGAPPNAME=pgaf-upgrade-rehearsal /opt/vmware/postgres/15/bin/pg_basebackup \
  --pgdata=/var/lib/pgsql/pgaf-upgrade-rehearsal.data/data \
  --host=/var/run/postgresql \
  --port=5432 \
  --username=postgres \
  --no-password --wal-method=stream --checkpoint=fast --no-manifest \
  --max-rate=100M \
  --label='pgaf-upgrade rehearse 20261123T014800Z-1a2b' \
  --progress --verbose &
backup=$!
trap end_backup EXIT
while kill -0 "$backup" 2>/dev/null; do
  room /var/lib/pgsql/pgaf-upgrade-rehearsal.data
  if [ "$free" -lt "$reserve" ]; then
    end_backup
    rm -rf /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data
    echo "only $((free / 1024)) MB are free, and $((reserve / 1024)) MB are to stay free for the server that serves: the base backup was ended, and what it had copied is removed" >&2; exit 1
  fi
  sleep 1
done
trap - EXIT
wait "$backup"
rm -f /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data/standby.signal
: > /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data/recovery.signal # what the backup needs of the WAL is replayed, and then it is a primary
mkdir -p /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6
echo 'local all all trust' > /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6/pg_hba.conf
cat >> /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data/postgresql.auto.conf <<'END-OF-SETTINGS'

# pgaf-upgrade rehearse: this copy is tried and removed, and acts on nothing outside
listen_addresses = ''
unix_socket_directories = '/var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6'
unix_socket_permissions = 0700
archive_mode = off
archive_command = ''
archive_cleanup_command = ''
recovery_end_command = ''
primary_conninfo = ''
primary_slot_name = ''
synchronous_standby_names = ''
max_worker_processes = 0
max_logical_replication_workers = 0
logging_collector = off
log_destination = stderr
external_pid_file = '/var/lib/pgsql/pgaf-upgrade-rehearsal.data/external.pid'
huge_pages = off
shared_buffers = 128MB
default_transaction_read_only = off
END-OF-SETTINGS
is=$(/opt/vmware/postgres/15/bin/postgres -D /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data -C data_directory)
[ "$(readlink -f "$is")" = "$(readlink -f /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data)" ] || { echo "its configuration names $is as data_directory: a server of the copy would be started on that" >&2; exit 1; }
mkdir -p /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/copy && { sync -- /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/copy /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done || sync; }

════ P.node_2.own
set -eu
export LC_ALL=C
umask 077
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
ours /var/lib/pgsql/pgaf-upgrade-rehearsal.data || { echo '/var/lib/pgsql/pgaf-upgrade-rehearsal.data has no marker file of this upgrade (.pgaf-upgrade, run=20261123T014800Z-1a2b): it may belong to somebody else. Inspect it first' >&2; exit 1; }
idle() ( # DIRECTORY...: nothing runs in them, nobody has them open; else it says who
  real=
  for dir in "$@"; do
    [ -d "$dir" ] || continue
    real=$(printf '%s\n%s' "$real" "$(readlink -f -- "$dir")")
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    pid=${pid#-}
    case $pid in *[!0-9]*) continue ;; esac
    [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = "$(stat -c %u "$dir/postmaster.pid")" ] || continue
    echo "$dir/postmaster.pid names process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which is alive: stop it first" >&2
    exit 1
  done
  [ -n "$real" ] || exit 0
  open=$(set -- /proc/[0-9]*/fd /proc/[0-9]*/cwd; for wait in 0.1 0.4 0.5 1 1 ""; do
    open=$(find "$@" -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
      BEGIN { n = split(ENVIRON["real"], real, "\n") }
      { path = substr($0, index($0, " ") + 1)
        for (i = 2; i <= n; i++) if (path == real[i] || index(path, real[i] "/") == 1) { split($0, part, "/"); held[part[3]] = path } }
      END { for (pid in held) print pid, held[pid] }')
    # gone in a moment is whoever passes by; asked again are those who were found
    [ -n "$open" ] && [ -n "$wait" ] || break
    sleep $wait
    set --; for pid in $(printf '%s\n' "$open" | cut -d ' ' -f 1); do set -- "$@" "/proc/$pid/fd" "/proc/$pid/cwd"; done
  done; printf %s "$open")
  [ -n "$open" ] || exit 0
  printf '%s\n' "$open" | head -n 3 | while read -r pid path; do
    echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first" >&2
  done
  exit 1
)
pid=$(head -n 1 /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data/postmaster.pid 2>/dev/null || true)
if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null || true)" = postgres ]; then
  # only the one that was started here is stopped: it answers in our own directory, and listens nowhere else
  said=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6 -p 5432 -U postgres -Atc 'select split_part(pg_read_file('\''postmaster.pid'\''), chr(10), 1) || '\''|'\'' || current_setting('\''data_directory'\'') || '\''|'\'' || current_setting('\''unix_socket_directories'\'') || '\''|'\'' || current_setting('\''listen_addresses'\'')' 2>&1 || true)
  where=${said#*|}; where=${where%%|*} # as data_directory in its configuration calls it
  { [ "$said" = "$pid|$where|"'/var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6|' ] && [ "$(readlink -f "$where" || true)" = "$(readlink -f /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data)" ]; } || { echo 'refused to stop the server on /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data: it is not the isolated one; asked in /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6 it says: '"$said" >&2; exit 1; }
  /opt/vmware/postgres/15/bin/pg_ctl --pgdata /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data --wait --timeout=3600 --mode=fast stop
fi
idle /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data
mkdir -p /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6
echo 'local all all trust' > /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6/pg_hba.conf
: > /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/copy-start.log # an earlier try's last lines are not this one's
/opt/vmware/postgres/15/bin/pg_ctl \
  --pgdata=/var/lib/pgsql/pgaf-upgrade-rehearsal.data/data \
  --wait --timeout=3600 \
  --log=/var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/copy-start.log \
  --options='-c listen_addresses='\'''\'' -c hot_standby=off -c restore_command=false -c recovery_target='\'''\'' -c recovery_target_name='\'''\'' -c recovery_target_time='\'''\'' -c recovery_target_xid='\'''\'' -c recovery_target_lsn='\'''\'' -c recovery_target_timeline=latest -c shared_preload_libraries='\'''\'' -c logging_collector=off -c log_destination=stderr -c hba_file=/var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6/pg_hba.conf -c unix_socket_permissions=0700' \
  start || { tail -n 20 /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/copy-start.log >&2; exit 1; }
# until the recovery is over nobody may connect, and pg_ctl does not wait for that
until PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6 -p 5432 -U postgres -Atc 'select' >/dev/null 2>&1; do
  /opt/vmware/postgres/15/bin/pg_ctl --pgdata /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data status >/dev/null || { tail -n 20 /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/copy-start.log >&2; exit 1; }
  sleep 0.5
done
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6 -p 5432 -U postgres -Atc 'select distinct database from pg_prepared_xacts' > /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/prepared
# their names are any text that a role has chosen, with line breaks: they never leave the server
while IFS= read -r database; do
  printf '%s\n' 'select format('\''rollback prepared %L'\'', gid) from pg_prepared_xacts where database = current_database()' '\gexec' | PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6 -p 5432 -U postgres
done < /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/prepared
rm /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/prepared
mkdir -p /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/own && { sync -- /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/own /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done || sync; }

════ Y.node_2.stop
set -eu
export LC_ALL=C
pid=$(head -n 1 /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data/postmaster.pid 2>/dev/null || true)
if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null || true)" = postgres ]; then
  # only the one that was started here is stopped: it answers in our own directory, and listens nowhere else
  said=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6 -p 5432 -U postgres -Atc 'select split_part(pg_read_file('\''postmaster.pid'\''), chr(10), 1) || '\''|'\'' || current_setting('\''data_directory'\'') || '\''|'\'' || current_setting('\''unix_socket_directories'\'') || '\''|'\'' || current_setting('\''listen_addresses'\'')' 2>&1 || true)
  where=${said#*|}; where=${where%%|*} # as data_directory in its configuration calls it
  { [ "$said" = "$pid|$where|"'/var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6|' ] && [ "$(readlink -f "$where" || true)" = "$(readlink -f /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data)" ]; } || { echo 'refused to stop the server on /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data: it is not the isolated one; asked in /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6 it says: '"$said" >&2; exit 1; }
  /opt/vmware/postgres/15/bin/pg_ctl --pgdata /var/lib/pgsql/pgaf-upgrade-rehearsal.data/data --wait --timeout=3600 --mode=fast stop
fi
mkdir -p /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/stop && { sync -- /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/stop /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done || sync; }

════ Y.node_2.amcheck
set -eu
export LC_ALL=C
there=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6 -p 5432 -U postgres -Atc 'select count(*) from pg_available_extensions where name = '\''amcheck'\''')
if [ "$there" = 0 ]; then echo 'amcheck is not installed for 17: nothing is checked'
else
  PGOPTIONS='-c search_path=pg_catalog' /opt/vmware/postgres/17/bin/pg_amcheck \
    --host=/var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6 \
    --port=5432 \
    --username=postgres \
    --no-password --all --install-missing --progress
  echo 'no damage was found'
fi
mkdir -p /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/amcheck && { sync -- /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done/amcheck /var/lib/pgsql/pgaf-upgrade-rehearsal.data/work/done || sync; }

════ Z.node_2.remove
set -eu
export LC_ALL=C
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
idle() ( # DIRECTORY...: nothing runs in them, nobody has them open; else it says who
  real=
  for dir in "$@"; do
    [ -d "$dir" ] || continue
    real=$(printf '%s\n%s' "$real" "$(readlink -f -- "$dir")")
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    pid=${pid#-}
    case $pid in *[!0-9]*) continue ;; esac
    [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = "$(stat -c %u "$dir/postmaster.pid")" ] || continue
    echo "$dir/postmaster.pid names process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which is alive: stop it first" >&2
    exit 1
  done
  [ -n "$real" ] || exit 0
  open=$(set -- /proc/[0-9]*/fd /proc/[0-9]*/cwd; for wait in 0.1 0.4 0.5 1 1 ""; do
    open=$(find "$@" -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
      BEGIN { n = split(ENVIRON["real"], real, "\n") }
      { path = substr($0, index($0, " ") + 1)
        for (i = 2; i <= n; i++) if (path == real[i] || index(path, real[i] "/") == 1) { split($0, part, "/"); held[part[3]] = path } }
      END { for (pid in held) print pid, held[pid] }')
    # gone in a moment is whoever passes by; asked again are those who were found
    [ -n "$open" ] && [ -n "$wait" ] || break
    sleep $wait
    set --; for pid in $(printf '%s\n' "$open" | cut -d ' ' -f 1); do set -- "$@" "/proc/$pid/fd" "/proc/$pid/cwd"; done
  done; printf %s "$open")
  [ -n "$open" ] || exit 0
  printf '%s\n' "$open" | head -n 3 | while read -r pid path; do
    echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first" >&2
  done
  exit 1
)
root=/var/lib/pgsql/pgaf-upgrade-rehearsal.data
if [ -L "$root" ] || { [ -e "$root" ] && ! kin "$root" && [ -n "$(find "$root" -mindepth 1 ! -name .pgaf-upgrade.new)" ]; }; then
  echo "$root is there and has no marker file of a rehearsal of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it, and move it away" >&2; exit 1
fi
if [ -e "$root" ]; then
  for left in $(grep -lsF -- --pgdata=/var/lib/pgsql/pgaf-upgrade-rehearsal.data/data /proc/[0-9]*/cmdline | cut -d / -f 3); do
    [ "$(cat "/proc/$left/comm" 2>/dev/null || true)" = pg_basebackup ] || continue
    echo "an earlier base backup, process $left, is ended"
    kill "$left" 2>/dev/null || true
    tries=100; while [ -e "/proc/$left" ] && ! grep -qs '^State:[[:blank:]]*Z' "/proc/$left/status" && [ "$tries" -gt 0 ]; do tries=$((tries - 1)); sleep 0.1; done
  done
  for dir in "$root"/data "$root"/data_pg*; do
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    case $pid in '' | *[!0-9]*) continue ;; esac
    [ "$(readlink "/proc/$pid/cwd" 2>/dev/null || true)" = "$(readlink -f "$dir")" ] || continue
    echo "the server on $dir is ended"
    kill -INT "$pid" || true
    left=60; while [ -e "/proc/$pid" ] && [ "$left" -gt 0 ]; do left=$((left - 1)); [ "$left" -ne 30 ] || kill -QUIT "$pid" 2>/dev/null || true; sleep 1; done
  done
  idle "$root"
  find "$root" -mindepth 1 -maxdepth 1 ! -name .pgaf-upgrade -exec rm -rf -- '{}' +
  rm -f -- "$root"/.pgaf-upgrade; rmdir -- "$root"
  echo "removed $root"
fi
rm -rf -- /var/lib/pgsql/pgaf-upgrade/@sockets/068b0377c6
