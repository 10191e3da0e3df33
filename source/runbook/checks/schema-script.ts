import type { HostFacts } from '../../cluster/facts.ts';
import { isNode } from '../../cluster/facts.ts';
import { type Fragment, hereDocument, sh } from '../../cluster/fragment.ts';
import { sqlProgram } from '../../cluster/superuser-sql.ts';
import { rehearsalSettings, socketOf } from './throwaway.ts';

/** As in postgresql.conf: quotes are doubled. */
const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/**
 * The throwaway server's settings: private, without a disk to wait for, and on the monitor with the two options that
 * pg_upgrade needs there too. Source: PostgreSQL, src/bin/pg_upgrade/server.c, start_postmaster.
 */
const settings = (host: HostFacts): string =>
  [
    "listen_addresses = ''",
    'port = 50432',
    `unix_socket_directories = ${literal(socketOf(host))}`,
    'unix_socket_permissions = 0700',
    'fsync = off',
    'synchronous_commit = off',
    'full_page_writes = off',
    'autovacuum = off',
    'logging_collector = off',
    'log_destination = stderr',
    'max_logical_replication_workers = 0',
    ...(isNode(host) ? [] : ["shared_preload_libraries = 'pgautofailover'", 'max_worker_processes = 0']),
  ].join('\n');

/**
 * The whole schema, dumped by the new pg_dump from the running server and restored into the throwaway, with the very
 * options of pg_upgrade and in its order: globals, template1, then each database. Tablespaces are left out, because
 * they would be made in the live ones' directories; passwords too, so that none lies on the disk.
 * Source: PostgreSQL, src/bin/pg_upgrade/dump.c, generate_old_dump, and pg_upgrade.c, create_new_objects.
 */
export const schemaLines = (host: HostFacts): Fragment => {
  const from = sh`-h ${host.socketDirectory} -p ${host.port} -U ${host.superuser}`;
  const newBin = { variable: 'new_bin' };
  const restore = sqlProgram('pg_restore', newBin, null, { settings: rehearsalSettings });
  const to = sh`-h "$sock" -p 50432 -U ${host.superuser}`;
  return sh`dump_globals() {
  ${sqlProgram('pg_dumpall', newBin, 'postgres', { settings: rehearsalSettings })} ${from} --globals-only --quote-all-identifiers --binary-upgrade --no-role-passwords --no-tablespaces --no-sync -f "$t/globals.sql"
}
dump_one() { # NUMBER
  echo "database $database"
  ${sqlProgram('pg_dump', newBin, { variable: 'database' }, { settings: rehearsalSettings })} ${from} --schema-only --quote-all-identifiers --binary-upgrade --no-tablespaces \
    --lock-wait-timeout=5000 --format=custom --no-sync --file="$t/dump.$1"
}
start_throwaway() {
${hereDocument(sh`  cat >>"$t/new/postgresql.conf"`, 'END-OF-SETTINGS', settings(host))}
  "$new_bin/pg_ctl" -D "$t/new" -w -t 120 -l "$t/server.log" -o -b start || { tail -n 20 "$t/server.log"; return 1; }
}
restore_globals() { ${sqlProgram('psql', newBin, 'template1', { settings: rehearsalSettings })} -X -q ${to} -v ON_ERROR_STOP=1 -f "$t/globals.sql"; }
restore_one() { # NUMBER
  echo "database $database"
  case $database in
    template1) ${restore} ${to} --exit-on-error --no-tablespaces --clean --create --dbname=postgres "$t/dump.$1" ;;
    postgres) ${restore} ${to} --exit-on-error --no-tablespaces --clean --create --dbname=template1 "$t/dump.$1" ;;
    *) ${restore} ${to} --exit-on-error --no-tablespaces --create --dbname=template1 "$t/dump.$1" ;;
  esac
}
databases() {
  ${sqlProgram('psql', newBin, 'postgres', { settings: rehearsalSettings })} -X ${from} -v ON_ERROR_STOP=1 -Atq -c "select datname from pg_database where datallowconn order by datname <> 'template1', datname" >"$t/databases"
}
rehearse_schema() {
  section 'dump globals' dump_globals || return 0
  section databases databases || return 0
  section start start_throwaway || return 0
  section 'restore globals' restore_globals || return 0
  n=0
  while IFS= read -r database; do
    n=$((n + 1))
    section "dump $n" dump_one "$n" || return 0
    section "restore $n" restore_one "$n" || return 0
    rm -f "$t/dump.$n"
  done <"$t/databases"
  section stop "$new_bin/pg_ctl" -D "$t/new" -m immediate stop
}
rehearse_schema`;
};
