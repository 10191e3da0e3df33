import { answerFunctions } from '../../cluster/answer.ts';
import type { HostFacts } from '../../cluster/facts.ts';
import { type Fragment, fixed, lines, sh } from '../../cluster/fragment.ts';
import { countedBytes, listedTables } from '../../cluster/inventory.ts';
import { sqlFunction } from '../../cluster/superuser-sql.ts';
import { privateSocket } from '../../runbook/shell/shell.ts';
import script from './script.sh' with { type: 'text' };

/** Nothing is written, nothing waits, and no query takes long. */
const settings = { statement_timeout: '5s', lock_timeout: '1s', default_transaction_read_only: 'on' };

/** What may hold a secret is not sent: its value stays on the host. Commands may have keys of an archive in them. */
const secretNames = "'(passphrase|passwd|secret|token|credential|password$|conninfo|_command$)'";
/** In characters: what anybody compares of one setting. */
const longestSetting = 2000;
const secretOptions = "'^(ldapbindpasswd|radiussecrets)=.*'";

const serverSql = `select json_build_object(
  'version', current_setting('server_version'),
  'systemIdentifier', (select system_identifier::text from pg_control_system()),
  'timeline', (select timeline_id from pg_control_checkpoint()),
  'inRecovery', pg_is_in_recovery(),
  'settings', (select json_object_agg(name, json_build_object('source', source, 'value',
    case when name ~* ${secretNames} and coalesce(setting, '') <> '' then '(not shown)' else left(coalesce(setting, ''), ${longestSetting}) || coalesce(' ' || unit, '') end)) from pg_settings),
  'hba', (select json_agg(concat_ws(' ', type, array_to_string(database, ','), array_to_string(user_name, ','), address, netmask, auth_method,
    (select string_agg(regexp_replace(one, ${secretOptions}, '\\1=(not shown)'), ' ') from unnest(options) one), 'ERROR: ' || error) order by line_number)
    from pg_hba_file_rules where current_setting('hba_file') not like '%/pgaf-upgrade/@sockets/%'))`;

const ours = "n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'";
const ofKind = (kinds: string): string =>
  `(select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours} and c.relkind in (${kinds}))`;

/** The largest tables first; each with its size without indexes. */
const tablesSql = `select n.nspname, c.relname, c.reltuples, pg_relation_size(c.oid) size, s.n_live_tup
  from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_all_tables s on s.relid = c.oid
  where ${ours} and c.relkind in ('r', 'm') order by size desc, 1, 2 limit ${listedTables}`;

const databaseSql = `select json_build_object('name', current_database(), 'bytes', pg_database_size(current_database()),
  'tables', ${ofKind("'r', 'p', 'm'")}, 'indexes', ${ofKind("'i', 'I'")}, 'sequences', ${ofKind("'S'")}, 'views', ${ofKind("'v'")},
  'functions', (select count(*) from pg_proc c join pg_namespace n on n.oid = c.pronamespace where ${ours}),
  'largeObjects', (select count(*) from pg_largeobject_metadata),
  'extensions', coalesce((select json_agg(json_build_object('name', extname, 'version', extversion) order by extname) from pg_extension), '[]'),
  'rows', coalesce((select json_agg(json_build_object('name', format('%I.%I', nspname, relname), 'bytes', size, 'rows', null,
    'estimate', case when reltuples >= 0 then reltuples when n_live_tup > 0 then n_live_tup end)) from (${tablesSql}) it), '[]'))`;

/**
 * psql's \\gexec runs what this makes: one count for each small table, each a line of JSON. The sample of all pages is refused
 * for anything but a table: one that its owner has exchanged for a view since it was listed would run the view's functions
 * as superuser. Source: CVE-2024-7348, the same in pg_dump; PostgreSQL, SELECT, TABLESAMPLE.
 */
const countsSql = `select format('select json_build_array(current_database(), %L, count(*)) from only %I.%I tablesample pg_catalog.system (100)', format('%I.%I', nspname, relname), nspname, relname)
  from (${tablesSql}) it where size <= ${countedBytes} \\gexec`;

/** One inspection of what the server of a host holds: script.sh beside this file. */
export const inventoryScript = (host: HostFacts): Fragment =>
  lines(
    sh`new_bin=${host.newBindir}`,
    answerFunctions,
    sqlFunction({ variable: 'new_bin' }, settings),
    fixed(script, {
      socket: host.socketDirectory,
      private_socket: privateSocket(host),
      port: host.port,
      superuser: host.superuser,
      server_sql: serverSql,
      database_sql: databaseSql,
      counts_sql: countsSql,
    }),
    sh``,
  );
