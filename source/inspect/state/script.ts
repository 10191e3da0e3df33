import { type ClusterFacts, type HostFacts, isNode } from '../../cluster/facts.ts';
import { type Fragment, fixed, lines, sh } from '../../cluster/fragment.ts';
import { sqlFunction } from '../../cluster/superuser-sql.ts';
import { type Path, parentOf } from '../../cluster/words.ts';
import { livenessFunction } from '../../runbook/shell/liveness.ts';
import { markFile } from '../../runbook/shell/ownership.ts';
import { keptUnitFile, unitFiles } from '../../runbook/shell/root-verbs.ts';
import { holdFile } from '../../runbook/shell/service.ts';
import { privateSocket } from '../../runbook/shell/shell.ts';
import { keyMark } from '../../runbook/steps/hard-link/names.ts';
import { joiner } from '../lines.ts';
import { onlineLines } from './online.ts';
import script from './script.sh' with { type: 'text' };

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
    'sync', coalesce(sync_state, ''), 'flushed', flush_lsn, 'replayed', replay_lsn, 'address', host(client_addr))) from pg_stat_replication), '[]'),
  'prepared', coalesce((select json_agg(json_build_object('gid', gid, 'database', database, 'seconds', extract(epoch from now() - prepared)))
    from (select * from pg_prepared_xacts order by prepared limit 20) oldest), '[]'))`;

/** A tablespace a line, for the function of script.sh. */
const tablespaceLines = (places: readonly Path[]): Fragment => sh`tablespaces() {
  :
  ${places.map((place, index) => sh`tablespace ${index} ${place} ${parentOf(place)}`)}
}`;

/** The unit's files, a line each, for the function of script.sh. */
const unitFileLines = (
  unit: Extract<HostFacts['service'], { kind: 'systemd' }> | null,
): Fragment => sh`unit_files() {
  :
  ${unit !== null && unitFiles(unit).map((file) => sh`unit_file ${keptUnitFile(unit.unit, file)} ${file}`)}
}`;

/** The inspection of one host, script.sh beside this file. `monitorSql` is what the monitor's database is asked. */
export const stateScript = (
  host: HostFacts,
  newMajor: number,
  monitorSql: string | null,
  facts: ClusterFacts | null = null,
): Fragment => {
  const unit = host.service.kind === 'systemd' ? host.service : null;
  return lines(
    sqlFunction({ variable: 'new_bin' }),
    livenessFunction,
    tablespaceLines(host.tablespaces),
    unitFileLines(unit),
    onlineLines(facts, host),
    fixed(script, {
      old_bin: host.oldBindir,
      new_bin: host.newBindir,
      new_major: newMajor,
      work: host.workDir,
      pgdata: host.pgdata,
      data: host.data,
      new_data: host.newData,
      backup_data: host.backupData,
      home: host.home,
      config_file: host.configFile,
      state_file: host.stateFile,
      pid_file: host.pidFile,
      node_id: isNode(host) ? host.nodeId : '',
      unit: unit?.unit ?? '',
      hold_file: unit === null ? '' : holdFile(unit.unit),
      mark_file: markFile,
      key_mark: keyMark(host),
      socket: host.socketDirectory,
      private_socket: privateSocket(host),
      port: host.port,
      superuser: host.superuser,
      server_sql: serverSql,
      monitor_database: 'database' in host ? host.database : 'pg_auto_failover',
      monitor_sql: monitorSql ?? '',
      joiner,
    }),
    sh``,
  );
};
