import { type ClusterFacts, type HostFacts, isNode, isOnline } from '../../cluster/facts.ts';
import { type Fragment, fixed, lines, sh } from '../../cluster/fragment.ts';
import { openDatabasesSql } from '../../cluster/superuser-sql.ts';
import {
  archivingSql,
  isCarried,
  isReplicated,
  lacksIdentity,
  parentTimelineSql,
  timelineSql,
} from '../../runbook/checks/inspection/online-sql.ts';
import { copyAside, privateSocketOf, privateUnit } from '../../runbook/steps/online/names.ts';
import { readyFunctions } from '../../runbook/steps/online/ready.ts';
import script from './online.sh' with { type: 'text' };

const serverSql = `select json_build_object('walLevel', current_setting('wal_level'),
  'nextWalLevel', (select setting from pg_file_settings where name = 'wal_level' order by seqno desc limit 1), 'timeline', ${timelineSql}, 'parent', ${parentTimelineSql}, 'archiving', ${archivingSql},
  'keepMb', (select setting::integer from pg_settings where name = 'max_slot_wal_keep_size'),
  'written', case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') end,
  'slots', coalesce((select json_agg(json_build_object('name', slot_name, 'database', database, 'active', active, 'confirmed', confirmed_flush_lsn, 'status', wal_status,
    'seconds', case when active then coalesce((select extract(epoch from r.replay_lag) from pg_stat_replication r where r.pid = active_pid), 0) end,
    'behind', case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) end,
    'kept', case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) end, 'left', safe_wal_size))
    from pg_replication_slots where slot_type = 'logical' and slot_name ~ '^pgaf_(up|back)_[0-9]+$'), '[]'))`;

/** What the schema's comment says of the preparation: `run=… system=… timeline=…`. */
const noted = (key: 'run' | 'timeline'): string =>
  `(regexp_match(obj_description(to_regnamespace('pgaf_upgrade'), 'pg_namespace'), '${key}=([A-Za-z0-9_.-]+)'))[1]`;

const databaseSql = `select json_build_object('name', current_database(), 'oid', (select oid::bigint from pg_database where datname = current_database()),
  'tables', count(*) filter (where replicated), 'sequences', count(*) filter (where not replicated), 'lacking', count(*) filter (where lacking),
  'frozen', (select count(*) = 3 from pg_event_trigger where evtname in ('pgaf_frozen_start', 'pgaf_frozen_end', 'pgaf_frozen_drop') and evtenabled = 'A'),
  'published', exists (select from pg_publication where pubname = 'pgaf_upgrade' and puballtables),
  'forward', exists (select from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = current_database() and s.subname = 'pgaf_up_' || d.oid),
  'run', ${noted('run')}, 'timeline', ${noted('timeline')}::integer)
  from (select ${isReplicated} as replicated, ${isReplicated} and ${lacksIdentity} as lacking from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${isCarried}) tables`;

const followerSql = `select json_build_object('version', current_setting('server_version'),
  'keepers', coalesce((select json_agg(json_build_object('name', slot_name, 'status', wal_status, 'bytes', pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 'left', safe_wal_size) order by slot_name)
    from pg_replication_slots where slot_type = 'physical' and not temporary and not pg_is_in_recovery()), '[]'), 'subscriptions', coalesce((select json_agg(json_build_object('name', s.subname, 'enabled', s.subenabled,
    'worker', exists (select from pg_stat_subscription a join pg_stat_activity b on b.pid = a.pid where a.subid = s.oid and b.backend_start < clock_timestamp() - interval '1 second'),
    'reached', (select o.remote_lsn from pg_replication_origin_status o where o.external_id = 'pg_' || s.oid),
    'errors', coalesce((select e.apply_error_count from pg_stat_subscription_stats e where e.subid = s.oid), 0)))
  from pg_subscription s where s.subname ~ '^pgaf_(up|back)_[0-9]+$'), '[]'))`;

/** The function that script.sh calls: of a node that is upgraded by the online method; of any other host one that does nothing. */
export const onlineLines = (facts: ClusterFacts | null, host: HostFacts): Fragment =>
  facts !== null && isOnline(facts) && isNode(host)
    ? lines(
        readyFunctions,
        fixed(script, {
          online_server_sql: serverSql,
          online_databases_sql: openDatabasesSql,
          online_database_sql: databaseSql,
          follower_sql: followerSql,
          follower_socket: privateSocketOf(host, 'new'),
          back_socket: privateSocketOf(host, 'old'),
          copy: copyAside(facts, host),
          private_units: `${privateUnit(host, 'new')} ${privateUnit(host, 'old')}`,
        }),
      )
    : sh`online() { :; }`;
