import { type HostFacts, preloadsCitus } from '../../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../../cluster/fragment.ts';
import { connectableDatabasesSql } from '../../../cluster/superuser-sql.ts';
import type { Path } from '../../../cluster/words.ts';
import { citusCopies } from '../citus.ts';
import { psql } from '../shell.ts';
import {
  clusterInventorySql,
  databaseInventorySql,
  parameterInventorySql,
  parentStatistics,
} from './inventory-sql.ts';

/** A try that was left behind citus_prepare_pg_upgrade() has left copies there, which citus_finish_pg_upgrade() drops: no loss. */
const withoutCopies = `$3 !~ /^public\\.(${citusCopies.join('|')})$/`;

/** Where the inventory of before the stop is, on the primary's host. */
export const inventoryFile = (host: HostFacts): Path => word`${host.workDir}/inventory`;

/**
 * A shell function: `inventory FILE` writes what is in the catalogs beside the relations, of every database. What cannot be read is said in a
 * row of its own, `unread`, and nothing of it is compared, which is told.
 */
export const inventoryFunction = (host: HostFacts, socket: Path): Fragment => {
  const ask = (database: Parameters<typeof psql>[2]): Fragment =>
    psql(host, host.newBindir, database, { socket, settings: { jit: 'off' } });
  return sh`
    inventory() { # FILE: privileges, owners, settings, comments … of every database
      ${ask('postgres')} -Atc ${quoted(clusterInventorySql)} > "$1" || printf 'unread\t\n' > "$1"
      case $(${ask('postgres')} -Atc ${quoted("select to_regclass('pg_parameter_acl') is not null")}) in
        t) ${ask('postgres')} -Atc ${quoted(parameterInventorySql)} >> "$1" || printf 'unread\t\n' >> "$1" ;;
        f) ;;
        *) printf 'unread\t\n' >> "$1" ;;
      esac
      ${ask('postgres')} -Atc ${quoted(connectableDatabasesSql)} > "$1.databases"
      while IFS= read -r database; do
        ${ask({ variable: 'database' })} -Atc ${quoted(databaseInventorySql)} </dev/null > "$1.one" || printf 'unread\t%s\n' "$database" > "$1.one"
        ${preloadsCitus(host) ? sh`awk -F '\t' ${quoted(withoutCopies)}` : sh`cat`} "$1.one" >> "$1"
      done < "$1.databases"
      rm -f "$1.databases" "$1.one"
    }
  `;
};

/** How many differences are told one by one; the rest is counted. */
const told = 200;

/**
 * An awk program over two such files: database, what, statement, for what was there and is not, or is otherwise. What is new is nobody's loss. Of
 * subscriptions, their state is the step's own work; statistics of partitioned tables come with the full ones.
 */
const compareProgram = `
  $1 == "unread" { unread[$2] = 1; next }
  { key = $1 FS $2 FS $3 }
  FNR == NR { was[key] = $4; again[key] = $5; next }
  { now[key] = $4; here[key] = 1 }
  END {
    for (database in unread) print database FS (database == "" ? "roles, databases and their settings" : "privileges, owners, comments …") " could not be read: they are not compared" FS ""
    for (key in was) {
      split(key, part, FS)
      if (part[2] in unread || part[1] == "${parentStatistics}") continue
      # a comment's value is a digest
      told = part[1] != "comment"
      name = part[1] " " part[3] (was[key] != "" && told ? " (" was[key] ")" : "")
      if (!(key in here)) print part[2] FS "lost: " name FS again[key]
      else if (now[key] != was[key] && part[1] != "subscription") print part[2] FS "changed: " name (told ? ", now " (now[key] == "" ? "nothing" : now[key]) : "") FS again[key]
    }
  }`;

/** Lines that compare with the inventory of before the stop, and note each difference. Behind toDoFunctions and {@link inventoryFunction}. */
export const compareInventoryLines = (host: HostFacts): Fragment => {
  const before: Path = inventoryFile(host);
  const now: Path = word`${host.workDir}/inventory.now`;
  const differs: Path = word`${host.workDir}/inventory.differs`;
  return sh`
    if [ -s ${before} ]; then
      inventory ${now}
      awk -F '\t' ${quoted(compareProgram)} ${before} ${now} | sort > ${differs}
      # COPY writes a backslash as two
      head -n ${told} ${differs} | sed 's/\\\\/\\/g' | while IFS= read -r line; do
        rest=\${line#*"$tab"}; to_do "\${line%%"$tab"*}" "\${rest%%"$tab"*}" "\${rest#*"$tab"}"
      done
      count=$(wc -l < ${differs})
      [ "$count" -le ${told} ] || to_do '' "$((count - ${told})) differences more: ${differs}" ''
      echo "$(wc -l < ${before}) objects with privileges, owners, settings or comments of their own were noted before the stop; $count differ"
    else echo "no inventory was noted before the stop: nothing is compared"; fi
  `;
};
