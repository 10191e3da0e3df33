/**
 * SQL texts about comments and owners of objects of every kind, and about what belongs to large objects, of which there may be hundreds of thousands. The rows are
 * those of inventory-sql.ts: kind, name, value, statement. Sources: PostgreSQL, 53.19 pg_description, 53.30 pg_largeobject_metadata, COMMENT; 9.27
 * pg_identify_object.
 */

/** A text as a constant on one line: the statement is typed in a shell, and noted a line each. */
export const onOneLine = (text: string): string =>
  `case when ${text} ~ '[[:cntrl:]]' then 'E''' || replace(replace(replace(replace(replace(${text}, chr(92), repeat(chr(92), 2)), '''', ''''''), chr(10), chr(92) || 'n'), chr(13), chr(92) || 'r'), chr(9), chr(92) || 't') || '''' else trim(leading from quote_literal(${text})) end`;

/** Longer ones are shown to differ, without the statement: it would be no command to type. In characters. */
const longestComment = 2000;

/** What COMMENT calls an object that pg_identify_object gives the type of: `routine` is a function, a procedure or an aggregate. */
const commentWord = `case when i.type ~ ' column$' then 'column' when i.type in ('function', 'procedure', 'aggregate') then 'routine'
  when i.type in ('table constraint', 'domain constraint') then 'constraint' when i.type = 'foreign-data wrapper' then 'foreign data wrapper'
  when i.type = 'statistics object' then 'statistics' when i.type = 'composite type' then 'type' else i.type end`;
/** The identity of a constraint of a domain is without the word that COMMENT wants. */
const commentName = `case i.type when 'domain constraint' then regexp_replace(i.identity, '^("([^"]|"")*"|[^" ]+) on ', '\\1 on domain ') else i.identity end`;

/** Catalogs of what has an owner and is neither relation, routine nor schema. */
const owned: Readonly<Record<string, string>> = {
  pg_type: 'typowner',
  pg_operator: 'oprowner',
  pg_opclass: 'opcowner',
  pg_opfamily: 'opfowner',
  pg_collation: 'collowner',
  pg_conversion: 'conowner',
  pg_statistic_ext: 'stxowner',
  pg_ts_dict: 'dictowner',
  pg_ts_config: 'cfgowner',
  pg_language: 'lanowner',
  pg_foreign_data_wrapper: 'fdwowner',
  pg_foreign_server: 'srvowner',
  pg_event_trigger: 'evtowner',
  pg_publication: 'pubowner',
};
/** Types that follow nothing else: no rows of a table, no arrays, no multirange. */
const ownTypes =
  "o.typelem = 0 and o.typtype <> 'm' and (o.typrelid = 0 or exists (select from pg_class c where c.oid = o.typrelid and c.relkind = 'c'))";

export const ownerRows: readonly string[] = Object.entries(owned).map(
  ([catalog, owner]) =>
    `select 'owner', format('%s %s', i.type, i.identity), quote_ident(pg_get_userbyid(o.${owner})), format('alter %s %s owner to %I', ${commentWord}, i.identity, pg_get_userbyid(o.${owner}))
    from ${catalog} o cross join lateral pg_identify_object(o.tableoid, o.oid, 0) i
    where o.oid >= 16384${catalog === 'pg_type' ? ` and ${ownTypes}` : ''} and not exists (select from pg_depend e where e.classid = o.tableoid and e.objid = o.oid and e.deptype = 'e')`,
);

const commentRow = (catalog: string, where: string): string =>
  `select 'comment', format('%s %s', i.type, i.identity), md5(d.description),
    case when length(d.description) <= ${longestComment} then format('comment on %s %s is %s', ${commentWord}, ${commentName}, ${onOneLine('d.description')}) else '' end
    from ${catalog} d cross join lateral ${where}`;

/**
 * So many large objects of a database are noted one by one; of more, each group with the same owner and privileges is a row with their number and a
 * digest of which they are.
 */
const singleLargeObjects = 1000;
export const largeObjectsAreFew = `(select count(*) from (select from pg_largeobject_metadata limit ${singleLargeObjects + 1}) l) <= ${singleLargeObjects}`;
const listLargeObjects = 'select oid, pg_get_userbyid(lomowner), lomacl from pg_largeobject_metadata';
/** Neither sorted nor joined: a million of them cost a second. */
const digest = (oid: string): string =>
  `format('%s, digest %s', count(*), to_hex(mod(sum(hashint8extended(${oid}::bigint, 0)::numeric), 4611686018427387904)::bigint))`;

/**
 * Comments of what users have made (from oid 16384 on) and of the schema public, which pg_dump dumps too. What an extension brings follows from it.
 * Source: transam.h, FirstNormalObjectId; pg_dump.c, getNamespaces.
 */
export const commentRows: readonly string[] = [
  commentRow(
    'pg_description',
    `pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    where (d.objoid >= 16384 or (d.classoid = 'pg_namespace'::regclass and d.objoid = 2200))
      and (d.classoid <> 'pg_largeobject'::regclass or ${largeObjectsAreFew})
      and not exists (select from pg_depend e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = 'e')`,
  ),
];

/** Of databases, roles and tablespaces, which the whole cluster shares. */
export const sharedCommentRows: readonly string[] = [
  commentRow('pg_shdescription', 'pg_identify_object(d.classoid, d.objoid, 0) i where true'),
];

export const largeObjectRows: readonly string[] = [
  `select 'owner', format('large object %s', l.oid), quote_ident(pg_get_userbyid(l.lomowner)), format('alter large object %s owner to %I', l.oid, pg_get_userbyid(l.lomowner))
    from pg_largeobject_metadata l where ${largeObjectsAreFew}`,
  `select 'large objects', format('of %I, %s', pg_get_userbyid(l.lomowner), coalesce('privileges ' || array_to_string(l.lomacl, ' '), 'default privileges')), ${digest('l.oid')}, '${listLargeObjects}'
    from pg_largeobject_metadata l where not ${largeObjectsAreFew} group by l.lomowner, l.lomacl`,
  `select 'large objects', 'with a comment', ${digest('d.objoid')}, 'select objoid, description from pg_description where classoid = ''pg_largeobject''::regclass'
    from pg_description d where d.classoid = 'pg_largeobject'::regclass and not ${largeObjectsAreFew} having count(*) > 0`,
  `select 'large objects', 'with a security label', ${digest('d.objoid')}, 'select objoid, provider, label from pg_seclabel where classoid = ''pg_largeobject''::regclass'
    from pg_seclabel d where d.classoid = 'pg_largeobject'::regclass and not ${largeObjectsAreFew} having count(*) > 0`,
];
