import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { constant, type Fragment, joined, lines, quoted, sh, word } from '../../cluster/fragment.ts';
import { unitProperties } from '../../cluster/parse/unit.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import type { DatabaseName } from '../../cluster/superuser-sql.ts';
import { type Path, parentOf } from '../../cluster/words.ts';
import { asideOf, oldName } from '../language/tablespace-names.ts';
import { markFile } from '../shell/ownership.ts';
import { privateSocket, psql } from '../shell/shell.ts';
import { transferLines } from './hard-links.ts';
import { removedSettings } from './removed-settings.ts';
import { throwawayOf } from './throwaway.ts';

/** No query of a look may take long or wait for a lock. */
const settings = { statement_timeout: '20s', lock_timeout: '2s' };

/** Not archive_command: it may hold keys of the archive, and nothing here depends on it. */
const shownSettings =
  'archive_mode wal_keep_size max_slot_wal_keep_size shared_preload_libraries max_connections jit'.split(' ');

/** Every tool that the runbook or pg_autoctl calls from the new directory, beyond those without which there are no facts. */
const tools =
  'postgres initdb pg_upgrade pg_ctl pg_controldata pg_resetwal pg_dump pg_dumpall pg_restore pg_basebackup pg_rewind pg_isready psql vacuumdb pg_config'.split(
    ' ',
  );

/** PostgreSQL's own kinds of processes. Source: PostgreSQL 13 to 18, src/backend/utils/init/miscinit.c, GetBackendTypeDesc. */
const ownBackends = [
  'autovacuum launcher',
  'autovacuum worker',
  'client backend',
  'background writer',
  'checkpointer',
  'walwriter',
  'walreceiver',
  'walsender',
  'walsummarizer',
  'startup',
  'archiver',
  'logger',
  'slotsync worker',
  'io worker',
  'parallel worker',
  'logical replication launcher',
  'logical replication worker',
  'logical replication apply worker',
  'logical replication parallel worker',
  'logical replication tablesync worker',
  'standalone backend',
  'stats collector',
];

const list = (values: readonly string[]): string =>
  values.map((value) => sqlLiteral(value).trim()).join(', ');

/** One JSON document for the whole server; works on a primary and on a standby. */
const serverSql = (facts: ClusterFacts): string => {
  const removed = list([...removedSettings(facts.oldMajor, facts.newMajor), '']);
  return `select json_build_object(
  'version', current_setting('server_version'), 'inRecovery', pg_is_in_recovery(),
  'settings', (select json_object_agg(name, setting) from pg_settings where name in (${list(shownSettings)})),
  'removed', coalesce((select json_agg(json_build_object('name', name, 'value', setting, 'file', sourcefile, 'line', sourceline))
    from pg_settings where name in (${removed}) and source not in ('default', 'client', 'session', 'override')), '[]'),
  'removedForRoles', coalesce((select json_agg(json_build_object('setting', one, 'role', r.rolname, 'database', d.datname))
    from pg_db_role_setting s cross join unnest(s.setconfig) one left join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase
    where split_part(one, '=', 1) in (${removed})), '[]'),
  'prepared', coalesce((select json_agg(json_build_object('gid', gid, 'database', database, 'owner', owner, 'seconds', extract(epoch from now() - prepared)))
    from pg_prepared_xacts), '[]'),
  'slots', coalesce((select json_agg(json_build_object('name', slot_name, 'kind', slot_type, 'plugin', plugin, 'database', database, 'active', active))
    from pg_replication_slots where not temporary), '[]'),
  'longTransactions', coalesce((select json_agg(one) from (select json_build_object('pid', pid, 'user', usename, 'database', datname, 'state', state,
    'seconds', extract(epoch from now() - xact_start)) one from pg_stat_activity
    where xact_start < now() - interval '60 s' and pid <> pg_backend_pid() and backend_type = 'client backend' order by xact_start limit 20) it), '[]'),
  'senders', coalesce((select json_agg(json_build_object('name', application_name, 'state', state, 'lagBytes',
    case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) end))
    from pg_stat_replication where application_name like 'pgautofailover%' and state <> 'backup'), '[]'),
  'workers', coalesce((select json_agg(distinct backend_type) from pg_stat_activity where backend_type is not null and backend_type not in (${list(ownBackends)})), '[]'),
  'tablespaces', coalesce((select json_agg(json_build_object('name', spcname, 'location', pg_tablespace_location(oid), 'bytes', coalesce(pg_tablespace_size(oid), 0)))
    from pg_tablespace where oid >= 16384), '[]'))`;
};

const databaseSql = `select json_build_object('name', current_database(), 'bytes', pg_database_size(current_database()),
  'catalogBytes', (select coalesce(sum(pg_total_relation_size(oid)), 0) from pg_class where relnamespace = 11 and relkind = 'r'),
  'relations', (select count(*) from pg_class), 'largeObjects', (select count(*) from pg_largeobject_metadata),
  'unlogged', (select count(*) from pg_class where relpersistence = 'u' and relkind in ('r', 'p')),
  'unloggedNames', coalesce((select json_agg(name) from (select format('%I.%I', n.nspname, c.relname) name from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where c.relpersistence = 'u' and c.relkind in ('r', 'p') order by 1 limit 5) it), '[]'),
  'extensions', coalesce((select json_agg(json_build_object('name', extname, 'version', extversion)) from pg_extension), '[]'))`;

/** Shell: how old the newest of some files is. */
export const newestFunction = sh`newest() { # seconds since the newest of these files was written
  stat -c %Y "$@" 2>/dev/null | sort -n | tail -n 1 | awk -v now="$(date +%s)" '{print now - $1}'
}`;

const functions = sh`put() { printf '%s\t%s\n' "$1" "$2"; }
text() { printf '%s\t' "$1"; base64 | tr -d '\n'; echo; }
place() { # KEY PATH: its file system; of the nearest directory that exists
  p=$2; put "$1" "$2"
  while [ ! -e "$p" ] && [ "$p" != / ]; do p=$(dirname "$p"); done
  put "$1.device" "$(stat -c %d "$p" 2>/dev/null)"
  put "$1.mount" "$(stat -c %m "$p" 2>/dev/null)"
  put "$1.free" "$(df -Pk "$p" 2>/dev/null | awk 'END {print $4}')"
}
sharedir() { # the new version's; pg_config may be in a package of its own
  s=$("$new_bin/pg_config" --sharedir 2>/dev/null) && [ -d "$s/extension" ] && { echo "$s"; return; }
  real=$(readlink -f "$new_bin/postgres"); b=$(dirname "$real")
  for s in "$b/../share" "$b/../share/postgresql" "$b/../../../../share/postgresql/$new_major"; do [ -d "$s/extension" ] && { echo "$s"; return; }; done
}
${newestFunction}`;

/**
 * Shell, behind `newest` and with the data directory in `$data`: how many seconds ago each kind of backup known here was made, a
 * line each. pgBackRest and Barman label the backups that the server records; pg_basebackup, which makes secondaries too, does not count.
 */
export const backupAgeLines: readonly Fragment[] = [
  sh`for f in "$data"/pg_wal/*.backup; do [ -r "$f" ] && ! grep -q '^LABEL: pg_basebackup base backup' "$f" && newest "$f"; done`,
  sh`command -v pgbackrest >/dev/null 2>&1 && pgbackrest info --output=json 2>/dev/null | grep -o '"stop":[0-9]*' | cut -d: -f2 | sort -n | tail -n 1 | awk -v now="$(date +%s)" '$1 > 0 {print now - $1}'`,
  sh`command -v wal-g >/dev/null 2>&1 && timeout 10 wal-g backup-list 2>/dev/null | grep -oE '[0-9]{4}-[0-9-]+T[0-9:]+Z' | sort | tail -n 1 | xargs -r -I{} date -d {} +%s | awk -v now="$(date +%s)" '{print now - $1}'`,
];

/** Of one tablespace: what would keep its old part from going aside, and a base backup from arriving. */
const tablespaceLines = (facts: ClusterFacts, location: Path, key: Fragment): Fragment[] => {
  const [place, aside] = [location, asideOf(location)];
  return [
    sh`place ${key} ${place}`,
    sh`put ${key}.parent "$(stat -c %d ${parentOf(location)} 2>/dev/null)"`,
    sh`readlink -f ${place} | text ${key}.real`,
    sh`ls -A ${place} 2>/dev/null | grep -v '^PG_${facts.oldMajor}_' | text ${key}.foreign`,
    sh`[ -n "$(ls -A ${aside}/${oldName(facts)} 2>/dev/null)" ] || { [ -e ${aside} ] && [ ! -w ${aside} ]; } && put ${key}.taken yes`,
  ];
};

/**
 * One look at a host before the window: read-only, as postgres, one round trip, one fact a line. Nothing in it takes
 * long: sizes come from the server, and every query has a limit of its own.
 */
export const checkLookScript = (facts: ClusterFacts, host: HostFacts): Fragment => {
  const parent = parentOf(host.data);
  const ask = (database: DatabaseName) => psql(host, host.oldBindir, database, { settings });
  const all = [
    sh`set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3`,
    sh`new_bin=${host.newBindir} old_bin=${host.oldBindir} new_major=${facts.newMajor} data=${host.data} t=${throwawayOf(host)}`,
    functions,
    sh`for tool in ${joined(
      tools.map((one) => quoted(one)),
      ' ',
    )}; do [ -x "$new_bin/$tool" ] || printf '%s\n' "$tool"; done | text tools`,
    sh`${host.newAutoctl} version 2>&1 | text autoctl`,
    sh`s=$(sharedir); if [ -n "$s" ]; then put sharedir "$s"; ls "$s/extension" 2>/dev/null | sed -n "s/\.control$//p" | text extensions; fi`,
    sh`place data ${host.data}`,
    sh`place parent ${parent}`,
    sh`place new_place ${host.newData}`,
    sh`place wal "$(readlink -f "$data/pg_wal")"`,
    sh`[ -w ${parent} ] && put parent_writable yes`,
    sh`[ "$(stat -c %m "$data" 2>/dev/null)" = "$data" ] && put mount_point yes`,
    sh`put wal_bytes "$(du -skL "$data/pg_wal" 2>/dev/null | cut -f1)"`,
    sh`grep -qs ':C500 [^ ]* 0A' /proc/net/tcp /proc/net/tcp6 && put upgrade_port busy`,
    sh`for f in ${word`${privateSocket(host)}/.s.PGSQL.50432`} ${word`${host.home}/.s.PGSQL.50432`}; do [ -S "$f" ] && put upgrade_port busy; done`,
    sh`n=${host.newData}`,
    sh`if [ ! -d "$n" ]; then put new absent`,
    sh`elif [ ! -r "$n/PG_VERSION" ]; then put new other; put new.entries "$(ls -A "$n" 2>/dev/null | wc -l)"`,
    sh`else put new cluster; put new.major "$(head -n 1 "$n/PG_VERSION")"; "$new_bin/pg_controldata" -D "$n" 2>/dev/null | text new.control`,
    sh`  put new.databases "$(ls "$n/base" 2>/dev/null | awk '/^[0-9]+$/ && $1 >= 16384' | wc -l)"`,
    sh`  [ -f "$n/${markFile}" ] && [ ! -L "$n/${markFile}" ] && sed -n 's/^system=//p' "$n/${markFile}" | head -n 1 | text new.made_for`,
    sh`  pid=$(head -n 1 "$n/postmaster.pid" 2>/dev/null) && [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$n" ] && put new.running yes`,
    sh`fi`,
    sh`[ -e ${host.backupData} ] && put backup_there yes`,
    sh`if [ -e "$t" ]; then`,
    sh`  read -r pid start <"$t/owner" 2>/dev/null || pid=none`,
    sh`  [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" = "\${start:-none}" ] || printf '%s\n' "$t"`,
    sh`fi | text left_behind`,
    sh`"$old_bin/pg_controldata" -D "$data" 2>/dev/null | text control`,
    host.service.kind === 'systemd' &&
      sh`systemctl show ${joined(
        unitProperties.map((name) => sh`-p ${constant(name)}`),
        ' ',
      )} ${host.service.unit} 2>/dev/null | text unit`,
    sh`put rate "$(sed -n 's/^maximum_backup_rate *= *//p' ${host.configFile} 2>/dev/null | head -n 1)"`,
    sh`b=$(sed -n 's/^backup_directory *= *//p' ${host.configFile} 2>/dev/null | head -n 1); [ -n "$b" ] && place backup "$b" && put backup_entries "$(ls -A "$b" 2>/dev/null | wc -l)"`,
    sh`for c in /sys/class/net/*; do [ "\${c##*/}" != lo ] && [ "$(cat "$c/operstate" 2>/dev/null)" = up ] && cat "$c/speed" 2>/dev/null; done | awk '$1 > 0' | sort -n | head -n 1 | text link`,
    sh`{ crontab -l 2>/dev/null | sed 's|^|crontab of postgres: |'; for f in /etc/crontab /etc/cron.d/*; do [ -r "$f" ] && sed "s|^|$f: |" "$f"; done`,
    sh`  systemctl list-timers --all --no-legend 2>/dev/null | awk '{for (i = 1; i <= NF; i++) if ($i ~ /\.timer$/) print "timer: " $i}'; } |`,
    sh`  grep -E '(pg_dump|pg_basebackup|pgbackrest|barman|wal-g|walg|wal-e|vacuumdb|reindexdb|pg_repack|pg_ctl|pg_autoctl|psql|postgres.*(backup|vacuum|restart))' | grep -vE ': *(#|$)' | head -n 20 | text cron`,
    ...backupAgeLines.map((line, index) => (index === 0 ? sh`{ ${line}` : sh`  ${line}`)),
    sh`} | sort -n | head -n 1 | text backup_age`,
    ...host.tablespaces.flatMap((location, index) =>
      tablespaceLines(facts, location, sh`tablespace.${index}`),
    ),
    ...transferLines(facts, host),
    sh`if [ -S ${word`${host.socketDirectory}/.s.PGSQL.${host.port}`} ]; then`,
    sh`  ${ask('postgres')} -Atq -c ${quoted(serverSql(facts))} 2>/dev/null </dev/null | text server`,
    sh`  ${ask('postgres')} -Atq -c 'select datname from pg_database where datallowconn order by 1' 2>/dev/null </dev/null | while IFS= read -r database; do`,
    sh`    { ${ask({ variable: 'database' })} -Atq -c ${quoted(databaseSql)} 2>/dev/null </dev/null || echo null; } | tr -d '\n'; echo`,
    sh`  done | text databases`,
    sh`fi`,
    sh`put end yes`,
  ];
  return lines(...all, sh``);
};
