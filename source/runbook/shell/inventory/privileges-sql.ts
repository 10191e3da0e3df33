import { largeObjectsAreFew } from './objects-sql.ts';

/**
 * SQL texts about privileges that somebody has given or taken beyond those that an object begins with: of an extension's object
 * pg_init_privs has them, of any other acldefault(). Compared so, two versions may have other defaults (MAINTAIN came with 17), and an
 * extension may bring grants of its own. Sources: PostgreSQL, 53.27 pg_init_privs; 9.27 acldefault, aclexplode; pg_dump, dumputils.c, buildACLCommands.
 */

/** Objects with privileges of their own, in the session's database; what begins with default ones alone is no row. */
const objectsSql = `select case c.relkind when 'S' then 'sequence' else 'table' end kind, c.tableoid classid, c.oid objid, 0 sub,
    format('%I.%I', n.nspname, c.relname) name, format('%I.%I', n.nspname, c.relname) base, '' col, c.relowner owner, c.relacl acl,
    acldefault((case c.relkind when 'S' then 's' else 'r' end)::"char", c.relowner) initial
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relacl is not null and c.relpersistence <> 't'
union all select 'table', 'pg_class'::regclass, c.oid, a.attnum, format('%I.%I', n.nspname, c.relname), format('%I.%I', n.nspname, c.relname),
    format(' (%I)', a.attname), c.relowner, a.attacl, acldefault('c', c.relowner)
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where a.attacl is not null and not a.attisdropped and c.relpersistence <> 't'
union all select 'routine', p.tableoid, p.oid, 0, p.oid::regprocedure::text, format('%I.%I', n.nspname, p.proname), '', p.proowner, p.proacl, acldefault('f', p.proowner)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proacl is not null
union all select 'type', t.tableoid, t.oid, 0, format('%I.%I', n.nspname, t.typname), '', '', t.typowner, t.typacl, acldefault('T', t.typowner)
  from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typacl is not null
union all select 'schema', n.tableoid, n.oid, 0, quote_ident(n.nspname), '', '', n.nspowner, n.nspacl, acldefault('n', n.nspowner)
  from pg_namespace n where n.nspacl is not null and n.nspname !~ '^pg_(toast_)?temp_'
union all select 'language', l.tableoid, l.oid, 0, quote_ident(l.lanname), '', '', l.lanowner, l.lanacl, acldefault('l', l.lanowner) from pg_language l where l.lanacl is not null
union all select 'foreign data wrapper', w.tableoid, w.oid, 0, quote_ident(w.fdwname), '', '', w.fdwowner, w.fdwacl, acldefault('F', w.fdwowner)
  from pg_foreign_data_wrapper w where w.fdwacl is not null
union all select 'foreign server', s.tableoid, s.oid, 0, quote_ident(s.srvname), '', '', s.srvowner, s.srvacl, acldefault('S', s.srvowner) from pg_foreign_server s where s.srvacl is not null
union all select 'large object', 'pg_largeobject'::regclass, l.oid, 0, l.oid::text, '', '', l.lomowner, l.lomacl, acldefault('L', l.lomowner)
  from pg_largeobject_metadata l where l.lomacl is not null and ${largeObjectsAreFew}`;

const explodedOf = (acl: string): string =>
  `select grantee, privilege_type, is_grantable from aclexplode(${acl})`;

/**
 * Rows of (kind, name, base, col, who, privilege, grantable, sign, member): sign `+` was granted, `-` was revoked. `base` is a routine's name
 * without its arguments; `member`: an extension has brought it. An owner's own privileges count only where they were revoked. `only`: a condition on `o`.
 */
export const privilegesSql = (only: string): string => `select o.kind, o.name, o.base, o.col,
    case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end who, g.privilege_type privilege, g.is_grantable grantable, g.sign,
    exists (select from pg_depend d where d.classid = o.classid and d.objid = o.objid and d.deptype = 'e') member
  from (select it.*, coalesce((select i.initprivs from pg_init_privs i where i.objoid = it.objid and i.classoid = it.classid and i.objsubid = it.sub), it.initial) begun
    from (${objectsSql}) it) o
  cross join lateral (
    select '+' sign, a.* from (${explodedOf('o.acl')} except ${explodedOf('o.begun')}) a
    union all select '-', b.* from (${explodedOf('o.begun')} except ${explodedOf('o.acl')}) b
      where not exists (select from aclexplode(o.acl) c where c.grantee = b.grantee and c.privilege_type = b.privilege_type)) g
  where (g.grantee <> o.owner or g.sign = '-') and ${only}`;

/** The statement that gives or takes such a row's privilege again, of the columns of a row \`alias\` and the name of its object now. */
export const grantStatement = (alias: string, target: string): string => `case ${alias}.sign
    when '+' then format('grant %s%s on %s %s to %s%s', lower(${alias}.privilege), ${alias}.col, ${alias}.kind, ${target}, ${alias}.who, case when ${alias}.grantable then ' with grant option' else '' end)
    else format('revoke %s%s on %s %s from %s', lower(${alias}.privilege), ${alias}.col, ${alias}.kind, ${target}, ${alias}.who) end`;
