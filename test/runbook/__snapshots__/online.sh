## J.node_1.freeze (as postgres): Freeze the schema
set -eu
export LC_ALL=C
umask 077
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
tab=$(printf '\t')
whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select oid || e'\''\t'\'' || datname from pg_database where datallowconn and datname <> '\''template0'\'' and datconnlimit <> -2 and datname !~ e'\''[\r\n]'\'' order by oid')
printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
[ -n "$whole" ] || { echo 'the server has named no database' >&2; exit 1; }
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new
while IFS=$tab read -r oid database; do
  if [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where (c.relkind = '\''r'\'' and c.relpersistence = '\''p'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') or c.relkind = '\''S'\'' and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'')))' </dev/null)" = t ]; then printf '%s\t%s\n' "$oid" "$database" >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new; fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/freeze.sql <<'END-OF-SQL'
\set QUIET on
\pset tuples_only on
begin;
set local pgaf_upgrade.pass = on;
set local client_min_messages = warning;
do $body$ begin
  if exists (select from pg_namespace where nspname = 'pgaf_upgrade'
      and (pg_get_userbyid(nspowner) <> current_user or coalesce(obj_description(oid, 'pg_namespace'), '') !~ '^run=')) then
    raise exception 'the schema pgaf_upgrade is there, and is not of an upgrade by pgaf-upgrade' using hint = 'Look who has made it; rename it, or drop it.';
  end if;
end $body$;
create schema if not exists pgaf_upgrade;
select format('comment on schema pgaf_upgrade is %L', format('run=%s system=%s timeline=%s', :'run', :'system', (case when pg_is_in_recovery() then (select timeline_id from pg_control_checkpoint()) else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer end)))
  where coalesce(obj_description(to_regnamespace('pgaf_upgrade'), 'pg_namespace'), '') !~ ('^run=' || :'run' || ' ')
  or (regexp_match(obj_description(to_regnamespace('pgaf_upgrade'), 'pg_namespace'), ' timeline=([0-9]+)$'))[1]::integer = (select max(split_part(line, e'\t', 1)::integer) from regexp_split_to_table(pg_read_file('pg_wal/' || lpad(upper(to_hex((case when pg_is_in_recovery() then (select timeline_id from pg_control_checkpoint()) else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer end))), 8, '0') || '.history', 0, 1000000, true), e'\n') line where line ~ e'^[0-9]+\t') \gexec
create table if not exists pgaf_upgrade.marker (what text primary key, at timestamptz not null);
create table if not exists pgaf_upgrade.identity (schema name, relation name, was "char" not null, index name, primary key (schema, relation));
create table if not exists pgaf_upgrade.sequence (schema name, name name, last bigint not null, called boolean not null, file oid not null, moved timestamptz not null, primary key (schema, name));
create or replace function pgaf_upgrade.uncalled(one regclass) returns bigint language plpgsql set search_path = pg_catalog as $body$
declare
  last bigint;
begin
  execute format('select last_value from %s', one) into last;
  return last;
end $body$;
create or replace function pgaf_upgrade.frozen() returns event_trigger language plpgsql set search_path = pg_catalog as $body$
begin
  if current_setting('pgaf_upgrade.pass', true) = 'on' and current_setting('is_superuser') = 'on' then return; end if;
  if tg_tag in ('REFRESH MATERIALIZED VIEW', 'REINDEX') then return; end if;
  if tg_event = 'ddl_command_start' and tg_tag <> 'DROP OWNED' and current_query() !~* 'concurrently' then return; end if;
  if tg_event = 'ddl_command_end' and not exists (select from pg_event_trigger_ddl_commands() where schema_name is distinct from 'pg_temp') then return; end if;
  if tg_event = 'sql_drop' and not exists (select from pg_event_trigger_dropped_objects() where not is_temporary) then return; end if;
  raise exception 'the schema is frozen while this cluster is upgraded (%)', tg_tag
    using errcode = 'object_not_in_prerequisite_state', hint = 'Wait for the end of the upgrade by pgaf-upgrade, or have its preparation called off.';
end $body$;
create or replace function pgaf_upgrade.identify(schema name, relation name) returns text language plpgsql set search_path = pg_catalog set lock_timeout = '2s' as $body$
declare
  one text := format('%I.%I', $1, $2);
begin
  insert into pgaf_upgrade.identity
    select $1, $2, c.relreplident, (select x.relname from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid and i.indisreplident)
    from pg_class c where c.oid = one::regclass on conflict do nothing;
  execute format('alter table %s replica identity full', one);
  return one;
end $body$;
select format('create event trigger %I on %s%s execute function pgaf_upgrade.frozen()', name, event, tags)
  from (values ('pgaf_frozen_start', 'ddl_command_start', ' when tag in (''CREATE INDEX'', ''DROP INDEX'', ''ALTER TABLE'', ''DROP OWNED'')'), ('pgaf_frozen_end', 'ddl_command_end', ''), ('pgaf_frozen_drop', 'sql_drop', '')) as wanted(name, event, tags)
  where not exists (select from pg_event_trigger where evtname = name) \gexec
alter event trigger pgaf_frozen_start enable always;
alter event trigger pgaf_frozen_end enable always;
alter event trigger pgaf_frozen_drop enable always;
commit;
END-OF-SQL
while IFS=$tab read -r oid database; do
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -v run=20261123T014800Z-1a2b -v system=7711174124246397031 -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/freeze.sql </dev/null
  printf '%s: frozen\n' "$database"
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/freeze.sql

## J.node_1.identities (as postgres): Set replica identities
set -eu
export LC_ALL=C
# what a transaction has made that began before the freeze is seen when it has ended; the slots wait for it as well
began=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select pg_current_xact_id()')
tries=0
until [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint > $began")" = t ]; do
  tries=$((tries + 1)); [ $tries -le 600 ] || { echo 'a transaction that began before the freeze is open still: see pg_stat_activity and pg_prepared_xacts' >&2; exit 1; }
  [ $((tries % 30)) -ne 1 ] || echo 'waiting for transactions that began before the freeze'
  sleep 1
done
umask 077
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
tab=$(printf '\t')
whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select oid || e'\''\t'\'' || datname from pg_database where datallowconn and datname <> '\''template0'\'' and datconnlimit <> -2 and datname !~ e'\''[\r\n]'\'' order by oid')
printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
[ -n "$whole" ] || { echo 'the server has named no database' >&2; exit 1; }
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new
while IFS=$tab read -r oid database; do
  if [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where (c.relkind = '\''r'\'' and c.relpersistence = '\''p'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') or c.relkind = '\''S'\'' and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'')))' </dev/null)" = t ]; then printf '%s\t%s\n' "$oid" "$database" >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new; fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/identity.sql <<'END-OF-SQL'
set pgaf_upgrade.pass = on;
select format('select pgaf_upgrade.identify(%L, %L)', n.nspname, c.relname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade') and (c.relreplident = 'n' or c.relreplident = 'd' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and i.indimmediate and i.indisvalid) or c.relreplident = 'i' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisreplident and i.indimmediate and i.indisvalid)) order by n.nspname, c.relname \gexec
END-OF-SQL
while IFS=$tab read -r oid database; do
  tries=0
  while :; do
    PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v ON_ERROR_STOP=0 -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/identity.sql </dev/null 2>/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/identity.log | database=$database awk '{ print ENVIRON["database"] ": replica identity full for " $0 }'
    left=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = '\''r'\'' and c.relpersistence = '\''p'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') and (c.relreplident = '\''n'\'' or c.relreplident = '\''d'\'' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and i.indimmediate and i.indisvalid) or c.relreplident = '\''i'\'' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisreplident and i.indimmediate and i.indisvalid))' </dev/null)
    [ "$left" -gt 0 ] || break
    tries=$((tries + 1))
    if [ $tries -ge 15 ]; then printf '%s: %s tables have no replica identity still: %s\n' "$database" "$left" "$(head -n 1 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/identity.log)" >&2; exit 1; fi
    sleep 1
  done
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/identity.sql /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/identity.log

## J.node_1.slots (as postgres): Create publications and slots
set -eu
export LC_ALL=C
umask 077
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
tab=$(printf '\t')
whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select oid || e'\''\t'\'' || datname from pg_database where datallowconn and datname <> '\''template0'\'' and datconnlimit <> -2 and datname !~ e'\''[\r\n]'\'' order by oid')
printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
[ -n "$whole" ] || { echo 'the server has named no database' >&2; exit 1; }
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new
while IFS=$tab read -r oid database; do
  if [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where (c.relkind = '\''r'\'' and c.relpersistence = '\''p'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') or c.relkind = '\''S'\'' and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'')))' </dev/null)" = t ]; then printf '%s\t%s\n' "$oid" "$database" >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new; fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
# frozen since: what check has found before may have been changed until then
while IFS=$tab read -r oid database; do
  theirs=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select string_agg(name, '\'', '\'') from (select format('\''%s of %I'\'', f.oid::regprocedure, r.rolname) as name from (
          select d.refobjid as oid from pg_depend d where d.refclassid = '\''pg_proc'\''::regclass and (d.classid in ('\''pg_constraint'\''::regclass, '\''pg_class'\''::regclass, '\''pg_type'\''::regclass)
          or d.classid = '\''pg_attrdef'\''::regclass and exists (select from pg_attrdef v join pg_attribute a on a.attrelid = v.adrelid and a.attnum = v.adnum where v.oid = d.objid and a.attgenerated <> '\'''\''))
          union select o.oprcode from pg_depend d join pg_operator o on o.oid = d.refobjid where d.refclassid = '\''pg_operator'\''::regclass and (d.classid in ('\''pg_constraint'\''::regclass, '\''pg_class'\''::regclass, '\''pg_type'\''::regclass)
          or d.classid = '\''pg_attrdef'\''::regclass and exists (select from pg_attrdef v join pg_attribute a on a.attrelid = v.adrelid and a.attnum = v.adnum where v.oid = d.objid and a.attgenerated <> '\'''\''))) f
        join pg_proc p on p.oid = f.oid join pg_roles r on r.oid = p.proowner where not r.rolsuper union all select format('\''%I on %I.%I'\'', g.tgname, n.nspname, c.relname) as name from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace
        where g.tgenabled in ('\''A'\'', '\''R'\'') and not g.tgisinternal limit 5) few' </dev/null)
  if [ -n "$theirs" ]; then printf '%s: would run as the superuser where rows arrive (check: online-functions, online-triggers): %s\n' "$database" "$theirs" >&2; exit 1; fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
# a table without an identity would refuse its rows from the publication on
while IFS=$tab read -r oid database; do
  if [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = '\''r'\'' and c.relpersistence = '\''p'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') and (c.relreplident = '\''n'\'' or c.relreplident = '\''d'\'' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and i.indimmediate and i.indisvalid) or c.relreplident = '\''i'\'' and not exists (select from pg_index i where i.indrelid = c.oid and i.indisreplident and i.indimmediate and i.indisvalid))' </dev/null)" != 0 ]; then printf '%s: a table has no replica identity\n' "$database" >&2; exit 1; fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
while IFS=$tab read -r oid database; do
  if [ -z "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select 1 from pg_publication where pubname = '\''pgaf_upgrade'\'' and puballtables' </dev/null)" ]; then
    PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -q -c 'set pgaf_upgrade.pass = on' -c 'create publication pgaf_upgrade for all tables' </dev/null
  fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
while IFS=$tab read -r oid database; do
  # what an earlier try has begun and not made is gone with its session
  if [ -z "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc "select 1 from pg_replication_slots where slot_name = 'pgaf_up_$oid'" </dev/null)" ]; then
    PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc "select slot_name || ' from ' || lsn from pg_create_logical_replication_slot('pgaf_up_$oid', 'pgoutput')" </dev/null
  fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases

## K.node_1.copy (as postgres): Take a copy beside the data
set -eu
export LC_ALL=C
umask 077
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
idle() ( # DIRECTORY...: nothing runs in them, nobody has them open; else it says who
  real=
  for dir in "$@"; do
    [ -d "$dir" ] || continue
    real=$(printf '%s\n%s' "$real" "$(readlink -f -- "$dir")")
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    pid=${pid#-}
    case $pid in *[!0-9]*) continue ;; esac
    [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = "$(stat -c %u "$dir/postmaster.pid")" ] || continue
    echo "$dir/postmaster.pid names process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which is alive: stop it first" >&2
    exit 1
  done
  [ -n "$real" ] || exit 0
  open=$(set -- /proc/[0-9]*/fd /proc/[0-9]*/cwd; for wait in 0.1 0.4 0.5 1 1 ""; do
    open=$(find "$@" -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
      BEGIN { n = split(ENVIRON["real"], real, "\n") }
      { path = substr($0, index($0, " ") + 1)
        for (i = 2; i <= n; i++) if (path == real[i] || index(path, real[i] "/") == 1) { split($0, part, "/"); held[part[3]] = path } }
      END { for (pid in held) print pid, held[pid] }')
    # gone in a moment is whoever passes by; asked again are those who were found
    [ -n "$open" ] && [ -n "$wait" ] || break
    sleep $wait
    set --; for pid in $(printf '%s\n' "$open" | cut -d ' ' -f 1); do set -- "$@" "/proc/$pid/fd" "/proc/$pid/cwd"; done
  done; printf %s "$open")
  [ -n "$open" ] || exit 0
  printf '%s\n' "$open" | head -n 3 | while read -r pid path; do
    echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first" >&2
  done
  exit 1
)
copy=/var/lib/pgsql/data_pg15_copy
if [ -e "$copy" ] || [ -L "$copy" ]; then
  kin /var/lib/pgsql/data_pg15_copy || { echo '/var/lib/pgsql/data_pg15_copy has no marker file of an upgrade of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it first' >&2; exit 1; }
  [ -z "$(find "$copy/global" -name pg_control)" ] || { echo "$copy is there, made for this cluster: taken over"; exit 0; }
  echo "$copy was taken over by pg_upgrade already" >&2; exit 1
fi
if [ -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arriving ]; then
  while IFS= read -r run; do
    case $run in '' | *[!A-Za-z0-9._-]*) continue ;; esac
    rm -rf -- /var/lib/pgsql/data_pg15_copy."$run"
  done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arriving
  rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arriving
fi
rm -rf /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
echo 20261123T014800Z-1a2b >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arriving
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arriving || sync
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/reflink <<'END-OF-FILES'
set -eu; umask 077; export LC_ALL=C
data=/var/lib/pgsql/data
making=/var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b
list=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/reflink-files
errors=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/reflink-errors
# a file that the server has removed since it was listed is missing rightly: the WAL removes it, too
only_removed() { [ -s "$errors" ] && ! grep -v "^[^']*'\./[^']*'.*: No such file or directory$" "$errors" | head -n 5 | grep . >&2; }
all() { # KIND FROM...: what of a kind is copied
  kind=$1; shift
  find "$@" \( -path './pg_dynshmem/*' -o \
    -path './pg_notify/*' -o \
    -path './pg_replslot/*' -o \
    -path './pg_serial/*' -o \
    -path './pg_snapshots/*' -o \
    -path './pg_stat_tmp/*' -o \
    -path './pg_subtrans/*' -o \
    -path './pg_tblspc/*' -o \
    -path './pg_wal/*' -o \
    -path ./backup_label -o \
    -path ./backup_manifest -o \
    -path ./current_logfiles -o \
    -path ./current_logfiles.tmp -o \
    -path ./global/pg_control -o \
    -path ./postgresql.auto.conf.tmp -o \
    -path ./postmaster.opts -o \
    -path ./postmaster.pid -o \
    -path ./tablespace_map -o \
    -name 'pgsql_tmp*' -o \
    -name 'pg_internal.init*' \) -prune -o -type "$kind" -print0 > "$list" 2> "$errors" || only_removed
}
take() { # TO FROM...: of what is below here the directories, then the files
  to=$1; shift
  all d "$@"
  (cd "$to"; xargs -0 -r mkdir -p -- < "$list")
  all f "$@"
  xargs -0 -r cp -a --reflink=always --parents -t "$to" -- < "$list" 2> "$errors" || only_removed
  echo "$(tr -cd '\000' < "$list" | wc -c) files to $to"
}
like() { # DIRECTORY OTHER: on btrfs a file without copy-on-write shares blocks with its like alone
  case $(lsattr -d "$1" 2>/dev/null | cut -d ' ' -f 1) in *C*) chattr +C "$2" ;; esac
}
case $1 in
  try)
    mkdir -p "$making"; like "$data" "$making"
    cp --reflink=always "$data/PG_VERSION" "$making/PG_VERSION"
    ;;
  files)
    cd "$data"
    take "$making" .
    (cd "$making"; mkdir -p pg_dynshmem pg_notify pg_replslot pg_serial pg_snapshots pg_stat_tmp pg_subtrans pg_tblspc pg_wal pg_wal/archive_status)
    cp -a --reflink=always global/pg_control "$making/global/pg_control"
    ;;
  wal) # FIRST LAST SIZE: each segment from start to stop, which the slots hold; and what the timeline branched off from
    cd "$data/pg_wal"
    segment=$2; timeline=${segment%????????????????}
    if [ "$timeline" != 00000001 ]; then cp -a --reflink=auto "$timeline.history" "$making/pg_wal/"; fi
    while :; do
      cp -a --reflink=auto "$segment" "$making/pg_wal/"
      [ -e "$segment" ] || { echo "$segment was taken for other WAL meanwhile" >&2; exit 1; }
      [ "$segment" != "$3" ] || break
      high=${segment#????????}; high=$((0x${high%????????})) low=$((0x${segment#????????????????} + 1))
      [ $low -lt $((0x100000000 / $4)) ] || high=$((high + 1)) low=0
      segment=$(printf '%s%08X%08X' "$timeline" $high $low)
    done
    rm -f "$list" "$errors"
    sync -f "$making" || sync
    ;;
esac
END-OF-FILES
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/reflink.sql <<'END-OF-SESSION'
set client_min_messages = warning;
select set_config(name, '0', false) from pg_settings where name in ('statement_timeout', 'transaction_timeout', 'idle_session_timeout') \g /dev/null
select pg_backup_start(:'label', fast => true) \g /dev/null
\set copied `sh "$PGAF_REFLINK" files </dev/null >&2 && echo yes || echo no`
\if :copied
select pg_walfile_name(lsn) || ' ' || (select setting from pg_settings where name = 'wal_segment_size') || e'\n' || labelfile from pg_backup_stop(wait_for_archive => false);
\endif
END-OF-SESSION
taken=no
if why=$(sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/reflink try 2>&1); then
  echo 'by reflinks: the copy shares the blocks of the files, and no rate counts'
  if said=$(PGAF_REFLINK=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/reflink PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v label='pgaf-upgrade 20261123T014800Z-1a2b' -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/reflink.sql) && [ -n "$said" ]; then
    printf '%s\n' "$said" | tail -n +2 > /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b/backup_label
    first=$(sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\))$/\1/p' /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b/backup_label)
    stop=$(printf '%s\n' "$said" | sed -n '1s/^\([0-9A-F]\{24\} [0-9]*\)$/\1/p')
    echo "WAL from $first to ${stop% *}"
    if sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/reflink wal "$first" "${stop% *}" "${stop#* }"; then taken=yes; fi
  fi
fi
if [ $taken = no ]; then
  echo "not by reflinks, but by a base backup${why:+: $why}"
  rm -rf /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b
  /opt/vmware/postgres/15/bin/pg_basebackup \
    --pgdata=/var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b \
    --host=/var/run/postgresql \
    --port=5432 \
    --username=postgres \
    --no-password --wal-method=stream --checkpoint=fast --no-manifest \
    --max-rate=100M \
    --label='pgaf-upgrade 20261123T014800Z-1a2b' \
    --progress --verbose
fi
rm -f /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b/standby.signal /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b/recovery.signal
: > /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b/standby.signal
mkdir -p /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/copy
echo 'local all all trust' > /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/copy/pg_hba.conf
cat >> /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b/postgresql.auto.conf <<'END-OF-SETTINGS'

# pgaf-upgrade: this copy is only promoted, and taken over by pg_upgrade
listen_addresses = ''
unix_socket_directories = '/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/copy'
unix_socket_permissions = 0700
hba_file = '/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/copy/pg_hba.conf'
ssl = off
archive_mode = off
archive_command = ''
restore_command = ''
recovery_end_command = ''
archive_cleanup_command = ''
primary_conninfo = ''
primary_slot_name = ''
recovery_target = ''
recovery_target_name = ''
recovery_target_time = ''
recovery_target_xid = ''
recovery_target_lsn = ''
recovery_target_timeline = latest
synchronous_standby_names = ''
hot_standby = off
max_worker_processes = 0
max_logical_replication_workers = 0
autovacuum = off
logging_collector = off
log_destination = stderr
huge_pages = off
shared_buffers = 128MB
default_transaction_read_only = off
END-OF-SETTINGS
own /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b
sync /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b/postgresql.auto.conf /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b/standby.signal /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b || sync
mv -T /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b "$copy"
sync /var/lib/pgsql || sync
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arriving
du -sk "$copy"

## K.node_1.promote-copy (as postgres): Promote the copy, note its end
set -eu
export LC_ALL=C
umask 077
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
idle() ( # DIRECTORY...: nothing runs in them, nobody has them open; else it says who
  real=
  for dir in "$@"; do
    [ -d "$dir" ] || continue
    real=$(printf '%s\n%s' "$real" "$(readlink -f -- "$dir")")
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    pid=${pid#-}
    case $pid in *[!0-9]*) continue ;; esac
    [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = "$(stat -c %u "$dir/postmaster.pid")" ] || continue
    echo "$dir/postmaster.pid names process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which is alive: stop it first" >&2
    exit 1
  done
  [ -n "$real" ] || exit 0
  open=$(set -- /proc/[0-9]*/fd /proc/[0-9]*/cwd; for wait in 0.1 0.4 0.5 1 1 ""; do
    open=$(find "$@" -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
      BEGIN { n = split(ENVIRON["real"], real, "\n") }
      { path = substr($0, index($0, " ") + 1)
        for (i = 2; i <= n; i++) if (path == real[i] || index(path, real[i] "/") == 1) { split($0, part, "/"); held[part[3]] = path } }
      END { for (pid in held) print pid, held[pid] }')
    # gone in a moment is whoever passes by; asked again are those who were found
    [ -n "$open" ] && [ -n "$wait" ] || break
    sleep $wait
    set --; for pid in $(printf '%s\n' "$open" | cut -d ' ' -f 1); do set -- "$@" "/proc/$pid/fd" "/proc/$pid/cwd"; done
  done; printf %s "$open")
  [ -n "$open" ] || exit 0
  printf '%s\n' "$open" | head -n 3 | while read -r pid path; do
    echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first" >&2
  done
  exit 1
)
umask 077
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
tab=$(printf '\t')
whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select oid || e'\''\t'\'' || datname from pg_database where datallowconn and datname <> '\''template0'\'' and datconnlimit <> -2 and datname !~ e'\''[\r\n]'\'' order by oid')
printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
[ -n "$whole" ] || { echo 'the server has named no database' >&2; exit 1; }
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new
while IFS=$tab read -r oid database; do
  if [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where (c.relkind = '\''r'\'' and c.relpersistence = '\''p'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') or c.relkind = '\''S'\'' and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'')))' </dev/null)" = t ]; then printf '%s\t%s\n' "$oid" "$database" >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new; fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
copy=/var/lib/pgsql/data_pg15_copy
kin /var/lib/pgsql/data_pg15_copy || { echo '/var/lib/pgsql/data_pg15_copy has no marker file of an upgrade of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it first' >&2; exit 1; }
state() { /opt/vmware/postgres/15/bin/pg_controldata -D "$copy" | sed -n "s/^$1: *//p"; }
[ -e "$copy/global/pg_control" ] || { echo "$copy was taken over by pg_upgrade already" >&2; exit 1; }
if kin /var/lib/pgsql/data_pg15_copy && /opt/vmware/postgres/15/bin/pg_ctl --pgdata=/var/lib/pgsql/data_pg15_copy status >/dev/null 2>&1; then
  echo 'its server runs, from a try that was ended: it is stopped first'
  /opt/vmware/postgres/15/bin/pg_ctl --pgdata=/var/lib/pgsql/data_pg15_copy --wait --timeout=600 --mode=fast --silent stop
fi
idle "$copy"
for oid in $(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select oid from pg_tablespace where oid >= 16384'); do
  [ -L "$copy/pg_tblspc/$oid" ] || { echo "tablespace $oid was made while the copy was taken: call it off (pgaf-upgrade call-off), and begin with another copy" >&2; exit 1; }
done
for link in "$copy"/pg_tblspc/[0-9]*; do
  [ -L "$link" ] || continue
  case $(readlink "$link") in '') ;; *) echo "$link leads to $(readlink "$link"), which is not a place of the copy’s: a tablespace was made while the copy was taken. Call it off (pgaf-upgrade call-off), and begin with another copy" >&2; exit 1 ;; esac
done
if [ -e "$copy/standby.signal" ]; then
  /opt/vmware/postgres/15/bin/pg_ctl \
    --pgdata=/var/lib/pgsql/data_pg15_copy \
    --wait --timeout=3600 \
    --silent \
    --log=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/copy.log \
    start </dev/null >/dev/null 2>&1 || { tail -n 20 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/copy.log >&2; exit 1; }
  /opt/vmware/postgres/15/bin/pg_ctl \
    --pgdata=/var/lib/pgsql/data_pg15_copy \
    --wait --timeout=3600 \
    --silent \
    promote </dev/null
else # promoted already, and stopped in the middle
  /opt/vmware/postgres/15/bin/pg_ctl \
    --pgdata=/var/lib/pgsql/data_pg15_copy \
    --wait --timeout=3600 \
    --silent \
    --log=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/copy.log \
    start </dev/null >/dev/null 2>&1 || { tail -n 20 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/copy.log >&2; exit 1; }
fi
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/copy -p 5432 -U postgres -Atc 'select distinct database from pg_prepared_xacts' > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/prepared
while IFS= read -r database; do
  printf '%s\n' 'select format('\''rollback prepared %L'\'', gid) from pg_prepared_xacts where database = current_database()' '\gexec' | PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/copy -p 5432 -U postgres
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/prepared
/opt/vmware/postgres/15/bin/pg_ctl \
  --pgdata=/var/lib/pgsql/data_pg15_copy \
  --wait --timeout=3600 \
  --silent --mode=fast stop </dev/null
[ "$(state 'Database cluster state')" = 'shut down' ]
timeline=$(printf %08X "$(state "Latest checkpoint's TimeLineID")")
# the file of its own timeline, and of no older one
x=$(awk 'NF { x = $2 } END { print x }' "$copy/pg_wal/$timeline.history")
echo "the copy ends at $x, timeline $timeline"
late=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc "select slot_name || ' ' || confirmed_flush_lsn from pg_replication_slots where slot_name ~ '^pgaf_up_' and confirmed_flush_lsn > '$x'")
[ -z "$late" ] || { echo "a slot begins behind the end of the copy: $late" >&2; exit 1; }

## K.node_1.upgrade-copy (as postgres): Run pg_upgrade on the copy
set -eu
export LC_ALL=C
umask 077
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
idle() ( # DIRECTORY...: nothing runs in them, nobody has them open; else it says who
  real=
  for dir in "$@"; do
    [ -d "$dir" ] || continue
    real=$(printf '%s\n%s' "$real" "$(readlink -f -- "$dir")")
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    pid=${pid#-}
    case $pid in *[!0-9]*) continue ;; esac
    [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = "$(stat -c %u "$dir/postmaster.pid")" ] || continue
    echo "$dir/postmaster.pid names process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which is alive: stop it first" >&2
    exit 1
  done
  [ -n "$real" ] || exit 0
  open=$(set -- /proc/[0-9]*/fd /proc/[0-9]*/cwd; for wait in 0.1 0.4 0.5 1 1 ""; do
    open=$(find "$@" -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
      BEGIN { n = split(ENVIRON["real"], real, "\n") }
      { path = substr($0, index($0, " ") + 1)
        for (i = 2; i <= n; i++) if (path == real[i] || index(path, real[i] "/") == 1) { split($0, part, "/"); held[part[3]] = path } }
      END { for (pid in held) print pid, held[pid] }')
    # gone in a moment is whoever passes by; asked again are those who were found
    [ -n "$open" ] && [ -n "$wait" ] || break
    sleep $wait
    set --; for pid in $(printf '%s\n' "$open" | cut -d ' ' -f 1); do set -- "$@" "/proc/$pid/fd" "/proc/$pid/cwd"; done
  done; printf %s "$open")
  [ -n "$open" ] || exit 0
  printf '%s\n' "$open" | head -n 3 | while read -r pid path; do
    echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first" >&2
  done
  exit 1
)
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap 'rm -rf "$at"' EXIT; mkdir "$at/global"
    for name in pg_control.do-not-start pg_control.old; do
      if [ -e "$2/global/$name" ]; then ln -sf "$2/global/$name" "$at/global/pg_control"; fi
    done
    ln -s "$2/PG_VERSION" "$at/PG_VERSION"
  fi
  "$1/pg_controldata" -D "$at"
)
as_kept() { # BIN DIRECTORY FILE: it says what was kept in FILE, to the byte
  [ -s "$3" ] && control "$1" "$2" | cmp -s - "$3"
}
of_system() { # BIN DIRECTORY IDENTIFIER
  [ "$(control "$1" "$2" | sed -n 's/^Database system identifier: *//p')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
copy=/var/lib/pgsql/data_pg15_copy new=/var/lib/pgsql/data_pg17_new left=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/fingerprint
kin /var/lib/pgsql/data_pg15_copy || { echo '/var/lib/pgsql/data_pg15_copy has no marker file of an upgrade of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it first' >&2; exit 1; }
idle "$copy" "$new"
if [ -e "$new" ]; then
  kin /var/lib/pgsql/data_pg17_new || { echo '/var/lib/pgsql/data_pg17_new has no marker file of an upgrade of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it first' >&2; exit 1; }
  if [ -s "$left" ] && as_kept /opt/vmware/postgres/17/bin "$new" "$left"; then echo 'pg_upgrade has finished already'; exit 0; fi
  [ ! -s "$left" ] || { echo "PostgreSQL 17 has been started on $new, and shares the files of $copy: call it off, and begin with another copy" >&2; exit 1; }
  mv -T "$new" /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
fi
rm -f "$left"; rm -rf /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
# an earlier try has begun to link: the new version was never started on the links
if [ ! -e "$copy/global/pg_control" ] && [ -e "$copy/global/pg_control.old" ]; then mv "$copy/global/pg_control.old" "$copy/global/pg_control"; keep "$copy/global/pg_control"; fi
mkdir -p /var/lib/pgsql
rm -rf /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
/opt/vmware/postgres/17/bin/initdb \
  --pgdata=/var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b \
  --username=postgres \
  --encoding=UTF8 \
  --lc-collate=en_US.UTF-8 \
  --lc-ctype=en_US.UTF-8 \
  --wal-segsize=16 \
  --auth=trust
own /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
if [ -e /var/lib/pgsql/data_pg17_new ]; then rmdir /var/lib/pgsql/data_pg17_new; fi
mv /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b /var/lib/pgsql/data_pg17_new
sync /var/lib/pgsql
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/pg_upgrade
mkdir -p /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693
echo 'local all all trust' > /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/pg_hba.conf
cd /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/pg_upgrade
nice -n 10 /opt/vmware/postgres/17/bin/pg_upgrade \
  --old-bindir=/opt/vmware/postgres/15/bin \
  --new-bindir=/opt/vmware/postgres/17/bin \
  --old-datadir=/var/lib/pgsql/data_pg15_copy \
  --new-datadir=/var/lib/pgsql/data_pg17_new \
  --username=postgres \
  --socketdir=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693 \
  --old-options='-c hba_file=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/pg_hba.conf -c unix_socket_permissions=0700 -c jit=off' \
  --new-options='-c jit=off' \
  --link \
  --retain
if [ -e delete_old_cluster.sh ]; then chmod 400 delete_old_cluster.sh; mv delete_old_cluster.sh delete_old_cluster.sh.never-run; fi
rm -rf output; if [ -d "$new/pg_upgrade_output.d" ]; then mv "$new/pg_upgrade_output.d" output; fi
whole=$(control /opt/vmware/postgres/17/bin "$new")
printf '%s\n' "$whole" > "$left.new"
keep "$left.new"; mv -T "$left.new" "$left"; keep "$left"
sync /var/lib/pgsql || sync

## L.node_1.start-follower (as root): Start 17, local socket only
set -eu
export LC_ALL=C
runuser -u postgres -- sh -c 'set -eu
export LC_ALL=C
set -eu
export LC_ALL=C
umask 077
cd / # of whoever became postgres, a directory that postgres may not enter
# what we have made has a marker file: which run made it, for which cluster
mark() { printf '\''run=%s\nsystem=%s\n'\'' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
idle() ( # DIRECTORY...: nothing runs in them, nobody has them open; else it says who
  real=
  for dir in "$@"; do
    [ -d "$dir" ] || continue
    real=$(printf '\''%s\n%s'\'' "$real" "$(readlink -f -- "$dir")")
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    pid=${pid#-}
    case $pid in *[!0-9]*) continue ;; esac
    [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = "$(stat -c %u "$dir/postmaster.pid")" ] || continue
    echo "$dir/postmaster.pid names process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which is alive: stop it first" >&2
    exit 1
  done
  [ -n "$real" ] || exit 0
  open=$(set -- /proc/[0-9]*/fd /proc/[0-9]*/cwd; for wait in 0.1 0.4 0.5 1 1 ""; do
    open=$(find "$@" -maxdepth 1 -type l -printf '\''%p %l\n'\'' 2>/dev/null | real=$real awk '\''
      BEGIN { n = split(ENVIRON["real"], real, "\n") }
      { path = substr($0, index($0, " ") + 1)
        for (i = 2; i <= n; i++) if (path == real[i] || index(path, real[i] "/") == 1) { split($0, part, "/"); held[part[3]] = path } }
      END { for (pid in held) print pid, held[pid] }'\'')
    # gone in a moment is whoever passes by; asked again are those who were found
    [ -n "$open" ] && [ -n "$wait" ] || break
    sleep $wait
    set --; for pid in $(printf '\''%s\n'\'' "$open" | cut -d '\'' '\'' -f 1); do set -- "$@" "/proc/$pid/fd" "/proc/$pid/cwd"; done
  done; printf %s "$open")
  [ -n "$open" ] || exit 0
  printf '\''%s\n'\'' "$open" | head -n 3 | while read -r pid path; do
    echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first" >&2
  done
  exit 1
)
kin /var/lib/pgsql/data_pg17_new || { echo '\''/var/lib/pgsql/data_pg17_new has no marker file of an upgrade of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it first'\'' >&2; exit 1; }
idle /var/lib/pgsql/data_pg17_new
set -- /var/lib/pgsql/data_pg17_new
for f in pg_hba.conf pg_ident.conf postgresql-auto-failover.conf postgresql.auto.conf postgresql.conf server.crt server.key; do
  if [ -e /var/lib/pgsql/data/"$f" ]; then
    rm -rf /var/lib/pgsql/data_pg17_new/"$f"; cp -pR /var/lib/pgsql/data/"$f" /var/lib/pgsql/data_pg17_new/"$f"; echo "carried $f"; set -- "$@" /var/lib/pgsql/data_pg17_new/"$f"
    find /var/lib/pgsql/data_pg17_new/"$f" -type f -perm /077 -exec grep -q '\''PRIVATE KEY-----'\'' '\''{}'\'' '\'';'\'' -exec chmod go= '\''{}'\'' '\'';'\'' -exec echo '\''only its owner may read the private key'\'' '\''{}'\'' '\'';'\''
  fi
done
{ sync -- "$1" && shift && find "$@" '\''('\'' -type f -o -type d '\'')'\'' -exec sync -- '\''{}'\'' +; } || sync
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/new-log
echo '\''local all all trust'\'' > /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new/pg_hba.conf
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new <<'\''END-OF-SERVE'\''
# written by pgaf-upgrade: PostgreSQL 17 follows 15, on a socket that nobody else reaches
set -eu
[ -f /var/lib/pgsql/data_pg17_new/PG_VERSION ] || exit 0
exec /opt/vmware/postgres/17/bin/postgres -D /var/lib/pgsql/data_pg17_new -c listen_addresses= -c port=5432 \
  -c unix_socket_directories=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -c unix_socket_permissions=0700 -c hba_file=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new/pg_hba.conf \
  -c ssl=off -c archive_mode=off -c archive_timeout=0 -c synchronous_standby_names= -c primary_conninfo= -c restore_command= -c shared_preload_libraries= \
  -c default_transaction_read_only=off -c huge_pages=off -c shared_buffers=256MB \
  -c max_logical_replication_workers=16 -c wal_retrieve_retry_interval=200ms -c wal_writer_delay=20ms \
  -c logging_collector=on -c log_destination=stderr -c log_directory=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/new-log -c log_filename=%a.log -c log_truncate_on_rotation=on -c log_rotation_age=1d -c log_rotation_size=0 \
  -c wal_level=logical -c max_worker_processes=24
END-OF-SERVE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new

'
cat > /etc/systemd/system/pgaf-upgrade-d602597693-new.service.new <<'END-OF-UNIT'
[Unit]
Description=PostgreSQL of pgaf-upgrade, local socket only (new)
ConditionPathExists=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new
[Service]
Type=simple
User=postgres
ExecStart=/bin/sh -c '[ ! -e "$$1" ] || exec /bin/sh "$$1"' sh "/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new"
KillMode=mixed
KillSignal=SIGINT
TimeoutStopSec=infinity
Restart=on-failure
RestartSec=2
[Install]
WantedBy=multi-user.target
END-OF-UNIT
{ echo '[Service]'; systemctl show pgautofailover.service | awk -F= '/^Limit[A-Z]+(Soft)?=/ { name = $1; if (sub(/Soft$/, "", name)) low[name] = $2; else high[name] = $2 }
/^(OOMScoreAdjust|UMask)=/ { print }
/^Environment=./ { gsub(/%/, "%%"); print }
/^EnvironmentFiles=./ { file = substr($0, 18); may = sub(/ \(ignore_errors=yes\)$/, "", file); sub(/ \(ignore_errors=no\)$/, "", file); gsub(/%/, "%%", file); print "EnvironmentFile=" (may ? "-" : "") file }
END { for (name in high) print name "=" (low[name] == "" ? "" : low[name] ":") high[name] }'; } >> /etc/systemd/system/pgaf-upgrade-d602597693-new.service.new # as the server has it that pg_autoctl starts
sync /etc/systemd/system/pgaf-upgrade-d602597693-new.service.new || sync
mv /etc/systemd/system/pgaf-upgrade-d602597693-new.service.new /etc/systemd/system/pgaf-upgrade-d602597693-new.service
cat > /etc/systemd/system/pgaf-upgrade-d602597693-old.service.new <<'END-OF-UNIT'
[Unit]
Description=PostgreSQL of pgaf-upgrade, local socket only (old)
ConditionPathExists=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old
[Service]
Type=simple
User=postgres
ExecStart=/bin/sh -c '[ ! -e "$$1" ] || exec /bin/sh "$$1"' sh "/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old"
KillMode=mixed
KillSignal=SIGINT
TimeoutStopSec=infinity
Restart=on-failure
RestartSec=2
[Install]
WantedBy=multi-user.target
END-OF-UNIT
{ echo '[Service]'; systemctl show pgautofailover.service | awk -F= '/^Limit[A-Z]+(Soft)?=/ { name = $1; if (sub(/Soft$/, "", name)) low[name] = $2; else high[name] = $2 }
/^(OOMScoreAdjust|UMask)=/ { print }
/^Environment=./ { gsub(/%/, "%%"); print }
/^EnvironmentFiles=./ { file = substr($0, 18); may = sub(/ \(ignore_errors=yes\)$/, "", file); sub(/ \(ignore_errors=no\)$/, "", file); gsub(/%/, "%%", file); print "EnvironmentFile=" (may ? "-" : "") file }
END { for (name in high) print name "=" (low[name] == "" ? "" : low[name] ":") high[name] }'; } >> /etc/systemd/system/pgaf-upgrade-d602597693-old.service.new # as the server has it that pg_autoctl starts
sync /etc/systemd/system/pgaf-upgrade-d602597693-old.service.new || sync
mv /etc/systemd/system/pgaf-upgrade-d602597693-old.service.new /etc/systemd/system/pgaf-upgrade-d602597693-old.service
systemctl daemon-reload
systemctl enable --quiet pgaf-upgrade-d602597693-new.service pgaf-upgrade-d602597693-old.service
systemctl reset-failed pgaf-upgrade-d602597693-new.service 2>/dev/null || true
systemctl start pgaf-upgrade-d602597693-new.service

## L.node_1.subscribe (as postgres): Let 17 follow
set -eu
export LC_ALL=C
umask 077
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
umask 077
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
tab=$(printf '\t')
whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select oid || e'\''\t'\'' || datname from pg_database where datallowconn and datname <> '\''template0'\'' and datconnlimit <> -2 and datname !~ e'\''[\r\n]'\'' order by oid')
printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
[ -n "$whole" ] || { echo 'the server has named no database' >&2; exit 1; }
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new
while IFS=$tab read -r oid database; do
  if [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where (c.relkind = '\''r'\'' and c.relpersistence = '\''p'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') or c.relkind = '\''S'\'' and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'')))' </dev/null)" = t ]; then printf '%s\t%s\n' "$oid" "$database" >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new; fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
copy=/var/lib/pgsql/data_pg15_copy
kin /var/lib/pgsql/data_pg15_copy || { echo '/var/lib/pgsql/data_pg15_copy has no marker file of an upgrade of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it first' >&2; exit 1; }
x=$(ls "$copy"/pg_wal/*.history | tail -n 1 | xargs awk 'NF { x = $2 } END { print x }')
echo "from $x on"
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/subscribe.sql <<'END-OF-SQL'
set pgaf_upgrade.pass = on;
create function pg_temp.quoted(text) returns text language sql as $body$ select '''' || replace(replace($1, '\', '\\'), '''', '\''') || '''' $body$;
set pgaf_upgrade.pass = on;
set synchronous_commit = on;
begin;
select format('create subscription %I connection %L publication pgaf_upgrade with (connect = true, copy_data = false, create_slot = false, enabled = false, slot_name = %L, streaming = on, synchronous_commit = off, disable_on_error = false, run_as_owner = true)',
    :'name', format('host=%s port=%s user=%s dbname=%s application_name=%s connect_timeout=5', pg_temp.quoted(:'serving' || ',' || :'private'), pg_temp.quoted(:'port' || ',' || :'port'), pg_temp.quoted(current_user::text), pg_temp.quoted(current_database()::text), :'name'), :'name')
  where not exists (select from pg_subscription where subname = :'name') \gexec
select pg_replication_origin_advance('pg_' || oid, :'x') from pg_subscription where subname = :'name' and not subenabled;
select format('alter subscription %I enable', subname) from pg_subscription where subname = :'name' and not subenabled \gexec
commit;
END-OF-SQL
while IFS=$tab read -r oid database; do
  # a slot beyond the place would send from there, and what lies between would be nowhere
  [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc "select active or confirmed_flush_lsn <= '$x' from pg_replication_slots where slot_name = 'pgaf_up_$oid'" </dev/null)" = t ] || { printf '%s: its slot is not there, or is beyond %s\n' "$database" "$x" >&2; exit 1; }
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atq -v name="pgaf_up_$oid" -v x="$x" -v serving=/var/run/postgresql -v private=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -v port=5432 -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/subscribe.sql </dev/null
  printf '%s follows\n' "$database"
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/subscribe.sql

## L.node_1.follower-statistics (as postgres): Collect full statistics
set -eu
export LC_ALL=C
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
# what fails below holds nothing up: it is noted, with the command that repeats it
tab=$(printf '\t')
left=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do/statistics; mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/to-do; : > "$left.new"
one_line() { tr '\n\t' '  ' | tr -d '\000-\037\177' | sed 's/  */ /g; s/ $//'; }
in_quotes() { printf %s "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }
typed_word() { case $1 in *[!A-Za-z0-9_/.-]*) in_quotes "$1" ;; *) printf %s "$1" ;; esac; }
database_word() { # NAME: as psql -d takes it; one with a = or of the form of a URI would be a connection string
  case $1 in
    '') printf postgres ;;
    *=* | postgres://* | postgresql://*) in_quotes "dbname='$(printf %s "$1" | sed "s/[\\\\']/\\\\&/g")'" ;;
    *) typed_word "$1" ;;
  esac
}
psql_words=$(printf '%s/%s -X -h %s -p %s -U %s' "$(typed_word /opt/vmware/postgres/17/bin)" psql "$(typed_word /var/run/postgresql)" 5432 "$(typed_word postgres)")
to_do() { # DATABASE WHAT SQL
  what=$(printf %s "$2" | one_line | head -c 600) where='' repeat=''
  [ -z "$1" ] || where=$(printf %s "$1" | one_line)
  [ -z "$3" ] || repeat="$psql_words -d $(database_word "$1") -c $(in_quotes "$3" | one_line)"
  printf '%s\n' "$where$tab$what$tab$repeat" >> "$left.new"
  # echo would read the backslashes
  printf '%s\n' "left to do${1:+ in $1}: $what${repeat:+ - $repeat}"
}
cause() { # FILE: the first error in it, with its detail, in one line
  awk '{ sub(/^psql:[^ ]+ /, "") } /^(ERROR|FATAL|PANIC|psql: error|vacuumdb: error)/ && !n++ { print; next }
    /^(HINT|CONTEXT|STATEMENT|LINE|QUERY|ERROR|FATAL|WARNING|NOTICE)/ { on = 0 } /^DETAIL/ && n == 1 { on = 1 } on' "$1" | one_line
}
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.sql <<'END-OF-SQL'
select format('analyze %I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and c.relpersistence <> 't' and coalesce(pg_stat_get_last_analyze_time(c.oid) < :'begun', true) order by 1 \gexec
END-OF-SQL
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atc 'select datname from pg_database where datallowconn and datconnlimit <> -2 order by 1' > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.databases
while IFS= read -r database; do
  begun=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atc 'select clock_timestamp()' </dev/null)
  # vacuumdb takes a name with a = in it for a connection string: so it gets one
  connection="dbname='$(printf %s "$database" | sed "s/[\\\\']/\\\\&/g")'"
  if PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$connection" /opt/vmware/postgres/17/bin/vacuumdb \
    --host=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new \
    --port=5432 \
    --username=postgres \
    --analyze-only </dev/null; then continue; fi
  echo "$database: its other tables are analyzed one by one"
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atqb -v ON_ERROR_STOP=0 -v begun="$begun" -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.sql </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log 2>&1 || true
  awk '{ sub(/^psql:[^ ]* /, "") } /^ERROR/ { error = $0 } /^CONTEXT/ { error = error "; " $0 } /^STATEMENT:  analyze / { sub(/^STATEMENT:  /, ""); print $0 "\t" error }' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log | while IFS=$tab read -r statement error; do
    to_do "$database" "no statistics of ${statement#analyze }: $error" "$statement"
  done
  ! grep -q '^psql: error' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log || to_do "$database" "no statistics: $(cause /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log)" analyze
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.databases
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.sql /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.databases /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/analyze.log
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done && date -u +%FT%TZ > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/follower-statistics && { sync -- /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/follower-statistics /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done || sync; }

## L.node_1.follow (as postgres): Wait until it has caught up
set -eu
export LC_ALL=C
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -c 'select slot_name, database, active, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) as bytes_behind, wal_status from pg_replication_slots where slot_name ~ '\''^pgaf_up_'\'''

## X.node_1.stop-follower (as root): Stop the 17 that follows
set -eu
export LC_ALL=C
for one in pgaf-upgrade-d602597693-new.service pgaf-upgrade-d602597693-old.service; do
  if [ -e /etc/systemd/system/"$one" ]; then
    main=$(systemctl show -p MainPID --value "$one")
    if tr '\0' ' ' 2>/dev/null < "/proc/$main/cmdline" | grep -qF -- '-D /var/lib/pgsql/data '; then echo "$one: its server serves in /var/lib/pgsql/data, and stays"
    else systemctl stop "$one"; fi
    systemctl disable --quiet "$one" || true
    rm -f /etc/systemd/system/"$one"
  fi
done
systemctl daemon-reload

## X.node_1.drop-slots (as postgres): Drop the slots
set -eu
export LC_ALL=C
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc 'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name ~ '\''^pgaf_(up|back)_[0-9]+$'\'' and active' >/dev/null
tries=0
until [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select count(*) from pg_replication_slots where slot_name ~ '\''^pgaf_(up|back)_[0-9]+$'\''')" = 0 ]; do
  tries=$((tries + 1)); [ $tries -le 50 ] || { echo 'a slot is in use still' >&2; exit 1; }
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select '\''dropped '\'' || slot_name from (select slot_name, pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name ~ '\''^pgaf_(up|back)_[0-9]+$'\'' and not active) dropped' || true
  sleep 0.2
done

## X.node_1.thaw (as postgres): Thaw the schema
set -eu
export LC_ALL=C
umask 077
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
tab=$(printf '\t')
whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select oid || e'\''\t'\'' || datname from pg_database where datallowconn and datname <> '\''template0'\'' and datconnlimit <> -2 and datname !~ e'\''[\r\n]'\'' order by oid')
printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
[ -n "$whole" ] || { echo 'the server has named no database' >&2; exit 1; }
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new
while IFS=$tab read -r oid database; do
  if [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where (c.relkind = '\''r'\'' and c.relpersistence = '\''p'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') or c.relkind = '\''S'\'' and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'')))' </dev/null)" = t ]; then printf '%s\t%s\n' "$oid" "$database" >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new; fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/thaw.sql <<'END-OF-SQL'
\set QUIET on
\pset tuples_only on
\pset format unaligned
\set ON_ERROR_STOP on
set pgaf_upgrade.pass = on;
set lock_timeout = '5s';
set client_min_messages = warning;
do $body$ begin
  if exists (select from pg_namespace where nspname = 'pgaf_upgrade'
      and (pg_get_userbyid(nspowner) <> current_user or coalesce(obj_description(oid, 'pg_namespace'), '') !~ '^run=')) then
    raise exception 'the schema pgaf_upgrade is there, and is not of an upgrade by pgaf-upgrade' using hint = 'Look who has made it; rename it, or drop it.';
  end if;
end $body$;
\set ON_ERROR_STOP off
drop publication if exists pgaf_upgrade;
select format('alter subscription %I disable', subname), format('alter subscription %I set (slot_name = none)', subname), format('drop subscription %I', subname)
  from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) and subname ~ '^pgaf_(up|back)_[0-9]+$' \gexec
select to_regclass('pgaf_upgrade.identity') is not null as noted \gset
\if :noted
select format('do $body$ begin alter table %1$I.%2$I replica identity %3$s; delete from pgaf_upgrade.identity where (schema, relation) = (%1$L, %2$L); end $body$', schema, relation,
    case was when 'd' then 'default' when 'n' then 'nothing' when 'f' then 'full' else format('using index %I', index) end)
  from pgaf_upgrade.identity where to_regclass(format('%I.%I', schema, relation)) is not null \gexec
select not exists (select from pgaf_upgrade.identity where to_regclass(format('%I.%I', schema, relation)) is not null) as restored \gset
\else
\set restored t
\endif
\if :restored
drop event trigger if exists pgaf_frozen_start;
drop event trigger if exists pgaf_frozen_end;
drop event trigger if exists pgaf_frozen_drop;
drop schema if exists pgaf_upgrade cascade;
\endif
END-OF-SQL
left=
while IFS=$tab read -r oid database; do
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -v ON_ERROR_STOP=0 -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/thaw.sql </dev/null
  if [ -n "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select 1 from pg_namespace where nspname = '\''pgaf_upgrade'\''' </dev/null)" ]; then
    printf '%s: a table could not be given its replica identity back (above): run it again\n' "$database" >&2; left=yes
  else printf '%s: as it was\n' "$database"; fi
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/thaw.sql
[ -z "$left" ]

## X.node_1.remove-copies (as postgres): Remove the copy and the new data
set -eu
export LC_ALL=C
# what we have made has a marker file: which run made it, for which cluster
mark() { printf 'run=%s\nsystem=%s\n' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
discard() { # DIRECTORY SPARE PART...: what a server needs goes first, the version and the mark last, under the spare name
  rm -f -- "$1"/global/pg_control*; [ ! -d "$1/global" ] || sync -- "$1/global" || sync
  gone=$1 spare=$2; shift 2
  rm -rf -- "$spare" "$@"
  find "$gone" -mindepth 1 -maxdepth 1 ! -name .pgaf-upgrade ! -name PG_VERSION -exec rm -rf -- '{}' +
  mv -T -- "$gone" "$spare"; rm -rf -- "$spare"
}
idle() ( # DIRECTORY...: nothing runs in them, nobody has them open; else it says who
  real=
  for dir in "$@"; do
    [ -d "$dir" ] || continue
    real=$(printf '%s\n%s' "$real" "$(readlink -f -- "$dir")")
    [ -s "$dir/postmaster.pid" ] || continue
    read -r pid <"$dir/postmaster.pid" || true
    pid=${pid#-}
    case $pid in *[!0-9]*) continue ;; esac
    [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" = "$(stat -c %u "$dir/postmaster.pid")" ] || continue
    echo "$dir/postmaster.pid names process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)), which is alive: stop it first" >&2
    exit 1
  done
  [ -n "$real" ] || exit 0
  open=$(set -- /proc/[0-9]*/fd /proc/[0-9]*/cwd; for wait in 0.1 0.4 0.5 1 1 ""; do
    open=$(find "$@" -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
      BEGIN { n = split(ENVIRON["real"], real, "\n") }
      { path = substr($0, index($0, " ") + 1)
        for (i = 2; i <= n; i++) if (path == real[i] || index(path, real[i] "/") == 1) { split($0, part, "/"); held[part[3]] = path } }
      END { for (pid in held) print pid, held[pid] }')
    # gone in a moment is whoever passes by; asked again are those who were found
    [ -n "$open" ] && [ -n "$wait" ] || break
    sleep $wait
    set --; for pid in $(printf '%s\n' "$open" | cut -d ' ' -f 1); do set -- "$@" "/proc/$pid/fd" "/proc/$pid/cwd"; done
  done; printf %s "$open")
  [ -n "$open" ] || exit 0
  printf '%s\n' "$open" | head -n 3 | while read -r pid path; do
    echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first" >&2
  done
  exit 1
)
[ "$(cat /var/lib/pgsql/data/PG_VERSION)" = 15 ] || { echo '/var/lib/pgsql/data is not PostgreSQL 15: there was a cut-over' >&2; exit 1; }
if kin /var/lib/pgsql/data_pg15_copy && /opt/vmware/postgres/15/bin/pg_ctl --pgdata=/var/lib/pgsql/data_pg15_copy status >/dev/null 2>&1; then
  echo 'its server runs, from a try that was ended: it is stopped first'
  /opt/vmware/postgres/15/bin/pg_ctl --pgdata=/var/lib/pgsql/data_pg15_copy --wait --timeout=600 --mode=fast --silent stop
fi
idle /var/lib/pgsql/data_pg15_copy /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b /var/lib/pgsql/data_pg17_new /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
if [ -e /var/lib/pgsql/data_pg17_new ]; then kin /var/lib/pgsql/data_pg17_new || { echo '/var/lib/pgsql/data_pg17_new has no marker file of ours: inspect it first' >&2; exit 1; }; discard /var/lib/pgsql/data_pg17_new /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b; fi
if [ -e /var/lib/pgsql/data_pg15_copy ]; then kin /var/lib/pgsql/data_pg15_copy || { echo '/var/lib/pgsql/data_pg15_copy has no marker file of ours: inspect it first' >&2; exit 1; }; fi
if [ -e /var/lib/pgsql/data_pg15_copy ]; then discard /var/lib/pgsql/data_pg15_copy /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b; fi
if [ -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arriving ]; then
  while IFS= read -r run; do
    case $run in '' | *[!A-Za-z0-9._-]*) continue ;; esac
    rm -rf -- /var/lib/pgsql/data_pg15_copy."$run"
  done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arriving
  rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arriving
fi
rm -rf /var/lib/pgsql/data_pg15_copy.20261123T014800Z-1a2b /var/lib/pgsql/data_pg17_new.20261123T014800Z-1a2b
rm -rf /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/fingerprint /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/done/follower-statistics /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-back
