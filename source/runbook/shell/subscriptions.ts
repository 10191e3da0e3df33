import type { HostFacts } from '../../cluster/facts.ts';
import { type Fragment, hereDocument, quoted, sh, word } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';
import { psql } from './shell.ts';

/**
 * Subscriptions to another server. pg_upgrade from before 17 leaves them disabled, without their tables and without the position up to which
 * they have received (docs: logical-replication-upgrade, “Upgrading subscriber”); whoever then enables them loses what comes meanwhile, and
 * whoever refreshes them copies each table a second time. So their tables are noted before the stop; the position is read from the old
 * cluster's own last checkpoint, where it is exact, because it was written behind the last change that was received.
 */

/** Where they are noted, on the primary's host: a line for each database that has any, its name, a tab, JSON. */
const notedSubscriptions = (host: HostFacts): Path => word`${host.workDir}/subscriptions`;

const here = '(select oid from pg_database where datname = current_database())';

const notedSql = `select json_agg(json_build_object('name', s.subname, 'enabled', s.subenabled, 'origin', o.roident,
    'tables', coalesce((select json_agg(json_build_object('schema', n.nspname, 'name', c.relname, 'state', r.srsubstate, 'lsn', r.srsublsn))
      from pg_subscription_rel r join pg_class c on c.oid = r.srrelid join pg_namespace n on n.oid = c.relnamespace where r.srsubid = s.oid), '[]')))
  from pg_subscription s left join pg_replication_origin o on o.roname = 'pg_' || s.oid where s.subdbid = ${here}`;

/** On the primary's host: those that receive, a line each; what the new version receives by them is lost in a rollback. */
const receiving = (host: HostFacts): Path => word`${host.workDir}/receiving`;
const receivingSql = `select translate(format('%I in %I', s.subname, current_database()), e'\\n\\r\\t', '   ') from pg_subscription s where s.subenabled and s.subdbid = ${here} order by 1`;

/** Lines that note them, before the stop. \`databases\` is a file of names. */
export const noteSubscriptionsLines = (host: HostFacts, databases: Fragment): Fragment => {
  const [file, active] = [notedSubscriptions(host), receiving(host)];
  const inDatabase = psql(host, host.newBindir, { variable: 'database' });
  return sh`
    : > ${word`${file}.new`}
    : > ${word`${active}.new`}
    while IFS= read -r database; do
      said=$(${inDatabase} -Atc ${quoted(notedSql)} </dev/null)
      if [ -n "$said" ]; then
        printf '%s\t%s\n' "$database" "$said" >> ${word`${file}.new`}
        ${inDatabase} -Atc ${quoted(receivingSql)} </dev/null >> ${word`${active}.new`}
      fi
    done < ${databases}
    mv ${word`${file}.new`} ${file}
    mv ${word`${active}.new`} ${active}
  `;
};

/** psql's variables: \`saved\`, what was noted of the database; \`lsns\`, \`0001=00000000/0153A2F8\` for each origin of the old cluster. */
const stateSql = `saved as (select * from json_to_recordset(:'saved') as it(name text, enabled boolean, origin integer, tables json)),
lsn as (select split_part(one, '=', 1) origin, split_part(one, '=', 2)::pg_lsn at from regexp_split_to_table(:'lsns', ' ') one where one <> ''),
state as (select v.*, s.oid, s.subenabled, l.at, (select count(*) from pg_subscription_rel r where r.srsubid = s.oid) rels,
    (select count(*) from json_to_recordset(v.tables) as t(state text) where t.state not in ('i', 'r')) copying
  from saved v left join pg_subscription s on s.subname = v.name and s.subdbid = ${here} left join lsn l on l.origin = lpad(to_hex(v.origin), 4, '0'))`;

/**
 * One cell a subscription, which psql sends as one transaction: its position, its tables, then it is enabled; no worker sees a half of it. The rows are
 * those that pg_upgrade itself writes from 17 on. Sources: PostgreSQL 17, pg_upgrade_support.c, binary_upgrade_add_sub_rel_state and
 * binary_upgrade_replorigin_advance; pg_dump.c, dumpSubscription.
 */
const resumeSql = `set allow_system_table_mods = on;
with ${stateSql}
select concat_ws('; ',
  case when rels = 0 and at is not null then format('select pg_replication_origin_advance(%L, %L)', 'pg_' || oid, at) end,
  case when rels = 0 then (select string_agg(format('insert into pg_subscription_rel (srsubid, srrelid, srsubstate, srsublsn) values (%s, %L::regclass, %L, %L)', oid, format('%I.%I', t.schema, t.name), t.state, t.lsn), '; ')
    from json_to_recordset(tables) as t(schema text, name text, state text, lsn pg_lsn)) end,
  case when enabled then format('alter subscription %I enable', name) end)
from state where oid is not null and not subenabled and copying = 0 and (enabled or (rels = 0 and json_array_length(tables) > 0)) \\gexec
with ${stateSql}
select concat_ws(e'\\t', case when oid is null then 'lost' when enabled and not subenabled then 'left' when subenabled then 'runs' else 'disabled' end, quote_ident(name), coalesce(at::text, 'the slot''s position'), copying, json_array_length(tables)) from state;`;

/**
 * Lines that resume them behind the opening, as they were before the stop. Behind toDoFunctions. Layout of the file of positions, which is native:
 * four bytes, then for each origin two of its number, six of nothing, eight of its position; a checksum. Source: PostgreSQL, origin.c, CheckPointReplicationOrigin.
 */
export const resumeSubscriptionsLines = (host: HostFacts): Fragment => {
  const file = notedSubscriptions(host);
  const [sql, said] = [word`${host.workDir}/resume.sql`, word`${host.workDir}/resume.log`];
  const positions: Path = word`${host.backupData}/pg_logical/replorigin_checkpoint`;
  const inDatabase = psql(host, host.newBindir, { variable: 'database' });
  return sh`
    if [ -s ${file} ]; then
      # up to where each has received, by the old cluster's last checkpoint
      lsns=$(od -A n -v -t x8 -w16 -j 4 ${positions} 2>/dev/null | awk 'NF == 2 { origin = substr($1, 13); if (origin == "0000") origin = substr($1, 1, 4)
        printf "%s=%s/%s ", origin, substr($2, 1, 8), substr($2, 9) }')
      ${hereDocument(sh`cat > ${sql}`, 'END-OF-SQL', resumeSql)}
      while IFS= read -r line; do
        database=\${line%%"$tab"*} saved=\${line#*"$tab"}
        ${inDatabase} -Atqb -v ON_ERROR_STOP=0 -v saved="$saved" -v lsns="$lsns" -f ${sql} </dev/null > ${said} 2>&1 || true
        ! grep -q '^psql: error' ${said} || to_do "$database" "its subscriptions could not be resumed: $(cause ${said})" ''
        grep "^[a-z]*$tab" ${said} | while IFS=$tab read -r state name position copying tables; do
          case $state in
            lost) to_do "$database" "subscription $name is gone" '' ;;
            left)
              why=$(cause ${said}); [ "$copying" = 0 ] || why="the first copy of $copying of its $tables tables had not come to its end; copy those again"
              to_do "$database" "subscription $name is disabled, it had received up to $position: $why" "alter subscription $name enable" ;;
            *) echo "$database: subscription $name: $state, $tables tables, from $position on" ;;
          esac
        done
      done < ${file}
      rm -f ${sql} ${said}
    else echo "no database had a subscription before the stop"; fi
  `;
};
