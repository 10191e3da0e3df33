#!/bin/sh
# lab: PostgreSQL 15.20 -> 17.12, the steps of node_1, to be done by hand.
# Made by pgaf-upgrade on 2026-11-23T01:48:00.000Z. The numbers are those of the whole runbook, over all hosts: one after the other, in their order, is always safe.
# “Guide” at a step names the step of the published procedure that it stands for: Broadcom KB 440339, “pg_auto_failover: VMware Tanzu for PostgreSQL 15 to 17 In-Place Upgrade Guide”, https://knowledge.broadcom.com/external/article/440339.
# Two steps may run at the same time only where it says "side by side" above them; what a step must wait for
# on another host stands above it as WAIT, and on this host every step before it in the list that is not side by side.
#
#   sh FILE             lists the steps of this host; runs nothing
#   sh FILE show N      prints the commands of step N
#   sh FILE N           runs step N alone, after it has asked; as the user that the step names
#   sh FILE N node_1   the same for an irreversible step, which wants the host's name
#
# The application cannot write from step 28 on node_1 to step 41 on node_1, about 13 s one step after the other, 9.3 s if all that may run side by side does, and the time that people take.
# What must hold before and after a step stands above it: look for yourself, this file does not.
# steps are called by their number, and titles hold ’
# shellcheck disable=SC2317,SC1112
set -u

# ════ phase A: Prepare, application online
# rollback once this phase is over: nothing to undo: the running cluster is as it was; what was made beside it can stay or be removed

# ──── step 2: Save pg_autoctl’s files and unit
# A.node_1.save, as postgres; changes the host; about 0.3 s
# Everything that the upgrade will edit is copied first. The record in the script is what was read from the servers: look it through; what is wrong in it can be overridden in the cluster file.
# guide: not in it; deviation: The guide saves nothing; a rollback needs all of this.
# side by side: it may run at the same time as steps 1 on monitor, 3 on node_2 and 4 on node_3
# must hold before: /var/lib/pgsql/data is PostgreSQL 15
# must hold before: pg_autoctl’s configuration is the old version’s still
# must hold after, within 30 s: the copies are in /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/saved
# must hold after, within 30 s: they are what is there now
# undo: $ rm -r /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work
step_2() {
  cat <<'END_OF_STEP_2'
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
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/saved /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/pg_upgrade
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
cd /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/saved; touch . # its time tells how old it is
cp -p /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg pg_autoctl.cfg
cp -p /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state pg_autoctl.state
cp -p /etc/systemd/system/pgautofailover.service pgautofailover.service
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/record.json.new <<'RECORD'
{
 "name": "lab",
 "formation": "default",
 "group": 0,
 "oldMajor": 15,
 "newMajor": 17,
 "mode": "link",
 "method": "pg_upgrade",
 "largeObjects": "refuse",
 "keepWal": null,
 "jobs": 1,
 "postgres": "postgres",
 "root": "sh",
 "numberSyncStandbys": 1,
 "systemIdentifier": "7711174124246397031",
 "monitor": {
  "alias": "monitor",
  "pgdata": "/var/lib/pgsql/data",
  "data": "/var/lib/pgsql/data",
  "newData": "/var/lib/pgsql/data_pg17_new",
  "backupData": "/var/lib/pgsql/data_pg15_bak",
  "port": 5432,
  "socketDirectory": "/var/run/postgresql",
  "oldBindir": "/opt/vmware/postgres/15/bin",
  "newBindir": "/opt/vmware/postgres/17/bin",
  "oldVersion": "15.20",
  "newVersion": "17.12",
  "oldAutoctl": "/opt/vmware/postgres/15/bin/pg_autoctl",
  "newAutoctl": "/opt/vmware/postgres/17/bin/pg_autoctl",
  "configFile": "/var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg",
  "stateFile": "/var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state",
  "pidFile": "/tmp/pg_autoctl/var/lib/pgsql/data/pg_autoctl.pid",
  "home": "/var/lib/pgsql",
  "workDir": "/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work",
  "service": {
   "kind": "systemd",
   "unit": "pgautofailover.service",
   "fragment": "/etc/systemd/system/pgautofailover.service",
   "enabled": true,
   "dropIns": []
  },
  "superuser": "postgres",
  "initdb": {
   "encoding": "UTF8",
   "collate": "C.UTF-8",
   "ctype": "C.UTF-8",
   "provider": "c",
   "providerLocale": null,
   "checksums": false,
   "walSegmentBytes": 16777216,
   "groupAccess": false
  },
  "carry": [
   "pg_hba.conf",
   "pg_ident.conf",
   "postgresql-auto-failover.conf",
   "postgresql.auto.conf",
   "postgresql.conf",
   "server.crt",
   "server.key"
  ],
  "preload": [],
  "decoding": null,
  "tablespaces": [],
  "wal": null,
  "sshPort": 22,
  "database": "pg_auto_failover",
  "extensionVersion": "2.0"
 },
 "nodes": [
  {
   "alias": "node_1",
   "pgdata": "/var/lib/pgsql/data",
   "data": "/var/lib/pgsql/data",
   "newData": "/var/lib/pgsql/data_pg17_new",
   "backupData": "/var/lib/pgsql/data_pg15_bak",
   "port": 5432,
   "socketDirectory": "/var/run/postgresql",
   "oldBindir": "/opt/vmware/postgres/15/bin",
   "newBindir": "/opt/vmware/postgres/17/bin",
   "oldVersion": "15.20",
   "newVersion": "17.12",
   "oldAutoctl": "/opt/vmware/postgres/15/bin/pg_autoctl",
   "newAutoctl": "/opt/vmware/postgres/17/bin/pg_autoctl",
   "configFile": "/var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg",
   "stateFile": "/var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state",
   "pidFile": "/tmp/pg_autoctl/var/lib/pgsql/data/pg_autoctl.pid",
   "home": "/var/lib/pgsql",
   "workDir": "/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work",
   "service": {
    "kind": "systemd",
    "unit": "pgautofailover.service",
    "fragment": "/etc/systemd/system/pgautofailover.service",
    "enabled": true,
    "dropIns": []
   },
   "superuser": "postgres",
   "initdb": {
    "encoding": "UTF8",
    "collate": "en_US.UTF-8",
    "ctype": "en_US.UTF-8",
    "provider": "c",
    "providerLocale": null,
    "checksums": false,
    "walSegmentBytes": 16777216,
    "groupAccess": false
   },
   "carry": [
    "pg_hba.conf",
    "pg_ident.conf",
    "postgresql-auto-failover.conf",
    "postgresql.auto.conf",
    "postgresql.conf",
    "server.crt",
    "server.key"
   ],
   "preload": [],
   "decoding": null,
   "tablespaces": [],
   "wal": null,
   "sshPort": 22,
   "nodeId": 1,
   "hostname": "node1",
   "role": "primary",
   "priority": 50,
   "quorum": true,
   "rebuild": "base-backup"
  },
  {
   "alias": "node_2",
   "pgdata": "/var/lib/pgsql/data",
   "data": "/var/lib/pgsql/data",
   "newData": "/var/lib/pgsql/data_pg17_new",
   "backupData": "/var/lib/pgsql/data_pg15_bak",
   "port": 5432,
   "socketDirectory": "/var/run/postgresql",
   "oldBindir": "/opt/vmware/postgres/15/bin",
   "newBindir": "/opt/vmware/postgres/17/bin",
   "oldVersion": "15.20",
   "newVersion": "17.12",
   "oldAutoctl": "/opt/vmware/postgres/15/bin/pg_autoctl",
   "newAutoctl": "/opt/vmware/postgres/17/bin/pg_autoctl",
   "configFile": "/var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg",
   "stateFile": "/var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state",
   "pidFile": "/tmp/pg_autoctl/var/lib/pgsql/data/pg_autoctl.pid",
   "home": "/var/lib/pgsql",
   "workDir": "/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work",
   "service": {
    "kind": "systemd",
    "unit": "pgautofailover.service",
    "fragment": "/etc/systemd/system/pgautofailover.service",
    "enabled": true,
    "dropIns": []
   },
   "superuser": "postgres",
   "initdb": {
    "encoding": "UTF8",
    "collate": "en_US.UTF-8",
    "ctype": "en_US.UTF-8",
    "provider": "c",
    "providerLocale": null,
    "checksums": false,
    "walSegmentBytes": 16777216,
    "groupAccess": false
   },
   "carry": [
    "pg_hba.conf",
    "pg_ident.conf",
    "postgresql-auto-failover-standby.conf",
    "postgresql-auto-failover.conf",
    "postgresql.auto.conf",
    "postgresql.conf",
    "server.crt",
    "server.key"
   ],
   "preload": [],
   "decoding": null,
   "tablespaces": [],
   "wal": null,
   "sshPort": 22,
   "nodeId": 2,
   "hostname": "node2",
   "role": "secondary",
   "priority": 50,
   "quorum": true,
   "rebuild": "base-backup"
  },
  {
   "alias": "node_3",
   "pgdata": "/var/lib/pgsql/data",
   "data": "/var/lib/pgsql/data",
   "newData": "/var/lib/pgsql/data_pg17_new",
   "backupData": "/var/lib/pgsql/data_pg15_bak",
   "port": 5432,
   "socketDirectory": "/var/run/postgresql",
   "oldBindir": "/opt/vmware/postgres/15/bin",
   "newBindir": "/opt/vmware/postgres/17/bin",
   "oldVersion": "15.20",
   "newVersion": "17.12",
   "oldAutoctl": "/opt/vmware/postgres/15/bin/pg_autoctl",
   "newAutoctl": "/opt/vmware/postgres/17/bin/pg_autoctl",
   "configFile": "/var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg",
   "stateFile": "/var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state",
   "pidFile": "/tmp/pg_autoctl/var/lib/pgsql/data/pg_autoctl.pid",
   "home": "/var/lib/pgsql",
   "workDir": "/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work",
   "service": {
    "kind": "systemd",
    "unit": "pgautofailover.service",
    "fragment": "/etc/systemd/system/pgautofailover.service",
    "enabled": true,
    "dropIns": []
   },
   "superuser": "postgres",
   "initdb": {
    "encoding": "UTF8",
    "collate": "en_US.UTF-8",
    "ctype": "en_US.UTF-8",
    "provider": "c",
    "providerLocale": null,
    "checksums": false,
    "walSegmentBytes": 16777216,
    "groupAccess": false
   },
   "carry": [
    "pg_hba.conf",
    "pg_ident.conf",
    "postgresql-auto-failover-standby.conf",
    "postgresql-auto-failover.conf",
    "postgresql.auto.conf",
    "postgresql.conf",
    "server.crt",
    "server.key"
   ],
   "preload": [],
   "decoding": null,
   "tablespaces": [],
   "wal": null,
   "sshPort": 22,
   "nodeId": 3,
   "hostname": "node3",
   "role": "secondary",
   "priority": 50,
   "quorum": true,
   "rebuild": "base-backup"
  }
 ],
 "before": [
  {
   "id": 1,
   "name": "node_1",
   "host": "node1",
   "port": 5432,
   "group": 0,
   "systemIdentifier": "7711174124246397031",
   "reported": "primary",
   "assigned": "primary",
   "health": 1,
   "priority": 50,
   "quorum": true,
   "timeline": 1,
   "lsn": "0/15BC1960",
   "reportAge": 0.4
  },
  {
   "id": 2,
   "name": "node_2",
   "host": "node2",
   "port": 5432,
   "group": 0,
   "systemIdentifier": "7711174124246397031",
   "reported": "secondary",
   "assigned": "secondary",
   "health": 1,
   "priority": 50,
   "quorum": true,
   "timeline": 1,
   "lsn": "0/15BC1960",
   "reportAge": 0.4
  },
  {
   "id": 3,
   "name": "node_3",
   "host": "node3",
   "port": 5432,
   "group": 0,
   "systemIdentifier": "7711174124246397031",
   "reported": "secondary",
   "assigned": "secondary",
   "health": 1,
   "priority": 50,
   "quorum": true,
   "timeline": 1,
   "lsn": "0/15BC1960",
   "reportAge": 0.4
  }
 ],
 "formations": {},
 "others": [],
 "readAt": "2026-11-23T01:48:00.000Z",
 "run": "20261123T014800Z-1a2b"
}
RECORD
keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/record.json.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/record.json.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/record.json
keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/record.json *
# what an earlier window left must not speak for this one; what a try of this one left must stay
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/*
[ "$(cat /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/pg_upgrade/tried 2>/dev/null || true)" = 8442ef2c ] || rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/pg_upgrade/tried /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/fingerprint /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/fingerprint-old /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-over /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/noted
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/save-8442ef2c && { sync -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/save-8442ef2c /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done || sync; }
ls -l
END_OF_STEP_2
}

# ──── step 6: Run preflight checks and dry run
# A.node_1.checks, as postgres; reads only; about 10 s
# Disk space, binaries, settings and slots are checked; in a throwaway cluster 17 loads every library, reads the configuration and restores the whole schema.
# guide: not in it; deviation: The guide checks the primary only, and after it has been stopped.
# WAIT: before step 6 here, step 1 on monitor, step 3 on node_2 and step 4 on node_3 must be done
# side by side: it may run at the same time as steps 5 on monitor, 7 on node_2 and 8 on node_3
# must hold after, within 5.0 s: no blocker is found on node_1
# undo: nothing to undo
step_6() {
  cat <<'END_OF_STEP_6'
set -eu
export LC_ALL=C
umask 077
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done
cat >/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/look.sh <<'END-OF-LOOK'
put() { printf '%s\t%s\n' "$1" "$2"; } # KEY VALUE
text() { printf '%s\t' "$1"; base64 | tr -d '\n'; echo; } # KEY, of its input
sql() {
  database=$1; shift
  PGOPTIONS='-c search_path=pg_catalog -c statement_timeout=20s -c lock_timeout=2s' PGDATABASE="$database" "$old_bin/psql" "$@"
}
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
keeper() (
      unit=$(systemctl show -p MainPID -p ControlGroup -p ActiveState pgautofailover.service 2>/dev/null || true)
      liveness /var/lib/pgsql/data /var/lib/pgsql/data /tmp/pg_autoctl/var/lib/pgsql/data/pg_autoctl.pid "$(printf '%s\n' "$unit" | sed -n 's/^MainPID=//p')" "$(printf '%s\n' "$unit" | sed -n 's/^ControlGroup=//p')" "$(printf '%s\n' "$unit" | sed -n 's/^ActiveState=//p')"
      put keeper "$autoctl"
    )
newest() { # seconds since the newest of these files was written
  stat -c %Y "$@" 2>/dev/null | sort -n | tail -n 1 | awk -v now="$(date +%s)" '{print now - $1}'
}
backup_ages() {
      for f in "$data"/pg_wal/*.backup; do [ -r "$f" ] && ! grep -q '^LABEL: pg_basebackup base backup' "$f" && newest "$f"; done
      command -v pgbackrest >/dev/null 2>&1 && pgbackrest info --output=json 2>/dev/null | grep -o '"stop":[0-9]*' | cut -d: -f2 | sort -n | tail -n 1 | awk -v now="$(date +%s)" '$1 > 0 {print now - $1}'
      command -v wal-g >/dev/null 2>&1 && timeout 10 wal-g backup-list 2>/dev/null | grep -oE '[0-9]{4}-[0-9-]+T[0-9:]+Z' | sort | tail -n 1 | xargs -r -I{} date -d {} +%s | awk -v now="$(date +%s)" '{print now - $1}'
    }
tablespaces() {
  :
}
unit_files() {
  :
  [ -r /etc/systemd/system/pgautofailover.service ] || printf '%s\n' /etc/systemd/system/pgautofailover.service
}
dependents() ( # UNIT
  all='' todo=$1 level=0
  while [ $level -lt 5 ]; do level=$((level + 1))
    found=$(systemctl show -p BoundBy -p RequiredBy -p ConsistsOf $todo 2>/dev/null | sed 's/^[A-Za-z]*=//' | tr ' ' '\n' | grep -E '\.(service|socket|timer|path)$' | sort -u || true)
    todo=''
    for one in $found; do case " $1 $all " in *" $one "*) ;; *) todo="$todo $one" ;; esac; done
    [ -n "$todo" ] || break
    all="$all$todo"
  done
  [ -z "$all" ] || systemctl show -p Id -p ActiveState $all 2>/dev/null | awk -F= '$1 == "Id" { id = $2 } $1 == "ActiveState" { state = $2 }
    id != "" && state != "" { if (state == "active") print id; id = state = "" }'
)
concerns() { # UNIT
  name=$(printf %s "${1%.service}" | sed 's/[][\\.*^$+?(){}|]/\\&/g')
  grep -E '(pg_dump|pg_basebackup|pgbackrest|barman|wal-g|walg|wal-e|vacuumdb|reindexdb|pg_repack|pg_ctl|pg_autoctl|psql|postgres.*(backup|vacuum|restart)'"${name:+|(systemctl|service|invoke-rc\.d)[^A-Za-z0-9].*$name($|[^A-Za-z0-9_-])}"')' | grep -vE '^[^:]*: *(#|$)'
}
timers() {
  systemctl list-timers --all --no-legend 2>/dev/null | awk '{for (i = 1; i <= NF; i++) if ($i ~ /\.timer$/) print "timer: " $i}'
  services=$(systemctl list-timers --all --no-legend 2>/dev/null | awk '$NF ~ /\.service$/ { print $NF }')
  [ -z "$services" ] || systemctl show -p Id -p ExecStart $services 2>/dev/null | awk '
    function tell(i) { for (i = 1; i <= n; i++) print "timer for " id ": " command[i]; n = 0; id = "" }
    /^Id=/ { id = substr($0, 4) }
    /^ExecStart=/ { sub(/^ExecStart=/, ""); sub(/.* argv\[\]=/, ""); sub(/ ; ignore_errors=.*/, ""); command[++n] = $0 }
    /^$/ { tell() }
    END { tell() }'
}
old_bin=/opt/vmware/postgres/15/bin
new_bin=/opt/vmware/postgres/17/bin
old_major=15
new_major=17
new_autoctl=/opt/vmware/postgres/17/bin/pg_autoctl
data=/var/lib/pgsql/data
parent=/var/lib/pgsql
new_data=/var/lib/pgsql/data_pg17_new
backup_data=/var/lib/pgsql/data_pg15_bak
wal_next=''
server_directories='base global log pg_log pg_commit_ts pg_dynshmem pg_logical pg_multixact pg_notify pg_replslot pg_serial pg_snapshots pg_stat pg_stat_tmp pg_subtrans pg_tblspc pg_twophase pg_upgrade_output.d pg_wal pg_xact'
old_name=pg15_bak
copy_name=''
home=/var/lib/pgsql
config_file=/var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg
state_file=/var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state
unit=pgautofailover.service
unit_properties='-p LoadState -p UnitFileState -p ActiveState -p SubState -p KillMode -p FragmentPath -p DropInPaths -p ExecStart -p MainPID -p Environment -p ActiveEnterTimestamp'
mark_file=.pgaf-upgrade
throwaway=/var/lib/pgsql/pgaf-upgrade-check.data
links=''
primary_host=node1
primary_port=22
upstream=''
upstream_port=5432
pid_file=/tmp/pg_autoctl/var/lib/pgsql/data/pg_autoctl.pid
socket=/var/run/postgresql
private_socket=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693
port=5432
superuser=postgres
server_sql='select json_build_object(
  '\''version'\'', current_setting('\''server_version'\''), '\''inRecovery'\'', pg_is_in_recovery(),
  '\''replayPaused'\'', case when pg_is_in_recovery() then pg_is_wal_replay_paused() else false end,
  '\''settings'\'', (select json_object_agg(name, setting) from pg_settings where name in ('\''archive_mode'\'', '\''wal_keep_size'\'', '\''max_slot_wal_keep_size'\'', '\''shared_preload_libraries'\'', '\''max_connections'\'', '\''jit'\'', '\''max_locks_per_transaction'\'', '\''max_prepared_transactions'\'', '\''autovacuum_max_workers'\'', '\''max_worker_processes'\'', '\''max_wal_senders'\'', '\''recovery_min_apply_delay'\'', '\''output_plugin_libraries'\'')),
  '\''removed'\'', coalesce((select json_agg(json_build_object('\''name'\'', name, '\''value'\'', setting, '\''file'\'', sourcefile, '\''line'\'', sourceline))
    from pg_settings where name in ('\''vacuum_defer_cleanup_age'\'', '\''promote_trigger_file'\'', '\''force_parallel_mode'\'', '\''old_snapshot_threshold'\'', '\''trace_recovery_messages'\'', '\''db_user_namespace'\'', '\'''\'') and source not in ('\''default'\'', '\''client'\'', '\''session'\'', '\''override'\'')), '\''[]'\''),
  '\''removedForRoles'\'', coalesce((select json_agg(json_build_object('\''setting'\'', one, '\''role'\'', r.rolname, '\''database'\'', d.datname))
    from pg_db_role_setting s cross join unnest(s.setconfig) one left join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase
    where split_part(one, '\''='\'', 1) in ('\''vacuum_defer_cleanup_age'\'', '\''promote_trigger_file'\'', '\''force_parallel_mode'\'', '\''old_snapshot_threshold'\'', '\''trace_recovery_messages'\'', '\''db_user_namespace'\'', '\'''\'')), '\''[]'\''),
  '\''prepared'\'', coalesce((select json_agg(json_build_object('\''gid'\'', gid, '\''database'\'', database, '\''owner'\'', owner, '\''seconds'\'', extract(epoch from now() - prepared)))
    from pg_prepared_xacts), '\''[]'\''),
  '\''slots'\'', coalesce((select json_agg(json_build_object('\''name'\'', slot_name, '\''kind'\'', slot_type, '\''plugin'\'', plugin, '\''database'\'', database, '\''active'\'', active,
      '\''behindBytes'\'', case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) end))
    from pg_replication_slots where not temporary), '\''[]'\''),
  '\''longTransactions'\'', coalesce((select json_agg(one) from (select json_build_object('\''pid'\'', pid, '\''user'\'', usename, '\''database'\'', datname, '\''state'\'', state,
    '\''seconds'\'', extract(epoch from now() - xact_start)) one from pg_stat_activity
    where xact_start < now() - interval '\''60 s'\'' and pid <> pg_backend_pid() and backend_type = '\''client backend'\'' order by xact_start limit 20) it), '\''[]'\''),
  '\''senders'\'', coalesce((select json_agg(json_build_object('\''name'\'', application_name, '\''state'\'', state, '\''lagBytes'\'',
    case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(replay_lsn, flush_lsn)) end))
    from pg_stat_replication where application_name like '\''pgautofailover%'\'' and state <> '\''backup'\''), '\''[]'\''),
  '\''workers'\'', coalesce((select json_agg(distinct backend_type) from pg_stat_activity where backend_type is not null and backend_type not in ('\''autovacuum launcher'\'', '\''autovacuum worker'\'', '\''client backend'\'', '\''background writer'\'', '\''checkpointer'\'', '\''walwriter'\'', '\''walreceiver'\'', '\''walsender'\'', '\''walsummarizer'\'', '\''startup'\'', '\''archiver'\'', '\''logger'\'', '\''slotsync worker'\'', '\''io worker'\'', '\''parallel worker'\'', '\''logical replication launcher'\'', '\''logical replication worker'\'', '\''logical replication apply worker'\'', '\''logical replication parallel worker'\'', '\''logical replication tablesync worker'\'', '\''standalone backend'\'', '\''stats collector'\'')), '\''[]'\''),
  '\''catalog'\'', (select json_agg(json_build_object('\''name'\'', datname, '\''connections'\'', datallowconn, '\''limit'\'', datconnlimit) order by datname) from pg_database),
  '\''tablespaces'\'', coalesce((select json_agg(json_build_object('\''name'\'', spcname, '\''location'\'', pg_tablespace_location(oid), '\''bytes'\'', coalesce(pg_tablespace_size(oid), 0)))
    from pg_tablespace where oid >= 16384), '\''[]'\''),
  '\''radiusLines'\'', coalesce((select json_agg(line_number) from pg_hba_file_rules where auth_method = '\''radius'\''), '\''[]'\''),
  '\''md5Roles'\'', coalesce((select json_agg(rolname order by rolname) from pg_authid where rolpassword like '\''md5%'\''), '\''[]'\''),
  '\''brokenRoles'\'', coalesce((select json_agg(rolname) from pg_authid where rolname ~ '\''[\r\n]'\''), '\''[]'\''),
  '\''superusers'\'', (select json_agg(rolname order by rolname) from pg_roles where rolsuper and rolcanlogin))'
database_sql='select json_build_object('\''name'\'', current_database(), '\''bytes'\'', pg_database_size(current_database()),
  '\''catalogBytes'\'', (select coalesce(sum(pg_total_relation_size(oid)), 0) from pg_class where relnamespace = 11 and relkind = '\''r'\'' and oid <> 2613),
  '\''relations'\'', (select count(*) from pg_class), '\''locked'\'', (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('\''r'\'', '\''p'\'', '\''S'\'', '\''v'\'', '\''m'\'') and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\''), '\''largeObjects'\'', (select count(*) from pg_largeobject_metadata),
  '\''unlogged'\'', (select count(*) from pg_class where relpersistence = '\''u'\'' and relkind in ('\''r'\'', '\''p'\'')),
  '\''unloggedNames'\'', coalesce((select json_agg(name) from (select format('\''%I.%I'\'', n.nspname, c.relname) name from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where c.relpersistence = '\''u'\'' and c.relkind in ('\''r'\'', '\''p'\'') order by 1 limit 5) it), '\''[]'\''),
  '\''subscriptions'\'', coalesce((select json_agg(json_build_object('\''name'\'', subname,
    '\''tables'\'', (select count(*) from pg_subscription_rel r where r.srsubid = s.oid),
    '\''copying'\'', (select count(*) from pg_subscription_rel r where r.srsubid = s.oid and r.srsubstate not in ('\''i'\'', '\''r'\''))) order by subname)
    from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()), '\''[]'\''),
  '\''inetIndexes'\'', coalesce((select json_agg(distinct format('\''%I.%I'\'', n.nspname, c.relname)) from pg_index i join pg_opclass o on o.oid = any (i.indclass::oid[])
    join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where o.opcname in ('\''gist_inet_ops'\'', '\''gist_cidr_ops'\'')), '\''[]'\''),
  '\''extensions'\'', coalesce((select json_agg(json_build_object('\''name'\'', extname, '\''version'\'', extversion)) from pg_extension), '\''[]'\''))'
names_sql='select datname from pg_database where datallowconn and datname <> '\''template0'\'' and datconnlimit <> -2 and position(chr(10) in datname::text) = 0 and position(chr(13) in datname::text) = 0 order by datname <> '\''template1'\'', datname'
look_sql=''
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
END-OF-LOOK
cat >/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/rehearse.sh <<'END-OF-REHEARSAL'
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
old_psql() {
  database=$1; shift
  PGOPTIONS='-c search_path=pg_catalog -c lock_timeout=5s -c default_transaction_isolation=read\ committed' PGDATABASE="$database" "$old_bin/psql" "$@"
}
throwaway_initdb() {
  /opt/vmware/postgres/17/bin/initdb \
    --pgdata=/var/lib/pgsql/pgaf-upgrade-check.data/new \
    --username=postgres \
    --encoding=UTF8 \
    --lc-collate=en_US.UTF-8 \
    --lc-ctype=en_US.UTF-8 \
    --wal-segsize=16 \
    --auth=trust --no-sync
}
carry_script() {
  cat <<'END-OF-CARRYING'
set -eu
umask 077
set -- /var/lib/pgsql/pgaf-upgrade-check.data/carried
for f in pg_hba.conf pg_ident.conf postgresql-auto-failover.conf postgresql.auto.conf postgresql.conf server.crt server.key; do
  if [ -e /var/lib/pgsql/data/"$f" ]; then
    rm -rf /var/lib/pgsql/pgaf-upgrade-check.data/carried/"$f"; cp -pR /var/lib/pgsql/data/"$f" /var/lib/pgsql/pgaf-upgrade-check.data/carried/"$f"; echo "carried $f"; set -- "$@" /var/lib/pgsql/pgaf-upgrade-check.data/carried/"$f"
    find /var/lib/pgsql/pgaf-upgrade-check.data/carried/"$f" -type f -perm /077 -exec grep -q 'PRIVATE KEY-----' '{}' ';' -exec chmod go= '{}' ';' -exec echo 'only its owner may read the private key' '{}' ';'
  fi
done
for f in pg_hba.conf pg_ident.conf postgresql-auto-failover.conf postgresql.auto.conf postgresql.conf server.crt server.key; do
  if [ -L /var/lib/pgsql/pgaf-upgrade-check.data/carried/"$f" ] && [ ! -e /var/lib/pgsql/pgaf-upgrade-check.data/carried/"$f" ]; then rm /var/lib/pgsql/pgaf-upgrade-check.data/carried/"$f"; cp -pRL /var/lib/pgsql/data/"$f" /var/lib/pgsql/pgaf-upgrade-check.data/carried/"$f"; chmod -R go= /var/lib/pgsql/pgaf-upgrade-check.data/carried/"$f"; fi
done
END-OF-CARRYING
}
new_psql() {
  database=$1; shift
  PGOPTIONS='-c search_path=pg_catalog -c lock_timeout=5s' PGDATABASE="$database" "$new_bin/psql" "$@"
}
new_pg_dump() {
  database=$1; shift
  PGOPTIONS='-c search_path=pg_catalog -c lock_timeout=5s' PGDATABASE="$database" "$new_bin/pg_dump" "$@"
}
# what pg_upgrade has dumped: from 18 on with the planner's statistics
dump_schema() { new_pg_dump "$@" --schema-only; }
new_pg_dumpall() {
  database=$1; shift
  PGOPTIONS='-c search_path=pg_catalog -c lock_timeout=5s' PGDATABASE="$database" "$new_bin/pg_dumpall" "$@"
}
new_pg_restore() { PGOPTIONS='-c search_path=pg_catalog -c lock_timeout=5s' "$new_bin/pg_restore" "$@"; }
check_upgrade() { # NEW-DIRECTORY
  /opt/vmware/postgres/17/bin/pg_upgrade \
    --old-bindir=/opt/vmware/postgres/15/bin \
    --new-bindir=/opt/vmware/postgres/17/bin \
    --old-datadir=/var/lib/pgsql/data \
    --new-datadir="$1" \
    --username=postgres \
    --socketdir="$sock" \
    --old-options='-c jit=off' \
    --new-options='-c max_worker_processes=0 -c jit=off -c shared_preload_libraries='"$good" \
    --link \
    --check
}
upgrade_causes() ( # NEW-DIRECTORY
  cd "$1"/pg_upgrade_output.d 2>/dev/null || exit 0
  last=$(ls | tail -n 1); cd "$last" || exit 0
  for f in *.txt log/*.txt; do [ -s "$f" ] && { echo "$last/$f:"; tail -n 20 "$f"; }; done
  for f in $(grep -lEi "error|fatal|could not" log/*.log 2>/dev/null); do echo "$last/$f:"; grep -Ei -B2 -A4 "error|fatal|could not" "$f" | tail -n 20; done
  true
)
t=/var/lib/pgsql/pgaf-upgrade-check.data
sock=/var/lib/pgsql/pgaf-upgrade-check.data/s
old_bin=/opt/vmware/postgres/15/bin
new_bin=/opt/vmware/postgres/17/bin
new_data=/var/lib/pgsql/data_pg17_new
data=/var/lib/pgsql/data
socket=/var/run/postgresql
port=5432
superuser=postgres
upgraded=yes
keep=''
options='-c lock_timeout=5s'
settings='listen_addresses = '\'''\''
port = 50432
unix_socket_directories = '\''/var/lib/pgsql/pgaf-upgrade-check.data/s'\''
unix_socket_permissions = 0700
fsync = off
autovacuum = off
logging_collector = off
log_destination = stderr
max_logical_replication_workers = 0
max_worker_processes = 0
synchronous_commit = off
full_page_writes = off'
trial_settings='listen_addresses = '\'''\''
port = 50432
unix_socket_directories = '\''/var/lib/pgsql/pgaf-upgrade-check.data/s'\''
unix_socket_permissions = 0700
fsync = off
autovacuum = off
logging_collector = off
log_destination = stderr
max_logical_replication_workers = 0
max_worker_processes = 0
unix_socket_group = '\'''\''
external_pid_file = '\''/var/lib/pgsql/pgaf-upgrade-check.data/carried.pid'\''
shared_buffers = 16MB
huge_pages = off
min_dynamic_shared_memory = 0
archive_mode = off
synchronous_standby_names = '\'''\''
log_line_prefix = '\'''\''
log_min_messages = warning'
preloaded_sql='select regexp_replace(trim(both '\'' "'\'' from name), '\''^[$]libdir/'\'', '\'''\'') from regexp_split_to_table(current_setting('\''shared_preload_libraries'\''), '\'','\'') with ordinality one(name, place) where trim(name) <> '\'''\'' order by place'
configured_sql='select trim(both '\'' "'\'' from name) from regexp_split_to_table(current_setting('\''session_preload_libraries'\'', true), '\'','\'') name where trim(name) <> '\'''\'' union select trim(both '\'' "'\'' from name) from regexp_split_to_table(current_setting('\''local_preload_libraries'\'', true), '\'','\'') name where trim(name) <> '\'''\'' union select trim(both '\'' "'\'' from name) from regexp_split_to_table(current_setting('\''archive_library'\'', true), '\'','\'') name where trim(name) <> '\'''\'''
used_sql='select distinct probin from pg_proc where oid >= 16384 and probin is not null and prolang = (select oid from pg_language where lanname = '\''c'\'')'
names_sql='select datname from pg_database where datallowconn and datname <> '\''template0'\'' and datconnlimit <> -2 and position(chr(10) in datname::text) = 0 and position(chr(13) in datname::text) = 0 order by datname <> '\''template1'\'', datname'
updates_sql='select e.extname, e.extversion, a.default_version, format('\''alter extension %I update'\'', e.extname)
  from pg_extension e join pg_available_extensions a on a.name = e.extname
  where a.default_version <> e.extversion order by 1'
statistics_sql='do $trial$
declare one record; col record; columns text; row_of text; value text; candidate text; expression text;
begin
  for one in
    with suspects as (
      select d.classid, d.objid, min(format('\''alter function %s set search_path = %I'\'', p.oid::regprocedure, n.nspname)) as command
      from pg_depend d join pg_proc p on p.oid = d.refobjid join pg_language l on l.oid = p.prolang join pg_namespace n on n.oid = p.pronamespace
      where d.refclassid = '\''pg_proc'\''::regclass and d.classid in ('\''pg_class'\''::regclass, '\''pg_statistic_ext'\''::regclass)
        and p.oid >= 16384 and l.lanname not in ('\''c'\'', '\''internal'\'')
        and not exists (select from unnest(p.proconfig) s where s like '\''search_path=%'\'')
      group by 1, 2)
    select '\''index '\'' || i.indexrelid::regclass as what, i.indrelid as relation, s.command,
      array(select pg_get_indexdef(i.indexrelid, k + 1, false) from generate_series(0, i.indnatts - 1) k where i.indkey[k] = 0)
        || case when i.indpred is null then '\''{}'\'' else array[pg_get_expr(i.indpred, i.indrelid)] end as expressions
      from suspects s join pg_index i on s.classid = '\''pg_class'\''::regclass and i.indexrelid = s.objid
    union all
    select format('\''statistics %I.%I'\'', n.nspname, e.stxname), e.stxrelid, s.command, pg_get_statisticsobjdef_expressions(e.oid)
      from suspects s join pg_statistic_ext e on s.classid = '\''pg_statistic_ext'\''::regclass and e.oid = s.objid join pg_namespace n on n.oid = e.stxnamespace
    order by 1
  loop
    begin
      columns := '\'''\''; row_of := '\'''\'';
      for col in
        select a.attname, coalesce(b.oid, t.oid) as type, format_type(coalesce(b.oid, t.oid), null) as name, coalesce(b.typtype, t.typtype) as kind
          from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type b on t.typtype = '\''d'\'' and b.oid = t.typbasetype
          where a.attrelid = one.relation and a.attnum > 0 and not a.attisdropped order by a.attnum
      loop
        value := null;
        if col.kind = '\''e'\'' then select enumlabel into value from pg_enum where enumtypid = col.type order by enumsortorder limit 1;
        elsif col.kind = '\''b'\'' then
          foreach candidate in array array['\''a'\'', '\''1'\'', '\''2000-01-01'\'', '\''1 day'\'', '\''{}'\'', '\''t'\'', '\''00000000-0000-0000-0000-000000000000'\'', '\''127.0.0.1'\'', '\''(0,0)'\''] loop
            begin execute format('\''select %L::%s'\'', candidate, col.name); value := candidate; exit;
            exception when others then null; end;
          end loop;
        end if;
        columns := columns || format('\'', %I %s'\'', col.attname, col.name);
        row_of := row_of || '\'', '\'' || coalesce(quote_literal(value), '\''null'\'');
      end loop;
      execute '\''create temporary table pgaf_upgrade_trial ('\'' || substr(columns, 3) || '\'')'\'';
      execute '\''insert into pg_temp.pgaf_upgrade_trial values ('\'' || substr(row_of, 3) || '\'')'\'';
      execute format('\''alter table pg_temp.pgaf_upgrade_trial owner to %I'\'', (select pg_get_userbyid(relowner) from pg_class where oid = one.relation));
      foreach expression in array one.expressions loop
        execute '\''create index on pg_temp.pgaf_upgrade_trial (('\'' || expression || '\''))'\'';
      end loop;
      execute '\''drop table pg_temp.pgaf_upgrade_trial'\'';
    exception
      when undefined_function or undefined_table or undefined_object or undefined_column or invalid_schema_name then
        raise info E'\''statistics\t%\t%\t%'\'', one.what, translate(sqlerrm, E'\''\n\t'\'', '\''  '\''), one.command;
      when others then null;
    end;
  end loop;
end $trial$'
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
END-OF-REHEARSAL
sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/look.sh >/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/look.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/look.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/look
echo "the host was inspected"
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/log.new
{ sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/rehearse.sh || true; } | tee /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/log.new
awk '/^== / { for (i = n > 60 ? n - 60 : 0; i < n; i++) print kept[i]; print; n = 0; next } { kept[n++] = $0 }' </var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/log.new >/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/log
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/log.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/look.sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/checks/rehearse.sh
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/checks && { sync -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/checks /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done || sync; }
END_OF_STEP_6
}

# ──── step 9: Create the new 17 directory
# A.node_1.initdb, as postgres; changes the host; about 3.0 s
# pg_upgrade fills an empty cluster; made now, while 15 still serves, it costs no downtime.
# guide: Step 4; deviation: Encoding, locale, checksums and WAL segment size are those of the old cluster, not the guide’s en_US.UTF-8; and it is done before anything stops.
# WAIT: before step 9 here, step 5 on monitor, step 7 on node_2 and step 8 on node_3 must be done
# side by side: it may run at the same time as steps 12 to 14 on monitor
# must hold before: /var/lib/pgsql/data is PostgreSQL 15
# must hold before: nobody else’s PostgreSQL 17 is in /var/lib/pgsql/data_pg17_new
# must hold after, within 30 s: /var/lib/pgsql/data_pg17_new is an empty PostgreSQL 17
# undo: $ rm -r /var/lib/pgsql/data_pg17_new
step_9() {
  cat <<'END_OF_STEP_9'
set -eu
export LC_ALL=C
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
new=/var/lib/pgsql/data_pg17_new
# without pg_control it is what is left of one that was being removed
if kin "$new" && [ ! -e "$new/global/pg_control" ]; then rm -rf /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b; mv -T "$new" /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b; fi
if kin "$new"; then # made by a check that was asked to keep it, or by an earlier run for this cluster
  [ ! -e "$new/postmaster.pid" ] || { echo "$new/postmaster.pid is there: a server ran in it, or runs" >&2; exit 1; }
  own "$new"; echo "$new was made for this cluster: taken over"; exit 0
fi
if [ -L "$new" ] || { [ -e "$new" ] && [ -n "$(ls -A "$new")" ]; }; then echo "$new is there and is not of this upgrade: give the new cluster another place (newData in the cluster file), or move it away" >&2; exit 1; fi
mkdir -p /var/lib/pgsql
rm -rf /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
/opt/vmware/postgres/17/bin/initdb \
  --pgdata=/var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b \
  --username=postgres \
  --encoding=UTF8 \
  --lc-collate=en_US.UTF-8 \
  --lc-ctype=en_US.UTF-8 \
  --wal-segsize=16 \
  --auth=trust
own /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
if [ -e /var/lib/pgsql/data_pg17_new ]; then rmdir /var/lib/pgsql/data_pg17_new; fi
mv /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b /var/lib/pgsql/data_pg17_new
sync /var/lib/pgsql
END_OF_STEP_9
}

# ──── step 10: Run pg_upgrade --check
# A.node_1.check, as postgres; reads only; about 4.0 s
# What pg_upgrade would refuse is found now, while it costs nothing.
# guide: Step 4; deviation: Run while 15 still serves, not after it was stopped: it reads only.
# side by side: it may run at the same time as steps 12 to 14 on monitor
# must hold before: the target 17.12 was released no earlier than 15.20: an older one passes --check and fails mid-way
# must hold before: /var/lib/pgsql/data_pg17_new is PostgreSQL 17, made by this run
# must hold after, within 30 s: pg_upgrade finds node_1 compatible
# undo: nothing to undo
# if it fails, see: /var/lib/pgsql/data_pg17_new/pg_upgrade_output.d
step_10() {
  cat <<'END_OF_STEP_10'
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
# pg_upgrade starts the new server, with fsync off: somebody else’s is not given to it
ours /var/lib/pgsql/data_pg17_new || { echo '/var/lib/pgsql/data_pg17_new has no marker file of this upgrade (.pgaf-upgrade, run=20261123T014800Z-1a2b): it may belong to somebody else. Inspect it first' >&2; exit 1; }
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/pg_upgrade /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693
cd /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/pg_upgrade
/opt/vmware/postgres/17/bin/pg_upgrade \
  --old-bindir=/opt/vmware/postgres/15/bin \
  --new-bindir=/opt/vmware/postgres/17/bin \
  --old-datadir=/var/lib/pgsql/data \
  --new-datadir=/var/lib/pgsql/data_pg17_new \
  --username=postgres \
  --socketdir=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 \
  --old-options='-c jit=off' \
  --new-options='-c jit=off' \
  --link \
  --check
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/check && { sync -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/check /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done || sync; }
END_OF_STEP_10
}

# ──── step 11: Validate configuration with 17
# A.node_1.configuration, as postgres; reads only; about 1.0 s
# A setting that 17 does not know keeps the server from starting: better found now than after the swap.
# guide: Step 5; deviation: The guide carries SSL files only and trusts pg_upgrade with the rest; pg_upgrade carries nothing.
# side by side: it may run at the same time as steps 12 to 14 on monitor
# must hold after, within 30 s: 17 accepts node_1’s configuration
# undo: nothing to undo
step_11() {
  cat <<'END_OF_STEP_11'
set -eu
export LC_ALL=C
umask 077
rm -rf /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/configuration; mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/configuration
set -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/configuration
for f in pg_hba.conf pg_ident.conf postgresql-auto-failover.conf postgresql.auto.conf postgresql.conf server.crt server.key; do
  if [ -e /var/lib/pgsql/data/"$f" ]; then
    rm -rf /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/configuration/"$f"; cp -pR /var/lib/pgsql/data/"$f" /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/configuration/"$f"; echo "carried $f"; set -- "$@" /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/configuration/"$f"
    find /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/configuration/"$f" -type f -perm /077 -exec grep -q 'PRIVATE KEY-----' '{}' ';' -exec chmod go= '{}' ';' -exec echo 'only its owner may read the private key' '{}' ';'
  fi
done
for name in shared_preload_libraries max_connections shared_buffers ssl; do
  value=$(/opt/vmware/postgres/17/bin/postgres -D /var/lib/pgsql/data_pg17_new -C "$name" -c config_file=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/configuration/postgresql.conf -c data_directory=/var/lib/pgsql/data_pg17_new)
  echo "17.12 reads $name = $value"
done
rm -rf /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/configuration
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/configuration && { sync -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/configuration /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done || sync; }
END_OF_STEP_11
}

# ════ phase C: Stop, monitor upgraded, then all servers stop
# rollback once this phase is over: safe, no data loss: the primary starts again on 15 in place, and the monitor, which is upgraded by then, on its old directory

# ──── step 19: Set KillMode, disable autostart
# C.node_1.guard, as root; changes the host; about 0.5 s
# Without it systemd signals every process at once, walsenders too, and the secondaries miss the last transactions; disabled, a reboot does not start 15. And once the console has stopped it, nobody else’s “systemctl start” does.
# guide: Step 2; deviation: The guide stops the unit as it is: the standbys then miss the shutdown checkpoint and some transactions.
# WAIT: before step 19 here, step 17 on node_3 must be done
# side by side: it may run at the same time as steps 18 on monitor, 20 on node_2 and 21 on node_3
# must hold after, within 30 s: pgautofailover.service has KillMode=mixed
# must hold after, within 30 s: pgautofailover.service does not start at boot
# undo: $ rm /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.conf; systemctl daemon-reload; systemctl enable pgautofailover.service
step_19() {
  cat <<'END_OF_STEP_19'
set -eu
export LC_ALL=C
mkdir -p /etc/systemd/system/pgautofailover.service.d
printf '%s\n' '[Unit]' 'ConditionPathExists=!/etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold' '[Service]' KillMode=mixed TimeoutStopSec=infinity > /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.conf
sync /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.conf /etc/systemd/system/pgautofailover.service.d || sync
systemctl daemon-reload
systemctl disable --quiet pgautofailover.service
END_OF_STEP_19
}

# ──── step 27: Checkpoint, record contents
# C.node_1.checkpoint, as postgres; changes the host; about 0.3 s
# What is written to disk now need not be written while the application waits; databases, tables and sequences are compared before the new version opens, privileges, settings and subscriptions behind it.
# guide: not in it
# WAIT: before step 27 here, step 26 on monitor must be done
# undo: nothing to undo
step_27() {
  cat <<'END_OF_STEP_27'
set -eu
export LC_ALL=C
umask 077
# the last checkpoint of an earlier stop says nothing of the one that comes
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped
contents() { # FILE: every database, its relations, and where its sequences are
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'copy (select '\''database'\'', datname, '\'''\'', '\'''\'', '\'''\'', '\'''\'' from pg_database where datallowconn) to stdout' > "$1"
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select datname from pg_database where datallowconn order by 1' > "$1.databases"
  while IFS= read -r database; do
    PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'copy (select case c.relkind when '\''S'\'' then '\''sequence'\'' when '\''v'\'' then '\''view'\'' when '\''m'\'' then '\''materialized view'\''
    when '\''f'\'' then '\''foreign table'\'' when '\''i'\'' then '\''index'\'' when '\''I'\'' then '\''index'\'' else '\''table'\'' end,
  current_database(), n.nspname, c.relname,
  case c.relkind when '\''S'\'' then coalesce(pg_sequence_last_value(c.oid)::text, '\'''\'') else '\'''\'' end,
  case when s.seqcycle then '\'''\'' else coalesce(s.seqincrement::text, '\'''\'') end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  left join pg_index i on i.indexrelid = c.oid left join pg_sequence s on s.seqrelid = c.oid
  where n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'' and c.relpersistence <> '\''t'\''
    and c.relkind in ('\''r'\'', '\''p'\'', '\''v'\'', '\''m'\'', '\''f'\'', '\''S'\'', '\''i'\'', '\''I'\'') and (i.indexrelid is null or c.relkind = '\''I'\'' or (i.indisvalid and i.indisready))) to stdout' </dev/null >> "$1"
  done < "$1.databases"
  rm "$1.databases"
}
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -c checkpoint
# compared when the application works again
inventory() { # FILE: privileges, owners, settings, comments … of every database
  PGOPTIONS='-c search_path=pg_catalog -c jit=off' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'copy (select k, '\'''\'', n, v, s from ((select '\''role'\'', quote_ident(r.rolname), concat_ws('\'' '\'', case when r.rolsuper then '\''superuser'\'' end, case when r.rolcreaterole then '\''createrole'\'' end, case when r.rolcreatedb then '\''createdb'\'' end,
  case when r.rolcanlogin then '\''login'\'' end, case when r.rolreplication then '\''replication'\'' end, case when r.rolbypassrls then '\''bypassrls'\'' end, case when not r.rolinherit then '\''noinherit'\'' end, '\''connection limit '\'' || r.rolconnlimit, r.rolvaliduntil) || case when r.rolpassword is null then '\'' no password'\'' else '\'' a password'\'' end, '\'''\'' from pg_authid r where r.rolname !~ '\''^pg_'\'')
union all (select distinct '\''membership'\'', format('\''%I in %I'\'', m.rolname, r.rolname), '\'''\'', format('\''grant %I to %I'\'', r.rolname, m.rolname) from pg_auth_members a join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member)
union all (select '\''setting'\'', format('\''%s%s'\'', case when s.setrole = 0 then '\'''\'' else '\''role '\'' || quote_ident(pg_get_userbyid(s.setrole)) || '\'' '\'' end, case when d.datname is null then '\'''\'' else '\''database '\'' || quote_ident(d.datname) || '\'' '\'' end) || split_part(c.one, '\''='\'', 1), substr(c.one, strpos(c.one, '\''='\'') + 1),
      case when s.setrole = 0 then format('\''alter database %I'\'', d.datname) when d.datname is null then format('\''alter role %I'\'', pg_get_userbyid(s.setrole)) else format('\''alter role %I in database %I'\'', pg_get_userbyid(s.setrole), d.datname) end
        || format('\'' set %s = %s'\'', (select string_agg(quote_ident(part), '\''.'\'') from unnest(string_to_array(split_part(c.one, '\''='\'', 1), '\''.'\'')) part),
          case when split_part(c.one, '\''='\'', 1) in ('\''search_path'\'', '\''local_preload_libraries'\'', '\''session_preload_libraries'\'', '\''shared_preload_libraries'\'', '\''temp_tablespaces'\'', '\''unix_socket_directories'\'') and c.one !~ '\''=$'\'' then substr(c.one, strpos(c.one, '\''='\'') + 1) else case when substr(c.one, strpos(c.one, '\''='\'') + 1) ~ '\''[[:cntrl:]]'\'' then '\''E'\'''\'''\'' || replace(replace(replace(replace(replace(substr(c.one, strpos(c.one, '\''='\'') + 1), chr(92), repeat(chr(92), 2)), '\'''\'''\'''\'', '\'''\'''\'''\'''\'''\''), chr(10), chr(92) || '\''n'\''), chr(13), chr(92) || '\''r'\''), chr(9), chr(92) || '\''t'\'') || '\'''\'''\'''\'' else trim(leading from quote_literal(substr(c.one, strpos(c.one, '\''='\'') + 1))) end end) from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase cross join unnest(s.setconfig) c(one))
union all (select '\''database'\'', quote_ident(d.datname), concat_ws('\'' '\'', '\''owner'\'', quote_ident(pg_get_userbyid(d.datdba)), case when d.datistemplate then '\''template'\'' end, '\''connection limit'\'', d.datconnlimit), format('\''alter database %I owner to %I'\'', d.datname, pg_get_userbyid(d.datdba)) from pg_database d where d.datconnlimit <> -2)
union all (select '\''privilege'\'', format('\''database %I, %s %s'\'', d.datname, case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end, lower(e.privilege_type)), '\''granted'\'', format('\''grant %s on database %I to %s'\'', lower(e.privilege_type), d.datname, case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end)
    from pg_database d cross join aclexplode(d.datacl) e where e.grantee <> d.datdba)
union all (select '\''privilege'\'', format('\''tablespace %I, %s %s'\'', t.spcname, case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end, lower(e.privilege_type)), '\''granted'\'', format('\''grant %s on tablespace %I to %s'\'', lower(e.privilege_type), t.spcname, case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end)
    from pg_tablespace t cross join aclexplode(t.spcacl) e where e.grantee <> t.spcowner)
union all (select '\''comment'\'', format('\''%s %s'\'', i.type, i.identity), md5(d.description),
    case when length(d.description) <= 2000 then format('\''comment on %s %s is %s'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, case i.type when '\''domain constraint'\'' then regexp_replace(i.identity, '\''^("([^"]|"")*"|[^" ]+) on '\'', '\''\1 on domain '\'') else i.identity end, case when d.description ~ '\''[[:cntrl:]]'\'' then '\''E'\'''\'''\'' || replace(replace(replace(replace(replace(d.description, chr(92), repeat(chr(92), 2)), '\'''\'''\'''\'', '\'''\'''\'''\'''\'''\''), chr(10), chr(92) || '\''n'\''), chr(13), chr(92) || '\''r'\''), chr(9), chr(92) || '\''t'\'') || '\'''\'''\'''\'' else trim(leading from quote_literal(d.description)) end) else '\'''\'' end
    from pg_shdescription d cross join lateral pg_identify_object(d.classoid, d.objoid, 0) i where true)
union all (select '\''security label'\'', format('\''%s %s, %s'\'', l.objtype, l.objname, l.provider), l.label, format('\''security label for %I on %s %s is %s'\'', l.provider, l.objtype, l.objname, case when l.label ~ '\''[[:cntrl:]]'\'' then '\''E'\'''\'''\'' || replace(replace(replace(replace(replace(l.label, chr(92), repeat(chr(92), 2)), '\'''\'''\'''\'', '\'''\'''\'''\'''\'''\''), chr(10), chr(92) || '\''n'\''), chr(13), chr(92) || '\''r'\''), chr(9), chr(92) || '\''t'\'') || '\'''\'''\'''\'' else trim(leading from quote_literal(l.label)) end) from pg_seclabels l where l.objtype in ('\''role'\'', '\''database'\'', '\''tablespace'\''))
union all (select '\''replication slot'\'', quote_ident(s.slot_name), concat_ws('\'' '\'', s.slot_type, s.plugin, '\''in '\'' || s.database), case s.slot_type when '\''physical'\'' then format('\''select pg_create_physical_replication_slot(%L)'\'', s.slot_name) else format('\''select pg_create_logical_replication_slot(%L, %L)'\'', s.slot_name, s.plugin) end
    from pg_replication_slots s where not s.temporary and s.slot_name !~ '\''^pgautofailover_standby_'\'')
union all (select '\''replication origin'\'', o.roname, coalesce(s.remote_lsn::text, '\'''\''), format('\''select pg_replication_origin_create(%L)'\'', o.roname) || case when s.remote_lsn is null then '\'''\'' else format('\'', pg_replication_origin_advance(%L, %L)'\'', o.roname, s.remote_lsn) end
    from pg_replication_origin o left join pg_replication_origin_status s on s.local_id = o.roident where o.roname !~ '\''^pg_[0-9]+(_[0-9]+)?$'\'')
union all (select '\''subscription'\'', format('\''%I in %I'\'', s.subname, d.datname), case when s.subenabled then '\''enabled'\'' else '\''disabled'\'' end, format('\''alter subscription %I enable'\'', s.subname) from pg_subscription s join pg_database d on d.oid = s.subdbid)) it(k, n, v, s)) to stdout' > "$1" || printf 'unread\t\n' > "$1"
  case $(PGOPTIONS='-c search_path=pg_catalog -c jit=off' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select to_regclass('\''pg_parameter_acl'\'') is not null') in
    t) PGOPTIONS='-c search_path=pg_catalog -c jit=off' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'copy (select k, '\'''\'', n, v, s from ((select '\''privilege'\'', format('\''parameter %s, %s %s'\'', p.parname, case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end, lower(e.privilege_type)), case when e.is_grantable then '\''with grant option'\'' else '\''granted'\'' end,
      format('\''grant %s on parameter %s to %s%s'\'', lower(e.privilege_type), (select string_agg(quote_ident(part), '\''.'\'') from unnest(string_to_array(p.parname, '\''.'\'')) part), case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end, case when e.is_grantable then '\'' with grant option'\'' end)
    from pg_parameter_acl p cross join aclexplode(p.paracl) e where e.grantee <> 10)) it(k, n, v, s)) to stdout' >> "$1" || printf 'unread\t\n' >> "$1" ;;
    f) ;;
    *) printf 'unread\t\n' >> "$1" ;;
  esac
  PGOPTIONS='-c search_path=pg_catalog -c jit=off' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select datname from pg_database where datallowconn order by 1' > "$1.databases"
  while IFS= read -r database; do
    PGOPTIONS='-c search_path=pg_catalog -c jit=off' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'copy (select k, current_database(), n, v, s from ((select '\''owner'\'', format('\''%I.%I'\'', n.nspname, c.relname), quote_ident(pg_get_userbyid(c.relowner)), format('\''alter %s %s owner to %I'\'', case c.relkind when '\''v'\'' then '\''view'\'' when '\''m'\'' then '\''materialized view'\'' when '\''f'\'' then '\''foreign table'\'' when '\''S'\'' then '\''sequence'\'' else '\''table'\'' end, format('\''%I.%I'\'', n.nspname, c.relname), pg_get_userbyid(c.relowner))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'' and c.relpersistence <> '\''t'\'' and c.relkind in ('\''r'\'', '\''p'\'', '\''v'\'', '\''m'\'', '\''f'\'', '\''S'\''))
union all (select '\''owner'\'', p.oid::regprocedure::text, quote_ident(pg_get_userbyid(p.proowner)), format('\''alter routine %s owner to %I'\'', p.oid::regprocedure, pg_get_userbyid(p.proowner))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'' and not exists (select from pg_depend d where d.classid = '\''pg_proc'\''::regclass and d.objid = p.oid and d.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''schema %I'\'', n.nspname), quote_ident(pg_get_userbyid(n.nspowner)), format('\''alter schema %I owner to %I'\'', n.nspname, pg_get_userbyid(n.nspowner)) from pg_namespace n where n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'')
union all (select '\''privilege'\'', format('\''%s %s%s, %s%s'\'', kind, case when kind = '\''routine'\'' and member then base else name end, col, who, case when sign = '\''-'\'' then '\'', revoked'\'' when grantable then '\'', with grant option'\'' else '\'''\'' end), string_agg(lower(privilege), '\'', '\'' order by privilege),
      format('\''%s %s on %s %s %s %s%s'\'', case sign when '\''+'\'' then '\''grant'\'' else '\''revoke'\'' end, string_agg(lower(privilege) || col, '\'', '\'' order by privilege), kind, name, case sign when '\''+'\'' then '\''to'\'' else '\''from'\'' end, who, case when grantable and sign = '\''+'\'' then '\'' with grant option'\'' else '\'''\'' end)
    from (select o.kind, o.name, o.base, o.col,
    case g.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(g.grantee)) end who, g.privilege_type privilege, g.is_grantable grantable, g.sign,
    exists (select from pg_depend d where d.classid = o.classid and d.objid = o.objid and d.deptype = '\''e'\'') member
  from (select it.*, coalesce((select i.initprivs from pg_init_privs i where i.objoid = it.objid and i.classoid = it.classid and i.objsubid = it.sub), it.initial) begun
    from (select case c.relkind when '\''S'\'' then '\''sequence'\'' else '\''table'\'' end kind, c.tableoid classid, c.oid objid, 0 sub,
    format('\''%I.%I'\'', n.nspname, c.relname) name, format('\''%I.%I'\'', n.nspname, c.relname) base, '\'''\'' col, c.relowner owner, c.relacl acl,
    acldefault((case c.relkind when '\''S'\'' then '\''s'\'' else '\''r'\'' end)::"char", c.relowner) initial
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relacl is not null and c.relpersistence <> '\''t'\''
union all select '\''table'\'', '\''pg_class'\''::regclass, c.oid, a.attnum, format('\''%I.%I'\'', n.nspname, c.relname), format('\''%I.%I'\'', n.nspname, c.relname),
    format('\'' (%I)'\'', a.attname), c.relowner, a.attacl, acldefault('\''c'\'', c.relowner)
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.attacl is not null and not a.attisdropped and c.relpersistence <> '\''t'\''
union all select '\''routine'\'', p.tableoid, p.oid, 0, p.oid::regprocedure::text, format('\''%I.%I'\'', n.nspname, p.proname), '\'''\'', p.proowner, p.proacl, acldefault('\''f'\'', p.proowner)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proacl is not null
union all select '\''type'\'', t.tableoid, t.oid, 0, format('\''%I.%I'\'', n.nspname, t.typname), '\'''\'', '\'''\'', t.typowner, t.typacl, acldefault('\''T'\'', t.typowner)
  from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typacl is not null
union all select '\''schema'\'', n.tableoid, n.oid, 0, quote_ident(n.nspname), '\'''\'', '\'''\'', n.nspowner, n.nspacl, acldefault('\''n'\'', n.nspowner)
  from pg_namespace n where n.nspacl is not null and n.nspname !~ '\''^pg_(toast_)?temp_'\''
union all select '\''language'\'', l.tableoid, l.oid, 0, quote_ident(l.lanname), '\'''\'', '\'''\'', l.lanowner, l.lanacl, acldefault('\''l'\'', l.lanowner) from pg_language l where l.lanacl is not null
union all select '\''foreign data wrapper'\'', w.tableoid, w.oid, 0, quote_ident(w.fdwname), '\'''\'', '\'''\'', w.fdwowner, w.fdwacl, acldefault('\''F'\'', w.fdwowner)
  from pg_foreign_data_wrapper w where w.fdwacl is not null
union all select '\''foreign server'\'', s.tableoid, s.oid, 0, quote_ident(s.srvname), '\'''\'', '\'''\'', s.srvowner, s.srvacl, acldefault('\''S'\'', s.srvowner) from pg_foreign_server s where s.srvacl is not null
union all select '\''large object'\'', '\''pg_largeobject'\''::regclass, l.oid, 0, l.oid::text, '\'''\'', '\'''\'', l.lomowner, l.lomacl, acldefault('\''L'\'', l.lomowner)
  from pg_largeobject_metadata l where l.lomacl is not null and (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000) it) o
  cross join lateral (
    select '\''+'\'' sign, a.* from (select grantee, privilege_type, is_grantable from aclexplode(o.acl) except select grantee, privilege_type, is_grantable from aclexplode(o.begun)) a
    union all select '\''-'\'', b.* from (select grantee, privilege_type, is_grantable from aclexplode(o.begun) except select grantee, privilege_type, is_grantable from aclexplode(o.acl)) b
      where not exists (select from aclexplode(o.acl) c where c.grantee = b.grantee and c.privilege_type = b.privilege_type)) g
  where (g.grantee <> o.owner or g.sign = '\''-'\'') and o.name !~ '\''^information_schema'\'') it where privilege <> '\''MAINTAIN'\'' group by kind, name, base, member, col, who, sign, grantable)
union all (select '\''default privileges'\'', format('\''of %s in %s for %s'\'', quote_ident(pg_get_userbyid(d.defaclrole)), coalesce(d.defaclnamespace::regnamespace::text, '\''every schema'\''), d.defaclobjtype),
      array_to_string(array(select format('\''%s=%s'\'', case e.grantee when 0 then '\''public'\'' else pg_get_userbyid(e.grantee) end, e.privilege_type) from aclexplode(d.defaclacl) e where e.privilege_type <> '\''MAINTAIN'\'' order by 1), '\'', '\''), '\'''\'' from pg_default_acl d where d.defaclnamespace = 0 or exists (select from pg_namespace n where n.oid = d.defaclnamespace))
union all (select '\''extension'\'', quote_ident(e.extname), n.nspname, format('\''create extension %I schema %I'\'', e.extname, n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace)
union all (select '\''publication'\'', quote_ident(p.pubname), concat_ws('\'' '\'', case when p.puballtables then '\''all tables'\'' end, case when p.pubinsert then '\''insert'\'' end, case when p.pubupdate then '\''update'\'' end, case when p.pubdelete then '\''delete'\'' end, case when p.pubtruncate then '\''truncate'\'' end), '\'''\'' from pg_publication p)
union all (select '\''published table'\'', format('\''%I: %I.%I'\'', p.pubname, p.schemaname, p.tablename), '\'''\'', format('\''alter publication %I add table %I.%I'\'', p.pubname, p.schemaname, p.tablename) from pg_publication_tables p where not (select puballtables from pg_publication x where x.pubname = p.pubname))
union all (select '\''event trigger'\'', quote_ident(t.evtname), format('\''on %s, %s, function %s'\'', t.evtevent, case t.evtenabled when '\''D'\'' then '\''disabled'\'' when '\''R'\'' then '\''enable replica'\'' when '\''A'\'' then '\''enable always'\'' else '\''enabled'\'' end, t.evtfoid::regprocedure),
      format('\''alter event trigger %I %s'\'', t.evtname, case t.evtenabled when '\''D'\'' then '\''disable'\'' when '\''R'\'' then '\''enable replica'\'' when '\''A'\'' then '\''enable always'\'' else '\''enable'\'' end) from pg_event_trigger t where not exists (select from pg_depend d where d.classid = '\''pg_event_trigger'\''::regclass and d.objid = t.oid and d.deptype = '\''e'\''))
union all (select '\''trigger'\'', format('\''%I on %s'\'', t.tgname, format('\''%I.%I'\'', n.nspname, c.relname)), case t.tgenabled when '\''D'\'' then '\''disabled'\'' when '\''R'\'' then '\''enable replica'\'' when '\''A'\'' then '\''enable always'\'' else '\''enabled'\'' end,
      format('\''alter table %s %s trigger %I'\'', format('\''%I.%I'\'', n.nspname, c.relname), case t.tgenabled when '\''D'\'' then '\''disable'\'' when '\''R'\'' then '\''enable replica'\'' when '\''A'\'' then '\''enable always'\'' else '\''enable'\'' end, t.tgname)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and t.tgparentid = 0 and n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'')
union all (select '\''statistics target'\'', format('\''%s.%I'\'', format('\''%I.%I'\'', n.nspname, c.relname), a.attname), a.attstattarget::text, format('\''alter table %s alter column %I set statistics %s'\'', format('\''%I.%I'\'', n.nspname, c.relname), a.attname, a.attstattarget)
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace where a.attstattarget >= 0 and a.attnum > 0 and not a.attisdropped and c.relkind in ('\''r'\'', '\''p'\'', '\''m'\'', '\''f'\'') and n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'')
union all (select '\''extended statistics'\'', format('\''%I.%I'\'', n.nspname, s.stxname), pg_get_statisticsobjdef(s.oid), pg_get_statisticsobjdef(s.oid) from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'')
union all (select '\''storage parameters'\'', format('\''%I.%I'\'', n.nspname, c.relname), array_to_string(c.reloptions, '\'', '\''), format('\''alter %s %s set (%s)'\'', case c.relkind when '\''v'\'' then '\''view'\'' when '\''m'\'' then '\''materialized view'\'' when '\''f'\'' then '\''foreign table'\'' when '\''S'\'' then '\''sequence'\'' else '\''table'\'' end, format('\''%I.%I'\'', n.nspname, c.relname), array_to_string(c.reloptions, '\'', '\''))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.reloptions is not null and c.relkind in ('\''r'\'', '\''p'\'', '\''v'\'', '\''m'\'') and n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'' and not exists (select from pg_depend d where d.classid = '\''pg_class'\''::regclass and d.objid = c.oid and d.deptype = '\''e'\''))
union all (select '\''comment'\'', format('\''%s %s'\'', i.type, i.identity), md5(d.description),
    case when length(d.description) <= 2000 then format('\''comment on %s %s is %s'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, case i.type when '\''domain constraint'\'' then regexp_replace(i.identity, '\''^("([^"]|"")*"|[^" ]+) on '\'', '\''\1 on domain '\'') else i.identity end, case when d.description ~ '\''[[:cntrl:]]'\'' then '\''E'\'''\'''\'' || replace(replace(replace(replace(replace(d.description, chr(92), repeat(chr(92), 2)), '\'''\'''\'''\'', '\'''\'''\'''\'''\'''\''), chr(10), chr(92) || '\''n'\''), chr(13), chr(92) || '\''r'\''), chr(9), chr(92) || '\''t'\'') || '\'''\'''\'''\'' else trim(leading from quote_literal(d.description)) end) else '\'''\'' end
    from pg_description d cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    where (d.objoid >= 16384 or (d.classoid = '\''pg_namespace'\''::regclass and d.objoid = 2200))
      and (d.classoid <> '\''pg_largeobject'\''::regclass or (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000)
      and not exists (select from pg_depend e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''large object %s'\'', l.oid), quote_ident(pg_get_userbyid(l.lomowner)), format('\''alter large object %s owner to %I'\'', l.oid, pg_get_userbyid(l.lomowner))
    from pg_largeobject_metadata l where (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000)
union all (select '\''large objects'\'', format('\''of %I, %s'\'', pg_get_userbyid(l.lomowner), coalesce('\''privileges '\'' || array_to_string(l.lomacl, '\'' '\''), '\''default privileges'\'')), format('\''%s, digest %s'\'', count(*), to_hex(mod(sum(hashint8extended(l.oid::bigint, 0)::numeric), 4611686018427387904)::bigint)), '\''select oid, pg_get_userbyid(lomowner), lomacl from pg_largeobject_metadata'\''
    from pg_largeobject_metadata l where not (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000 group by l.lomowner, l.lomacl)
union all (select '\''large objects'\'', '\''with a comment'\'', format('\''%s, digest %s'\'', count(*), to_hex(mod(sum(hashint8extended(d.objoid::bigint, 0)::numeric), 4611686018427387904)::bigint)), '\''select objoid, description from pg_description where classoid = '\'''\''pg_largeobject'\'''\''::regclass'\''
    from pg_description d where d.classoid = '\''pg_largeobject'\''::regclass and not (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000 having count(*) > 0)
union all (select '\''large objects'\'', '\''with a security label'\'', format('\''%s, digest %s'\'', count(*), to_hex(mod(sum(hashint8extended(d.objoid::bigint, 0)::numeric), 4611686018427387904)::bigint)), '\''select objoid, provider, label from pg_seclabel where classoid = '\'''\''pg_largeobject'\'''\''::regclass'\''
    from pg_seclabel d where d.classoid = '\''pg_largeobject'\''::regclass and not (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000 having count(*) > 0)
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.typowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.typowner))
    from pg_type o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and o.typelem = 0 and o.typtype <> '\''m'\'' and (o.typrelid = 0 or exists (select from pg_class c where c.oid = o.typrelid and c.relkind = '\''c'\'')) and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.oprowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.oprowner))
    from pg_operator o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.opcowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.opcowner))
    from pg_opclass o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.opfowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.opfowner))
    from pg_opfamily o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.collowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.collowner))
    from pg_collation o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.conowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.conowner))
    from pg_conversion o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.stxowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.stxowner))
    from pg_statistic_ext o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.dictowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.dictowner))
    from pg_ts_dict o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.cfgowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.cfgowner))
    from pg_ts_config o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.lanowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.lanowner))
    from pg_language o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.fdwowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.fdwowner))
    from pg_foreign_data_wrapper o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.srvowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.srvowner))
    from pg_foreign_server o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.evtowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.evtowner))
    from pg_event_trigger o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.pubowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.pubowner))
    from pg_publication o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''security label'\'', format('\''%s %s, %s'\'', l.objtype, l.objname, l.provider), l.label, format('\''security label for %I on %s %s is %s'\'', l.provider, l.objtype, l.objname, case when l.label ~ '\''[[:cntrl:]]'\'' then '\''E'\'''\'''\'' || replace(replace(replace(replace(replace(l.label, chr(92), repeat(chr(92), 2)), '\'''\'''\'''\'', '\'''\'''\'''\'''\'''\''), chr(10), chr(92) || '\''n'\''), chr(13), chr(92) || '\''r'\''), chr(9), chr(92) || '\''t'\'') || '\'''\'''\'''\'' else trim(leading from quote_literal(l.label)) end) from pg_seclabels l where l.objtype not in ('\''role'\'', '\''database'\'', '\''tablespace'\'') and (l.objtype <> '\''large object'\'' or (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000))
union all (select '\''statistics of a partitioned table'\'', format('\''%I.%I'\'', n.nspname, c.relname), '\'''\'', format('\''analyze %s'\'', format('\''%I.%I'\'', n.nspname, c.relname)) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = '\''p'\'' and exists (select from pg_statistic s where s.starelid = c.oid))) it(k, n, v, s)) to stdout' </dev/null > "$1.one" || printf 'unread\t%s\n' "$database" > "$1.one"
    cat "$1.one" >> "$1"
  done < "$1.databases"
  rm -f "$1.databases" "$1.one"
}
inventory /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select datname from pg_database where datallowconn order by 1' > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/databases
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/subscriptions.new
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/receiving.new
while IFS= read -r database; do
  said=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select json_agg(json_build_object('\''name'\'', s.subname, '\''enabled'\'', s.subenabled, '\''origin'\'', o.roident,
    '\''tables'\'', coalesce((select json_agg(json_build_object('\''schema'\'', n.nspname, '\''name'\'', c.relname, '\''state'\'', r.srsubstate, '\''lsn'\'', r.srsublsn))
      from pg_subscription_rel r join pg_class c on c.oid = r.srrelid join pg_namespace n on n.oid = c.relnamespace where r.srsubid = s.oid), '\''[]'\'')))
  from pg_subscription s left join pg_replication_origin o on o.roname = '\''pg_'\'' || s.oid where s.subdbid = (select oid from pg_database where datname = current_database())' </dev/null)
  if [ -n "$said" ]; then
    printf '%s\t%s\n' "$database" "$said" >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/subscriptions.new
    PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select translate(format('\''%I in %I'\'', s.subname, current_database()), e'\''\n\r\t'\'', '\''   '\'') from pg_subscription s where s.subenabled and s.subdbid = (select oid from pg_database where datname = current_database()) order by 1' </dev/null >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/receiving.new
  fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/databases
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/subscriptions.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/subscriptions
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/receiving.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/receiving
rm /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/databases
contents /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/noted.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/noted.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/noted
awk -F '\t' '{ n[$2 FS $1]++; if ($1 == "database") names[$2] = 1 }
  END { for (name in names) print name ": " n[name FS "table"] + 0 " tables, " n[name FS "index"] + 0 " indexes, " n[name FS "sequence"] + 0 " sequences" }' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/noted | sort
END_OF_STEP_27
}

# ──── step 28: Stop primary
# C.node_1.stop, as root; changes the host; about 0.6 s
# First, while the secondaries still stream: they receive everything, the shutdown checkpoint too, and so become fallback copies without loss.
# guide: Step 2; deviation: The guide stops the secondary first: under load it then lacked 5,348 committed transactions.
# NOTE: the application cannot write from here on: the downtime begins
# must hold before: every secondary is in maintenance, so that stopping the primary starts no failover
# must hold before: the monitor is stopped: it gives no orders meanwhile
# must hold before: node_2 streams from node_1
# must hold before: node_3 streams from node_1
# must hold before: node_2 has replayed nearly all that it has received
# must hold before: node_3 has replayed nearly all that it has received
# must hold before: synchronous_standby_names is empty on node_1
# must hold before: node_1 has the tablespaces that it had when the facts were read
# must hold before: no transaction stays prepared on node_1
# must hold before: no last checkpoint of an earlier stop is kept
# must hold after, within 60 s: pg_autoctl and PostgreSQL are stopped on node_1
# must hold after, within 60 s: pg_controldata on node_1 says “shut down”
# must hold after, within 60 s: node_2 has received everything up to node_1's shutdown checkpoint
# must hold after, within 60 s: node_3 has received everything up to node_1's shutdown checkpoint
# undo: start node_1 again on 15; then disable maintenance on the secondaries
step_28() {
  cat <<'END_OF_STEP_28'
set -eu
export LC_ALL=C
dependents() ( # UNIT
  all='' todo=$1 level=0
  while [ $level -lt 5 ]; do level=$((level + 1))
    found=$(systemctl show -p BoundBy -p RequiredBy -p ConsistsOf $todo 2>/dev/null | sed 's/^[A-Za-z]*=//' | tr ' ' '\n' | grep -E '\.(service|socket|timer|path)$' | sort -u || true)
    todo=''
    for one in $found; do case " $1 $all " in *" $one "*) ;; *) todo="$todo $one" ;; esac; done
    [ -n "$todo" ] || break
    all="$all$todo"
  done
  [ -z "$all" ] || systemctl show -p Id -p ActiveState $all 2>/dev/null | awk -F= '$1 == "Id" { id = $2 } $1 == "ActiveState" { state = $2 }
    id != "" && state != "" { if (state == "active") print id; id = state = "" }'
)
hang=/var/lib/pgaf-upgrade/pgautofailover.service.dependents
if [ ! -e "$hang" ]; then
  mkdir -p /var/lib/pgaf-upgrade; chmod 700 /var/lib/pgaf-upgrade
  dependents pgautofailover.service > "$hang.new"
  if [ -s "$hang.new" ]; then sync "$hang.new" || sync; mv "$hang.new" "$hang"; else rm -f "$hang.new"; fi
fi
# from here on nobody but the console’s own start starts it: systemd passes every other one over
mkdir -p /etc/systemd/system/pgautofailover.service.d
echo 'stopped by pgaf-upgrade, which starts it again' > /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold
sync /etc/systemd/system/pgautofailover.service.d || sync
# a start that somebody asks for meanwhile would take the place of the stop, which then ends as canceled
systemctl stop --job-mode=replace-irreversibly pgautofailover.service
END_OF_STEP_28
}

# ════ phase D: Upgrade, pg_upgrade, swap; the monitor starts
# rollback once this phase is over: safe, no data loss, as long as 17 has never been started on the primary: its old directory is started again, and the monitor’s too

# ──── step 31: Run pg_upgrade --link
# D.node_1.pg-upgrade, as postgres; changes the host; about 6.2 s
# The catalogs are rebuilt for 17; the data files are taken over by hard links.
# guide: Step 4; deviation: delete_old_cluster.sh is disarmed right away: after the swap it would delete the live cluster.
# side by side: it may run at the same time as steps 29 on node_2, 30 on node_3, 33 to 34 on node_1 and 35 on monitor
# must hold before: no pg_upgrade was interrupted that cannot be repeated
# must hold before: pg_autoctl and PostgreSQL are stopped on node_1
# must hold before: pg_controldata on node_1 says “shut down”
# must hold before: no transaction was prepared when the server stopped
# must hold before: /var/lib/pgsql/data_pg17_new is PostgreSQL 17, made by this run (or not there, and made now)
# must hold before: port 50432 is free for pg_upgrade
# must hold after, within 30 s: pg_upgrade finished, and the fingerprint of both clusters is kept
# must hold after, within 30 s: no delete_old_cluster.sh is left to run
# undo: while 17 has never been started: rename global/pg_control.old back, remove /var/lib/pgsql/data_pg17_new
# if it fails, see: /var/lib/pgsql/data_pg17_new/pg_upgrade_output.d
step_31() {
  cat <<'END_OF_STEP_31'
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
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/pg_upgrade
mkdir -p /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693
echo 'local all all trust' > /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/pg_hba.conf
cd /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/pg_upgrade
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
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap 'rm -rf "$at"' EXIT; mkdir "$at/global"
    for name in pg_control.do-not-start pg_control.old; do
      if [ -e "$2/global/$name" ]; then ln -sf "$2/global/$name" "$at/global/pg_control"; fi
    done
    ln -s "$2/PG_VERSION" "$at/PG_VERSION"
  fi
  "$1/pg_controldata" -D "$at"
)
as_kept() { # BIN DIRECTORY FILE: it says what was kept in FILE, to the byte
  [ -s "$3" ] && control "$1" "$2" | cmp -s - "$3"
}
of_system() { # BIN DIRECTORY IDENTIFIER
  [ "$(control "$1" "$2" | sed -n 's/^Database system identifier: *//p')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
old=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/fingerprint-old new=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/fingerprint run=8442ef2c
[ "$(version /var/lib/pgsql/data)" = 15 ] || { echo '/var/lib/pgsql/data is not PostgreSQL 15' >&2; exit 1; }
of_system /opt/vmware/postgres/15/bin /var/lib/pgsql/data 7711174124246397031
idle /var/lib/pgsql/data /var/lib/pgsql/data_pg17_new
again='' outdated=''
id() { sed -n 's/^Database system identifier: *//p' "$@"; }
if [ -s "$new" ] && [ "$(version /var/lib/pgsql/data_pg17_new)" = 17 ] && [ "$(control /opt/vmware/postgres/17/bin /var/lib/pgsql/data_pg17_new | id)" = "$(id "$new")" ]; then
  as_kept /opt/vmware/postgres/17/bin /var/lib/pgsql/data_pg17_new "$new" || { echo 'PostgreSQL 17 has been started on /var/lib/pgsql/data_pg17_new: inspect it first' >&2; exit 1; }
  if as_kept /opt/vmware/postgres/15/bin /var/lib/pgsql/data "$old"; then rm -f tried; echo 'pg_upgrade has finished already'; exit 0; fi
  echo 'PostgreSQL 15 has run on /var/lib/pgsql/data since pg_upgrade: /var/lib/pgsql/data_pg17_new lacks what it wrote since, and is made anew'
  again=yes outdated=yes
elif [ -e tried ] || [ ! -e /var/lib/pgsql/data_pg17_new ]; then again=yes; fi
if [ -e /var/lib/pgsql/data_pg17_new ]; then ours /var/lib/pgsql/data_pg17_new || { echo '/var/lib/pgsql/data_pg17_new has no marker file of this upgrade (.pgaf-upgrade, run=20261123T014800Z-1a2b): it may belong to somebody else. Inspect it first' >&2; exit 1; }; fi
# a try that failed leaves a new directory that pg_upgrade refuses: begin again from an empty one. It goes before the old one is startable
# again, and first to a name by which this run knows it, however much of it is left
if [ -n "$again" ]; then
  if [ -e /var/lib/pgsql/data_pg17_new ]; then mv -T /var/lib/pgsql/data_pg17_new /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b; fi; rm -rf /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
  sync -- /var/lib/pgsql || sync
fi
if [ -n "$again" ] && [ ! -e /var/lib/pgsql/data/global/pg_control ] && [ -e /var/lib/pgsql/data/global/pg_control.old ]; then mv /var/lib/pgsql/data/global/pg_control.old /var/lib/pgsql/data/global/pg_control; keep /var/lib/pgsql/data/global/pg_control; fi
# pg_upgrade starts the old server and so moves its checkpoint on: this is the one that the fallback copies hold
stopped=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped
if [ -n "$outdated" ] || [ ! -s "$stopped" ] || [ "$(cat tried 2>/dev/null || true)" != "$run" ]; then
  whole=$(control /opt/vmware/postgres/15/bin /var/lib/pgsql/data)
  printf '%s\n' "$whole" > "$stopped".new
  keep "$stopped".new; mv -T "$stopped".new "$stopped"; keep "$stopped"
  touch -r /var/lib/pgsql/data/global/pg_control "$stopped" # since when nobody can write
fi
echo "$run" > tried.new; keep tried.new; mv -T tried.new tried; keep tried
rm -f "$new" "$old"; keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work
if [ -n "$again" ]; then
  mkdir -p /var/lib/pgsql
  rm -rf /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
  /opt/vmware/postgres/17/bin/initdb \
    --pgdata=/var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b \
    --username=postgres \
    --encoding=UTF8 \
    --lc-collate=en_US.UTF-8 \
    --lc-ctype=en_US.UTF-8 \
    --wal-segsize=16 \
    --auth=trust
  own /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
  if [ -e /var/lib/pgsql/data_pg17_new ]; then rmdir /var/lib/pgsql/data_pg17_new; fi
  mv /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b /var/lib/pgsql/data_pg17_new
  sync /var/lib/pgsql
fi
# its client and its server take turns: kept to one processor neither has to wake another
one=$(cut -d' ' -f39 /proc/$$/stat 2>/dev/null || true)
if [ -n "$one" ] && command -v taskset >/dev/null 2>&1; then one="taskset -c $one"; else one=; fi
$one /opt/vmware/postgres/17/bin/pg_upgrade \
  --old-bindir=/opt/vmware/postgres/15/bin \
  --new-bindir=/opt/vmware/postgres/17/bin \
  --old-datadir=/var/lib/pgsql/data \
  --new-datadir=/var/lib/pgsql/data_pg17_new \
  --username=postgres \
  --socketdir=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 \
  --old-options='-c hba_file=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/pg_hba.conf -c unix_socket_permissions=0700 -c jit=off' \
  --new-options='-c jit=off' \
  --link \
  --retain
if [ -e delete_old_cluster.sh ]; then chmod 400 delete_old_cluster.sh; mv delete_old_cluster.sh delete_old_cluster.sh.never-run; fi
rm -rf output; if [ -d /var/lib/pgsql/data_pg17_new/pg_upgrade_output.d ]; then mv /var/lib/pgsql/data_pg17_new/pg_upgrade_output.d output; fi
# how both clusters stand now: any difference tells later that one of them has run since
whole=$(control /opt/vmware/postgres/15/bin /var/lib/pgsql/data)
printf '%s\n' "$whole" > "$old".new
keep "$old".new; mv -T "$old".new "$old"; keep "$old"
whole=$(control /opt/vmware/postgres/17/bin /var/lib/pgsql/data_pg17_new)
printf '%s\n' "$whole" > "$new".new
keep "$new".new; mv -T "$new".new "$new"; keep "$new"
rm -f tried
END_OF_STEP_31
}

# ──── step 32: Swap data directories
# D.node_1.swap, as postgres; changes the host; about 0.3 s
# pg_upgrade carries no configuration: without it the server has ssl = off, default max_connections and no preloaded library. The paths stay, the old cluster stays beside them.
# guide: Step 5; deviation: Every configuration file, not the SSL files alone; and read once by the new server before the swap.
# side by side: it may run at the same time as steps 29 on node_2, 30 on node_3, 33 to 34 on node_1 and 35 on monitor
# must hold before: pg_autoctl and PostgreSQL are stopped on node_1
# must hold before: /var/lib/pgsql/data is PostgreSQL 15, or set aside already
# must hold before: pg_upgrade has finished
# must hold after, within 30 s: /var/lib/pgsql/data is PostgreSQL 17
# must hold after, within 30 s: /var/lib/pgsql/data_pg15_bak holds PostgreSQL 15
# must hold after, within 30 s: pg_auto_failover’s configuration is in /var/lib/pgsql/data
# undo: $ mv /var/lib/pgsql/data /var/lib/pgsql/data_pg17_new; mv /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data
step_32() {
  cat <<'END_OF_STEP_32'
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
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap 'rm -rf "$at"' EXIT; mkdir "$at/global"
    for name in pg_control.do-not-start pg_control.old; do
      if [ -e "$2/global/$name" ]; then ln -sf "$2/global/$name" "$at/global/pg_control"; fi
    done
    ln -s "$2/PG_VERSION" "$at/PG_VERSION"
  fi
  "$1/pg_controldata" -D "$at"
)
as_kept() { # BIN DIRECTORY FILE: it says what was kept in FILE, to the byte
  [ -s "$3" ] && control "$1" "$2" | cmp -s - "$3"
}
of_system() { # BIN DIRECTORY IDENTIFIER
  [ "$(control "$1" "$2" | sed -n 's/^Database system identifier: *//p')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
same_file_system() ( # A B: renaming one to beside the other copies nothing
  place() ( at=$1; while [ ! -e "$at" ] && [ "$at" != "${at%/*}" ]; do at=${at%/*}; done; stat -c "%d %m" -- "${at:-/}" )
  [ "$(place "$1")" = "$(place "$2")" ] || { echo "$1 and $2 are on different file systems" >&2; exit 1; }
)
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
proven() { # OLD: where the old cluster is
  idle "$1" /var/lib/pgsql/data_pg17_new
  as_kept /opt/vmware/postgres/15/bin "$1" /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/fingerprint-old || { echo 'PostgreSQL 15 has run on /var/lib/pgsql/data since pg_upgrade, or that cannot be ruled out: /var/lib/pgsql/data_pg17_new lacks what it wrote since. Retry the step that runs pg_upgrade: it makes a new one, and no data of 15 is lost' >&2; exit 1; }
  as_kept /opt/vmware/postgres/17/bin /var/lib/pgsql/data_pg17_new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/fingerprint || { echo '/var/lib/pgsql/data_pg17_new is not as pg_upgrade left it' >&2; exit 1; }
}
if [ "$(version /var/lib/pgsql/data)" = 15 ]; then
  [ "$(version /var/lib/pgsql/data_pg17_new)" = 17 ] || { echo 'no PostgreSQL 17 in /var/lib/pgsql/data_pg17_new' >&2; exit 1; }
  ours /var/lib/pgsql/data_pg17_new || { echo '/var/lib/pgsql/data_pg17_new has no marker file of this upgrade (.pgaf-upgrade, run=20261123T014800Z-1a2b): it may belong to somebody else. Inspect it first' >&2; exit 1; }
  [ ! -e /var/lib/pgsql/data_pg15_bak ] || { echo '/var/lib/pgsql/data_pg15_bak is there already' >&2; exit 1; }
  proven /var/lib/pgsql/data
  same_file_system /var/lib/pgsql/data /var/lib/pgsql; same_file_system /var/lib/pgsql/data_pg17_new /var/lib/pgsql
  set -- /var/lib/pgsql/data_pg17_new
  for f in pg_hba.conf pg_ident.conf postgresql-auto-failover.conf postgresql.auto.conf postgresql.conf server.crt server.key; do
    if [ -e /var/lib/pgsql/data/"$f" ]; then
      rm -rf /var/lib/pgsql/data_pg17_new/"$f"; cp -pR /var/lib/pgsql/data/"$f" /var/lib/pgsql/data_pg17_new/"$f"; echo "carried $f"; set -- "$@" /var/lib/pgsql/data_pg17_new/"$f"
      find /var/lib/pgsql/data_pg17_new/"$f" -type f -perm /077 -exec grep -q 'PRIVATE KEY-----' '{}' ';' -exec chmod go= '{}' ';' -exec echo 'only its owner may read the private key' '{}' ';'
    fi
  done
  { sync -- "$1" && shift && find "$@" '(' -type f -o -type d ')' -exec sync -- '{}' +; } || sync
  for name in shared_preload_libraries max_connections shared_buffers ssl; do
    value=$(/opt/vmware/postgres/17/bin/postgres -D /var/lib/pgsql/data_pg17_new -C "$name" -c config_file=/var/lib/pgsql/data_pg17_new/postgresql.conf -c data_directory=/var/lib/pgsql/data_pg17_new)
    echo "17.12 reads $name = $value"
  done
  own /var/lib/pgsql/data # before it gets a name that another's could have
  mv -T /var/lib/pgsql/data /var/lib/pgsql/data_pg15_bak
fi
if [ ! -e /var/lib/pgsql/data ]; then
  proven /var/lib/pgsql/data_pg15_bak
  mv -T /var/lib/pgsql/data_pg17_new /var/lib/pgsql/data
fi
[ "$(version /var/lib/pgsql/data)" = 17 ] && [ ! -e /var/lib/pgsql/data_pg17_new ] || { echo '/var/lib/pgsql/data_pg17_new was not moved to /var/lib/pgsql/data completely: inspect both' >&2; exit 1; }
keep /var/lib/pgsql/data /var/lib/pgsql/data_pg15_bak
unmark /var/lib/pgsql/data # the cluster's own directory needs no marker file, and a base backup would copy it
echo '/var/lib/pgsql/data: PostgreSQL' "$(version /var/lib/pgsql/data),"  '/var/lib/pgsql/data_pg15_bak: PostgreSQL' "$(version /var/lib/pgsql/data_pg15_bak)"
END_OF_STEP_32
}

# ──── step 33: Point pg_autoctl at 17’s pg_ctl
# D.node_1.pg-ctl, as postgres; changes the host; about 0.3 s
# pg_autoctl starts the server with the binaries that its configuration names.
# guide: Step 6
# side by side: it may run at the same time as steps 29 on node_2, 30 on node_3, 31 to 32 on node_1 and 35 on monitor
# must hold before: pg_autoctl is stopped on node_1, and its server takes no connections
# must hold after, within 30 s: postgresql.pg_ctl is /opt/vmware/postgres/17/bin/pg_ctl
# undo: pg_autoctl config set postgresql.pg_ctl /opt/vmware/postgres/15/bin/pg_ctl
step_33() {
  cat <<'END_OF_STEP_33'
set -eu
export LC_ALL=C
case $(systemctl is-active pgautofailover.service || true) in inactive | failed | unknown) ;; *) echo 'pgautofailover.service is active: stop it first' >&2; exit 1 ;; esac
if [ "$(cat "/proc/$(head -n 1 /tmp/pg_autoctl/var/lib/pgsql/data/pg_autoctl.pid 2>/dev/null)/comm" 2>/dev/null)" = pg_autoctl ]; then echo 'pg_autoctl runs: stop it first' >&2; exit 1; fi
if [ "$(sed -n 4p /var/lib/pgsql/data/postmaster.pid 2>/dev/null)" = 5432 ] && [ -e "/proc/$(head -n 1 /var/lib/pgsql/data/postmaster.pid)/stat" ]; then echo 'PostgreSQL runs on port 5432: stop it first' >&2; exit 1; fi
/opt/vmware/postgres/17/bin/pg_autoctl config set postgresql.pg_ctl /opt/vmware/postgres/17/bin/pg_ctl --pgdata /var/lib/pgsql/data
END_OF_STEP_33
}

# ──── step 34: Point the unit at 17
# D.node_1.unit, as root; changes the host; about 0.3 s
# The service must run the pg_autoctl that goes with the new version.
# guide: Step 11; deviation: The guide edits the monitor’s unit only: its steps 11 and 12 leave the nodes’ on 15.
# side by side: it may run at the same time as steps 29 on node_2, 30 on node_3, 31 to 32 on node_1 and 35 on monitor
# must hold before: pg_autoctl is stopped on node_1, and its server takes no connections
# must hold after, within 30 s: pgautofailover.service runs /opt/vmware/postgres/17/bin/pg_autoctl
# undo: restore the unit from /var/lib/pgaf-upgrade; systemctl daemon-reload
step_34() {
  cat <<'END_OF_STEP_34'
set -eu
export LC_ALL=C
runuser -u postgres -- sh -c 'set -eu
export LC_ALL=C
case $(systemctl is-active pgautofailover.service || true) in inactive | failed | unknown) ;; *) echo '\''pgautofailover.service is active: stop it first'\'' >&2; exit 1 ;; esac
if [ "$(cat "/proc/$(head -n 1 /tmp/pg_autoctl/var/lib/pgsql/data/pg_autoctl.pid 2>/dev/null)/comm" 2>/dev/null)" = pg_autoctl ]; then echo '\''pg_autoctl runs: stop it first'\'' >&2; exit 1; fi
if [ "$(sed -n 4p /var/lib/pgsql/data/postmaster.pid 2>/dev/null)" = 5432 ] && [ -e "/proc/$(head -n 1 /var/lib/pgsql/data/postmaster.pid)/stat" ]; then echo '\''PostgreSQL runs on port 5432: stop it first'\'' >&2; exit 1; fi
'
own=/etc/systemd/system/pgautofailover.service kept=/var/lib/pgaf-upgrade/pgautofailover.service
if grep -qF /opt/vmware/postgres/15/bin/ "$own"; then
  mkdir -p /var/lib/pgaf-upgrade; chmod 700 /var/lib/pgaf-upgrade
  cp -p "$own" "$kept.new"; mv "$kept.new" "$kept"
  cp -p "$kept" "$own.new"; sed 's|/opt/vmware/postgres/15/bin/|/opt/vmware/postgres/17/bin/|g' "$kept" > "$own.new"
  sync "$own.new" || sync; mv "$own.new" "$own"
fi
systemctl daemon-reload
systemctl show -p ExecStart pgautofailover.service
END_OF_STEP_34
}

# ════ phase E: Verify, primary verified offline
# rollback once this phase is over: safe through the fallback copy of node_2 or node_3, no data loss: it becomes the primary, node ids are new, the former primary is copied anew

# ──── step 36: Start 17 first time, local only
# E.node_1.private-start, as postgres; IRREVERSIBLE; about 0.4 s
# To verify the data on the new version before any application writes: no network, no standby to wait for, no archiving.
# guide: Step 6; deviation: Local socket only, and without waiting for standbys: the carried configuration may still say ANY 1 (…), and the first commit would wait for ever.
# GIVES UP: there is no undo on the host itself: the old files are shared and will be changed. From here a rollback goes through a secondary’s fallback copy
# WAIT: before step 36 here, step 29 on node_2, step 30 on node_3 and step 35 on monitor must be done
# must hold before: pg_autoctl and PostgreSQL are stopped on node_1
# must hold before: /var/lib/pgsql/data is PostgreSQL 17
# must hold before: PostgreSQL 15 has not run on /var/lib/pgsql/data_pg15_bak since pg_upgrade
# must hold before: a secondary holds a complete fallback copy of PostgreSQL 15
# must hold after, within 60 s: 17 runs on node_1, local socket only
# undo: none on node_1: the old files are shared and will be changed. From here a rollback goes through a secondary’s fallback copy
# if it fails, see: /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/private-start.log
step_36() {
  cat <<'END_OF_STEP_36'
set -eu
export LC_ALL=C
umask 077
mkdir -p /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693
echo 'local all all trust' > /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/pg_hba.conf
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
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap 'rm -rf "$at"' EXIT; mkdir "$at/global"
    for name in pg_control.do-not-start pg_control.old; do
      if [ -e "$2/global/$name" ]; then ln -sf "$2/global/$name" "$at/global/pg_control"; fi
    done
    ln -s "$2/PG_VERSION" "$at/PG_VERSION"
  fi
  "$1/pg_controldata" -D "$at"
)
as_kept() { # BIN DIRECTORY FILE: it says what was kept in FILE, to the byte
  [ -s "$3" ] && control "$1" "$2" | cmp -s - "$3"
}
of_system() { # BIN DIRECTORY IDENTIFIER
  [ "$(control "$1" "$2" | sed -n 's/^Database system identifier: *//p')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
idle /var/lib/pgsql/data /var/lib/pgsql/data_pg15_bak
# before the first start: the old cluster has not run since pg_upgrade, or what it wrote since would be lost
if as_kept /opt/vmware/postgres/17/bin /var/lib/pgsql/data /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/fingerprint; then
  as_kept /opt/vmware/postgres/15/bin /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/fingerprint-old || { echo 'PostgreSQL 15 has run on /var/lib/pgsql/data_pg15_bak since pg_upgrade: /var/lib/pgsql/data lacks what it wrote since. Roll back, then start the upgrade again' >&2; exit 1; }
fi
if [ -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/never-started ]; then rm /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/never-started; sync -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done || sync; fi # of a rollback that was left
for name in pg_control pg_control.old; do
  if [ -e /var/lib/pgsql/data_pg15_bak/global/$name ]; then mv /var/lib/pgsql/data_pg15_bak/global/$name /var/lib/pgsql/data_pg15_bak/global/pg_control.do-not-start; fi
done
cat > /var/lib/pgsql/data_pg15_bak/DO-NOT-START.txt <<'NOTE'
Do not start PostgreSQL 15 on this directory.
Its files are shared by hard links with a PostgreSQL 17 cluster.
Once that has been started, 15 would start here without an error and lose data after a few writes.
A rollback uses the fallback copy of a secondary: pgaf-upgrade rollback.
NOTE
sync -- /var/lib/pgsql/data_pg15_bak/DO-NOT-START.txt /var/lib/pgsql/data_pg15_bak/global /var/lib/pgsql/data_pg15_bak || sync
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/private-start.log # an earlier try's last lines are not this one's
/opt/vmware/postgres/17/bin/pg_ctl \
  --pgdata=/var/lib/pgsql/data \
  --wait --timeout=3600 \
  --log=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/private-start.log \
  --options='-c listen_addresses='\'''\'' -c synchronous_standby_names='\'''\'' -c unix_socket_directories=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -c archive_mode=off -c max_logical_replication_workers=0 -c logging_collector=off -c log_destination=stderr -c hba_file=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/pg_hba.conf -c unix_socket_permissions=0700' \
  start || { tail -n 20 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/private-start.log >&2; exit 1; }
END_OF_STEP_36
}

# ──── step 37: Verify data, update extensions
# E.node_1.verify, as postgres; changes the host; about 0.4 s
# No database, table, index or view may be missing that was there before the stop, and no sequence may have a lower value; extensions are updated, and keep their privileges.
# guide: Step 6; deviation: Each extension by itself, instead of update_extensions.sql, which ends at the first one that cannot be updated: that is noted, and holds nothing up.
# side by side: it may run at the same time as steps 38 on node_1 and 40 on monitor
# must hold before: 17 runs on node_1, local socket only
# must hold after, within 30 s: the databases answer
# undo: nothing to undo
step_37() {
  cat <<'END_OF_STEP_37'
set -eu
export LC_ALL=C
umask 077
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -p 5432 -U postgres -Atc 'select version()'
contents() { # FILE: every database, its relations, and where its sequences are
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -p 5432 -U postgres -Atc 'copy (select '\''database'\'', datname, '\'''\'', '\'''\'', '\'''\'', '\'''\'' from pg_database where datallowconn) to stdout' > "$1"
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -p 5432 -U postgres -Atc 'select datname from pg_database where datallowconn order by 1' > "$1.databases"
  while IFS= read -r database; do
    PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -p 5432 -U postgres -Atc 'copy (select case c.relkind when '\''S'\'' then '\''sequence'\'' when '\''v'\'' then '\''view'\'' when '\''m'\'' then '\''materialized view'\''
    when '\''f'\'' then '\''foreign table'\'' when '\''i'\'' then '\''index'\'' when '\''I'\'' then '\''index'\'' else '\''table'\'' end,
  current_database(), n.nspname, c.relname,
  case c.relkind when '\''S'\'' then coalesce(pg_sequence_last_value(c.oid)::text, '\'''\'') else '\'''\'' end,
  case when s.seqcycle then '\'''\'' else coalesce(s.seqincrement::text, '\'''\'') end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  left join pg_index i on i.indexrelid = c.oid left join pg_sequence s on s.seqrelid = c.oid
  where n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'' and c.relpersistence <> '\''t'\''
    and c.relkind in ('\''r'\'', '\''p'\'', '\''v'\'', '\''m'\'', '\''f'\'', '\''S'\'', '\''i'\'', '\''I'\'') and (i.indexrelid is null or c.relkind = '\''I'\'' or (i.indisvalid and i.indisready))) to stdout' </dev/null >> "$1"
  done < "$1.databases"
  rm "$1.databases"
}
now=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/noted.now
contents "$now"
awk -F '\t' '{ n[$2 FS $1]++; if ($1 == "database") names[$2] = 1 }
  END { for (name in names) print name ": " n[name FS "table"] + 0 " tables, " n[name FS "index"] + 0 " indexes, " n[name FS "sequence"] + 0 " sequences" }' "$now" | sort
# nothing may be missing that was noted before the stop; extensions are updated after that
if [ -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/noted ]; then
  awk -F '\t' '
  function less(a, b,   below) {
    if ((a "") == (b "")) return 0
    below = a ~ /^-/; if (below != (b ~ /^-/)) return below
    sub(/^-/, "", a); sub(/^-/, "", b)
    if (length(a) != length(b)) return below ? length(a) > length(b) : length(a) < length(b)
    return below ? (a "") > (b "") : (a "") < (b "")
  }
  { key = $1 FS $2 FS $3 FS $4 }
  FNR == NR { noted[key] = $5; by[key] = $6; next }
  { now[key] = $5; here[key] = 1 }
  END {
    for (key in noted) {
      split(key, part, FS)
      if (part[1] != "database" && !(("database" FS part[2] FS FS) in here)) continue
      name = part[1] == "database" ? "database \"" part[2] "\"" : part[1] " \"" part[3] "\".\"" part[4] "\" in database \"" part[2] "\""
      if (!(key in here)) print "gone: " name
      else if (noted[key] != "" && by[key] != "" && (now[key] == "" || (by[key] ~ /^-/ ? less(noted[key], now[key]) : less(now[key], noted[key]))))
        print "went back: " name ", from " noted[key] " to " (now[key] == "" ? "its beginning" : now[key])
    }
  }' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/noted "$now" | sort > "$now".differs
  if [ -s "$now".differs ]; then
    head -n 20 "$now".differs >&2
    echo "$(wc -l < "$now".differs) differences from what was noted on $(date -u -r /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/noted '+%F %T') UTC, before the stop" >&2
    exit 1
  fi
  rm "$now".differs
  echo "nothing is missing of what was noted on $(date -u -r /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/noted '+%F %T') UTC, before the stop"
else echo "nothing was noted before the stop: this is only counted"; fi
rm "$now"
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
# what fails below holds nothing up: it is noted, with the command that repeats it
tab=$(printf '\t')
left=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do/extensions; mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do; : > "$left.new"
one_line() { tr '\n\t' '  ' | tr -d '\000-\037\177' | sed 's/  */ /g; s/ $//'; }
in_quotes() { printf %s "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }
typed_word() { case $1 in *[!A-Za-z0-9_/.-]*) in_quotes "$1" ;; *) printf %s "$1" ;; esac; }
database_word() { # NAME: as psql -d takes it; one with a = or of the form of a URI would be a connection string
  case $1 in
    '') printf postgres ;;
    *=* | postgres://* | postgresql://*) in_quotes "dbname='$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")'" ;;
    *) typed_word "$1" ;;
  esac
}
psql_words=$(printf '%s/%s -X -h %s -p %s -U %s' "$(typed_word /opt/vmware/postgres/17/bin)" psql "$(typed_word /var/run/postgresql)" 5432 "$(typed_word postgres)")
to_do() { # DATABASE WHAT SQL
  what=$(printf %s "$2" | one_line | head -c 600) where='' repeat=''
  [ -z "$1" ] || where=$(printf %s "$1" | one_line)
  [ -z "$3" ] || repeat="$psql_words -d $(database_word "$1") -c $(in_quotes "$3" | one_line)"
  printf '%s\n' "$where$tab$what$tab$repeat" >> "$left.new"
  # echo would read the backslashes
  printf '%s\n' "left to do${1:+ in $1}: $what${repeat:+ - $repeat}"
}
cause() { # FILE: the first error in it, with its detail, in one line
  awk '{ sub(/^psql:[^ ]+ /, "") } /^(ERROR|FATAL|PANIC|psql: error|vacuumdb: error)/ && !n++ { print; next }
    /^(HINT|CONTEXT|STATEMENT|LINE|QUERY|ERROR|FATAL|WARNING|NOTICE)/ { on = 0 } /^DETAIL/ && n == 1 { on = 1 } on' "$1" | one_line
}
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -p 5432 -U postgres -Atc 'select datname from pg_database where datallowconn order by 1' > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/databases
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/update-extension.sql <<'END-OF-SQL'
select coalesce(json_agg(it), '[]')::text as before from (select it.* from pg_depend d join pg_extension e on e.oid = d.refobjid cross join lateral (select case c.relkind when 'S' then 'sequence' else 'table' end kind, format('%I.%I', n.nspname, c.relname) name, format('%I.%I', n.nspname, c.relname) base, '' col,
    quote_ident(pg_get_userbyid(c.relowner)) who, '' privilege, false grantable, 'o' sign, true member
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where d.classid = 'pg_class'::regclass and c.oid = d.objid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
union all select 'routine', p.oid::regprocedure::text, format('%I.%I', n.nspname, p.proname), '', quote_ident(pg_get_userbyid(p.proowner)), '', false, 'o', true
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where d.classid = 'pg_proc'::regclass and p.oid = d.objid) it
    where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and e.extname = :'extension'
  union all select o.kind, o.name, o.base, o.col,
    case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end who, g.privilege_type privilege, g.is_grantable grantable, g.sign,
    exists (select from pg_depend d where d.classid = o.classid and d.objid = o.objid and d.deptype = 'e') member
  from (select it.*, coalesce((select i.initprivs from pg_init_privs i where i.objoid = it.objid and i.classoid = it.classid and i.objsubid = it.sub), it.initial) begun
    from (select case c.relkind when 'S' then 'sequence' else 'table' end kind, c.tableoid classid, c.oid objid, 0 sub,
    format('%I.%I', n.nspname, c.relname) name, format('%I.%I', n.nspname, c.relname) base, '' col, c.relowner owner, c.relacl acl,
    acldefault((case c.relkind when 'S' then 's' else 'r' end)::"char", c.relowner) initial
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relacl is not null and c.relpersistence <> 't'
union all select 'table', 'pg_class'::regclass, c.oid, a.attnum, format('%I.%I', n.nspname, c.relname), format('%I.%I', n.nspname, c.relname),
    format(' (%I)', a.attname), c.relowner, a.attacl, acldefault('c', c.relowner)
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.attacl is not null and not a.attisdropped and c.relpersistence <> 't'
union all select 'routine', p.tableoid, p.oid, 0, p.oid::regprocedure::text, format('%I.%I', n.nspname, p.proname), '', p.proowner, p.proacl, acldefault('f', p.proowner)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proacl is not null
union all select 'type', t.tableoid, t.oid, 0, format('%I.%I', n.nspname, t.typname), '', '', t.typowner, t.typacl, acldefault('T', t.typowner)
  from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typacl is not null
union all select 'schema', n.tableoid, n.oid, 0, quote_ident(n.nspname), '', '', n.nspowner, n.nspacl, acldefault('n', n.nspowner)
  from pg_namespace n where n.nspacl is not null and n.nspname !~ '^pg_(toast_)?temp_'
union all select 'language', l.tableoid, l.oid, 0, quote_ident(l.lanname), '', '', l.lanowner, l.lanacl, acldefault('l', l.lanowner) from pg_language l where l.lanacl is not null
union all select 'foreign data wrapper', w.tableoid, w.oid, 0, quote_ident(w.fdwname), '', '', w.fdwowner, w.fdwacl, acldefault('F', w.fdwowner)
  from pg_foreign_data_wrapper w where w.fdwacl is not null
union all select 'foreign server', s.tableoid, s.oid, 0, quote_ident(s.srvname), '', '', s.srvowner, s.srvacl, acldefault('S', s.srvowner) from pg_foreign_server s where s.srvacl is not null
union all select 'large object', 'pg_largeobject'::regclass, l.oid, 0, l.oid::text, '', '', l.lomowner, l.lomacl, acldefault('L', l.lomowner)
  from pg_largeobject_metadata l where l.lomacl is not null and (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000) it) o
  cross join lateral (
    select '+' sign, a.* from (select grantee, privilege_type, is_grantable from aclexplode(o.acl) except select grantee, privilege_type, is_grantable from aclexplode(o.begun)) a
    union all select '-', b.* from (select grantee, privilege_type, is_grantable from aclexplode(o.begun) except select grantee, privilege_type, is_grantable from aclexplode(o.acl)) b
      where not exists (select from aclexplode(o.acl) c where c.grantee = b.grantee and c.privilege_type = b.privilege_type)) g
  where (g.grantee <> o.owner or g.sign = '-') and (o.classid, o.objid) in (select d.classid, d.objid from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and e.extname = :'extension')) it \gset
alter extension :"extension" update;
\set ON_ERROR_STOP off
with before as (select * from json_to_recordset(:'before') as it(kind text, name text, base text, col text, who text, privilege text, grantable boolean, sign text)),
now as (select it.* from pg_depend d join pg_extension e on e.oid = d.refobjid cross join lateral (select case c.relkind when 'S' then 'sequence' else 'table' end kind, format('%I.%I', n.nspname, c.relname) name, format('%I.%I', n.nspname, c.relname) base, '' col,
    quote_ident(pg_get_userbyid(c.relowner)) who, '' privilege, false grantable, 'o' sign, true member
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where d.classid = 'pg_class'::regclass and c.oid = d.objid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
union all select 'routine', p.oid::regprocedure::text, format('%I.%I', n.nspname, p.proname), '', quote_ident(pg_get_userbyid(p.proowner)), '', false, 'o', true
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where d.classid = 'pg_proc'::regclass and p.oid = d.objid) it
    where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and e.extname = :'extension'
  union all select o.kind, o.name, o.base, o.col,
    case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end who, g.privilege_type privilege, g.is_grantable grantable, g.sign,
    exists (select from pg_depend d where d.classid = o.classid and d.objid = o.objid and d.deptype = 'e') member
  from (select it.*, coalesce((select i.initprivs from pg_init_privs i where i.objoid = it.objid and i.classoid = it.classid and i.objsubid = it.sub), it.initial) begun
    from (select case c.relkind when 'S' then 'sequence' else 'table' end kind, c.tableoid classid, c.oid objid, 0 sub,
    format('%I.%I', n.nspname, c.relname) name, format('%I.%I', n.nspname, c.relname) base, '' col, c.relowner owner, c.relacl acl,
    acldefault((case c.relkind when 'S' then 's' else 'r' end)::"char", c.relowner) initial
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relacl is not null and c.relpersistence <> 't'
union all select 'table', 'pg_class'::regclass, c.oid, a.attnum, format('%I.%I', n.nspname, c.relname), format('%I.%I', n.nspname, c.relname),
    format(' (%I)', a.attname), c.relowner, a.attacl, acldefault('c', c.relowner)
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.attacl is not null and not a.attisdropped and c.relpersistence <> 't'
union all select 'routine', p.tableoid, p.oid, 0, p.oid::regprocedure::text, format('%I.%I', n.nspname, p.proname), '', p.proowner, p.proacl, acldefault('f', p.proowner)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proacl is not null
union all select 'type', t.tableoid, t.oid, 0, format('%I.%I', n.nspname, t.typname), '', '', t.typowner, t.typacl, acldefault('T', t.typowner)
  from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typacl is not null
union all select 'schema', n.tableoid, n.oid, 0, quote_ident(n.nspname), '', '', n.nspowner, n.nspacl, acldefault('n', n.nspowner)
  from pg_namespace n where n.nspacl is not null and n.nspname !~ '^pg_(toast_)?temp_'
union all select 'language', l.tableoid, l.oid, 0, quote_ident(l.lanname), '', '', l.lanowner, l.lanacl, acldefault('l', l.lanowner) from pg_language l where l.lanacl is not null
union all select 'foreign data wrapper', w.tableoid, w.oid, 0, quote_ident(w.fdwname), '', '', w.fdwowner, w.fdwacl, acldefault('F', w.fdwowner)
  from pg_foreign_data_wrapper w where w.fdwacl is not null
union all select 'foreign server', s.tableoid, s.oid, 0, quote_ident(s.srvname), '', '', s.srvowner, s.srvacl, acldefault('S', s.srvowner) from pg_foreign_server s where s.srvacl is not null
union all select 'large object', 'pg_largeobject'::regclass, l.oid, 0, l.oid::text, '', '', l.lomowner, l.lomacl, acldefault('L', l.lomowner)
  from pg_largeobject_metadata l where l.lomacl is not null and (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000) it) o
  cross join lateral (
    select '+' sign, a.* from (select grantee, privilege_type, is_grantable from aclexplode(o.acl) except select grantee, privilege_type, is_grantable from aclexplode(o.begun)) a
    union all select '-', b.* from (select grantee, privilege_type, is_grantable from aclexplode(o.begun) except select grantee, privilege_type, is_grantable from aclexplode(o.acl)) b
      where not exists (select from aclexplode(o.acl) c where c.grantee = b.grantee and c.privilege_type = b.privilege_type)) g
  where (g.grantee <> o.owner or g.sign = '-') and (o.classid, o.objid) in (select d.classid, d.objid from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and e.extname = :'extension')),
target as (select b.*, t.name target from before b cross join lateral (
  select b.name where b.kind <> 'routine' and case when b.kind in ('table', 'sequence') then to_regclass(b.name) is not null when b.kind = 'type' then to_regtype(b.name) is not null else true end
  union select n.name from now n where b.kind = 'routine' and n.sign = 'o' and n.kind = 'routine' and (n.name = b.name or (n.base = b.base and to_regprocedure(b.name) is null))) t(name))
select case t.sign when 'o' then format('alter %s %s owner to %s', t.kind, t.target, t.who) else case t.sign
    when '+' then format('grant %s%s on %s %s to %s%s', lower(t.privilege), t.col, t.kind, t.target, t.who, case when t.grantable then ' with grant option' else '' end)
    else format('revoke %s%s on %s %s from %s', lower(t.privilege), t.col, t.kind, t.target, t.who) end end
from target t where not exists (select from now n where (n.kind, n.name, n.col, n.who, n.privilege, n.grantable, n.sign) = (t.kind, t.target, t.col, t.who, t.privilege, t.grantable, t.sign))
order by t.sign = 'o' desc, 1 \gexec
END-OF-SQL
while IFS= read -r database; do
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -p 5432 -U postgres -Atc 'select name from pg_available_extensions where installed_version <> default_version and name <> '\''pgautofailover'\'' order by 1' </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extensions 2> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extension.log || to_do "$database" "its extensions could not be listed: $(cause /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extension.log)" ''
  while IFS= read -r extension; do
    if PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -p 5432 -U postgres -Atqb -v extension="$extension" -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/update-extension.sql </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extension.log 2>&1; then
      echo "$database: $extension is updated"
      # what the update dropped with a view or a function: what cannot be given again is noted
      ! grep -q '^psql:.*ERROR' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extension.log || to_do "$database" "of extension $extension, privileges or an owner could not be restored: $(cause /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extension.log)" "$(sed -n 's/^.*STATEMENT:  //p' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extension.log | grep -E '^(grant|revoke|alter) ' | tr '\n' ';')"
    else to_do "$database" "extension $extension keeps its version: $(cause /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extension.log). It works; update it later, without what depends on it" "alter extension $(printf %s "$extension" | sed 's/"/""/g; s/^/"/; s/$/"/') update"; fi
  done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extensions
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/databases
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/update-extension.sql /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extensions /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/extension.log
rm /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/databases
if [ -s "$left.new" ]; then mv "$left.new" "$left"; keep "$left"; else rm -f "$left" "$left.new"; fi
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/verify && { sync -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/verify /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done || sync; }
END_OF_STEP_37
}

# ──── step 38: Collect minimal statistics
# E.node_1.analyze-1, as postgres; changes the host; about 0.6 s
# Without any the planner guesses, and the first queries after the window can take a hundred times longer. The full ones follow while the application works.
# guide: Step 6; deviation: Only the first of the three stages costs downtime; the other two run after the primary is back. A table that cannot be analyzed is noted, and holds nothing up.
# side by side: it may run at the same time as steps 37 on node_1 and 40 on monitor
# must hold before: 17 runs on node_1, local socket only
# must hold after, within 30 s: the first statistics are there
# undo: nothing to undo
step_38() {
  cat <<'END_OF_STEP_38'
set -eu
export LC_ALL=C
# nobody else works on this server yet: every processor, eight at most
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); [ "$jobs" -le 8 ] || jobs=8
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
# what fails below holds nothing up: it is noted, with the command that repeats it
tab=$(printf '\t')
left=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do/statistics-first; mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do; : > "$left.new"
one_line() { tr '\n\t' '  ' | tr -d '\000-\037\177' | sed 's/  */ /g; s/ $//'; }
in_quotes() { printf %s "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }
typed_word() { case $1 in *[!A-Za-z0-9_/.-]*) in_quotes "$1" ;; *) printf %s "$1" ;; esac; }
database_word() { # NAME: as psql -d takes it; one with a = or of the form of a URI would be a connection string
  case $1 in
    '') printf postgres ;;
    *=* | postgres://* | postgresql://*) in_quotes "dbname='$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")'" ;;
    *) typed_word "$1" ;;
  esac
}
psql_words=$(printf '%s/%s -X -h %s -p %s -U %s' "$(typed_word /opt/vmware/postgres/17/bin)" psql "$(typed_word /var/run/postgresql)" 5432 "$(typed_word postgres)")
to_do() { # DATABASE WHAT SQL
  what=$(printf %s "$2" | one_line | head -c 600) where='' repeat=''
  [ -z "$1" ] || where=$(printf %s "$1" | one_line)
  [ -z "$3" ] || repeat="$psql_words -d $(database_word "$1") -c $(in_quotes "$3" | one_line)"
  printf '%s\n' "$where$tab$what$tab$repeat" >> "$left.new"
  # echo would read the backslashes
  printf '%s\n' "left to do${1:+ in $1}: $what${repeat:+ - $repeat}"
}
cause() { # FILE: the first error in it, with its detail, in one line
  awk '{ sub(/^psql:[^ ]+ /, "") } /^(ERROR|FATAL|PANIC|psql: error|vacuumdb: error)/ && !n++ { print; next }
    /^(HINT|CONTEXT|STATEMENT|LINE|QUERY|ERROR|FATAL|WARNING|NOTICE)/ { on = 0 } /^DETAIL/ && n == 1 { on = 1 } on' "$1" | one_line
}
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.sql <<'END-OF-SQL'
select format('analyze %I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and c.relpersistence <> 't' and coalesce(pg_stat_get_last_analyze_time(c.oid) < :'begun', true) order by 1 \gexec
END-OF-SQL
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -p 5432 -U postgres -Atc 'select datname from pg_database where datallowconn and datconnlimit <> -2 order by 1' > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.databases
while IFS= read -r database; do
  begun=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -p 5432 -U postgres -Atc 'select clock_timestamp()' </dev/null)
  # vacuumdb takes a name with a = in it for a connection string: so it gets one
  connection="dbname='$(printf %s "$database" | sed "s/[\\\\']/\\\\&/g")'"
  if PGOPTIONS='-c search_path=pg_catalog -c default_statistics_target=1 -c vacuum_cost_delay=0' PGDATABASE="$connection" /opt/vmware/postgres/17/bin/vacuumdb \
    --host=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 \
    --port=5432 \
    --username=postgres \
    --jobs="$jobs" \
    --analyze-only </dev/null; then continue; fi
  echo "$database: its other tables are analyzed one by one"
  PGOPTIONS='-c search_path=pg_catalog -c default_statistics_target=1 -c vacuum_cost_delay=0' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 -p 5432 -U postgres -Atqb -v ON_ERROR_STOP=0 -v begun="$begun" -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.sql </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log 2>&1 || true
  awk '{ sub(/^psql:[^ ]* /, "") } /^ERROR/ { error = $0 } /^CONTEXT/ { error = error "; " $0 } /^STATEMENT:  analyze / { sub(/^STATEMENT:  /, ""); print $0 "\t" error }' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log | while IFS=$tab read -r statement error; do
    to_do "$database" "no statistics of ${statement#analyze }: $error" "$statement"
  done
  ! grep -q '^psql: error' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log || to_do "$database" "no statistics: $(cause /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log)" analyze
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.databases
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.sql /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.databases /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log
if [ -s "$left.new" ]; then mv "$left.new" "$left"; keep "$left"; else rm -f "$left" "$left.new"; fi
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/analyze-1 && { sync -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/analyze-1 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done || sync; }
END_OF_STEP_38
}

# ──── step 39: Return the node to pg_autoctl
# E.node_1.hand-over, as postgres; changes the host; about 0.3 s
# pg_autoctl starts the server as its own; without the new system identifier in its state file it logs “Unknown PostgreSQL system identifier” every second and never heals.
# guide: Step 10; deviation: The guide registers the node again: with the state file there that is fatal, with it gone the name is taken. One field is written instead, so the node keeps its id, name, priority and quorum.
# side by side: it may run at the same time as step 40 on monitor
# must hold before: 17 runs on node_1, local socket only, or nothing runs there
# must hold before: 17 runs on node_1, local socket only, or has run
# must hold after, within 30 s: pg_autoctl and PostgreSQL are stopped on node_1
# must hold after, within 30 s: pg_controldata on node_1 says “shut down”
# must hold after, within 30 s: the state file has the new system identifier
# undo: $ mv /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg15 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state
step_39() {
  printf '%s\n' 'Not known yet: the new system identifier, which initdb chooses. Once the steps before it are done, pgaf-upgrade plan writes this step with it; pgaf-upgrade run makes it by itself.' >&2
  return 3
}

# ════ phase G: Resume service, application online again
# rollback once this phase is over: possible, but what the application has written on 17 is lost (through a secondary’s fallback copy); after the clean-up only from a backup

# ──── step 41: Start primary
# G.node_1.start, as root; changes the host; about 1.0 s
# pg_autoctl takes over the 17 server, the monitor makes it wait_primary: the application can write.
# guide: Step 11
# NOTE: the application can write again: the downtime ends
# WAIT: before step 41 here, step 40 on monitor must be done
# must hold before: pg_autoctl and PostgreSQL are stopped on node_1
# must hold before: /var/lib/pgsql/data is PostgreSQL 17
# must hold before: pg_autoctl on node_1 is the new version’s, and starts the new version
# must hold before: 17 has been started once on node_1, local socket only
# must hold before: the state file of pg_autoctl has the new system identifier
# must hold before: the monitor answers: without it the node would give up after five restarts
# must hold after, within 02:00: the monitor shows node_1 as wait_primary or primary, reported and assigned
# must hold after, within 02:00: node_1 accepts writes on 17, on port 5432
# undo: from here on a rollback loses what the application writes
# if it fails, see: journalctl -u pgautofailover.service
# if it fails, see: /var/lib/pgsql/data/startup.log
step_41() {
  cat <<'END_OF_STEP_41'
set -eu
export LC_ALL=C
runuser -u postgres -- sh -c 'set -eu
export LC_ALL=C
for name in pg_control pg_control.old; do
  [ ! -e /var/lib/pgsql/data_pg15_bak/global/$name ] || { echo '\''/var/lib/pgsql/data_pg15_bak could still be started: “Start 17 first time, local only” comes first'\'' >&2; exit 1; }
done
'
if [ -e /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold ]; then rm -f /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold; sync /etc/systemd/system/pgautofailover.service.d || sync; fi
systemctl reset-failed pgautofailover.service 2>/dev/null || true
systemctl start pgautofailover.service
hang=/var/lib/pgaf-upgrade/pgautofailover.service.dependents
if [ -s "$hang" ]; then
  while read -r one; do
    if systemctl start --no-block "$one"; then echo "$one went down with pgautofailover.service, and is started again"; else echo "$one does not start: systemctl status $one"; fi
  done < "$hang"
  rm -f "$hang"
fi
systemctl enable --quiet pgautofailover.service
END_OF_STEP_41
}

# ──── step 42: Restore subscriptions, compare
# G.node_1.compare, as postgres; changes the host; about 0.3 s
# pg_upgrade leaves subscriptions disabled and without their position: they go on where they stopped. Privileges, owners, settings, slots, comments are compared with those before the stop.
# guide: not in it
# must hold before: node_1 accepts writes on 17, on port 5432
# must hold after, within 30 s: what differs is noted
# undo: nothing to undo
step_42() {
  cat <<'END_OF_STEP_42'
set -eu
export LC_ALL=C
umask 077
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
# what fails below holds nothing up: it is noted, with the command that repeats it
tab=$(printf '\t')
left=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do/inventory; mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do; : > "$left.new"
one_line() { tr '\n\t' '  ' | tr -d '\000-\037\177' | sed 's/  */ /g; s/ $//'; }
in_quotes() { printf %s "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }
typed_word() { case $1 in *[!A-Za-z0-9_/.-]*) in_quotes "$1" ;; *) printf %s "$1" ;; esac; }
database_word() { # NAME: as psql -d takes it; one with a = or of the form of a URI would be a connection string
  case $1 in
    '') printf postgres ;;
    *=* | postgres://* | postgresql://*) in_quotes "dbname='$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")'" ;;
    *) typed_word "$1" ;;
  esac
}
psql_words=$(printf '%s/%s -X -h %s -p %s -U %s' "$(typed_word /opt/vmware/postgres/17/bin)" psql "$(typed_word /var/run/postgresql)" 5432 "$(typed_word postgres)")
to_do() { # DATABASE WHAT SQL
  what=$(printf %s "$2" | one_line | head -c 600) where='' repeat=''
  [ -z "$1" ] || where=$(printf %s "$1" | one_line)
  [ -z "$3" ] || repeat="$psql_words -d $(database_word "$1") -c $(in_quotes "$3" | one_line)"
  printf '%s\n' "$where$tab$what$tab$repeat" >> "$left.new"
  # echo would read the backslashes
  printf '%s\n' "left to do${1:+ in $1}: $what${repeat:+ - $repeat}"
}
cause() { # FILE: the first error in it, with its detail, in one line
  awk '{ sub(/^psql:[^ ]+ /, "") } /^(ERROR|FATAL|PANIC|psql: error|vacuumdb: error)/ && !n++ { print; next }
    /^(HINT|CONTEXT|STATEMENT|LINE|QUERY|ERROR|FATAL|WARNING|NOTICE)/ { on = 0 } /^DETAIL/ && n == 1 { on = 1 } on' "$1" | one_line
}
if [ -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/subscriptions ]; then
  # up to where each has received, by the old cluster's last checkpoint
  lsns=$(od -A n -v -t x8 -w16 -j 4 /var/lib/pgsql/data_pg15_bak/pg_logical/replorigin_checkpoint 2>/dev/null | awk 'NF == 2 { origin = substr($1, 13); if (origin == "0000") origin = substr($1, 1, 4)
    printf "%s=%s/%s ", origin, substr($2, 1, 8), substr($2, 9) }')
  cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/resume.sql <<'END-OF-SQL'
set allow_system_table_mods = on;
with saved as (select * from json_to_recordset(:'saved') as it(name text, enabled boolean, origin integer, tables json)),
lsn as (select split_part(one, '=', 1) origin, split_part(one, '=', 2)::pg_lsn at from regexp_split_to_table(:'lsns', ' ') one where one <> ''),
state as (select v.*, s.oid, s.subenabled, l.at, (select count(*) from pg_subscription_rel r where r.srsubid = s.oid) rels,
    (select count(*) from json_to_recordset(v.tables) as t(state text) where t.state not in ('i', 'r')) copying
  from saved v left join pg_subscription s on s.subname = v.name and s.subdbid = (select oid from pg_database where datname = current_database()) left join lsn l on l.origin = lpad(to_hex(v.origin), 4, '0'))
select concat_ws('; ',
  case when rels = 0 and at is not null then format('select pg_replication_origin_advance(%L, %L)', 'pg_' || oid, at) end,
  case when rels = 0 then (select string_agg(format('insert into pg_subscription_rel (srsubid, srrelid, srsubstate, srsublsn) values (%s, %L::regclass, %L, %L)', oid, format('%I.%I', t.schema, t.name), t.state, t.lsn), '; ')
    from json_to_recordset(tables) as t(schema text, name text, state text, lsn pg_lsn)) end,
  case when enabled then format('alter subscription %I enable', name) end)
from state where oid is not null and not subenabled and copying = 0 and (enabled or (rels = 0 and json_array_length(tables) > 0)) \gexec
with saved as (select * from json_to_recordset(:'saved') as it(name text, enabled boolean, origin integer, tables json)),
lsn as (select split_part(one, '=', 1) origin, split_part(one, '=', 2)::pg_lsn at from regexp_split_to_table(:'lsns', ' ') one where one <> ''),
state as (select v.*, s.oid, s.subenabled, l.at, (select count(*) from pg_subscription_rel r where r.srsubid = s.oid) rels,
    (select count(*) from json_to_recordset(v.tables) as t(state text) where t.state not in ('i', 'r')) copying
  from saved v left join pg_subscription s on s.subname = v.name and s.subdbid = (select oid from pg_database where datname = current_database()) left join lsn l on l.origin = lpad(to_hex(v.origin), 4, '0'))
select concat_ws(e'\t', case when oid is null then 'lost' when enabled and not subenabled then 'left' when subenabled then 'runs' else 'disabled' end, quote_ident(name), coalesce(at::text, 'the slot''s position'), copying, json_array_length(tables)) from state;
END-OF-SQL
  while IFS= read -r line; do
    database=${line%%"$tab"*} saved=${line#*"$tab"}
    PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqb -v ON_ERROR_STOP=0 -v saved="$saved" -v lsns="$lsns" -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/resume.sql </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/resume.log 2>&1 || true
    ! grep -q '^psql: error' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/resume.log || to_do "$database" "its subscriptions could not be resumed: $(cause /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/resume.log)" ''
    grep "^[a-z]*$tab" /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/resume.log | while IFS=$tab read -r state name position copying tables; do
      case $state in
        lost) to_do "$database" "subscription $name is gone" '' ;;
        left)
          why=$(cause /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/resume.log); [ "$copying" = 0 ] || why="the first copy of $copying of its $tables tables had not come to its end; copy those again"
          to_do "$database" "subscription $name is disabled, it had received up to $position: $why" "alter subscription $name enable" ;;
        *) echo "$database: subscription $name: $state, $tables tables, from $position on" ;;
      esac
    done
  done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/subscriptions
  rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/resume.sql /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/resume.log
else echo "no database had a subscription before the stop"; fi
inventory() { # FILE: privileges, owners, settings, comments … of every database
  PGOPTIONS='-c search_path=pg_catalog -c jit=off' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'copy (select k, '\'''\'', n, v, s from ((select '\''role'\'', quote_ident(r.rolname), concat_ws('\'' '\'', case when r.rolsuper then '\''superuser'\'' end, case when r.rolcreaterole then '\''createrole'\'' end, case when r.rolcreatedb then '\''createdb'\'' end,
  case when r.rolcanlogin then '\''login'\'' end, case when r.rolreplication then '\''replication'\'' end, case when r.rolbypassrls then '\''bypassrls'\'' end, case when not r.rolinherit then '\''noinherit'\'' end, '\''connection limit '\'' || r.rolconnlimit, r.rolvaliduntil) || case when r.rolpassword is null then '\'' no password'\'' else '\'' a password'\'' end, '\'''\'' from pg_authid r where r.rolname !~ '\''^pg_'\'')
union all (select distinct '\''membership'\'', format('\''%I in %I'\'', m.rolname, r.rolname), '\'''\'', format('\''grant %I to %I'\'', r.rolname, m.rolname) from pg_auth_members a join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member)
union all (select '\''setting'\'', format('\''%s%s'\'', case when s.setrole = 0 then '\'''\'' else '\''role '\'' || quote_ident(pg_get_userbyid(s.setrole)) || '\'' '\'' end, case when d.datname is null then '\'''\'' else '\''database '\'' || quote_ident(d.datname) || '\'' '\'' end) || split_part(c.one, '\''='\'', 1), substr(c.one, strpos(c.one, '\''='\'') + 1),
      case when s.setrole = 0 then format('\''alter database %I'\'', d.datname) when d.datname is null then format('\''alter role %I'\'', pg_get_userbyid(s.setrole)) else format('\''alter role %I in database %I'\'', pg_get_userbyid(s.setrole), d.datname) end
        || format('\'' set %s = %s'\'', (select string_agg(quote_ident(part), '\''.'\'') from unnest(string_to_array(split_part(c.one, '\''='\'', 1), '\''.'\'')) part),
          case when split_part(c.one, '\''='\'', 1) in ('\''search_path'\'', '\''local_preload_libraries'\'', '\''session_preload_libraries'\'', '\''shared_preload_libraries'\'', '\''temp_tablespaces'\'', '\''unix_socket_directories'\'') and c.one !~ '\''=$'\'' then substr(c.one, strpos(c.one, '\''='\'') + 1) else case when substr(c.one, strpos(c.one, '\''='\'') + 1) ~ '\''[[:cntrl:]]'\'' then '\''E'\'''\'''\'' || replace(replace(replace(replace(replace(substr(c.one, strpos(c.one, '\''='\'') + 1), chr(92), repeat(chr(92), 2)), '\'''\'''\'''\'', '\'''\'''\'''\'''\'''\''), chr(10), chr(92) || '\''n'\''), chr(13), chr(92) || '\''r'\''), chr(9), chr(92) || '\''t'\'') || '\'''\'''\'''\'' else trim(leading from quote_literal(substr(c.one, strpos(c.one, '\''='\'') + 1))) end end) from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase cross join unnest(s.setconfig) c(one))
union all (select '\''database'\'', quote_ident(d.datname), concat_ws('\'' '\'', '\''owner'\'', quote_ident(pg_get_userbyid(d.datdba)), case when d.datistemplate then '\''template'\'' end, '\''connection limit'\'', d.datconnlimit), format('\''alter database %I owner to %I'\'', d.datname, pg_get_userbyid(d.datdba)) from pg_database d where d.datconnlimit <> -2)
union all (select '\''privilege'\'', format('\''database %I, %s %s'\'', d.datname, case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end, lower(e.privilege_type)), '\''granted'\'', format('\''grant %s on database %I to %s'\'', lower(e.privilege_type), d.datname, case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end)
    from pg_database d cross join aclexplode(d.datacl) e where e.grantee <> d.datdba)
union all (select '\''privilege'\'', format('\''tablespace %I, %s %s'\'', t.spcname, case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end, lower(e.privilege_type)), '\''granted'\'', format('\''grant %s on tablespace %I to %s'\'', lower(e.privilege_type), t.spcname, case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end)
    from pg_tablespace t cross join aclexplode(t.spcacl) e where e.grantee <> t.spcowner)
union all (select '\''comment'\'', format('\''%s %s'\'', i.type, i.identity), md5(d.description),
    case when length(d.description) <= 2000 then format('\''comment on %s %s is %s'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, case i.type when '\''domain constraint'\'' then regexp_replace(i.identity, '\''^("([^"]|"")*"|[^" ]+) on '\'', '\''\1 on domain '\'') else i.identity end, case when d.description ~ '\''[[:cntrl:]]'\'' then '\''E'\'''\'''\'' || replace(replace(replace(replace(replace(d.description, chr(92), repeat(chr(92), 2)), '\'''\'''\'''\'', '\'''\'''\'''\'''\'''\''), chr(10), chr(92) || '\''n'\''), chr(13), chr(92) || '\''r'\''), chr(9), chr(92) || '\''t'\'') || '\'''\'''\'''\'' else trim(leading from quote_literal(d.description)) end) else '\'''\'' end
    from pg_shdescription d cross join lateral pg_identify_object(d.classoid, d.objoid, 0) i where true)
union all (select '\''security label'\'', format('\''%s %s, %s'\'', l.objtype, l.objname, l.provider), l.label, format('\''security label for %I on %s %s is %s'\'', l.provider, l.objtype, l.objname, case when l.label ~ '\''[[:cntrl:]]'\'' then '\''E'\'''\'''\'' || replace(replace(replace(replace(replace(l.label, chr(92), repeat(chr(92), 2)), '\'''\'''\'''\'', '\'''\'''\'''\'''\'''\''), chr(10), chr(92) || '\''n'\''), chr(13), chr(92) || '\''r'\''), chr(9), chr(92) || '\''t'\'') || '\'''\'''\'''\'' else trim(leading from quote_literal(l.label)) end) from pg_seclabels l where l.objtype in ('\''role'\'', '\''database'\'', '\''tablespace'\''))
union all (select '\''replication slot'\'', quote_ident(s.slot_name), concat_ws('\'' '\'', s.slot_type, s.plugin, '\''in '\'' || s.database), case s.slot_type when '\''physical'\'' then format('\''select pg_create_physical_replication_slot(%L)'\'', s.slot_name) else format('\''select pg_create_logical_replication_slot(%L, %L)'\'', s.slot_name, s.plugin) end
    from pg_replication_slots s where not s.temporary and s.slot_name !~ '\''^pgautofailover_standby_'\'')
union all (select '\''replication origin'\'', o.roname, coalesce(s.remote_lsn::text, '\'''\''), format('\''select pg_replication_origin_create(%L)'\'', o.roname) || case when s.remote_lsn is null then '\'''\'' else format('\'', pg_replication_origin_advance(%L, %L)'\'', o.roname, s.remote_lsn) end
    from pg_replication_origin o left join pg_replication_origin_status s on s.local_id = o.roident where o.roname !~ '\''^pg_[0-9]+(_[0-9]+)?$'\'')
union all (select '\''subscription'\'', format('\''%I in %I'\'', s.subname, d.datname), case when s.subenabled then '\''enabled'\'' else '\''disabled'\'' end, format('\''alter subscription %I enable'\'', s.subname) from pg_subscription s join pg_database d on d.oid = s.subdbid)) it(k, n, v, s)) to stdout' > "$1" || printf 'unread\t\n' > "$1"
  case $(PGOPTIONS='-c search_path=pg_catalog -c jit=off' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select to_regclass('\''pg_parameter_acl'\'') is not null') in
    t) PGOPTIONS='-c search_path=pg_catalog -c jit=off' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'copy (select k, '\'''\'', n, v, s from ((select '\''privilege'\'', format('\''parameter %s, %s %s'\'', p.parname, case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end, lower(e.privilege_type)), case when e.is_grantable then '\''with grant option'\'' else '\''granted'\'' end,
      format('\''grant %s on parameter %s to %s%s'\'', lower(e.privilege_type), (select string_agg(quote_ident(part), '\''.'\'') from unnest(string_to_array(p.parname, '\''.'\'')) part), case e.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(e.grantee)) end, case when e.is_grantable then '\'' with grant option'\'' end)
    from pg_parameter_acl p cross join aclexplode(p.paracl) e where e.grantee <> 10)) it(k, n, v, s)) to stdout' >> "$1" || printf 'unread\t\n' >> "$1" ;;
    f) ;;
    *) printf 'unread\t\n' >> "$1" ;;
  esac
  PGOPTIONS='-c search_path=pg_catalog -c jit=off' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select datname from pg_database where datallowconn order by 1' > "$1.databases"
  while IFS= read -r database; do
    PGOPTIONS='-c search_path=pg_catalog -c jit=off' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'copy (select k, current_database(), n, v, s from ((select '\''owner'\'', format('\''%I.%I'\'', n.nspname, c.relname), quote_ident(pg_get_userbyid(c.relowner)), format('\''alter %s %s owner to %I'\'', case c.relkind when '\''v'\'' then '\''view'\'' when '\''m'\'' then '\''materialized view'\'' when '\''f'\'' then '\''foreign table'\'' when '\''S'\'' then '\''sequence'\'' else '\''table'\'' end, format('\''%I.%I'\'', n.nspname, c.relname), pg_get_userbyid(c.relowner))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'' and c.relpersistence <> '\''t'\'' and c.relkind in ('\''r'\'', '\''p'\'', '\''v'\'', '\''m'\'', '\''f'\'', '\''S'\''))
union all (select '\''owner'\'', p.oid::regprocedure::text, quote_ident(pg_get_userbyid(p.proowner)), format('\''alter routine %s owner to %I'\'', p.oid::regprocedure, pg_get_userbyid(p.proowner))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'' and not exists (select from pg_depend d where d.classid = '\''pg_proc'\''::regclass and d.objid = p.oid and d.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''schema %I'\'', n.nspname), quote_ident(pg_get_userbyid(n.nspowner)), format('\''alter schema %I owner to %I'\'', n.nspname, pg_get_userbyid(n.nspowner)) from pg_namespace n where n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'')
union all (select '\''privilege'\'', format('\''%s %s%s, %s%s'\'', kind, case when kind = '\''routine'\'' and member then base else name end, col, who, case when sign = '\''-'\'' then '\'', revoked'\'' when grantable then '\'', with grant option'\'' else '\'''\'' end), string_agg(lower(privilege), '\'', '\'' order by privilege),
      format('\''%s %s on %s %s %s %s%s'\'', case sign when '\''+'\'' then '\''grant'\'' else '\''revoke'\'' end, string_agg(lower(privilege) || col, '\'', '\'' order by privilege), kind, name, case sign when '\''+'\'' then '\''to'\'' else '\''from'\'' end, who, case when grantable and sign = '\''+'\'' then '\'' with grant option'\'' else '\'''\'' end)
    from (select o.kind, o.name, o.base, o.col,
    case g.grantee when 0 then '\''public'\'' else quote_ident(pg_get_userbyid(g.grantee)) end who, g.privilege_type privilege, g.is_grantable grantable, g.sign,
    exists (select from pg_depend d where d.classid = o.classid and d.objid = o.objid and d.deptype = '\''e'\'') member
  from (select it.*, coalesce((select i.initprivs from pg_init_privs i where i.objoid = it.objid and i.classoid = it.classid and i.objsubid = it.sub), it.initial) begun
    from (select case c.relkind when '\''S'\'' then '\''sequence'\'' else '\''table'\'' end kind, c.tableoid classid, c.oid objid, 0 sub,
    format('\''%I.%I'\'', n.nspname, c.relname) name, format('\''%I.%I'\'', n.nspname, c.relname) base, '\'''\'' col, c.relowner owner, c.relacl acl,
    acldefault((case c.relkind when '\''S'\'' then '\''s'\'' else '\''r'\'' end)::"char", c.relowner) initial
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relacl is not null and c.relpersistence <> '\''t'\''
union all select '\''table'\'', '\''pg_class'\''::regclass, c.oid, a.attnum, format('\''%I.%I'\'', n.nspname, c.relname), format('\''%I.%I'\'', n.nspname, c.relname),
    format('\'' (%I)'\'', a.attname), c.relowner, a.attacl, acldefault('\''c'\'', c.relowner)
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.attacl is not null and not a.attisdropped and c.relpersistence <> '\''t'\''
union all select '\''routine'\'', p.tableoid, p.oid, 0, p.oid::regprocedure::text, format('\''%I.%I'\'', n.nspname, p.proname), '\'''\'', p.proowner, p.proacl, acldefault('\''f'\'', p.proowner)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proacl is not null
union all select '\''type'\'', t.tableoid, t.oid, 0, format('\''%I.%I'\'', n.nspname, t.typname), '\'''\'', '\'''\'', t.typowner, t.typacl, acldefault('\''T'\'', t.typowner)
  from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typacl is not null
union all select '\''schema'\'', n.tableoid, n.oid, 0, quote_ident(n.nspname), '\'''\'', '\'''\'', n.nspowner, n.nspacl, acldefault('\''n'\'', n.nspowner)
  from pg_namespace n where n.nspacl is not null and n.nspname !~ '\''^pg_(toast_)?temp_'\''
union all select '\''language'\'', l.tableoid, l.oid, 0, quote_ident(l.lanname), '\'''\'', '\'''\'', l.lanowner, l.lanacl, acldefault('\''l'\'', l.lanowner) from pg_language l where l.lanacl is not null
union all select '\''foreign data wrapper'\'', w.tableoid, w.oid, 0, quote_ident(w.fdwname), '\'''\'', '\'''\'', w.fdwowner, w.fdwacl, acldefault('\''F'\'', w.fdwowner)
  from pg_foreign_data_wrapper w where w.fdwacl is not null
union all select '\''foreign server'\'', s.tableoid, s.oid, 0, quote_ident(s.srvname), '\'''\'', '\'''\'', s.srvowner, s.srvacl, acldefault('\''S'\'', s.srvowner) from pg_foreign_server s where s.srvacl is not null
union all select '\''large object'\'', '\''pg_largeobject'\''::regclass, l.oid, 0, l.oid::text, '\'''\'', '\'''\'', l.lomowner, l.lomacl, acldefault('\''L'\'', l.lomowner)
  from pg_largeobject_metadata l where l.lomacl is not null and (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000) it) o
  cross join lateral (
    select '\''+'\'' sign, a.* from (select grantee, privilege_type, is_grantable from aclexplode(o.acl) except select grantee, privilege_type, is_grantable from aclexplode(o.begun)) a
    union all select '\''-'\'', b.* from (select grantee, privilege_type, is_grantable from aclexplode(o.begun) except select grantee, privilege_type, is_grantable from aclexplode(o.acl)) b
      where not exists (select from aclexplode(o.acl) c where c.grantee = b.grantee and c.privilege_type = b.privilege_type)) g
  where (g.grantee <> o.owner or g.sign = '\''-'\'') and o.name !~ '\''^information_schema'\'') it where privilege <> '\''MAINTAIN'\'' group by kind, name, base, member, col, who, sign, grantable)
union all (select '\''default privileges'\'', format('\''of %s in %s for %s'\'', quote_ident(pg_get_userbyid(d.defaclrole)), coalesce(d.defaclnamespace::regnamespace::text, '\''every schema'\''), d.defaclobjtype),
      array_to_string(array(select format('\''%s=%s'\'', case e.grantee when 0 then '\''public'\'' else pg_get_userbyid(e.grantee) end, e.privilege_type) from aclexplode(d.defaclacl) e where e.privilege_type <> '\''MAINTAIN'\'' order by 1), '\'', '\''), '\'''\'' from pg_default_acl d where d.defaclnamespace = 0 or exists (select from pg_namespace n where n.oid = d.defaclnamespace))
union all (select '\''extension'\'', quote_ident(e.extname), n.nspname, format('\''create extension %I schema %I'\'', e.extname, n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace)
union all (select '\''publication'\'', quote_ident(p.pubname), concat_ws('\'' '\'', case when p.puballtables then '\''all tables'\'' end, case when p.pubinsert then '\''insert'\'' end, case when p.pubupdate then '\''update'\'' end, case when p.pubdelete then '\''delete'\'' end, case when p.pubtruncate then '\''truncate'\'' end), '\'''\'' from pg_publication p)
union all (select '\''published table'\'', format('\''%I: %I.%I'\'', p.pubname, p.schemaname, p.tablename), '\'''\'', format('\''alter publication %I add table %I.%I'\'', p.pubname, p.schemaname, p.tablename) from pg_publication_tables p where not (select puballtables from pg_publication x where x.pubname = p.pubname))
union all (select '\''event trigger'\'', quote_ident(t.evtname), format('\''on %s, %s, function %s'\'', t.evtevent, case t.evtenabled when '\''D'\'' then '\''disabled'\'' when '\''R'\'' then '\''enable replica'\'' when '\''A'\'' then '\''enable always'\'' else '\''enabled'\'' end, t.evtfoid::regprocedure),
      format('\''alter event trigger %I %s'\'', t.evtname, case t.evtenabled when '\''D'\'' then '\''disable'\'' when '\''R'\'' then '\''enable replica'\'' when '\''A'\'' then '\''enable always'\'' else '\''enable'\'' end) from pg_event_trigger t where not exists (select from pg_depend d where d.classid = '\''pg_event_trigger'\''::regclass and d.objid = t.oid and d.deptype = '\''e'\''))
union all (select '\''trigger'\'', format('\''%I on %s'\'', t.tgname, format('\''%I.%I'\'', n.nspname, c.relname)), case t.tgenabled when '\''D'\'' then '\''disabled'\'' when '\''R'\'' then '\''enable replica'\'' when '\''A'\'' then '\''enable always'\'' else '\''enabled'\'' end,
      format('\''alter table %s %s trigger %I'\'', format('\''%I.%I'\'', n.nspname, c.relname), case t.tgenabled when '\''D'\'' then '\''disable'\'' when '\''R'\'' then '\''enable replica'\'' when '\''A'\'' then '\''enable always'\'' else '\''enable'\'' end, t.tgname)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and t.tgparentid = 0 and n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'')
union all (select '\''statistics target'\'', format('\''%s.%I'\'', format('\''%I.%I'\'', n.nspname, c.relname), a.attname), a.attstattarget::text, format('\''alter table %s alter column %I set statistics %s'\'', format('\''%I.%I'\'', n.nspname, c.relname), a.attname, a.attstattarget)
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace where a.attstattarget >= 0 and a.attnum > 0 and not a.attisdropped and c.relkind in ('\''r'\'', '\''p'\'', '\''m'\'', '\''f'\'') and n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'')
union all (select '\''extended statistics'\'', format('\''%I.%I'\'', n.nspname, s.stxname), pg_get_statisticsobjdef(s.oid), pg_get_statisticsobjdef(s.oid) from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'')
union all (select '\''storage parameters'\'', format('\''%I.%I'\'', n.nspname, c.relname), array_to_string(c.reloptions, '\'', '\''), format('\''alter %s %s set (%s)'\'', case c.relkind when '\''v'\'' then '\''view'\'' when '\''m'\'' then '\''materialized view'\'' when '\''f'\'' then '\''foreign table'\'' when '\''S'\'' then '\''sequence'\'' else '\''table'\'' end, format('\''%I.%I'\'', n.nspname, c.relname), array_to_string(c.reloptions, '\'', '\''))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.reloptions is not null and c.relkind in ('\''r'\'', '\''p'\'', '\''v'\'', '\''m'\'') and n.nspname !~ '\''^pg_'\'' and n.nspname <> '\''information_schema'\'' and not exists (select from pg_depend d where d.classid = '\''pg_class'\''::regclass and d.objid = c.oid and d.deptype = '\''e'\''))
union all (select '\''comment'\'', format('\''%s %s'\'', i.type, i.identity), md5(d.description),
    case when length(d.description) <= 2000 then format('\''comment on %s %s is %s'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, case i.type when '\''domain constraint'\'' then regexp_replace(i.identity, '\''^("([^"]|"")*"|[^" ]+) on '\'', '\''\1 on domain '\'') else i.identity end, case when d.description ~ '\''[[:cntrl:]]'\'' then '\''E'\'''\'''\'' || replace(replace(replace(replace(replace(d.description, chr(92), repeat(chr(92), 2)), '\'''\'''\'''\'', '\'''\'''\'''\'''\'''\''), chr(10), chr(92) || '\''n'\''), chr(13), chr(92) || '\''r'\''), chr(9), chr(92) || '\''t'\'') || '\'''\'''\'''\'' else trim(leading from quote_literal(d.description)) end) else '\'''\'' end
    from pg_description d cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    where (d.objoid >= 16384 or (d.classoid = '\''pg_namespace'\''::regclass and d.objoid = 2200))
      and (d.classoid <> '\''pg_largeobject'\''::regclass or (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000)
      and not exists (select from pg_depend e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''large object %s'\'', l.oid), quote_ident(pg_get_userbyid(l.lomowner)), format('\''alter large object %s owner to %I'\'', l.oid, pg_get_userbyid(l.lomowner))
    from pg_largeobject_metadata l where (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000)
union all (select '\''large objects'\'', format('\''of %I, %s'\'', pg_get_userbyid(l.lomowner), coalesce('\''privileges '\'' || array_to_string(l.lomacl, '\'' '\''), '\''default privileges'\'')), format('\''%s, digest %s'\'', count(*), to_hex(mod(sum(hashint8extended(l.oid::bigint, 0)::numeric), 4611686018427387904)::bigint)), '\''select oid, pg_get_userbyid(lomowner), lomacl from pg_largeobject_metadata'\''
    from pg_largeobject_metadata l where not (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000 group by l.lomowner, l.lomacl)
union all (select '\''large objects'\'', '\''with a comment'\'', format('\''%s, digest %s'\'', count(*), to_hex(mod(sum(hashint8extended(d.objoid::bigint, 0)::numeric), 4611686018427387904)::bigint)), '\''select objoid, description from pg_description where classoid = '\'''\''pg_largeobject'\'''\''::regclass'\''
    from pg_description d where d.classoid = '\''pg_largeobject'\''::regclass and not (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000 having count(*) > 0)
union all (select '\''large objects'\'', '\''with a security label'\'', format('\''%s, digest %s'\'', count(*), to_hex(mod(sum(hashint8extended(d.objoid::bigint, 0)::numeric), 4611686018427387904)::bigint)), '\''select objoid, provider, label from pg_seclabel where classoid = '\'''\''pg_largeobject'\'''\''::regclass'\''
    from pg_seclabel d where d.classoid = '\''pg_largeobject'\''::regclass and not (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000 having count(*) > 0)
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.typowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.typowner))
    from pg_type o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and o.typelem = 0 and o.typtype <> '\''m'\'' and (o.typrelid = 0 or exists (select from pg_class c where c.oid = o.typrelid and c.relkind = '\''c'\'')) and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.oprowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.oprowner))
    from pg_operator o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.opcowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.opcowner))
    from pg_opclass o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.opfowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.opfowner))
    from pg_opfamily o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.collowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.collowner))
    from pg_collation o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.conowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.conowner))
    from pg_conversion o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.stxowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.stxowner))
    from pg_statistic_ext o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.dictowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.dictowner))
    from pg_ts_dict o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.cfgowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.cfgowner))
    from pg_ts_config o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.lanowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.lanowner))
    from pg_language o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.fdwowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.fdwowner))
    from pg_foreign_data_wrapper o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.srvowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.srvowner))
    from pg_foreign_server o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.evtowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.evtowner))
    from pg_event_trigger o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''owner'\'', format('\''%s %s'\'', i.type, i.identity), quote_ident(pg_get_userbyid(o.pubowner)), format('\''alter %s %s owner to %I'\'', case when i.type ~ '\'' column$'\'' then '\''column'\'' when i.type in ('\''function'\'', '\''procedure'\'', '\''aggregate'\'') then '\''routine'\''
  when i.type in ('\''table constraint'\'', '\''domain constraint'\'') then '\''constraint'\'' when i.type = '\''foreign-data wrapper'\'' then '\''foreign data wrapper'\''
  when i.type = '\''statistics object'\'' then '\''statistics'\'' when i.type = '\''composite type'\'' then '\''type'\'' else i.type end, i.identity, pg_get_userbyid(o.pubowner))
    from pg_publication o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = '\''e'\''))
union all (select '\''security label'\'', format('\''%s %s, %s'\'', l.objtype, l.objname, l.provider), l.label, format('\''security label for %I on %s %s is %s'\'', l.provider, l.objtype, l.objname, case when l.label ~ '\''[[:cntrl:]]'\'' then '\''E'\'''\'''\'' || replace(replace(replace(replace(replace(l.label, chr(92), repeat(chr(92), 2)), '\'''\'''\'''\'', '\'''\'''\'''\'''\'''\''), chr(10), chr(92) || '\''n'\''), chr(13), chr(92) || '\''r'\''), chr(9), chr(92) || '\''t'\'') || '\'''\'''\'''\'' else trim(leading from quote_literal(l.label)) end) from pg_seclabels l where l.objtype not in ('\''role'\'', '\''database'\'', '\''tablespace'\'') and (l.objtype <> '\''large object'\'' or (select count(*) from (select from pg_largeobject_metadata limit 1001) l) <= 1000))
union all (select '\''statistics of a partitioned table'\'', format('\''%I.%I'\'', n.nspname, c.relname), '\'''\'', format('\''analyze %s'\'', format('\''%I.%I'\'', n.nspname, c.relname)) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = '\''p'\'' and exists (select from pg_statistic s where s.starelid = c.oid))) it(k, n, v, s)) to stdout' </dev/null > "$1.one" || printf 'unread\t%s\n' "$database" > "$1.one"
    cat "$1.one" >> "$1"
  done < "$1.databases"
  rm -f "$1.databases" "$1.one"
}
if [ -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory ]; then
  inventory /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory.now
  awk -F '\t' '
  $1 == "unread" { unread[$2] = 1; next }
  { key = $1 FS $2 FS $3 }
  FNR == NR { was[key] = $4; again[key] = $5; next }
  { now[key] = $4; here[key] = 1 }
  END {
    for (database in unread) print database FS (database == "" ? "roles, databases and their settings" : "privileges, owners, comments …") " could not be read: they are not compared" FS ""
    for (key in was) {
      split(key, part, FS)
      if (part[2] in unread || part[1] == "statistics of a partitioned table") continue
      # a comment'\''s value is a digest
      told = part[1] != "comment"
      name = part[1] " " part[3] (was[key] != "" && told ? " (" was[key] ")" : "")
      if (!(key in here)) print part[2] FS "lost: " name FS again[key]
      else if (now[key] != was[key] && part[1] != "subscription") print part[2] FS "changed: " name (told ? ", now " (now[key] == "" ? "nothing" : now[key]) : "") FS again[key]
    }
  }' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory.now | sort > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory.differs
  # COPY writes a backslash as two
  head -n 200 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory.differs | sed 's/\\\\/\\/g' | while IFS= read -r line; do
    rest=${line#*"$tab"}; to_do "${line%%"$tab"*}" "${rest%%"$tab"*}" "${rest#*"$tab"}"
  done
  count=$(wc -l < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory.differs)
  [ "$count" -le 200 ] || to_do '' "$((count - 200)) differences more: /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory.differs" ''
  echo "$(wc -l < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory) objects with privileges, owners, settings or comments of their own were noted before the stop; $count differ"
else echo "no inventory was noted before the stop: nothing is compared"; fi
if [ -s "$left.new" ]; then mv "$left.new" "$left"; keep "$left"; else rm -f "$left" "$left.new"; fi
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/compare && { sync -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/compare /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done || sync; }
END_OF_STEP_42
}

# ──── step 43: Collect full statistics
# G.node_1.analyze, as postgres; changes the host; about 1.1 s
# While the application works again: the planner gets what it had before.
# guide: Step 6; deviation: After the downtime, not in it; partitioned tables that had statistics of their own get them again, which vacuumdb does not do.
# must hold before: node_1 accepts writes on 17, on port 5432
# must hold after, within 30 s: statistics are complete
# undo: nothing to undo
step_43() {
  cat <<'END_OF_STEP_43'
set -eu
export LC_ALL=C
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
# what fails below holds nothing up: it is noted, with the command that repeats it
tab=$(printf '\t')
left=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do/statistics; mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do; : > "$left.new"
one_line() { tr '\n\t' '  ' | tr -d '\000-\037\177' | sed 's/  */ /g; s/ $//'; }
in_quotes() { printf %s "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }
typed_word() { case $1 in *[!A-Za-z0-9_/.-]*) in_quotes "$1" ;; *) printf %s "$1" ;; esac; }
database_word() { # NAME: as psql -d takes it; one with a = or of the form of a URI would be a connection string
  case $1 in
    '') printf postgres ;;
    *=* | postgres://* | postgresql://*) in_quotes "dbname='$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")'" ;;
    *) typed_word "$1" ;;
  esac
}
psql_words=$(printf '%s/%s -X -h %s -p %s -U %s' "$(typed_word /opt/vmware/postgres/17/bin)" psql "$(typed_word /var/run/postgresql)" 5432 "$(typed_word postgres)")
to_do() { # DATABASE WHAT SQL
  what=$(printf %s "$2" | one_line | head -c 600) where='' repeat=''
  [ -z "$1" ] || where=$(printf %s "$1" | one_line)
  [ -z "$3" ] || repeat="$psql_words -d $(database_word "$1") -c $(in_quotes "$3" | one_line)"
  printf '%s\n' "$where$tab$what$tab$repeat" >> "$left.new"
  # echo would read the backslashes
  printf '%s\n' "left to do${1:+ in $1}: $what${repeat:+ - $repeat}"
}
cause() { # FILE: the first error in it, with its detail, in one line
  awk '{ sub(/^psql:[^ ]+ /, "") } /^(ERROR|FATAL|PANIC|psql: error|vacuumdb: error)/ && !n++ { print; next }
    /^(HINT|CONTEXT|STATEMENT|LINE|QUERY|ERROR|FATAL|WARNING|NOTICE)/ { on = 0 } /^DETAIL/ && n == 1 { on = 1 } on' "$1" | one_line
}
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.sql <<'END-OF-SQL'
select format('analyze %I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and c.relpersistence <> 't' and coalesce(pg_stat_get_last_analyze_time(c.oid) < :'begun', true) order by 1 \gexec
END-OF-SQL
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select datname from pg_database where datallowconn and datconnlimit <> -2 order by 1' > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.databases
while IFS= read -r database; do
  begun=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select clock_timestamp()' </dev/null)
  # vacuumdb takes a name with a = in it for a connection string: so it gets one
  connection="dbname='$(printf %s "$database" | sed "s/[\\\\']/\\\\&/g")'"
  if PGOPTIONS='-c search_path=pg_catalog -c default_statistics_target=10 -c vacuum_cost_delay=0' PGDATABASE="$connection" /opt/vmware/postgres/17/bin/vacuumdb \
    --host=/var/run/postgresql \
    --port=5432 \
    --username=postgres \
    --analyze-only </dev/null; then continue; fi
  echo "$database: its other tables are analyzed one by one"
  PGOPTIONS='-c search_path=pg_catalog -c default_statistics_target=10 -c vacuum_cost_delay=0' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqb -v ON_ERROR_STOP=0 -v begun="$begun" -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.sql </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log 2>&1 || true
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.databases
while IFS= read -r database; do
  begun=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select clock_timestamp()' </dev/null)
  # vacuumdb takes a name with a = in it for a connection string: so it gets one
  connection="dbname='$(printf %s "$database" | sed "s/[\\\\']/\\\\&/g")'"
  if PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$connection" /opt/vmware/postgres/17/bin/vacuumdb \
    --host=/var/run/postgresql \
    --port=5432 \
    --username=postgres \
    --analyze-only </dev/null; then continue; fi
  echo "$database: its other tables are analyzed one by one"
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqb -v ON_ERROR_STOP=0 -v begun="$begun" -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.sql </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log 2>&1 || true
  awk '{ sub(/^psql:[^ ]* /, "") } /^ERROR/ { error = $0 } /^CONTEXT/ { error = error "; " $0 } /^STATEMENT:  analyze / { sub(/^STATEMENT:  /, ""); print $0 "\t" error }' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log | while IFS=$tab read -r statement error; do
    to_do "$database" "no statistics of ${statement#analyze }: $error" "$statement"
  done
  ! grep -q '^psql: error' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log || to_do "$database" "no statistics: $(cause /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log)" analyze
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.databases
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.sql /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.databases /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log
if [ -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory ]; then
  awk -F '\t' -v kind='statistics of a partitioned table' '$1 == kind && !seen[$2]++ { print $2 }' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.databases
  while IFS= read -r database; do
    database=$database awk -F '\t' -v kind='statistics of a partitioned table' '$1 == kind && $2 == ENVIRON["database"] { print $5 ";" }' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/inventory | sed 's/\\\\/\\/g' > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.sql
    echo "$database: $(wc -l < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.sql) partitioned tables had statistics of their own"
    PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqb -v ON_ERROR_STOP=0 -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.sql </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.log 2>&1 || true
    awk '{ sub(/^psql:[^ ]* /, "") } /^ERROR/ { error = $0 } /^CONTEXT/ { error = error "; " $0 } /^STATEMENT:  analyze / { sub(/^STATEMENT:  /, ""); print $0 "\t" error }' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.log | while IFS=$tab read -r statement error; do
      to_do "$database" "no statistics of ${statement#analyze }: $error" "$statement"
    done
    ! grep -q '^psql: error' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.log || to_do "$database" "no statistics: $(cause /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.log)" analyze
  done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.databases
  rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.sql /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.databases /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/parents.log
fi
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do/statistics-first # what is left of it is noted here
if [ -s "$left.new" ]; then mv "$left.new" "$left"; keep "$left"; else rm -f "$left" "$left.new"; fi
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/analyze && { sync -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/analyze /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done || sync; }
END_OF_STEP_43
}

# ════ phase H: Secondaries, rebuilt from the primary
# rollback once this phase is over: possible, but what the application has written on 17 is lost (through a secondary’s fallback copy); after the clean-up only from a backup

# ──── step 50: Checkpoint before base backup
# H.node_1.checkpoint-for-node_2, as postgres; changes the host; about 0.3 s
# The base backup begins with a checkpoint that is spread over minutes; after this one it has little to do.
# guide: Step 12
# WAIT: before step 50 here, step 49 on node_2 must be done
# side by side: it may run at the same time as steps 53 to 56 on node_3, 57 on node_1 and 58 to 59 on node_3
# must hold before: node_1 accepts writes on 17, on port 5432
# undo: nothing to undo
step_50() {
  cat <<'END_OF_STEP_50'
set -eu
export LC_ALL=C
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -c checkpoint
END_OF_STEP_50
}

# ──── step 57: Checkpoint before base backup
# H.node_1.checkpoint-for-node_3, as postgres; changes the host; about 0.3 s
# The base backup begins with a checkpoint that is spread over minutes; after this one it has little to do.
# guide: Step 12
# WAIT: before step 57 here, step 56 on node_3 must be done
# side by side: it may run at the same time as steps 46 to 49 on node_2, 50 on node_1 and 51 to 52 on node_2
# must hold before: node_1 accepts writes on 17, on port 5432
# undo: nothing to undo
step_57() {
  cat <<'END_OF_STEP_57'
set -eu
export LC_ALL=C
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -c checkpoint
END_OF_STEP_57
}

# ════ phase I: Restore, settings restored, final verification
# rollback once this phase is over: possible, but what the application has written on 17 is lost (through a secondary’s fallback copy); after the clean-up only from a backup

# ──── step 63: Enable autostart, remove drop-in
# I.node_1.unguard, as root; changes the host; about 0.5 s
# So that a reboot starts 17.
# guide: not in it
# WAIT: before step 63 here, step 60 on monitor must be done
# side by side: it may run at the same time as steps 61 to 62 on monitor
# must hold after, within 30 s: pgautofailover.service starts at boot
# must hold after, within 30 s: no drop-in of ours is left
# undo: nothing to undo
step_63() {
  cat <<'END_OF_STEP_63'
set -eu
export LC_ALL=C
systemctl enable --quiet pgautofailover.service
if [ -e /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold ]; then rm -f /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold; sync /etc/systemd/system/pgautofailover.service.d || sync; fi
rm -f /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.conf
rmdir /etc/systemd/system/pgautofailover.service.d 2>/dev/null || true
systemctl daemon-reload
END_OF_STEP_63
}

right_host() { # by what pg_autoctl calls this host in its own file
  cfg=/var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg
  found=$(sed -n 's/^name *= *//p' "$cfg" 2>/dev/null | head -n 1)
  [ "$found" = node_1 ] && return
  printf 'This is not %s, or you may not read %s: it says name = %s.\n' node_1 "$cfg" "${found:-nothing}" >&2
  exit 2
}

begin() { # NUMBER USER TITLE GIVES_UP WAITS
  text=$("step_$1") || exit
  right_host
  if [ "$2" != 'the login' ] && [ "$(id -un)" != "$2" ]; then
    printf 'Step %s runs as %s: sudo -u %s sh %s %s\n' "$1" "$2" "$2" "$0" "$1" >&2
    exit 2
  fi
  if [ -n "$4" ] && [ "$typed" != node_1 ]; then
    printf 'Step %s, %s, is IRREVERSIBLE: %s\nTo run it: sh %s %s %s\n' "$1" "$3" "$4" "$0" "$1" node_1 >&2
    exit 2
  fi
  printf '%s\n' "$text" ''
  printf 'Step %s: %s\n' "$1" "$3"
  [ -z "$5" ] || printf 'Note: %s\n' "$5"
  printf 'Run it? Type yes: '
  read -r answer || answer=
  [ "$answer" = yes ] || { echo 'Not run.' >&2; exit 2; }
  # its own shell, the home directory, no input: as the console runs it
  ( cd && exec sh -c 's=$(cat <&3); exec 3<&-; eval "$s"' 3<<TEXT </dev/null
$text
TEXT
  )
  code=$?
  printf 'Step %s ended with %s. Look at what must hold after it before you go on.\n' "$1" "$code"
  exit "$code"
}

list() {
  printf '%s\n' '2 postgres: Save pg_autoctl’s files and unit'
  printf '%s\n' '6 postgres: Run preflight checks and dry run (after step 1 on monitor, step 3 on node_2 and step 4 on node_3)'
  printf '%s\n' '9 postgres: Create the new 17 directory (after step 5 on monitor, step 7 on node_2 and step 8 on node_3)'
  printf '%s\n' '10 postgres: Run pg_upgrade --check'
  printf '%s\n' '11 postgres: Validate configuration with 17'
  printf '%s\n' '19 root: Set KillMode, disable autostart (after step 17 on node_3)'
  printf '%s\n' '27 postgres: Checkpoint, record contents (after step 26 on monitor)'
  printf '%s\n' '28 root: Stop primary'
  printf '%s\n' '31 postgres: Run pg_upgrade --link'
  printf '%s\n' '32 postgres: Swap data directories'
  printf '%s\n' '33 postgres: Point pg_autoctl at 17’s pg_ctl'
  printf '%s\n' '34 root: Point the unit at 17'
  printf '%s\n' '36 postgres: Start 17 first time, local only (IRREVERSIBLE; after step 29 on node_2, step 30 on node_3 and step 35 on monitor)'
  printf '%s\n' '37 postgres: Verify data, update extensions'
  printf '%s\n' '38 postgres: Collect minimal statistics'
  printf '%s\n' '39 postgres: Return the node to pg_autoctl (not known yet)'
  printf '%s\n' '41 root: Start primary (after step 40 on monitor)'
  printf '%s\n' '42 postgres: Restore subscriptions, compare'
  printf '%s\n' '43 postgres: Collect full statistics'
  printf '%s\n' '50 postgres: Checkpoint before base backup (after step 49 on node_2)'
  printf '%s\n' '57 postgres: Checkpoint before base backup (after step 56 on node_3)'
  printf '%s\n' '63 root: Enable autostart, remove drop-in (after step 60 on monitor)'
}

[ $# -gt 0 ] || { list; exit 0; }
if [ "$1" = show ]; then
  case ${2:-} in
  2 | 6 | 9 | 10 | 11 | 19 | 27 | 28 | 31 | 32 | 33 | 34 | 36 | 37 | 38 | 39 | 41 | 42 | 43 | 50 | 57 | 63) "step_$2"; exit ;;
  *) echo "There is no step ${2:-} on this host." >&2; exit 2 ;;
  esac
fi
[ $# -le 2 ] || { echo "One step at a time." >&2; exit 2; }
typed=${2:-}
case $1 in
  2) begin 2 postgres 'Save pg_autoctl’s files and unit' '' '' ;;
  6) begin 6 postgres 'Run preflight checks and dry run' '' 'before step 6 here, step 1 on monitor, step 3 on node_2 and step 4 on node_3 must be done' ;;
  9) begin 9 postgres 'Create the new 17 directory' '' 'before step 9 here, step 5 on monitor, step 7 on node_2 and step 8 on node_3 must be done' ;;
  10) begin 10 postgres 'Run pg_upgrade --check' '' '' ;;
  11) begin 11 postgres 'Validate configuration with 17' '' '' ;;
  19) begin 19 root 'Set KillMode, disable autostart' '' 'before step 19 here, step 17 on node_3 must be done' ;;
  27) begin 27 postgres 'Checkpoint, record contents' '' 'before step 27 here, step 26 on monitor must be done' ;;
  28) begin 28 root 'Stop primary' '' '' ;;
  31) begin 31 postgres 'Run pg_upgrade --link' '' '' ;;
  32) begin 32 postgres 'Swap data directories' '' '' ;;
  33) begin 33 postgres 'Point pg_autoctl at 17’s pg_ctl' '' '' ;;
  34) begin 34 root 'Point the unit at 17' '' '' ;;
  36) begin 36 postgres 'Start 17 first time, local only' 'there is no undo on the host itself: the old files are shared and will be changed. From here a rollback goes through a secondary’s fallback copy' 'before step 36 here, step 29 on node_2, step 30 on node_3 and step 35 on monitor must be done' ;;
  37) begin 37 postgres 'Verify data, update extensions' '' '' ;;
  38) begin 38 postgres 'Collect minimal statistics' '' '' ;;
  39) begin 39 postgres 'Return the node to pg_autoctl' '' '' ;;
  41) begin 41 root 'Start primary' '' 'before step 41 here, step 40 on monitor must be done' ;;
  42) begin 42 postgres 'Restore subscriptions, compare' '' '' ;;
  43) begin 43 postgres 'Collect full statistics' '' '' ;;
  50) begin 50 postgres 'Checkpoint before base backup' '' 'before step 50 here, step 49 on node_2 must be done' ;;
  57) begin 57 postgres 'Checkpoint before base backup' '' 'before step 57 here, step 56 on node_3 must be done' ;;
  63) begin 63 root 'Enable autostart, remove drop-in' '' 'before step 63 here, step 60 on monitor must be done' ;;
  *) echo "There is no step $1 on this host." >&2; exit 2 ;;
esac
