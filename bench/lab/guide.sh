#!/bin/bash
# The published guide's own commands in the guide's order, one after the other without thinking time, on the lab:
#   guide.sh LAB-COMMAND        with PGDATA, UNIT, OLDBIN, NEWBIN, SECONDARIES as `lab env` tells them
# With only the corrections without which it does not finish:
#   step 1   maintenance is asked for on the node (the guide's option does not exist), number_sync_standbys is 0
#   step 5   the configuration is carried over (pg_upgrade carries none)
#   step 10  one UPDATE for the whole group, and the state file's identifier, where the guide drops and creates the node
#   step 12  maintenance is left
# Each step says its number and time on stderr.
set -u
lab=$1
base=$(dirname "$PGDATA")
new=$base/17/data
mapfile -t secondaries < <(seq -f 'node%g' 2 $((SECONDARIES + 1)))

step() { printf '%s step %s\n' "$(date +%T.%1N)" "$*" >&2; }
pg() { "$lab" pg "$@"; }
systemctl_on() { "$lab" ssh "$1" sudo systemctl "$2" "$UNIT"; }
monitor_says() { pg monitor "psql -qAt -d pg_auto_failover -c \"$1\""; }

converged() {
  local tries
  for tries in $(seq 60); do
    [ "$(monitor_says 'select count(*) from pgautofailover.node where reportedstate <> goalstate' 2>/dev/null)" = 0 ] && return
    sleep 0.2
  done
  step "- nodes not where they are assigned after $tries looks"
}

carry="for f in postgresql.conf postgresql.auto.conf pg_hba.conf pg_ident.conf server.crt server.key \
  postgresql-auto-failover.conf postgresql-auto-failover-standby.conf; do
    [ ! -f ${PGDATA}_pg15_bak/\$f ] || cp -p ${PGDATA}_pg15_bak/\$f $PGDATA/
  done"
use_new="$NEWBIN/pg_autoctl config set postgresql.pg_ctl $NEWBIN/pg_ctl --pgdata $PGDATA >/dev/null"
swap="mv $PGDATA ${PGDATA}_pg15_bak; mv $new $PGDATA"
state_file=".local/share/pg_autoctl$PGDATA/pg_autoctl.state"
upgrade() { # options of the new server
  echo "for only in --check ''; do
    $NEWBIN/pg_upgrade -d $PGDATA -D $new -b $OLDBIN -B $NEWBIN ${1:-} --link \$only >/tmp/upgrade.log 2>&1 || tail -n 5 /tmp/upgrade.log
  done; rm -f delete_old_cluster.sh"
}
# The field that the guide has pg_autoctl write by creating the node anew: 8 bytes at 16, least significant first.
identify() { # identifier
  local bytes
  bytes=$(printf '%016x' "$1" | sed 's/../& /g' | awk '{for (i = 8; i > 0; i--) printf "\\x%s", $i}')
  echo "cp -p ~/$state_file ~/$state_file.pg15; printf '$bytes' | dd of=\$HOME/$state_file bs=1 seek=16 conv=notrunc status=none"
}

step 1 maintenance
monitor_says "select pgautofailover.set_formation_number_sync_standbys('default', 0)" >/dev/null 2>&1
sleep 1
converged
for host in "${secondaries[@]}"; do
  pg "$host" "$OLDBIN/pg_autoctl enable maintenance --pgdata $PGDATA" >/dev/null 2>&1
  sleep 1
  converged
done
step 2 stop
for host in "${secondaries[@]}" node1; do systemctl_on "$host" stop; done
step 3 stop the monitor
systemctl_on monitor stop
step 4 pg_upgrade of the primary
pg node1 "cd; export LANG=en_US.UTF-8; $NEWBIN/initdb -D $new --encoding=UTF8 --locale=en_US.UTF-8 >/dev/null 2>&1; $(upgrade)"
step 5 swap
pg node1 "$swap; $carry; $use_new"
step 6 verify and analyze
pg node1 "cd; $NEWBIN/pg_ctl -D $PGDATA -o \"-c listen_addresses='' -c synchronous_standby_names=''\" -w -l /tmp/verify.log start >/dev/null
  psql -Atc 'select version()' >/dev/null; psql -Atc '\\dt' >/dev/null
  [ ! -f update_extensions.sql ] || $NEWBIN/psql -qf update_extensions.sql
  $NEWBIN/vacuumdb --all --analyze-in-stages >/dev/null 2>&1
  $NEWBIN/pg_ctl -D $PGDATA stop >/dev/null"
step 7 pg_upgrade of the monitor
pg monitor "cd; $NEWBIN/initdb -D $new --encoding=UTF8 --locale=C.UTF-8 >/dev/null 2>&1
  $(upgrade "--new-options '-c shared_preload_libraries=pgautofailover -c max_worker_processes=0'"); $swap"
step 8 settings of the monitor and the units
pg monitor "$carry; $use_new"
for host in monitor node1 "${secondaries[@]}"; do
  "$lab" ssh "$host" "sudo sed -i 's|$OLDBIN|$NEWBIN|g' /etc/systemd/system/$UNIT.service; sudo systemctl daemon-reload"
done
step 9 start the monitor
systemctl_on monitor start
for _ in $(seq 50); do
  monitor_says "select 1 from pg_extension where extname = 'pgautofailover' and extversion >= '2.2'" 2>/dev/null | grep -q 1 && break
  sleep 0.2
done
sleep 1
step 10 identifier
identifier=$(pg node1 "$NEWBIN/pg_controldata $PGDATA" | awk '/system identifier/ {print $NF}')
monitor_says "update pgautofailover.node set sysidentifier = $identifier"
pg node1 "$(identify "$identifier")"
step 11 start the primary
systemctl_on node1 start
for _ in $(seq 150); do
  "$lab" pg node1 'psql -Atc "select pg_is_in_recovery()"' 2>/dev/null | grep -q f && break
  sleep 0.2
done
step 12 secondaries
for host in "${secondaries[@]}"; do
  pg "$host" "mv $PGDATA ${PGDATA}_pg15_bak; $use_new; $(identify "$identifier")"
  systemctl_on "$host" start
  sleep 2
  pg "$host" "timeout 90 $NEWBIN/pg_autoctl disable maintenance --pgdata $PGDATA" >/dev/null 2>&1
done
step 13 done
