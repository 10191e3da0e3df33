import { type HostFacts, preloadsCitus } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../cluster/fragment.ts';
import { connectableDatabasesSql } from '../../cluster/superuser-sql.ts';
import type { Path } from '../../cluster/words.ts';
import { citusCopies } from './citus.ts';
import { psql } from './shell.ts';

/**
 * What is in a server's databases, noted right before the old primary stops and compared before the new one opens. Lists, not
 * counts and not hashes: a hundred thousand tables are a few megabytes, sent to nobody, and a difference can be named.
 */

/** Where it is noted, on the primary's host. */
export const notedFile = (host: HostFacts): Path => word`${host.workDir}/noted`;

/**
 * One row for each relation of the session's database: kind, database, schema, name; of a sequence also its last value, empty
 * while it has given none, and its step, empty where it cycles. Temporary ones are left out, and indexes that pg_dump does not
 * dump either, because they are not valid. Source: PostgreSQL, pg_dump.c, getIndexes; functions-sequence.
 */
const contentsSql = (
  only: string,
): string => `copy (select case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view'
    when 'f' then 'foreign table' when 'i' then 'index' when 'I' then 'index' else 'table' end,
  current_database(), n.nspname, c.relname,
  case c.relkind when 'S' then coalesce(pg_sequence_last_value(c.oid)::text, '') else '' end,
  case when s.seqcycle then '' else coalesce(s.seqincrement::text, '') end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  left join pg_index i on i.indexrelid = c.oid left join pg_sequence s on s.seqrelid = c.oid
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relpersistence <> 't'
    and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I') and (i.indexrelid is null or c.relkind = 'I' or (i.indisvalid and i.indisready))${only}) to stdout`;

/** A try that was left behind citus_prepare_pg_upgrade() has left copies there: no loss. */
const withoutCopies = ` and not (n.nspname = 'public' and c.relname in (${citusCopies.map((name) => `'${name}'`).join(', ')}))`;

/** Lines that write what is in every database into a file, as a shell function: \`contents FILE\`. */
export const contentsFunction = (host: HostFacts, bindir: Path, socket: Path): Fragment => {
  const program = psql(host, bindir, 'postgres', { socket });
  const inDatabase = psql(host, bindir, { variable: 'database' }, { socket });
  return sh`
    contents() { # FILE: every database, its relations, and where its sequences are
      ${program} -Atc ${quoted("copy (select 'database', datname, '', '', '', '' from pg_database where datallowconn) to stdout")} > "$1"
      ${program} -Atc ${quoted(connectableDatabasesSql)} > "$1.databases"
      while IFS= read -r database; do
        ${inDatabase} -Atc ${quoted(contentsSql(preloadsCitus(host) ? withoutCopies : ''))} </dev/null >> "$1"
      done < "$1.databases"
      rm "$1.databases"
    }
  `;
};

/** Counts each database's relations in such a file, for the reader. */
export const countContents = sh`awk -F '\t' '{ n[$2 FS $1]++; if ($1 == "database") names[$2] = 1 }
  END { for (name in names) print name ": " n[name FS "table"] + 0 " tables, " n[name FS "index"] + 0 " indexes, " n[name FS "sequence"] + 0 " sequences" }'`;

/** How many differences are named; the rest is counted. */
const named = 20;

/**
 * An awk program over two such files, as noted and as it is now: prints what is gone, and which sequences went back. What came
 * on between the note and the stop is no loss: a relation more, and a sequence that went on. The values are compared as
 * digits, because a bigint is more than awk's numbers hold.
 */
const compareProgram = `
  function less(a, b,   below) {
    if ((a "") == (b "")) return 0
    below = a ~ /^-/; if (below != (b ~ /^-/)) return below
    sub(/^-/, "", a); sub(/^-/, "", b)
    if (length(a) != length(b)) return below ? length(a) > length(b) : length(a) < length(b)
    return below ? (a "") > (b "") : (a "") < (b "")
  }
  { key = $1 FS $2 FS $3 FS $4 }
  FNR == NR { noted[key] = $5; by[key] = $6; next }
  { now[key] = $5; here[key] = 1 }
  END {
    for (key in noted) {
      split(key, part, FS)
      if (part[1] != "database" && !(("database" FS part[2] FS FS) in here)) continue
      name = part[1] == "database" ? "database \\"" part[2] "\\"" : part[1] " \\"" part[3] "\\".\\"" part[4] "\\" in database \\"" part[2] "\\""
      if (!(key in here)) print "gone: " name
      else if (noted[key] != "" && by[key] != "" && (now[key] == "" || (by[key] ~ /^-/ ? less(noted[key], now[key]) : less(now[key], noted[key]))))
        print "went back: " name ", from " noted[key] " to " (now[key] == "" ? "its beginning" : now[key])
    }
  }`;

/**
 * Lines that end the script where something is missing that was noted. `file` holds what is there now. Nothing noted (the step
 * was skipped, or an older version began the window) is said, and no reason to stop.
 */
export const compareLines = (host: HostFacts, file: Fragment): Fragment => {
  const noted: Path = notedFile(host);
  return sh`
    if [ -s ${noted} ]; then
      awk -F '\t' ${quoted(compareProgram)} ${noted} ${file} | sort > ${file}.differs
      if [ -s ${file}.differs ]; then
        head -n ${named} ${file}.differs >&2
        echo "$(wc -l < ${file}.differs) differences from what was noted on $(date -u -r ${noted} '+%F %T') UTC, before the stop" >&2
        exit 1
      fi
      rm ${file}.differs
      echo "nothing is missing of what was noted on $(date -u -r ${noted} '+%F %T') UTC, before the stop"
    else echo "nothing was noted before the stop: this is only counted"; fi
  `;
};
