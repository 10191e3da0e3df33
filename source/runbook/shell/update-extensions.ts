import type { HostFacts } from '../../cluster/facts.ts';
import { type Fragment, hereDocument, quoted, sh, word } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';
import { grantStatement, privilegesSql } from './inventory/privileges-sql.ts';
import { onThisNode, psql } from './shell.ts';

/**
 * Extensions of the session's database that the new version has another default version of: those of pg_upgrade's update_extensions.sql, but
 * pgautofailover, which pg_autoctl updates at its start. Source: PostgreSQL, pg_upgrade, version.c, report_extension_updates; pg_auto_failover,
 * src/bin/pg_autoctl/service_monitor.c, monitor_ensure_extension_version.
 */
const outdatedSql =
  "select name from pg_available_extensions where installed_version <> default_version and name <> 'pgautofailover' order by 1";

const memberSql = `select d.classid, d.objid from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and e.extname = :'extension'`;

/** Whose an extension's relations and routines are, in the columns of a privilege. */
const ownersSql = `select case c.relkind when 'S' then 'sequence' else 'table' end kind, format('%I.%I', n.nspname, c.relname) name, format('%I.%I', n.nspname, c.relname) base, '' col,
    quote_ident(pg_get_userbyid(c.relowner)) who, '' privilege, false grantable, 'o' sign, true member
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where d.classid = 'pg_class'::regclass and c.oid = d.objid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
union all select 'routine', p.oid::regprocedure::text, format('%I.%I', n.nspname, p.proname), '', quote_ident(pg_get_userbyid(p.proowner)), '', false, 'o', true
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where d.classid = 'pg_proc'::regclass and p.oid = d.objid`;

const held = `select it.* from pg_depend d join pg_extension e on e.oid = d.refobjid cross join lateral (${ownersSql}) it
    where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and e.extname = :'extension'
  union all ${privilegesSql(`(o.classid, o.objid) in (${memberSql})`)}`;

/**
 * One extension's update, and behind it what it has dropped: an update may drop a view or function and create it again, and then its privileges
 * and its owner are gone (pg_stat_statements does, in each version). A function that has another argument now has its namesake's privileges.
 * psql's variable \`extension\` is its name; what fails behind the update is printed, and ends nothing.
 */
const updateSql = `select coalesce(json_agg(it), '[]')::text as before from (${held}) it \\gset
alter extension :"extension" update;
\\set ON_ERROR_STOP off
with before as (select * from json_to_recordset(:'before') as it(kind text, name text, base text, col text, who text, privilege text, grantable boolean, sign text)),
now as (${held}),
target as (select b.*, t.name target from before b cross join lateral (
  select b.name where b.kind <> 'routine' and case when b.kind in ('table', 'sequence') then to_regclass(b.name) is not null when b.kind = 'type' then to_regtype(b.name) is not null else true end
  union select n.name from now n where b.kind = 'routine' and n.sign = 'o' and n.kind = 'routine' and (n.name = b.name or (n.base = b.base and to_regprocedure(b.name) is null))) t(name))
select case t.sign when 'o' then format('alter %s %s owner to %s', t.kind, t.target, t.who) else ${grantStatement('t', 't.target')} end
from target t where not exists (select from now n where (n.kind, n.name, n.col, n.who, n.privilege, n.grantable, n.sign) = (t.kind, t.target, t.col, t.who, t.privilege, t.grantable, t.sign))
order by t.sign = 'o' desc, 1 \\gexec`;

/**
 * Lines that update every extension of every database in a file of names, and note what cannot be updated: the new version's library runs
 * the extension's older version too. Behind toDoFunctions; \`databases\` is the file.
 */
export const updateExtensionsLines = (host: HostFacts, socket: Path, databases: Fragment): Fragment => {
  const inDatabase = psql(
    host,
    host.newBindir,
    { variable: 'database' },
    { socket, settings: onThisNode(host) },
  );
  const [sql, names, said] = [
    word`${host.workDir}/update-extension.sql`,
    word`${host.workDir}/extensions`,
    word`${host.workDir}/extension.log`,
  ];
  return sh`
    ${hereDocument(sh`cat > ${sql}`, 'END-OF-SQL', updateSql)}
    while IFS= read -r database; do
      ${inDatabase} -Atc ${quoted(outdatedSql)} </dev/null > ${names} 2> ${said} || to_do "$database" "its extensions could not be listed: $(cause ${said})" ''
      while IFS= read -r extension; do
        if ${inDatabase} -Atqb -v extension="$extension" -f ${sql} </dev/null > ${said} 2>&1; then
          echo "$database: $extension is updated"
          # what the update dropped with a view or a function: what cannot be given again is noted
          ! grep -q '^psql:.*ERROR' ${said} || to_do "$database" "of extension $extension, privileges or an owner could not be restored: $(cause ${said})" "$(sed -n 's/^.*STATEMENT:  //p' ${said} | grep -E '^(grant|revoke|alter) ' | tr '\n' ';')"
        else to_do "$database" "extension $extension keeps its version: $(cause ${said}). It works; update it later, without what depends on it" "alter extension $(printf %s "$extension" | sed 's/"/""/g; s/^/"/; s/$/"/') update"; fi
      done < ${names}
    done < ${databases}
    rm -f ${sql} ${names} ${said}
  `;
};
