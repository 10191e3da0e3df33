# shellcheck shell=sh
# One inspection of what the server of a host holds: read-only, as postgres, in one round trip. parse.ts reads it.
# Nothing in it waits for a lock or reads a large table; every query has a limit of its own. Rows and counts take their time
# where there are thousands of tables, and somebody waits: they are asked side by side.
# From script.ts: `put`, `text`, `sql`.
socket=
private_socket=
port=
superuser=
server_sql=
database_sql=
counts_sql=

set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3
# the private server of the verification listens in a directory of ours
[ -S "$private_socket/.s.PGSQL.$port" ] && socket=$private_socket
ask() { # DATABASE OPTION...
  in=$1; shift; sql "$in" -XAtq -h "$socket" -p "$port" -U "$superuser" "$@" 2>/dev/null
}
ask postgres -c "$server_sql" </dev/null | text server
databases=$(ask postgres -c 'select datname from pg_database where datallowconn order by 1' </dev/null)
printf '%s\n' "$databases" | text names
rows() { printf '%s\n' "$databases" | while IFS= read -r database; do
  { ask "$database" -c "$database_sql" </dev/null || echo null; } | tr -d '\n'; echo
done; }
counts() { printf '%s\n' "$databases" | while IFS= read -r database; do
  printf '%s\n' "$counts_sql" | ask "$database"
done; }
rows | { exec 3<&0; counts | text counts; text databases <&3; }
put end yes
