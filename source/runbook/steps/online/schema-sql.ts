/**
 * What no slot carries and the freeze is to hold, a line each, the same text on every version: what a superuser has made behind it (pgaf_upgrade.pass, an event trigger disabled
 * for a while, event_triggers = off from 17 on), and what it cannot see (REASSIGN OWNED, large objects). Compared before the stop, while nobody waits.
 *
 * No text that a server deparses is among it, nor constraints of kind n, which there are from 18 on. An invalid index is not restored, nor what an extension brings. A restored index has the
 * names that its columns have now; a partition has its parent’s identity from 17 on; a child its parent’s NOT NULL from 18 on.
 * Sources: PostgreSQL, Chapter 53 System Catalogs; event-trigger-matrix; pg_dump.c, getIndexes; release notes of 17 and 18.
 */

const ours = "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade')";
const relation = "format('%I.%I', n.nspname, c.relname)";
const owner = (of: string): string => `quote_ident(pg_get_userbyid(${of}))`;
const noMember = (catalog: string, oid: string): string =>
  `not exists (select from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = ${oid} and d.deptype = 'e')`;

const lines: readonly string[] = [
  `select format('schema %I of %s', n.nspname, ${owner('n.nspowner')}) from pg_namespace n where ${ours}`,
  `select format('%s %s of %s: %s', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' when 'c' then 'composite type' when 'i' then 'index' when 'I' then 'index' else 'table' end,
      ${relation}, ${owner('c.relowner')}, md5(concat_ws(' ', c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, case when c.relkind in ('r', 'p', 'f', 'c') then a.columns end, s.terms)))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join (select attrelid, string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attgenerated), ', ' order by attnum) as columns
        from pg_attribute where attnum > 0 and not attisdropped group by attrelid) a on a.attrelid = c.oid
      left join (select seqrelid, concat_ws(' ', seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle) as terms from pg_sequence) s on s.seqrelid = c.oid
    where ${ours} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c', 'i', 'I') and c.relpersistence <> 't'
      and not exists (select from pg_index i where i.indexrelid = c.oid and not i.indisvalid) and (c.relkind in ('r', 'p', 'i', 'I') or ${noMember('pg_class', 'c.oid')})`,
  `select format('constraint %I of %s: %s %s', k.conname, ${relation}, k.contype, k.convalidated) from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where ${ours} and k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0`,
  `select format('trigger %I of %s: %s', t.tgname, ${relation}, t.tgenabled) from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and t.tgparentid = 0 and ${ours}`,
  `select format('policy %I of %s: %s', p.polname, ${relation}, p.polcmd) from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where ${ours}`,
  `select format('routine %s of %s: %s', p.oid::regprocedure, ${owner('p.proowner')}, md5(concat_ws(' ', p.prosrc, p.prosecdef, p.provolatile, p.proconfig::text)))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ours} and ${noMember('pg_proc', 'p.oid')}`,
  `select format('type %I.%I of %s: %s', n.nspname, y.typname, ${owner('y.typowner')}, md5(concat_ws(' ', y.typnotnull, format_type(y.typbasetype, y.typtypmod), (select string_agg(quote_literal(e.enumlabel), ' ' order by e.enumsortorder) from pg_enum e where e.enumtypid = y.oid))))
    from pg_type y join pg_namespace n on n.oid = y.typnamespace where ${ours} and y.typtype in ('d', 'e', 'r') and ${noMember('pg_type', 'y.oid')}`,
  `select format('extension %I', extname) from pg_extension`,
];

/** psql's variables: objects, as of the marker (carry-over-sql.ts): large objects are told where they are refused. */
export const schemaLinesSql = `\\set QUIET on
\\pset tuples_only on
\\pset format unaligned
select x from (${lines.map((one) => `(${one})`).join('\nunion all ')}
union all (select format('%s large objects', count(*)) from pg_largeobject_metadata where :'objects' = 'refuse' having count(*) > 0)) s(x) order by x collate "C";`;
