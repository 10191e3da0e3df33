/**
 * What the online method asks a server besides the ordinary checks: two expressions of SQL, each one JSON document. Logical replication carries rows
 * of ordinary tables and of the leaves of partitioned ones, and nothing else.
 * Sources: PostgreSQL, “Logical Replication”, Restrictions (logical-replication-restrictions) and “Publication” (replica identities);
 * each was made to happen with 15.20 and 17.12 on the lab (docs/development/online.md).
 */

const shownSettings =
  "'wal_level', 'max_replication_slots', 'max_wal_senders', 'max_worker_processes', 'max_slot_wal_keep_size', 'shared_preload_libraries'";

/** How the archive keeps up. Source: PostgreSQL, pg_stat_archiver; functions-admin, pg_ls_archive_statusdir (12). */
export const archivingSql = `(case when current_setting('archive_mode') <> 'off' then (select json_build_object('waiting', waiting, 'seconds', seconds,
      'failed', case when last_failed_time > coalesce(last_archived_time, '-infinity') then last_failed_wal end)
    from pg_stat_archiver, (select count(*) as waiting, extract(epoch from clock_timestamp() - min(modification)) as seconds from pg_ls_archive_statusdir() where name like '%.ready') ready) end)`;

/**
 * Lines for a replication connection over the local socket that are, or may be, the role's that asks: “all” in the column of databases does not mean it. As the file is now,
 * whether it was read or not. Source: PostgreSQL, view-pg-hba-file-rules; hba.c, check_db and check_role.
 */
const replicationLinesSql = `(select json_build_object('errors', count(*) filter (where error is not null), 'lines', coalesce(json_agg(json_build_object('line', line_number, 'method', auth_method,
      'sure', user_name && array['all', current_user::text]) order by ordinality) filter (where type = 'local' and database && array['replication']
        and exists (select from unnest(user_name) one where one in ('all', current_user) or one ~ '^[+/]')), '[]'))
    from pg_hba_file_rules() with ordinality)`;

export const onlineServerSql = `json_build_object('settings', (select json_object_agg(name, setting) from pg_settings where name in (${shownSettings})),
    'senders', (select count(*) from pg_stat_replication), 'archiving', ${archivingSql}, 'replicationLines', ${replicationLinesSql},
    'writing', coalesce((select json_agg(json_build_object('pid', pid, 'user', usename, 'database', datname, 'seconds', extract(epoch from now() - xact_start)))
      from pg_stat_activity where xact_start < now() - interval '60 s' and backend_xid is not null), '[]'))`;

/** One look at how much is written, with its moment: two of them have the rate. Counters of sessions come within a second of their transactions. Source: PostgreSQL, monitoring-stats. */
export const onlineLookSql = `select json_build_object('at', extract(epoch from clock_timestamp()), 'written', pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'),
  'changes', (select coalesce(json_object_agg(datname, tup_inserted + tup_updated + tup_deleted), '{}') from pg_stat_database where datname is not null))`;

/** Schemas whose tables are nobody's, and our own. */
const ownSchemas = "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade')";

/** Of \`c\`, a row of pg_class, and \`n\`, its schema: its rows are replicated. */
export const isReplicated = `c.relkind = 'r' and c.relpersistence = 'p' and ${ownSchemas}`;

/** Of the same: a key by which UPDATE and DELETE name the row. A deferrable one is none. Source: PostgreSQL, relcache.c, RelationGetIndexList. */
const hasIndex = (which: 'indisprimary' | 'indisreplident'): string =>
  `exists (select from pg_index i where i.indrelid = c.oid and i.${which} and i.indimmediate and i.indisvalid)`;

/** Of the same: UPDATE and DELETE are refused as soon as it is published. Source: PostgreSQL, execReplication.c, CheckCmdReplicaIdentity. */
export const lacksIdentity = `(c.relreplident = 'n' or c.relreplident = 'd' and not ${hasIndex('indisprimary')} or c.relreplident = 'i' and not ${hasIndex('indisreplident')})`;

/** Of the same columns: what a slot, a subscription and the marker behind everything else are for. A sequence has no rows that are replicated, and its place is carried beside them. */
export const isCarried = `(${isReplicated} or c.relkind = 'S' and c.relpersistence <> 't' and ${ownSchemas})`;

/**
 * The timeline that is written to. Behind a promotion the control file has the one before until the next checkpoint is through, which may take minutes: a switchover and one
 * back would be taken for none. Source: PostgreSQL, xlog.c, CreateEndOfRecoveryRecord; functions-admin, pg_walfile_name (not for a standby).
 */
export const timelineSql = `(case when pg_is_in_recovery() then (select timeline_id from pg_control_checkpoint()) else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer end)`;

/**
 * The timeline that the one which is written to branched off from; null: it is the server's first, or its history file is gone. In the form of pg_read_file that 13 has, too.
 * Source: PostgreSQL, timeline.c, writeTimeLineHistory; functions-admin, pg_read_file.
 */
export const parentTimelineSql = `(select max(split_part(line, e'\\t', 1)::integer) from regexp_split_to_table(pg_read_file('pg_wal/' || lpad(upper(to_hex(${timelineSql})), 8, '0') || '.history', 0, 1000000, true), e'\\n') line where line ~ e'^[0-9]+\\t')`;

/**
 * Of pg_depend as d: an expression that is evaluated for a row that arrives, of a check, a domain, a generated column, an index, a partition's key; or what belongs to a type.
 * Source: PostgreSQL, catalog-pg-depend; logical-replication-security.
 */
const evaluated = `(d.classid in ('pg_constraint'::regclass, 'pg_class'::regclass, 'pg_type'::regclass)
          or d.classid = 'pg_attrdef'::regclass and exists (select from pg_attrdef v join pg_attribute a on a.attrelid = v.adrelid and a.attnum = v.adnum where v.oid = d.objid and a.attgenerated <> ''))`;

/** Triggers that fire once more where rows arrive. */
export const firingTriggersSql = `select format('%I on %I.%I', g.tgname, n.nspname, c.relname) as name from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace
        where g.tgenabled in ('A', 'R') and not g.tgisinternal`;

/** `public.f(integer) of app`: what runs as the superuser where rows arrive, and may be changed by who is none. */
export const roleFunctionsSql = `select format('%s of %I', f.oid::regprocedure, r.rolname) as name from (
          select d.refobjid as oid from pg_depend d where d.refclassid = 'pg_proc'::regclass and ${evaluated}
          union select o.oprcode from pg_depend d join pg_operator o on o.oid = d.refobjid where d.refclassid = 'pg_operator'::regclass and ${evaluated}) f
        join pg_proc p on p.oid = f.oid join pg_roles r on r.oid = p.proowner where not r.rolsuper`;

/** Rows from which on a search through the whole table, for each changed row, is told. */
const manyRows = 10_000;
/** Names that are shown of each kind. */
const names = 10;

/**
 * A row that is named by all its columns is found by their types' equality: the default B-tree or hash operator class of the type, of its domain's base type,
 * of the array's elements, of each field. The rule agrees with what array_eq says of every type of 15.20 and of six extensions (seen on the lab).
 * Source: PostgreSQL, execReplication.c, tuples_equal; typcache.c, lookup_type_cache, array_element_has_equality, record_fields_have_equality.
 */
export const onlineDatabaseSql = `(with recursive tables as (select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relreplident = 'f' as whole, ${lacksIdentity} as lacking, greatest(c.reltuples, 0) as tuples
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${isReplicated}),
    parts as (select t.name, a.attname, format_type(a.atttypid, a.atttypmod) as kind, a.atttypid as part
        from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' where t.whole or t.lacking
      union select p.name, p.attname, p.kind, inner_type.part from parts p join pg_type y on y.oid = p.part,
        lateral (select y.typbasetype as part where y.typtype = 'd'
          union all select y.typelem where y.typtype = 'b' and y.typcategory = 'A' and y.typelem <> 0 and y.typlen = -1
          union all select b.atttypid from pg_attribute b where y.typtype = 'c' and b.attrelid = y.typrelid and b.attnum > 0 and not b.attisdropped) inner_type),
    unequal as (select distinct format('%s.%I %s', p.name, p.attname, p.kind) as name from parts p join pg_type y on y.oid = p.part
      where y.typtype = 'b' and not (y.typcategory = 'A' and y.typelem <> 0 and y.typlen = -1) and not exists (select from pg_opclass o join pg_am m on m.oid = o.opcmethod
        where m.amname in ('btree', 'hash') and o.opcdefault and (o.opcintype = y.oid
          or exists (select from pg_cast k where k.castsource = y.oid and k.casttarget = o.opcintype and k.castmethod = 'b' and k.castcontext = 'i')))),
    named as (select 'noIdentity' as kind, name from tables where lacking
      union all select 'unequal', name from unequal
      union all select 'scanned', name from tables where (whole or lacking) and tuples >= ${manyRows}
      union all select 'always', name from (${firingTriggersSql}) g
      union all select 'functions', name from (${roleFunctionsSql}) f
      union all select 'materialized', format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'm'
      union all select 'publications', quote_ident(pubname) from pg_publication where pubname <> 'pgaf_upgrade'
      union all select 'eventTriggers', quote_ident(evtname) from pg_event_trigger where evtname !~ '^pgaf_frozen_')
    select json_build_object('tables', (select count(*) from tables), 'sequences', (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'S' and ${isCarried}), 'found', coalesce((select json_object_agg(kind, json_build_object('count', many, 'names', few))
      from (select kind, count(*) as many, (array_agg(name order by name))[:${names}] as few from named group by kind) kinds), '{}')))`;
