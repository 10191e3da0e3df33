import {
  commentRows,
  largeObjectRows,
  largeObjectsAreFew,
  onOneLine,
  ownerRows,
  sharedCommentRows,
} from './objects-sql.ts';
import { privilegesSql } from './privileges-sql.ts';

/**
 * What pg_dump --schema-only, pg_dumpall --globals-only and the catalogs tell beside the relations themselves (those are in
 * database-contents.ts): a row each of kind, database ('' for the whole cluster), name, value, and the statement that makes it so again ('' where
 * nobody but a person can). Only what is not as it begins is a row, so that fifty thousand plain tables are fifty thousand owners and no more.
 * Works on 13 and later. Sources: PostgreSQL, Chapter 53 System Catalogs; pg_dump.c and pg_dumpall.c, what they dump.
 */

const ours = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";
const relation = "format('%I.%I', n.nspname, c.relname)";
const kindWord =
  "case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'table' end";
/** Objects of a catalog that no extension brings: what it brings follows from it. */
const noMember = (catalog: string, oid: string): string =>
  `not exists (select from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = ${oid} and d.deptype = 'e')`;

/** Kind of the rows that the step of the full statistics reads. */
export const parentStatistics = 'statistics of a partitioned table';

const inDatabase: readonly string[] = [
  // Owners; those of indexes and sequences of columns follow the table.
  `select 'owner', ${relation}, quote_ident(pg_get_userbyid(c.relowner)), format('alter %s %s owner to %I', ${kindWord}, ${relation}, pg_get_userbyid(c.relowner))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${ours} and c.relpersistence <> 't' and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')`,
  `select 'owner', p.oid::regprocedure::text, quote_ident(pg_get_userbyid(p.proowner)), format('alter routine %s owner to %I', p.oid::regprocedure, pg_get_userbyid(p.proowner))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ours} and ${noMember('pg_proc', 'p.oid')}`,
  `select 'owner', format('schema %I', n.nspname), quote_ident(pg_get_userbyid(n.nspowner)), format('alter schema %I owner to %I', n.nspname, pg_get_userbyid(n.nspowner)) from pg_namespace n where ${ours}`,
  `select 'privilege', format('%s %s%s, %s%s', kind, case when kind = 'routine' and member then base else name end, col, who, case when sign = '-' then ', revoked' when grantable then ', with grant option' else '' end), string_agg(lower(privilege), ', ' order by privilege),
      format('%s %s on %s %s %s %s%s', case sign when '+' then 'grant' else 'revoke' end, string_agg(lower(privilege) || col, ', ' order by privilege), kind, name, case sign when '+' then 'to' else 'from' end, who, case when grantable and sign = '+' then ' with grant option' else '' end)
    from (${privilegesSql("o.name !~ '^information_schema'")}) it where privilege <> 'MAINTAIN' group by kind, name, base, member, col, who, sign, grantable`,
  `select 'default privileges', format('of %s in %s for %s', quote_ident(pg_get_userbyid(d.defaclrole)), coalesce(d.defaclnamespace::regnamespace::text, 'every schema'), d.defaclobjtype),
      array_to_string(array(select format('%s=%s', case e.grantee when 0 then 'public' else pg_get_userbyid(e.grantee) end, e.privilege_type) from aclexplode(d.defaclacl) e where e.privilege_type <> 'MAINTAIN' order by 1), ', '), '' from pg_default_acl d where d.defaclnamespace = 0 or exists (select from pg_namespace n where n.oid = d.defaclnamespace)`,
  `select 'extension', quote_ident(e.extname), n.nspname, format('create extension %I schema %I', e.extname, n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace`,
  `select 'publication', quote_ident(p.pubname), concat_ws(' ', case when p.puballtables then 'all tables' end, case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end), '' from pg_publication p`,
  `select 'published table', format('%I: %I.%I', p.pubname, p.schemaname, p.tablename), '', format('alter publication %I add table %I.%I', p.pubname, p.schemaname, p.tablename) from pg_publication_tables p where not (select puballtables from pg_publication x where x.pubname = p.pubname)`,
  `select 'event trigger', quote_ident(t.evtname), format('on %s, %s, function %s', t.evtevent, case t.evtenabled when 'D' then 'disabled' when 'R' then 'enable replica' when 'A' then 'enable always' else 'enabled' end, t.evtfoid::regprocedure),
      format('alter event trigger %I %s', t.evtname, case t.evtenabled when 'D' then 'disable' when 'R' then 'enable replica' when 'A' then 'enable always' else 'enable' end) from pg_event_trigger t where ${noMember('pg_event_trigger', 't.oid')}`,
  `select 'trigger', format('%I on %s', t.tgname, ${relation}), case t.tgenabled when 'D' then 'disabled' when 'R' then 'enable replica' when 'A' then 'enable always' else 'enabled' end,
      format('alter table %s %s trigger %I', ${relation}, case t.tgenabled when 'D' then 'disable' when 'R' then 'enable replica' when 'A' then 'enable always' else 'enable' end, t.tgname)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and t.tgparentid = 0 and ${ours}`,
  `select 'statistics target', format('%s.%I', ${relation}, a.attname), a.attstattarget::text, format('alter table %s alter column %I set statistics %s', ${relation}, a.attname, a.attstattarget)
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace where a.attstattarget >= 0 and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'm', 'f') and ${ours}`,
  `select 'extended statistics', format('%I.%I', n.nspname, s.stxname), pg_get_statisticsobjdef(s.oid), pg_get_statisticsobjdef(s.oid) from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where ${ours}`,
  `select 'storage parameters', ${relation}, array_to_string(c.reloptions, ', '), format('alter %s %s set (%s)', ${kindWord}, ${relation}, array_to_string(c.reloptions, ', '))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.reloptions is not null and c.relkind in ('r', 'p', 'v', 'm') and ${ours} and ${noMember('pg_class', 'c.oid')}`,
  ...commentRows,
  ...largeObjectRows,
  ...ownerRows,
  `select 'security label', format('%s %s, %s', l.objtype, l.objname, l.provider), l.label, format('security label for %I on %s %s is %s', l.provider, l.objtype, l.objname, ${onOneLine('l.label')}) from pg_seclabels l where l.objtype not in ('role', 'database', 'tablespace') and (l.objtype <> 'large object' or ${largeObjectsAreFew})`,
  `select '${parentStatistics}', ${relation}, '', format('analyze %s', ${relation}) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'p' and exists (select from pg_statistic s where s.starelid = c.oid)`,
];

/** Attributes in PostgreSQL’s words; of the password only whether there is one. */
const roleWords = `concat_ws(' ', case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'createrole' end, case when r.rolcreatedb then 'createdb' end,
  case when r.rolcanlogin then 'login' end, case when r.rolreplication then 'replication' end, case when r.rolbypassrls then 'bypassrls' end, case when not r.rolinherit then 'noinherit' end, 'connection limit ' || r.rolconnlimit, r.rolvaliduntil)`;

/** Their values are kept as lists of quoted names, and typed as they are. Source: PostgreSQL, guc_tables.c, GUC_LIST_QUOTE; pg_dump, dumputils.c, makeAlterConfigCommand. */
const listsOfNames =
  "'search_path', 'local_preload_libraries', 'session_preload_libraries', 'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories'";

const inCluster: readonly string[] = [
  `select 'role', quote_ident(r.rolname), ${roleWords} || case when r.rolpassword is null then ' no password' else ' a password' end, '' from pg_authid r where r.rolname !~ '^pg_'`,
  `select distinct 'membership', format('%I in %I', m.rolname, r.rolname), '', format('grant %I to %I', r.rolname, m.rolname) from pg_auth_members a join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member`,
  `select 'setting', format('%s%s', case when s.setrole = 0 then '' else 'role ' || quote_ident(pg_get_userbyid(s.setrole)) || ' ' end, case when d.datname is null then '' else 'database ' || quote_ident(d.datname) || ' ' end) || split_part(c.one, '=', 1), substr(c.one, strpos(c.one, '=') + 1),
      case when s.setrole = 0 then format('alter database %I', d.datname) when d.datname is null then format('alter role %I', pg_get_userbyid(s.setrole)) else format('alter role %I in database %I', pg_get_userbyid(s.setrole), d.datname) end
        || format(' set %s = %s', (select string_agg(quote_ident(part), '.') from unnest(string_to_array(split_part(c.one, '=', 1), '.')) part),
          case when split_part(c.one, '=', 1) in (${listsOfNames}) and c.one !~ '=$' then substr(c.one, strpos(c.one, '=') + 1) else ${onOneLine("substr(c.one, strpos(c.one, '=') + 1)")} end) from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase cross join unnest(s.setconfig) c(one)`,
  `select 'database', quote_ident(d.datname), concat_ws(' ', 'owner', quote_ident(pg_get_userbyid(d.datdba)), case when d.datistemplate then 'template' end, 'connection limit', d.datconnlimit), format('alter database %I owner to %I', d.datname, pg_get_userbyid(d.datdba)) from pg_database d where d.datconnlimit <> -2`,
  `select 'privilege', format('database %I, %s %s', d.datname, case e.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(e.grantee)) end, lower(e.privilege_type)), 'granted', format('grant %s on database %I to %s', lower(e.privilege_type), d.datname, case e.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(e.grantee)) end)
    from pg_database d cross join aclexplode(d.datacl) e where e.grantee <> d.datdba`,
  `select 'privilege', format('tablespace %I, %s %s', t.spcname, case e.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(e.grantee)) end, lower(e.privilege_type)), 'granted', format('grant %s on tablespace %I to %s', lower(e.privilege_type), t.spcname, case e.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(e.grantee)) end)
    from pg_tablespace t cross join aclexplode(t.spcacl) e where e.grantee <> t.spcowner`,
  ...sharedCommentRows,
  `select 'security label', format('%s %s, %s', l.objtype, l.objname, l.provider), l.label, format('security label for %I on %s %s is %s', l.provider, l.objtype, l.objname, ${onOneLine('l.label')}) from pg_seclabels l where l.objtype in ('role', 'database', 'tablespace')`,
  // pg_auto_failover makes its own anew, for each standby.
  `select 'replication slot', quote_ident(s.slot_name), concat_ws(' ', s.slot_type, s.plugin, 'in ' || s.database), case s.slot_type when 'physical' then format('select pg_create_physical_replication_slot(%L)', s.slot_name) else format('select pg_create_logical_replication_slot(%L, %L)', s.slot_name, s.plugin) end
    from pg_replication_slots s where not s.temporary and s.slot_name !~ '^pgautofailover_standby_'`,
  // A subscription's own origin is restored with it, under another number.
  `select 'replication origin', o.roname, coalesce(s.remote_lsn::text, ''), format('select pg_replication_origin_create(%L)', o.roname) || case when s.remote_lsn is null then '' else format(', pg_replication_origin_advance(%L, %L)', o.roname, s.remote_lsn) end
    from pg_replication_origin o left join pg_replication_origin_status s on s.local_id = o.roident where o.roname !~ '^pg_[0-9]+(_[0-9]+)?$'`,
  `select 'subscription', format('%I in %I', s.subname, d.datname), case when s.subenabled then 'enabled' else 'disabled' end, format('alter subscription %I enable', s.subname) from pg_subscription s join pg_database d on d.oid = s.subdbid`,
];

/** Each parameter that somebody may set or ALTER SYSTEM; from 15 on. Source: PostgreSQL, 53.33 pg_parameter_acl. */
const parameters: readonly string[] = [
  `select 'privilege', format('parameter %s, %s %s', p.parname, case e.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(e.grantee)) end, lower(e.privilege_type)), case when e.is_grantable then 'with grant option' else 'granted' end,
      format('grant %s on parameter %s to %s%s', lower(e.privilege_type), (select string_agg(quote_ident(part), '.') from unnest(string_to_array(p.parname, '.')) part), case e.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(e.grantee)) end, case when e.is_grantable then ' with grant option' end)
    from pg_parameter_acl p cross join aclexplode(p.paracl) e where e.grantee <> 10`,
];

const copied = (selects: readonly string[], database: string): string =>
  `copy (select k, ${database}, n, v, s from (${selects.map((one) => `(${one})`).join('\nunion all ')}) it(k, n, v, s)) to stdout`;

/** What is noted of the session's database, and of the cluster as a whole. */
export const databaseInventorySql = copied(inDatabase, 'current_database()');
export const clusterInventorySql = copied(inCluster, "''");
export const parameterInventorySql = copied(parameters, "''");
