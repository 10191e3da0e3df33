import type { HostFacts } from '../../cluster/facts.ts';
import { type Fragment, hereDocument, quoted, sh, word } from '../../cluster/fragment.ts';
import type { SessionSettings } from '../../cluster/superuser-sql.ts';
import type { Path } from '../../cluster/words.ts';
import { onThisNode, psql, vacuumdbOne } from './shell.ts';

/** Every table and materialized view that vacuumdb would have analyzed and that was not since \`begun\`, psql's variable. Source: PostgreSQL, vacuumdb.c. */
const leftSql = `select format('analyze %I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and c.relpersistence <> 't' and coalesce(pg_stat_get_last_analyze_time(c.oid) < :'begun', true) order by 1 \\gexec`;

/** Of these, the tables that lack statistics of a column, of an expression of an index, or extended ones. Source: PostgreSQL 18, vacuumdb.c, --missing-stats-only. */
const missingSql = leftSql.replace(
  ' order by 1',
  () => ` and c.reltuples <> 0 and (
    exists (select from pg_attribute a left join pg_index i on i.indexrelid = a.attrelid
      where a.attrelid in (select c.oid union all select x.indexrelid from pg_index x where x.indrelid = c.oid and x.indexprs is not null)
        and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v' and a.attstattarget is distinct from 0 and (i.indexrelid is null or i.indkey[a.attnum - 1] = 0)
        and not exists (select from pg_statistic s where s.starelid = a.attrelid and s.staattnum = a.attnum and not s.stainherit))
    or exists (select from pg_statistic_ext e where e.stxrelid = c.oid and e.stxstattarget is distinct from 0
        and not exists (select from pg_statistic_ext_data d where d.stxoid = e.oid and not d.stxdinherit)))
  order by 1`,
);

/** The server's error behind each statement that failed: statement, tab, error. psql -b prints the statement below it. */
const failedProgram = `{ sub(/^psql:[^ ]* /, "") } /^ERROR/ { error = $0 } /^CONTEXT/ { error = error "; " $0 } /^STATEMENT:  analyze / { sub(/^STATEMENT:  /, ""); print $0 "\\t" error }`;

/** Notes each table that could not be analyzed, from what psql has printed into the log. Behind toDoFunctions. */
const noteFailedLines = (said: Path): Fragment => sh`
  awk ${quoted(failedProgram)} ${said} | while IFS=$tab read -r statement error; do
    to_do "$database" "no statistics of \${statement#analyze }: $error" "$statement"
  done
  ! grep -q '^psql: error' ${said} || to_do "$database" "no statistics: $(cause ${said})" analyze
`;

/**
 * Lines that analyze every database by vacuumdb, each by itself: where it ends at a table that cannot be analyzed (a function of an index that
 * relied on the search path, say: from 17 on it has a safe one), the other tables are analyzed one by one, and that one is noted. \`rounds\`:
 * the settings of the sessions, one round behind the other; \`missing\`: only where statistics are missing. Behind toDoFunctions. Source: PostgreSQL 17 release notes, E.13.2, search_path of maintenance operations.
 */
export const analyzeLines = (
  host: HostFacts,
  socket: Path,
  jobs: Fragment | false,
  rounds: readonly SessionSettings[],
  { missing = false }: { readonly missing?: boolean } = {},
): Fragment => {
  const [sql, databases, said] = [
    word`${host.workDir}/analyze.sql`,
    word`${host.workDir}/analyze.databases`,
    word`${host.workDir}/analyze.log`,
  ];
  const ask = psql(host, host.newBindir, 'postgres', { socket });
  return sh`
    ${hereDocument(sh`cat > ${sql}`, 'END-OF-SQL', missing ? missingSql : leftSql)}
    ${ask} -Atc ${quoted('select datname from pg_database where datallowconn and datconnlimit <> -2 order by 1')} > ${databases}
    ${rounds
      .map((settings) => ({ ...settings, ...onThisNode(host) }))
      .map(
        (settings, at) => sh`
      while IFS= read -r database; do
        begun=$(${ask} -Atc ${quoted('select clock_timestamp()')} </dev/null)
        # vacuumdb takes a name with a = in it for a connection string: so it gets one
        connection="dbname='$(printf %s "$database" | sed "s/[\\\\']/\\\\&/g")'"
        if ${vacuumdbOne(host, socket, jobs, settings, missing)} </dev/null; then continue; fi
        echo "$database: its other tables are analyzed one by one"
        ${psql(host, host.newBindir, { variable: 'database' }, { socket, settings })} -Atqb -v ON_ERROR_STOP=0 -v begun="$begun" -f ${sql} </dev/null > ${said} 2>&1 || true
        ${at === rounds.length - 1 && noteFailedLines(said)}
      done < ${databases}
    `,
      )}
    rm -f ${sql} ${databases} ${said}
  `;
};

/** Lines that analyze those partitioned tables that had statistics of their own before the stop, which vacuumdb leaves out. \`noted\` is the inventory. */
export const analyzeParentsLines = (host: HostFacts, noted: Path, kind: string): Fragment => {
  const [sql, databases, said] = [
    word`${host.workDir}/parents.sql`,
    word`${host.workDir}/parents.databases`,
    word`${host.workDir}/parents.log`,
  ];
  const inDatabase = psql(host, host.newBindir, { variable: 'database' });
  return sh`
    if [ -s ${noted} ]; then
      awk -F '\t' -v kind=${quoted(kind)} '$1 == kind && !seen[$2]++ { print $2 }' ${noted} > ${databases}
      while IFS= read -r database; do
        database=$database awk -F '\t' -v kind=${quoted(kind)} '$1 == kind && $2 == ENVIRON["database"] { print $5 ";" }' ${noted} | sed 's/\\\\/\\/g' > ${sql}
        echo "$database: $(wc -l < ${sql}) partitioned tables had statistics of their own"
        ${inDatabase} -Atqb -v ON_ERROR_STOP=0 -f ${sql} </dev/null > ${said} 2>&1 || true
        ${noteFailedLines(said)}
      done < ${databases}
      rm -f ${sql} ${databases} ${said}
    fi
  `;
};
