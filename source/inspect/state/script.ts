import { type HostFacts, isNode } from '../../cluster/facts.ts';
import { constant, type Fragment, lines, quoted, sh, word } from '../../cluster/fragment.ts';
import { sqlProgram } from '../../cluster/superuser-sql.ts';
import { type Path, parentOf } from '../../cluster/words.ts';
import { keyMark } from '../../runbook/hard-link/names.ts';
import { livenessFunction } from '../../runbook/liveness.ts';
import { markFile } from '../../runbook/ownership.ts';
import { holdFile } from '../../runbook/phases/service.ts';
import { privateSocket } from '../../runbook/shell.ts';
import { joiner } from '../lines.ts';

/** What the running server says of itself, in one JSON document. Works on a primary and on a standby. */
const serverSql = `select json_build_object(
  'version', current_setting('server_version'),
  'inRecovery', pg_is_in_recovery(),
  'lsn', case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end,
  'synchronousStandbyNames', current_setting('synchronous_standby_names'),
  'listenAddresses', current_setting('listen_addresses'),
  'socketDirectories', current_setting('unix_socket_directories'),
  'nextXid', (case when pg_is_in_recovery() then 0::text else pg_snapshot_xmax(pg_current_snapshot())::text end),
  'startedAt', to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
  'readOnly', current_setting('default_transaction_read_only') = 'on',
  'senders', coalesce((select json_agg(json_build_object('name', application_name, 'state', coalesce(state, ''),
    'sync', coalesce(sync_state, ''), 'flushed', flush_lsn, 'address', host(client_addr))) from pg_stat_replication), '[]'))`;

/**
 * Shell functions that print one fact a line: a key, a tab, and a value. No program is started for what the shell does
 * itself: a process costs more than everything else here. Free text travels on one line, its own lines joined by a
 * character that is taken out of it before, so that nothing in it can begin a line of its own.
 */
const functions = sh`put() { printf '%s\t%s\n' "$1" "$2"; }
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
    set -- base/*/2613 pg_tblspc/*/PG_*/*/2613; enough=$(($# + 20)) listed= dir=
    while [ $# -lt $enough ] && read -r name; do
      listed=yes
      case $name in
        */*:) dir=\${name%:} ;;
        [1-9]*) [ -n "$dir" ] && [ "\${name%%[._]*}" -ge 16384 ] && set -- "$@" "$dir/$name" ;;
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
    database=\${database##*/}
    case $database in *[!0-9]*) ;; *) [ "$database" -ge 16384 ] && count=$((count + 1)) ;; esac
  done
}
add() { found=$found$1$newline; }
links() { # PGDATA: where its tablespaces are, in $found
  found=; for link in "$1"/pg_tblspc/[0-9]*; do [ -L "$link" ] && add "$(readlink "$link")"; done
}
parts() { # PLACE: each cluster's part of a tablespace, in its own directory and in the place beside it, in $found
  found=; for part in "$1"/PG_* "$1"_aside/*/PG_*; do [ -d "$part" ] && add "\${part#"$1"}"; done
}
directory() { # KEY PGDATA
  [ -d "$2" ] || { put "$1" absent; return 0; }
  [ -r "$2/PG_VERSION" ] || { put "$1" other; put "$1.entries" "$(ls -A "$2" 2>/dev/null | wc -l)"; return 0; }
  first "$2/PG_VERSION"; major=$line; put "$1" cluster; put "$1.major" "$major"
  if [ -f "$2/global/pg_control" ]; then control "$1.control" "$2" "$major"
  else
    # pg_upgrade --link renames it, and the upgrade disarms it before the new server's first start; it is read through
    # a directory of links, nothing in the cluster is touched
    for renamed in pg_control.old pg_control.do-not-start; do [ -f "$2/global/$renamed" ] && break; done
    [ -f "$2/global/$renamed" ] && put "$1.linked" yes && [ $renamed = pg_control.do-not-start ] && put "$1.disarmed" yes
    look=$(mktemp -d) && mkdir "$look/global" && ln -s "$2/global/$renamed" "$look/global/pg_control" \
      && ln -s "$2/PG_VERSION" "$look/PG_VERSION" && control "$1.control" "$look" "$major"; rm -rf "$look"
  fi
  if alive "$2/postmaster.pid" postgres; then put "$1.running" yes
  elif [ "$1" = data ] && [ -f "$2/global/pg_control" ]; then put data.written "$(date -u -r "$2/global/pg_control" +%FT%TZ)"; fi
  [ -e "$2/standby.signal" ] && put "$1.standby" yes
  [ -e "$2/postgresql-auto-failover.conf" ] && put "$1.carried" yes
  [ "$major" != "$new_major" ] && shared "$2" && put "$1.shared" yes
  links "$2"; [ -z "$found" ] || text "$1.tablespaces" "$found"
  databases "$2"; put "$1.databases" $count
  [ -f "$2/${markFile}" ] && [ ! -L "$2/${markFile}" ] && text "$1.mark" "$(head -c 400 "$2/${markFile}")"
}
configured() { # FILE: pg_autoctl's configuration: who it says it is, and its pg_ctl
  while IFS= read -r line; do
    case $line in pg_ctl*=* | name*=* | role*=*) ;; *) continue ;; esac
    key=\${line%%=*} line=\${line#*=}
    key=\${key%"\${key##*[! ]}"} line=\${line#"\${line%%[! ]*}"}
    case $key in pg_ctl) text pg_ctl "$line" ;; name | role) text "who.$key" "$line" ;; esac
  done <"$1"
}
kept() { # in our own directory: what was written down, each file by its name; false where that could not be read whole
  # A check is good for a day: what it looked at may have changed since. Whether there is a backup is soon asked again.
  set -f; IFS=$newline; set -- ; marks=
  for path in $(find done checks/look checks/log -type f -size +0 ! \( -mmin +1440 \( -name checks -o -name check -o -name configuration \
    -o -name look -o -name log \) \) ! \( -mmin +10 -name cleanup-backup \) 2>/dev/null); do
    case $path in checks/*) [ -r "$path" ] && set -- "$@" "$path" ;; *) marks=$marks\${path##*/}$newline ;; esac
  done
  set +f; unset IFS
  text markers "$marks"
  # what a power cut has left empty was never written
  for path in fingerprint fingerprint-old handed-over stopped link/key.pub link/lines; do [ -r "$path" ] && [ -s "$path" ] && set -- "$@" "$path"; done
  [ -s stopped ] && put stopped.at "$(date -u -r stopped +%FT%TZ)"
  [ -s handed-over ] && put handed-over.at "$(date -u -r handed-over +%FT%TZ)"
  # A key of the run, and who may use it: nothing is there unless a secondary is rebuilt by hard links.
  [ -s link/rehearsal ] && put link/rehearsed yes
  [ -d link ] && text link/host_keys "$(cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null)"
  # All of them by one program, lines joined as text does it.
  [ $# -eq 0 ] || awk 'BEGIN { ORS = "\036" } FNR == 1 { printf("%s%s\t", NR > 1 ? "\n" : "", FILENAME) }
    { gsub(/\036/, "?"); print } END { printf("%s", NR > 0 ? "\n" : "") }' "$@"
}`;

/**
 * One look at a host: a read-only script, run as postgres, that prints everything the probes, the conditions and
 * the rollback verdict need, in one round trip. `monitorSql` is what the monitor's database is asked.
 */
export const lookScript = (host: HostFacts, newMajor: number, monitorSql: string | null): Fragment => {
  const authorizedKeys: Path = word`${host.home}/.ssh/authorized_keys`;
  const socket: Path = host.socketDirectory;
  const dirs = [
    ['data', host.data],
    ['new', host.newData],
    ['backup', host.backupData],
  ] as const;
  const server =
    monitorSql === null
      ? [sh`ask ${socket} postgres "$server"`]
      : [
          sh`ask ${socket} ${quoted('database' in host ? host.database : 'pg_auto_failover')} "$server" ${quoted(monitorSql)}`,
          sh`[ $? -ne 2 ] || ask ${socket} postgres "$server"`,
        ];
  const all = [
    sh`set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3`,
    sh`old_bin=${host.oldBindir} new_bin=${host.newBindir} new_major=${newMajor} work=${host.workDir} joiner=${quoted(joiner)} newline='
'`,
    functions,
    livenessFunction,
    host.service.kind === 'systemd'
      ? sh`unit() { systemctl show -p LoadState -p UnitFileState -p ActiveState -p KillMode -p DropInPaths -p ActiveEnterTimestamp -p ExecStart -p MainPID -p ControlGroup ${host.service.unit} 2>/dev/null; }`
      : sh`unit() { :; }`,
    sh`ask() { # SOCKETS DATABASE STATEMENT…: a line for each statement`,
    sh`  at=$1 in=$2; shift 2; for sql; do shift; set -- "$@" -c "$sql"; done`,
    sh`  ${sqlProgram('psql', { variable: 'new_bin' }, { variable: 'in' })} -XAtq -h "$at" -p ${host.port} -U ${host.superuser} "$@" 2>/dev/null`,
    sh`}`,
    sh`server() { # what the running server answers`,
    sh`  server=${quoted(serverSql)}`,
    sh`  if [ -S ${word`${privateSocket(host)}/.s.PGSQL.${host.port}`} ]; then ask ${privateSocket(host)} postgres "$server"`,
    sh`  elif [ -S ${word`${host.socketDirectory}/.s.PGSQL.${host.port}`} ]; then ${server}; fi`,
    sh`}`,
    sh`unit | { exec 3<&0; server | { exec 4<&0 </dev/null`,
    ...dirs.map(([key, path]) => sh`directory ${constant(key)} ${path}`),
    ...host.tablespaces.flatMap((place, index) => [
      sh`text tablespace.${index} ${place}; parts ${place}; text tablespace.${index}.parts "$found"; [ -w ${word`${place}_aside`} ] && put tablespace.${index}.aside yes; [ -w ${parentOf(place)} ] && put tablespace.${index}.above yes`,
    ]),
    sh`first /etc/machine-id && put who.machine "$line"`,
    ...(host.service.kind === 'systemd' ? [sh`[ -e ${holdFile(host.service.unit)} ] && put held yes`] : []),
    sh`[ -r ${host.configFile} ] && configured ${host.configFile}`,
    sh`if [ -r ${host.stateFile} ]; then`,
    sh`  set -- $(od -An -v -t u8 -t d4 -j 16 -N 44 ${host.stateFile}) ''`,
    sh`  put state "$1"; put who.id "\${5:-}"`,
    ...(isNode(host)
      ? [
          sh`  [ "\${5:-}" = ${host.nodeId} ] || { found=; for f in "$work"/saved*/pg_autoctl.state; do [ -r "$f" ] && add "$(od -An -v -t d4 -j 24 -N 4 "$f")"; done; text who.was "$found"; }`,
        ]
      : []),
    sh`  [ "\${9:-} \${17:-}" = '13 13' ] && put maintenance yes`,
    sh`fi`,
    sh`if cd "$work" 2>/dev/null; then`,
    sh`  kept || exit 1`,
    sh`  if [ -d saved ] && [ ! -e stopped ] && [ ! -e fingerprint ]; then`,
    sh`    found=; cmp -s saved/pg_autoctl.cfg ${host.configFile} || add pg_autoctl.cfg`,
    host.service.kind === 'systemd'
      ? sh`    cmp -s ${word`saved/${host.service.unit}`} ${host.service.fragment} || add ${host.service.unit}`
      : sh``,
    sh`    text saved.differs "$found"; [ -n "$(find saved -maxdepth 0 -mmin +1440)" ] && put saved.old yes`,
    sh`  fi`,
    sh`fi`,
    sh`found=; for f in ${host.data}_pg*_abandoned*; do [ -f "$f/${markFile}" ] && add "$f"; done; text abandoned "$found"`,
    sh`found=; for f in ${host.data}_pg*_abandoned*.* ${host.backupData}.* ${host.newData}.* "$work/link"; do [ -d "$f" ] && [ ! -L "$f" ] && add "$f"; done; text leftovers "$found"`,
    sh`[ -s ${authorizedKeys} ] && text authorized "$(grep -s ${quoted(keyMark(host))} ${authorizedKeys})"`,
    sh`found=; f=$work/pg_upgrade/delete_old_cluster.sh; [ -e "$f" ] && add "$f"`,
    sh`f=${word`${host.home}/delete_old_cluster.sh`}; [ -e "$f" ] && grep -qsF -e ${word`${host.data}'`} -e ${word`${host.data}"`} "$f" && add "$f"; text delete_scripts "$found"`,
    sh`grep -qs ':C500 [^ ]* 0A' /proc/net/tcp /proc/net/tcp6 && put upgrade_port busy`,
    sh`for f in ${privateSocket(host)}/.s.PGSQL.50432.lock ${host.home}/.s.PGSQL.50432.lock; do`,
    sh`  first "$f" && first "/proc/$line/comm" && [ "$line" = postgres ] && put upgrade_port busy && break`,
    sh`done`,
    sh`found= main= group= state=; while IFS= read -r line; do`,
    sh`  add "$line"; case $line in MainPID=*) main=\${line#*=} ;; ControlGroup=*) group=\${line#*=} ;; ActiveState=*) state=\${line#*=} ;; esac`,
    sh`done <&3; text unit "$found"`,
    sh`liveness ${host.pgdata} ${host.data} ${host.pidFile}${host.service.kind === 'systemd' ? sh` "$main" "$group" "$state"` : sh``}; put autoctl $autoctl`,
    sh`for key in server monitor; do IFS= read -r line <&4 && text $key "$line"; done`,
    sh`put end yes`,
    sh`}; }`,
  ];
  return lines(...all, sh``);
};
