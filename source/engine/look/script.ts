import type { HostFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { keyMark } from '../../runbook/hard-link/names.ts';

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

/** Shell functions that print one fact a line: a key, a tab, and a value; free text travels as base64. */
const functions = `put() { printf '%s\\t%s\\n' "$1" "$2"; }
text() { printf '%s\\t' "$1"; base64 -w 0; echo; }
control() { # KEY PGDATA MAJOR: pg_controldata by the programs of that major
  case $3 in "$new_major") "$new_bin/pg_controldata" -D "$2" ;; *) "$old_bin/pg_controldata" -D "$2" ;; esac 2>/dev/null | text "$1"
}
shared() { # PGDATA: whether files of users' relations have a second name; pg_upgrade --link links all of them (2613 is pg_largeobject), so a few tell
  find "$1/base" "$1"/pg_tblspc/*/ -type f -name '[1-9]*' 2>/dev/null \\
    | awk -F/ '{ n = $NF; sub(/[._].*/, "", n) } n + 0 >= 16384 || n == 2613 { print; if (++c == 20) exit }' \\
    | tr '\\n' '\\0' | xargs -0 -r stat -c %h 2>/dev/null | grep -qvx 1
}
links() { for link in "$1"/pg_tblspc/[0-9]*; do [ -L "$link" ] && readlink "$link"; done; }
parts() { # PLACE: each cluster's part of a tablespace, in its own directory and in the place beside it
  for part in "$1"/PG_* "$1"_aside/*/PG_*; do [ -d "$part" ] && printf '%s\\n' "\${part#"$1"}"; done
}
directory() { # KEY PGDATA
  [ -d "$2" ] || { put "$1" absent; return 0; }
  [ -r "$2/PG_VERSION" ] || { put "$1" other; put "$1.entries" "$(ls -A "$2" 2>/dev/null | wc -l)"; return 0; }
  put "$1" cluster; major=$(head -n 1 "$2/PG_VERSION"); put "$1.major" "$major"
  if [ -f "$2/global/pg_control" ]; then control "$1.control" "$2" "$major"
  else
    # pg_upgrade --link renames it, and the upgrade disarms it before the new server's first start; it is read through
    # a directory of links, nothing in the cluster is touched
    for renamed in pg_control.old pg_control.do-not-start; do [ -f "$2/global/$renamed" ] && break; done
    [ -f "$2/global/$renamed" ] && put "$1.linked" yes && [ $renamed = pg_control.do-not-start ] && put "$1.disarmed" yes
    look=$(mktemp -d) && mkdir "$look/global" && ln -s "$2/global/$renamed" "$look/global/pg_control" \\
      && ln -s "$2/PG_VERSION" "$look/PG_VERSION" && control "$1.control" "$look" "$major"; rm -rf "$look"
  fi
  pid=$(head -n 1 "$2/postmaster.pid" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null \\
    && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ] && put "$1.running" yes
  [ -e "$2/standby.signal" ] && put "$1.standby" yes
  [ -e "$2/postgresql-auto-failover.conf" ] && put "$1.carried" yes
  [ "$major" != "$new_major" ] && shared "$2" && put "$1.shared" yes
  for link in "$2"/pg_tblspc/[0-9]*; do [ -L "$link" ] && links "$2" | text "$1.tablespaces"; break; done
  put "$1.databases" "$(ls "$2/base" 2>/dev/null | awk '/^[0-9]+$/ && $1 >= 16384' | wc -l)"
}`;

/**
 * One look at a host: a read-only script, run as postgres, that prints everything the probes, the conditions and
 * the rollback verdict need, in one round trip. `monitorSql` is what the monitor's database is asked.
 */
export const lookScript = (host: HostFacts, newMajor: number, monitorSql: string | null): string => {
  const authorizedKeys = sh(`${host.home}/.ssh/authorized_keys`);
  const dirs = [host.data, host.newData, host.backupData];
  const lines = [
    'set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3',
    `old_bin=${sh(host.oldBindir)} new_bin=${sh(host.newBindir)} new_major=${newMajor} work=${sh(host.workDir)}`,
    functions,
    ...['data', 'new', 'backup'].map((key, index) => `directory ${key} ${sh(dirs[index] ?? '')}`),
    ...host.tablespaces.flatMap((place, index) => [
      `printf %s ${sh(place)} | text tablespace.${index}; parts ${sh(place)} | text tablespace.${index}.parts; [ -w ${sh(`${place}_aside`)} ] && put tablespace.${index}.aside yes`,
    ]),
    `pid=$(head -n 1 ${sh(host.pidFile)} 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null \\`,
    `  && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = pg_autoctl ] && put autoctl yes`,
    `sed -n 's/^pg_ctl *= *//p' ${sh(host.configFile)} 2>/dev/null | text pg_ctl`,
    `[ -r ${sh(host.stateFile)} ] && put state "$(od -An -v -t u8 -j 16 -N 8 ${sh(host.stateFile)} | tr -d ' ')"`,
    // assigned_role and current_role; 13 is maintenance. Source: pg_auto_failover, state.h, NodeState
    `set -- $(od -An -v -t d4 -j 32 -N 28 ${sh(host.stateFile)} 2>/dev/null); [ "\${1:-} \${7:-}" = '13 13' ] && put maintenance yes`,
    `[ -r "$work/fingerprint" ] && text fingerprint <"$work/fingerprint"`,
    `[ -r "$work/handed-over" ] && text handed_over <"$work/handed-over" && put handed_over_at "$(date -u -r "$work/handed-over" +%FT%TZ)"`,
    `[ -r "$work/stopped" ] && text stopped <"$work/stopped"`,
    // A check is good for a day: what it looked at may have changed since.
    `find "$work/done" -type f ! \\( \\( -name checks -o -name check -o -name configuration \\) -mmin +1440 \\) 2>/dev/null | sed 's|.*/||' | sort | text markers`,
    `for f in look log; do [ -n "$(find "$work/checks/$f" -mmin -1440 2>/dev/null)" ] && text "checks.$f" <"$work/checks/$f"; done`,
    `for f in ${sh(host.data)}_pg*_abandoned*; do [ -d "$f" ] && printf '%s\\n' "$f"; done | text abandoned`,
    // A key of the run, and who may use it: nothing is there unless a secondary is rebuilt by hard links.
    'if [ -d "$work/link" ]; then',
    '  [ -e "$work/link/key.pub" ] && text transfer.key <"$work/link/key.pub"',
    '  [ -e "$work/link/lines" ] && text transfer.lines <"$work/link/lines"',
    '  [ -e "$work/link/rehearsal" ] && put transfer.rehearsed yes',
    '  cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null | text transfer.host_keys',
    'fi',
    // Asked of every host, whatever the cluster file says by now; hardly ever there is one, and then it costs a second program.
    `if grep -qs ${sh(keyMark)} ${authorizedKeys}; then grep ${sh(keyMark)} ${authorizedKeys} | text transfer.authorized; fi`,
    `for f in "$work/pg_upgrade/delete_old_cluster.sh" ${sh(`${host.home}/delete_old_cluster.sh`)}; do [ -e "$f" ] && printf '%s\\n' "$f"; done | text delete_scripts`,
    // 50432 is C500; /proc/net/tcp's fourth column 0A is LISTEN; pg_upgrade's servers listen on a socket file only
    `grep -qs ':C500 [^ ]* 0A' /proc/net/tcp /proc/net/tcp6 && put upgrade_port busy`,
    // A killed server leaves its files behind; they stop nobody, a living one does.
    `for f in "$work"/pg_upgrade/.s.PGSQL.*.lock ${sh(host.home)}/.s.PGSQL.50432.lock; do`,
    `  pid=$(head -n 1 "$f" 2>/dev/null) && [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ] && put upgrade_port busy && break`,
    'done',
  ];
  if (host.service.kind === 'systemd')
    lines.push(
      `systemctl show -p LoadState -p UnitFileState -p ActiveState -p KillMode -p DropInPaths -p ExecStart ${sh(host.service.unit)} 2>/dev/null | text unit`,
    );
  const psql = `"$bin/psql" -XAtq -h ${sh(host.socketDirectory)} -p ${host.port} -U ${sh(host.superuser)}`;
  lines.push(
    // The private server of the verification listens in our own directory.
    `if [ -S "$work/private/.s.PGSQL.${host.port}" ]; then bin=$new_bin; ${psql.replace(sh(host.socketDirectory), '"$work/private"')} -d postgres -c ${sh(serverSql)} 2>/dev/null | text server`,
    `elif [ -S ${sh(`${host.socketDirectory}/.s.PGSQL.${host.port}`)} ]; then`,
    `  bin=$new_bin`,
    `  ${psql} -d postgres -c ${sh(serverSql)} 2>/dev/null | text server`,
    ...(monitorSql === null
      ? []
      : [
          `  ${psql} -d ${sh('database' in host ? host.database : 'pg_auto_failover')} -c ${sh(monitorSql)} 2>/dev/null | text monitor`,
        ]),
    'fi',
    'put end yes',
  );
  return `${lines.join('\n')}\n`;
};
