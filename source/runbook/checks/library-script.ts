import type { HostFacts } from '../../cluster/facts.ts';
import { isNode } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import { psql } from '../shell/shell.ts';
import { rehearsalSettings as settings } from './throwaway.ts';

/** A library whose functions are in use, as pg_upgrade finds them. Source: PostgreSQL, src/bin/pg_upgrade/function.c. */
const usedSql =
  "select distinct probin from pg_proc where oid >= 16384 and probin is not null and prolang = (select oid from pg_language where lanname = 'c')";
/** Libraries that the configuration names. Source: PostgreSQL, Shared Library Preloading, and archive_library. */
const configuredSql = (setting: string): string =>
  `select trim(both ' "' from name) from regexp_split_to_table(current_setting('${setting}', true), ',') name where trim(name) <> ''`;

/**
 * Loads every library that this host's server uses into the throwaway of the new version, alone in single-user mode:
 * a preloaded one as the configuration does it, any other by LOAD. Works on a standby, whose catalogs are the primary's.
 */
export const libraryLines = (host: HostFacts): Fragment => {
  const ask = psql(host, host.oldBindir, 'postgres', { settings });
  const askEach = psql(host, host.oldBindir, { variable: 'database' }, { settings });
  return sh`libraries() {
  ${ask} -Atq -c ${quoted(configuredSql('shared_preload_libraries'))} >"$t/preloaded" || return 1
  { ${ask} -Atq -c ${quoted(`${configuredSql('session_preload_libraries')} union ${configuredSql('local_preload_libraries')} union ${configuredSql('archive_library')}`)} || return 1
    echo '$libdir/plpgsql'
    ${ask} -Atq -c 'select datname from pg_database where datallowconn' >"$t/names" || return 1
    while IFS= read -r database; do ${askEach} -Atq -c ${quoted(usedSql)} </dev/null || return 1; done <"$t/names"
  } >"$t/used" || return 1
  bad=0
  while IFS= read -r library; do
    said=$(echo 'select 1' | "$new_bin/postgres" --single -D "$t/new" -c shared_preload_libraries="$library" template1 2>&1)
    judge "$library" "$said"
  done <"$t/preloaded"
  sort -u "$t/used" | grep -vxF -e ${isNode(host) ? sh`''` : sh`'$libdir/pgautofailover'`} >"$t/others"
  while IFS= read -r library; do
    said=$(printf "LOAD '%s'\n" "$(printf %s "$library" | sed "s/'/''/g")" | "$new_bin/postgres" --single -D "$t/new" template1 2>&1)
    judge "$library" "$said"
  done <"$t/others"
  return $bad
}
judge() { # LIBRARY WHAT-THE-SERVER-SAID
  if reason=$(printf '%s\n' "$2" | grep -E -m 1 '(ERROR|FATAL|PANIC): '); then
    printf 'library %s does not load: %s\n' "$1" "$(printf %s "$reason" | sed -E 's/^.*(ERROR|FATAL|PANIC): +//')"; bad=1
  else echo "library $1 loads"; fi
}
section libraries libraries`;
};
