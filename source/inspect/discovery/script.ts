import { answerFunctions } from '../../cluster/answer.ts';
import { type Fragment, fixed, lines, sh } from '../../cluster/fragment.ts';
import { serverDirectories } from '../../cluster/server-directories.ts';
import { sqlFunction } from '../../cluster/superuser-sql.ts';
import type { Path, UnitName } from '../../cluster/words.ts';
import { workDirLine } from '../../cluster/work-directory.ts';
import { livenessFunction } from '../../runbook/shell/liveness.ts';
import { dropInName } from '../../runbook/shell/service.ts';
import script from './script.sh' with { type: 'text' };

/**
 * What a live server knows of itself that the runbook needs. `to_jsonb(d) ->>` because the columns for locale
 * providers came with 15 and were renamed in 17.
 */
const serverSql = `select json_build_object(
  'version', current_setting('server_version'),
  'superuser', (select rolname from pg_roles where oid = 10),
  'encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype,
  'provider', coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
  'providerLocale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
  'checksums', current_setting('data_checksums') = 'on',
  'walSegmentBytes', (select setting::bigint from pg_settings where name = 'wal_segment_size'),
  'tablespaces', coalesce((select json_agg(pg_tablespace_location(oid) order by oid) from pg_tablespace where oid >= 16384), '[]'),
  'preload', current_setting('shared_preload_libraries'),
  'decoding', case when current_setting('server_version_num')::int >= 170000 and current_setting('wal_level') = 'logical'
    then json_build_object('slots', current_setting('max_replication_slots')::int, 'plugins', coalesce(current_setting('output_plugin_libraries', true), '')) end,
  'socketDirectories', current_setting('unix_socket_directories'),
  'sources', coalesce((select json_agg(distinct sourcefile) from pg_file_settings where sourcefile is not null), '[]'),
  'files', json_build_array(current_setting('hba_file'), current_setting('ident_file'), current_setting('ssl_cert_file'),
    current_setting('ssl_key_file'), current_setting('ssl_ca_file'), current_setting('ssl_crl_file'), current_setting('ssl_dh_params_file')))
  from pg_database d order by d.datname <> 'template0', d.datname <> 'template1', d.oid limit 1`;

export interface DiscoveryOverrides {
  readonly pgdata?: Path | undefined;
  readonly unit?: UnitName | undefined;
  readonly oldBindir?: Path | undefined;
  readonly port?: number | undefined;
}

/** What finds every pg_autoctl on a host: script.sh beside this file. */
export const discoverScript = (newBindir: Path, overrides: DiscoveryOverrides): Fragment =>
  lines(
    answerFunctions,
    sqlFunction({ variable: 'old_bin' }),
    sh`work_directory() { ${workDirLine}; }`,
    livenessFunction,
    fixed(script, {
      new_bin: newBindir,
      only: overrides.pgdata ?? '',
      set_unit: overrides.unit ?? '',
      set_old: overrides.oldBindir ?? '',
      set_port: overrides.port ?? '',
      drop_in: dropInName,
      server_directories: [...serverDirectories].join(' '),
      server_sql: serverSql,
    }),
    sh``,
  );
