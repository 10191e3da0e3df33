import { answerFunctions } from '../../../cluster/answer.ts';
import {
  type ClusterFacts,
  type HostFacts,
  isNode,
  isOnline,
  primaryOf,
  takesLinks,
} from '../../../cluster/facts.ts';
import { type Fragment, fixed, lines, sh } from '../../../cluster/fragment.ts';
import { unitProperties } from '../../../cluster/parse/unit.ts';
import { sqlLiteral } from '../../../cluster/quote.ts';
import { serverDirectories } from '../../../cluster/server-directories.ts';
import { openDatabasesSql, sqlFunction } from '../../../cluster/superuser-sql.ts';
import { type Path, parentOf } from '../../../cluster/words.ts';
import { copyName, oldName, setAsidePlace } from '../../language/tablespace-names.ts';
import { concernsFunction, timersFunction } from '../../shell/crontabs.ts';
import { dependentsFunction } from '../../shell/dependents.ts';
import { askLiveness, livenessFunction } from '../../shell/liveness.ts';
import { markFile } from '../../shell/ownership.ts';
import { unitFiles } from '../../shell/root-verbs.ts';
import { privateSocket } from '../../shell/shell.ts';
import { exchangesLinks } from '../hard-links.ts';
import { removedSettings } from '../removed-settings.ts';
import { throwawayOf } from '../throwaway.ts';
import { backupAgeLines, newestFunction } from './backup-age.ts';
import { onlineDatabaseSql, onlineLookSql, onlineServerSql } from './online-sql.ts';
import script from './script.sh' with { type: 'text' };

/** No query of the inspection may take long or wait for a lock. */
const settings = { statement_timeout: '20s', lock_timeout: '2s' };

/** Not archive_command: it may hold keys of the archive, and nothing here depends on it. */
const shownSettings =
  'archive_mode wal_keep_size max_slot_wal_keep_size shared_preload_libraries max_connections jit max_locks_per_transaction max_prepared_transactions autovacuum_max_workers max_worker_processes max_wal_senders recovery_min_apply_delay output_plugin_libraries'.split(
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

/** One JSON document for the whole server, but for its last parenthesis; works on a primary and on a standby. */
const serverSql = (facts: ClusterFacts): string => {
  const removed = list([...removedSettings(facts.oldMajor, facts.newMajor), '']);
  return `select json_build_object(
  'version', current_setting('server_version'), 'inRecovery', pg_is_in_recovery(),
  'replayPaused', case when pg_is_in_recovery() then pg_is_wal_replay_paused() else false end,
  'settings', (select json_object_agg(name, setting) from pg_settings where name in (${list(shownSettings)})),
  'removed', coalesce((select json_agg(json_build_object('name', name, 'value', setting, 'file', sourcefile, 'line', sourceline))
    from pg_settings where name in (${removed}) and source not in ('default', 'client', 'session', 'override')), '[]'),
  'removedForRoles', coalesce((select json_agg(json_build_object('setting', one, 'role', r.rolname, 'database', d.datname))
    from pg_db_role_setting s cross join unnest(s.setconfig) one left join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase
    where split_part(one, '=', 1) in (${removed})), '[]'),
  'prepared', coalesce((select json_agg(json_build_object('gid', gid, 'database', database, 'owner', owner, 'seconds', extract(epoch from now() - prepared)))
    from pg_prepared_xacts), '[]'),
  'slots', coalesce((select json_agg(json_build_object('name', slot_name, 'kind', slot_type, 'plugin', plugin, 'database', database, 'active', active,
      'behindBytes', case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) end))
    from pg_replication_slots where not temporary), '[]'),
  'longTransactions', coalesce((select json_agg(one) from (select json_build_object('pid', pid, 'user', usename, 'database', datname, 'state', state,
    'seconds', extract(epoch from now() - xact_start)) one from pg_stat_activity
    where xact_start < now() - interval '60 s' and pid <> pg_backend_pid() and backend_type = 'client backend' order by xact_start limit 20) it), '[]'),
  'senders', coalesce((select json_agg(json_build_object('name', application_name, 'state', state, 'lagBytes',
    case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(replay_lsn, flush_lsn)) end))
    from pg_stat_replication where application_name like 'pgautofailover%' and state <> 'backup'), '[]'),
  'workers', coalesce((select json_agg(distinct backend_type) from pg_stat_activity where backend_type is not null and backend_type not in (${list(ownBackends)})), '[]'),
  'catalog', (select json_agg(json_build_object('name', datname, 'connections', datallowconn, 'limit', datconnlimit) order by datname) from pg_database),
  'tablespaces', coalesce((select json_agg(json_build_object('name', spcname, 'location', pg_tablespace_location(oid), 'bytes', coalesce(pg_tablespace_size(oid), 0)))
    from pg_tablespace where oid >= 16384), '[]'),
  'radiusLines', coalesce((select json_agg(line_number) from pg_hba_file_rules where auth_method = 'radius'), '[]'),
  'md5Roles', coalesce((select json_agg(rolname order by rolname) from pg_authid where rolpassword like 'md5%'), '[]'),
  'brokenRoles', coalesce((select json_agg(rolname) from pg_authid where rolname ~ '[\\r\\n]'), '[]'),
  'superusers', (select json_agg(rolname order by rolname) from pg_roles where rolsuper and rolcanlogin)`;
};

/** pg_largeobject (2613) is not counted among the catalogs: pg_upgrade transfers its files as a user's table's. Source: pg_upgrade/info.c, get_rel_infos. */
const databaseSql = `select json_build_object('name', current_database(), 'bytes', pg_database_size(current_database()),
  'catalogBytes', (select coalesce(sum(pg_total_relation_size(oid)), 0) from pg_class where relnamespace = 11 and relkind = 'r' and oid <> 2613),
  'relations', (select count(*) from pg_class), 'locked', (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'S', 'v', 'm') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'), 'largeObjects', (select count(*) from pg_largeobject_metadata),
  'unlogged', (select count(*) from pg_class where relpersistence = 'u' and relkind in ('r', 'p')),
  'unloggedNames', coalesce((select json_agg(name) from (select format('%I.%I', n.nspname, c.relname) name from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where c.relpersistence = 'u' and c.relkind in ('r', 'p') order by 1 limit 5) it), '[]'),
  'subscriptions', coalesce((select json_agg(json_build_object('name', subname,
    'tables', (select count(*) from pg_subscription_rel r where r.srsubid = s.oid),
    'copying', (select count(*) from pg_subscription_rel r where r.srsubid = s.oid and r.srsubstate not in ('i', 'r'))) order by subname)
    from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database()), '[]'),
  'inetIndexes', coalesce((select json_agg(distinct format('%I.%I', n.nspname, c.relname)) from pg_index i join pg_opclass o on o.oid = any (i.indclass::oid[])
    join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where o.opcname in ('gist_inet_ops', 'gist_cidr_ops')), '[]'),
  'extensions', coalesce((select json_agg(json_build_object('name', extname, 'version', extversion)) from pg_extension), '[]')`;

/** Of each tablespace a line, for the function of script.sh. */
const tablespaceLines = (places: readonly Path[]): Fragment => sh`tablespaces() {
  :
  ${places.map((place, index) => sh`tablespace ${index} ${place} ${parentOf(place)} ${setAsidePlace(place)}`)}
}`;

/** The unit's files that the user of PostgreSQL cannot read, for script.sh. */
const unitFileLines = ({ service }: HostFacts): Fragment => sh`unit_files() {
  :
  ${service.kind === 'systemd' && unitFiles(service).map((file) => sh`[ -r ${file} ] || printf '%s\n' ${file}`)}
}`;

/** Whether links are taken over there, for script.sh. */
const linksOf = (facts: ClusterFacts, host: HostFacts): string => {
  if (!exchangesLinks(facts, host)) return '';
  return takesLinks(host) ? 'takes' : 'gives';
};

/** The inspection of a host before the window: script.sh beside this file. */
export const checkInspectionScript = (facts: ClusterFacts, host: HostFacts): Fragment => {
  const primary = primaryOf(facts);
  /** The monitor is upgraded as ever, and of a secondary the settings count. */
  const asked = (part: string): string => (isOnline(facts) && isNode(host) ? part : '');
  return lines(
    answerFunctions,
    sqlFunction({ variable: 'old_bin' }, settings),
    livenessFunction,
    sh`keeper() (
      ${askLiveness(host)}
      put keeper "$autoctl"
    )`,
    newestFunction,
    sh`backup_ages() {
      ${backupAgeLines}
    }`,
    tablespaceLines(host.tablespaces),
    unitFileLines(host),
    dependentsFunction,
    concernsFunction,
    timersFunction,
    fixed(script, {
      old_bin: host.oldBindir,
      new_bin: host.newBindir,
      old_major: facts.oldMajor,
      new_major: facts.newMajor,
      new_autoctl: host.newAutoctl,
      data: host.data,
      parent: parentOf(host.data),
      new_data: host.newData,
      backup_data: host.backupData,
      server_directories: [...serverDirectories].join(' '),
      wal_next: host.wal?.next ?? '',
      old_name: oldName(facts),
      copy_name: asked(copyName(facts)),
      home: host.home,
      config_file: host.configFile,
      state_file: isNode(host) ? host.stateFile : '',
      unit: host.service.kind === 'systemd' ? host.service.unit : '',
      unit_properties: unitProperties.map((name) => `-p ${name}`).join(' '),
      mark_file: markFile,
      throwaway: throwawayOf(host),
      links: linksOf(facts, host),
      primary_host: primary.hostname,
      primary_port: primary.sshPort,
      upstream: isNode(host) && host !== primary ? primary.hostname : '',
      upstream_port: primary.port,
      pid_file: host.pidFile,
      socket: host.socketDirectory,
      private_socket: privateSocket(host),
      port: host.port,
      superuser: host.superuser,
      server_sql: `${serverSql(facts)}${asked(`,\n  'online', ${onlineServerSql}`)})`,
      database_sql: `${databaseSql}${asked(`,\n  'online', ${onlineDatabaseSql}`)})`,
      names_sql: openDatabasesSql,
      look_sql: isNode(host) && host.role === 'primary' ? asked(onlineLookSql) : '',
    }),
    sh``,
  );
};
