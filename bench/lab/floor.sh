#!/bin/bash
# What no procedure with pg_upgrade --link can be below: stop, pg_upgrade --link, start, of the primary alone.
#   floor.sh LAB-COMMAND        with PGDATA, UNIT, OLDBIN, NEWBIN, SECONDARIES as `lab env` tells them
# Prints the seconds. Everything that can be done before is done before.
set -eu
lab=$1
base=$(dirname "$PGDATA")
new=$base/17/data
"$lab" pg node1 "cd; export LANG=en_US.UTF-8
$NEWBIN/initdb -D $new --encoding=UTF8 --locale=en_US.UTF-8 >/dev/null 2>&1
psql -qc checkpoint"
"$lab" ssh monitor sudo systemctl stop "$UNIT"
for host in $(seq -f 'node%g' 2 $((SECONDARIES + 1))); do "$lab" ssh "$host" sudo systemctl stop "$UNIT"; done
began=$(date +%s.%N)
"$lab" ssh node1 sudo systemctl stop "$UNIT"
"$lab" pg node1 "set -e; cd
if [ -f $PGDATA/postmaster.pid ]; then $OLDBIN/pg_ctl -D $PGDATA -w -m fast stop >/dev/null; fi
$NEWBIN/pg_upgrade -d $PGDATA -D $new -b $OLDBIN -B $NEWBIN --link >/tmp/upgrade.log 2>&1 || { tail -n 5 /tmp/upgrade.log >&2; exit 1; }
mv $PGDATA ${PGDATA}_pg15_bak
mv $new $PGDATA
for f in postgresql.conf postgresql.auto.conf pg_hba.conf pg_ident.conf server.crt server.key postgresql-auto-failover.conf; do
  [ ! -f ${PGDATA}_pg15_bak/\$f ] || cp -p ${PGDATA}_pg15_bak/\$f $PGDATA/
done
$NEWBIN/pg_ctl -D $PGDATA -o \"-c synchronous_standby_names=''\" -w -l /tmp/floor.log start >/dev/null"
awk -v from="$began" -v to="$(date +%s.%N)" 'BEGIN {printf "%.2f\n", to - from}'
# A server that ran on would keep what this script prints to open, and its caller waiting.
"$lab" pg node1 "$NEWBIN/pg_ctl -D $PGDATA -w -m fast stop >/dev/null"
