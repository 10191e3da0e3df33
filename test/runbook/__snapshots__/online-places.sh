## N.node_1.make-ready (as postgres): Make the cut-over ready
set -eu
export LC_ALL=C
umask 077
cd / # of whoever became postgres, a directory that postgres may not enter
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
servers() { # DATA…: which servers run there
  for one; do sed -n '1p;3p' "$one/postmaster.pid" 2>/dev/null || true; done | tr '\n' ' '
}
ready_age() ( # FILE WHAT DATA DATA: seconds since it was made ready for that and by these servers; nothing where it is not fresh
  [ -s "$1" ] && { IFS= read -r of && IFS= read -r at; } <"$1" || exit 0
  [ "$of" = "$2 $(servers "$3" "$4")" ] || exit 0
  case $at in '' | *[!0-9]*) exit 0 ;; esac
  age=$(($(date +%s) - at))
  [ "$age" -lt 0 ] || [ "$age" -gt 600 ] || echo "$age"
)
[ "$(version /var/lib/pgsql/data)" = 15 ] || { echo '/var/lib/pgsql/data is not PostgreSQL 15' >&2; exit 1; }
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql <<'END-OF-SQL'
\set QUIET on
\pset tuples_only on
\pset format unaligned
set pgaf_upgrade.pass = on;
set default_transaction_isolation = 'read committed';
set datestyle = iso;
set timezone = 'UTC';
select set_config('statement_timeout', :'seconds' || 's', false) \gset was_
select :'objects' = 'refuse' and exists (select from pg_largeobject_metadata) as unfollowed \gset
\if :unfollowed
do $body$ begin raise exception 'there are large objects in %, and none is carried', current_database(); end $body$;
\endif
begin;
insert into pgaf_upgrade.marker (what, at)
  values (:'what', greatest(clock_timestamp(), (select max(at) + interval '1 microsecond' from pgaf_upgrade.marker)))
  on conflict (what) do update set at = excluded.at returning at \gset
\if :stopped
insert into pgaf_upgrade.sequence as had (schema, name, last, called, file, moved)
  select now.schema, now.name, now.last, now.called, now.file, :'at' from (
  select schema, name, file, case when sound then ((get_byte(page, tuple + 24 + 0)::bigint << 0) | (get_byte(page, tuple + 24 + 1)::bigint << 8) | (get_byte(page, tuple + 24 + 2)::bigint << 16) | (get_byte(page, tuple + 24 + 3)::bigint << 24) | (get_byte(page, tuple + 24 + 4)::bigint << 32) | (get_byte(page, tuple + 24 + 5)::bigint << 40) | (get_byte(page, tuple + 24 + 6)::bigint << 48) | (get_byte(page, tuple + 24 + 7)::bigint << 56)) else coalesce(asked, pgaf_upgrade.uncalled(oid::regclass)) end as last,
      case when sound then get_byte(page, tuple + 40) = 1 else asked is not null end as called
    from (select *, case when not sound then pg_sequence_last_value(oid) end as asked
      from (select *, coalesce(item >> 15 & 3 = 1 and item >> 17 = 41 and tuple between 28 and special - 41 and get_byte(page, case when tuple between 28 and special - 41 then tuple else 0 end + 22) = 24, false) as sound
        from (select *, (item & 32767)::integer as tuple
          from (select *, case when special > 100 and ((get_byte(page, 16 + 0)::bigint << 0) | (get_byte(page, 16 + 1)::bigint << 8)) = special and ((get_byte(page, special + 0)::bigint << 0) | (get_byte(page, special + 1)::bigint << 8) | (get_byte(page, special + 2)::bigint << 16) | (get_byte(page, special + 3)::bigint << 24)) = 5911 and ((get_byte(page, 12 + 0)::bigint << 0) | (get_byte(page, 12 + 1)::bigint << 8)) = 28 then ((get_byte(page, 24 + 0)::bigint << 0) | (get_byte(page, 24 + 1)::bigint << 8) | (get_byte(page, 24 + 2)::bigint << 16) | (get_byte(page, 24 + 3)::bigint << 24)) end as item
            from (select n.nspname as schema, c.relname as name, c.oid, c.relfilenode as file, p.page, octet_length(p.page) - 8 as special
              from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join (select oid, dattablespace from pg_database where datname = current_database()) d
                cross join lateral (select case when c.reltablespace = 0 and c.relfilenode <> 0 and d.dattablespace = 1663
                  then pg_read_binary_file('base/' || d.oid || '/' || c.relfilenode, 0, current_setting('block_size')::bigint, true) end as page offset 0) p
              where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_temp' and (:'moved' = 'all' or c.oid = any(array(select case parts[1] when 'u' then parts[3]::oid else pg_filenode_relation(parts[1]::oid, parts[3]::oid)::oid end
        from (select string_to_array(one, '/') as parts from unnest(string_to_array(nullif(:'moved', 'all'), ' ')) one where one <> '') named
        where parts[2] = (select oid::text from pg_database where datname = current_database())))) offset 0) lies offset 0) items offset 0) tuples offset 0) judged offset 0) answers) now left join pgaf_upgrade.sequence was on was.schema = now.schema and was.name = now.name
  where (was.last, was.called, was.file) is distinct from (now.last, now.called, now.file)
  on conflict (schema, name) do update set last = excluded.last, called = excluded.called, file = excluded.file, moved = excluded.moved;
\else
insert into pgaf_upgrade.sequence as had (schema, name, last, called, file, moved)
  select now.schema, now.name, now.last, now.called, now.file, :'at' from (
  select n.nspname as schema, c.relname as name, coalesce(s.last, pgaf_upgrade.uncalled(c.oid::regclass)) as last, s.last is not null as called, c.relfilenode as file
    from (select c.* from pg_class c where c.relkind = 'S' and (:'moved' = 'all' or c.oid = any(array(select case parts[1] when 'u' then parts[3]::oid else pg_filenode_relation(parts[1]::oid, parts[3]::oid)::oid end
        from (select string_to_array(one, '/') as parts from unnest(string_to_array(nullif(:'moved', 'all'), ' ')) one where one <> '') named
        where parts[2] = (select oid::text from pg_database where datname = current_database())))) offset 0) c
      join pg_namespace n on n.oid = c.relnamespace cross join lateral (select pg_sequence_last_value(c.oid) as last offset 0) s
    where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_temp') now left join pgaf_upgrade.sequence was on was.schema = now.schema and was.name = now.name
  where (was.last, was.called, was.file) is distinct from (now.last, now.called, now.file)
  on conflict (schema, name) do update set last = excluded.last, called = excluded.called, file = excluded.file, moved = excluded.moved;
\endif
commit;
select :'at';
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql <<'END-OF-SQL'
\set QUIET on
\pset tuples_only on
\pset format unaligned
set pgaf_upgrade.pass = on;
set default_transaction_isolation = 'read committed'; -- whatever the database sets: each statement sees what has come by then
set statement_timeout = 0;
set datestyle = iso;
set timezone = 'UTC';
select set_config('pgaf_upgrade.what', :'what', false), set_config('pgaf_upgrade.at', :'at', false), set_config('pgaf_upgrade.seconds', :'seconds', false) \gset was_
select format('alter subscription %I enable', subname) from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) and subname ~ '^pgaf_(up|back)_[0-9]+$' and not subenabled \gexec
do $body$ declare
  until timestamptz := clock_timestamp() + current_setting('pgaf_upgrade.seconds')::integer * interval '1 second';
begin
  while not exists (select from pgaf_upgrade.marker where what = current_setting('pgaf_upgrade.what') and at = current_setting('pgaf_upgrade.at')::timestamptz) loop
    if clock_timestamp() > until then
      raise exception 'what was written last in % has not come within % s', current_database(), current_setting('pgaf_upgrade.seconds');
    end if;
    perform pg_sleep(0.01);
  end loop;
end $body$;
select set_config('statement_timeout', :'seconds' || 's', false) \gset was_
select count(*) from (select setval(to_regclass(format('%I.%I', schema, name)), last, called) from pgaf_upgrade.sequence
  where :all or moved > (select coalesce(max(at), '-infinity') from pgaf_upgrade.marker where what = 'ready') offset 0) moved \gset
select current_database() || ': everything is there, ' || :count || ' sequences set';
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/turn.sql <<'END-OF-SQL'
select format('alter subscription %I disable', subname) from pg_subscription where subname = :'follows' \gexec
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = :'back' \g /dev/null
select pg_create_logical_replication_slot(:'back', 'pgoutput') where :'back' <> '' \g /dev/null
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql <<'END-OF-SQL'
\set QUIET on
\pset tuples_only on
\pset format unaligned
select x from ((select format('schema %I of %s', n.nspname, quote_ident(pg_get_userbyid(n.nspowner))) from pg_namespace n where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade'))
union all (select format('%s %s of %s: %s', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' when 'c' then 'composite type' when 'i' then 'index' when 'I' then 'index' else 'table' end,
      format('%I.%I', n.nspname, c.relname), quote_ident(pg_get_userbyid(c.relowner)), md5(concat_ws(' ', c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, case when c.relkind in ('r', 'p', 'f', 'c') then a.columns end, s.terms)))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join (select attrelid, string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attgenerated), ', ' order by attnum) as columns
        from pg_attribute where attnum > 0 and not attisdropped group by attrelid) a on a.attrelid = c.oid
      left join (select seqrelid, concat_ws(' ', seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle) as terms from pg_sequence) s on s.seqrelid = c.oid
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c', 'i', 'I') and c.relpersistence <> 't'
      and not exists (select from pg_index i where i.indexrelid = c.oid and not i.indisvalid) and (c.relkind in ('r', 'p', 'i', 'I') or not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')))
union all (select format('constraint %I of %s: %s %s', k.conname, format('%I.%I', n.nspname, c.relname), k.contype, k.convalidated) from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade') and k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0)
union all (select format('trigger %I of %s: %s', t.tgname, format('%I.%I', n.nspname, c.relname), t.tgenabled) from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and t.tgparentid = 0 and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade'))
union all (select format('policy %I of %s: %s', p.polname, format('%I.%I', n.nspname, c.relname), p.polcmd) from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade'))
union all (select format('routine %s of %s: %s', p.oid::regprocedure, quote_ident(pg_get_userbyid(p.proowner)), md5(concat_ws(' ', p.prosrc, p.prosecdef, p.provolatile, p.proconfig::text)))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade') and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'))
union all (select format('type %I.%I of %s: %s', n.nspname, y.typname, quote_ident(pg_get_userbyid(y.typowner)), md5(concat_ws(' ', y.typnotnull, format_type(y.typbasetype, y.typtypmod), (select string_agg(quote_literal(e.enumlabel), ' ' order by e.enumsortorder) from pg_enum e where e.enumtypid = y.oid))))
    from pg_type y join pg_namespace n on n.oid = y.typnamespace where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade') and y.typtype in ('d', 'e', 'r') and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = y.oid and d.deptype = 'e'))
union all (select format('extension %I', extname) from pg_extension)
union all (select format('%s large objects', count(*)) from pg_largeobject_metadata where :'objects' = 'refuse' having count(*) > 0)) s(x) order by x collate "C";
END-OF-SQL
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new
if [ -e /var/lib/pgsql/data_pg15_bak ] || [ -L /var/lib/pgsql/data_pg15_bak ]; then echo '/var/lib/pgsql/data_pg15_bak is there already' >&2; exit 1; fi
visitors() ( # DIRECTORY...: nobody but its server and pg_autoctl has them open; else it says who
  for dir in "$@"; do
    real=$(readlink -f -- "$dir") server=
    [ ! -s "$dir/postmaster.pid" ] || read -r server <"$dir/postmaster.pid" || true
    for wait in 0.1 0.9 1 1 ""; do
      found=$(find /proc/[0-9]*/fd /proc/[0-9]*/cwd -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
        { path = substr($0, index($0, " ") + 1) }
        path == ENVIRON["real"] || index(path, ENVIRON["real"] "/") == 1 { split($0, part, "/"); held[part[3]] = path }
        END { for (pid in held) print pid, held[pid] }' | while read -r pid path; do
          up=$pid
          while [ "${up:-0}" -gt 1 ] && [ "$up" != "$server" ] && [ "$(cat "/proc/$up/comm" 2>/dev/null)" != pg_autoctl ]; do
            up=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$up/status" 2>/dev/null)
          done
          # the server's and pg_autoctl's own end before the first process does
          if [ "$up" = 1 ] || [ "$up" = 0 ]; then echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first"; fi
        done)
      [ -n "$found" ] && [ -n "$wait" ] || break
      sleep $wait
    done
    [ -z "$found" ] || { printf '%s\n' "$found" | head -n 3 >&2; exit 1; }
  done
)
visitors /var/lib/pgsql/data /var/lib/pgsql/data_pg17_new
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
whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc 'select x from (
  select '\''role '\'' || rolname || '\'' '\'' || md5(concat_ws('\'','\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''^pg_'\''
  union all select '\''member of '\'' || r.rolname || '\'': '\'' || m.rolname || '\'' '\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''^pg_'\''
  union all select '\''settings of '\'' || coalesce(rolname, '\''every role'\'') || '\'' in '\'' || coalesce(datname, '\''every database'\'') || '\'' '\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''database '\'' || datname || '\'' of '\'' || pg_get_userbyid(datdba) || '\'' '\'' || md5(concat_ws('\'','\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''^template'\''
  union all select '\''tablespace '\'' || spcname || '\'' of '\'' || pg_get_userbyid(spcowner) || '\'' '\'' || md5(concat_ws('\'','\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''^pg_'\'') s(x) order by x collate "C"' </dev/null)
printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves
whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atqc 'select x from (
  select '\''role '\'' || rolname || '\'' '\'' || md5(concat_ws('\'','\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''^pg_'\''
  union all select '\''member of '\'' || r.rolname || '\'': '\'' || m.rolname || '\'' '\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''^pg_'\''
  union all select '\''settings of '\'' || coalesce(rolname, '\''every role'\'') || '\'' in '\'' || coalesce(datname, '\''every database'\'') || '\'' '\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''database '\'' || datname || '\'' of '\'' || pg_get_userbyid(datdba) || '\'' '\'' || md5(concat_ws('\'','\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''^template'\''
  union all select '\''tablespace '\'' || spcname || '\'' of '\'' || pg_get_userbyid(spcowner) || '\'' '\'' || md5(concat_ws('\'','\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''^pg_'\'') s(x) order by x collate "C"' </dev/null)
printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes
cmp -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes || { echo 'roles, databases, their settings or tablespaces are not the same on 15 and on 17, or a transaction is prepared. Make them the same on 17, by psql -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432; commit or roll back what is prepared, where it serves:' >&2; diff /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes >&2; exit 1; }
others=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select string_agg(slot_name, '\'', '\'') from pg_replication_slots where slot_type = '\''logical'\'' and not temporary and slot_name !~ '\''^pgaf_(up|back)_[0-9]+$'\''' </dev/null)
[ -z "$others" ] || { echo 'a logical slot of somebody else is on 15, and would be lost with it. Stop its reader and drop it:' "$others" >&2; exit 1; }
open=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atc 'select string_agg(format('\''%s of %s in %s, process %s, for %s s'\'', coalesce(nullif(application_name, '\'''\''), '\''a client'\''), usename, datname, pid, round(extract(epoch from now() - xact_start))), '\'', '\'') from pg_stat_activity where backend_xid is not null and backend_type = '\''client backend'\'' and pid <> pg_backend_pid()' </dev/null)
[ -z "$open" ] || { echo 'a transaction is open on 17 that is to serve, and the change of places would wait for it. End it:' "$open" >&2; exit 1; }
other=
while IFS=$tab read -r oid database; do
  (
    whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql </dev/null)
    printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves
  ) & asked=$!
  whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atq -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql </dev/null)
  printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes
  wait $asked
  cmp -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes || { printf '%s:\n' "$database" >&2; diff /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes | head -n 20 >&2; other=yes; }
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open
[ -z "$other" ] || { echo 'the schema is not the same on 15 (<) and on 17 (>), and is frozen: somebody has gone past it. An owner or a routine can be made the same there, as a superuser who sets pgaf_upgrade.pass to on; of a table or a column the rows are missing too: where it is not wanted, drop it, else begin anew' >&2; exit 1; }
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready
of=$(servers /var/lib/pgsql/data /var/lib/pgsql/data_pg17_new)
while IFS=$tab read -r oid database; do
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -q -c 'set pgaf_upgrade.pass = on' -c "alter subscription \"pgaf_up_$oid\" set (synchronous_commit = on)" </dev/null
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -qc checkpoint </dev/null
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc 'select redo_lsn || '\'' '\'' || timeline_id from pg_control_checkpoint()' </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
while IFS=$tab read -r oid database; do
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc 'select '\''u/'\'' || d.oid || '\''/'\'' || c.oid from pg_class c, pg_database d where d.datname = current_database() and c.relkind = '\''S'\'' and c.relpersistence = '\''u'\''' </dev/null >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
one() {
  at=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v what=ready -v seconds=300 -v stopped=false -v moved=all -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql </dev/null) &&
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atq -v what=ready -v seconds=300 -v at="$at" -v all=true -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql </dev/null ||
  { printf 'it did not all arrive: %s\n' "$database" >&2; exit 1; }
}
carrying=
while IFS=$tab read -r oid database; do
  one </dev/null & carrying="$carrying $!"
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
arrived=yes
for one in $carrying; do wait "$one" || arrived=; done # one that was killed has left no word
[ -n "$arrived" ] || { echo 'a database was not carried over' >&2; exit 1; }
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since
printf '%s\n' cut-over" $of" "$(date +%s)" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -qc checkpoint </dev/null
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -qc checkpoint </dev/null
echo 'everything is ready, for 10 minutes: PostgreSQL 15 serves on'

## N.node_1.cut-over (as root): Cut over to 17
set -eu
export LC_ALL=C
runuser -u postgres -- sh -c 'set -eu
export LC_ALL=C
umask 077
cd /
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/let-go.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap '\''rm -rf "$at"'\'' EXIT; mkdir "$at/global"
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
  [ "$(control "$1" "$2" | sed -n '\''s/^Database system identifier: *//p'\'')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
server=$(head -n 1 /var/lib/pgsql/data/postmaster.pid 2>/dev/null) || exit 0
case $server in '\'''\'' | *[!0-9]*) exit 0 ;; esac
tries=0 archiver=0
while [ "$(head -n 1 /var/lib/pgsql/data/postmaster.pid 2>/dev/null)" = "$server" ] && [ $tries -lt 600 ]; do
  tries=$((tries + 1))
  sleep 0.1
  [ $tries -gt 20 ] || continue
  for at in $(grep -lsx "PPid:[[:space:]]*$server" /proc/[0-9]*/status || true); do
    at=${at%/status}
    case $(tr '\''\0'\'' '\'' '\'' 2>/dev/null < "$at/cmdline") in
      '\''postgres: walsender '\''* | '\''postgres: '\''*'\'': walsender '\''*) kill "${at#/proc/}" 2>/dev/null && echo '\''a reader of WAL has not answered, and is not waited for'\'' || true ;;
      '\''postgres: archiver'\''* | '\''postgres: '\''*'\'': archiver'\''*)
        control /opt/vmware/postgres/15/bin /var/lib/pgsql/data 2>/dev/null | grep -q '\''^Database cluster state: *shut down$'\'' || continue # nothing else is waited for then
        archiver=$((archiver + 1))
        [ $archiver -gt 1 ] || echo "the archiver has not ended, and is not waited for; files of WAL that are not archived: $(find /var/lib/pgsql/data/pg_wal/archive_status/ -name '\''*.ready'\'' | wc -l)"
        if [ $archiver -gt 20 ]; then kill -s KILL -- "-${at#/proc/}" 2>/dev/null || true; else kill -s TERM -- "-${at#/proc/}" 2>/dev/null || true; fi ;;
    esac
  done
done

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/let-go.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/let-go.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/let-go
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/aside.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
umask 077
# what we have made has a marker file: which run made it, for which cluster
mark() { printf '\''run=%s\nsystem=%s\n'\'' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap '\''rm -rf "$at"'\'' EXIT; mkdir "$at/global"
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
  [ "$(control "$1" "$2" | sed -n '\''s/^Database system identifier: *//p'\'')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
[ "$(version /var/lib/pgsql/data)" != 17 ] || exit 0
if [ ! -e /var/lib/pgsql/data ] && [ -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new ]; then echo '\''a cut back was begun, PostgreSQL 17 has served: only a rollback goes on with it (pgaf-upgrade rollback)'\'' >&2; exit 1; fi
if [ -e /var/lib/pgsql/data ] && [ "$(cat /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops 2>/dev/null)" != cut-over ]; then echo '\''PostgreSQL 15 was stopped already, and nothing is ready: it serves first'\'' >&2; exit 1; fi
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/old-log
echo '\''local all all trust'\'' > /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old/pg_hba.conf
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.new <<'\''END-OF-SERVE'\''
# written by pgaf-upgrade: PostgreSQL 15 as it was stopped, on a socket that nobody else reaches
set -eu
[ -f /var/lib/pgsql/data_pg15_bak/PG_VERSION ] || exit 0
exec /opt/vmware/postgres/15/bin/postgres -D /var/lib/pgsql/data_pg15_bak -c listen_addresses= -c port=5432 \
  -c unix_socket_directories=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -c unix_socket_permissions=0700 -c hba_file=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old/pg_hba.conf \
  -c ssl=off -c archive_timeout=0 -c archive_command= -c archive_library= -c synchronous_standby_names= -c primary_conninfo= -c restore_command= -c shared_preload_libraries= \
  -c default_transaction_read_only=off -c huge_pages=off -c shared_buffers=256MB \
  -c max_logical_replication_workers=16 -c wal_retrieve_retry_interval=200ms -c wal_writer_delay=20ms \
  -c logging_collector=on -c log_destination=stderr -c log_directory=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/old-log -c log_filename=%a.log -c log_truncate_on_rotation=on -c log_rotation_age=1d -c log_rotation_size=0
END-OF-SERVE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old
if [ -e /var/lib/pgsql/data ]; then
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
  idle /var/lib/pgsql/data
  [ ! -e /var/lib/pgsql/data_pg15_bak ] || { echo '\''/var/lib/pgsql/data_pg15_bak is there already'\'' >&2; exit 1; }
  whole=$(control /opt/vmware/postgres/15/bin /var/lib/pgsql/data)
  printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped.new
  grep -q '\''^Database cluster state: *shut down$'\'' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped.new || { echo '\''it was not shut down in order'\'' >&2; exit 1; }
  keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped.new; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped; keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped
  own /var/lib/pgsql/data
  mv -T /var/lib/pgsql/data /var/lib/pgsql/data_pg15_bak
  sync /var/lib/pgsql || sync
fi
[ "$(version /var/lib/pgsql/data_pg15_bak)" = 15 ]

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/aside.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/aside.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/aside
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/carry-over.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
umask 077
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
[ "$(version /var/lib/pgsql/data)" != 17 ] || exit 0
tab=$(printf '\''\t'\'')
settle() (
  /opt/vmware/postgres/17/bin/pg_autoctl config set postgresql.pg_ctl /opt/vmware/postgres/17/bin/pg_ctl --pgdata /var/lib/pgsql/data
  # bytes 16 to 23 of the state file are the system identifier, least significant byte first
  now=$(od -An -v -t u8 -j 16 -N 8 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state | tr -d '\'' '\'')
  if [ "$now" = 7711180000000000017 ]; then echo "it is 7711180000000000017 already"; exit 0; fi
  [ "$now" = 7711174124246397031 ] || { echo "found $now, expected 7711174124246397031" >&2; exit 1; }
  case $(systemctl is-active pgautofailover.service || true) in inactive | failed | unknown) ;; *) echo '\''pgautofailover.service is active: stop it first'\'' >&2; exit 1 ;; esac
  if [ "$(cat "/proc/$(head -n 1 /tmp/pg_autoctl/var/lib/pgsql/data/pg_autoctl.pid 2>/dev/null)/comm" 2>/dev/null)" = pg_autoctl ]; then echo '\''pg_autoctl runs: stop it first'\'' >&2; exit 1; fi
  if [ "$(sed -n 4p /var/lib/pgsql/data/postmaster.pid 2>/dev/null)" = 5432 ] && [ -e "/proc/$(head -n 1 /var/lib/pgsql/data/postmaster.pid)/stat" ]; then echo '\''PostgreSQL runs on port 5432: stop it first'\'' >&2; exit 1; fi
  [ "$(wc -c < /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state)" -eq 1024 ] || { echo '\''not the state file this knows: its size is not 1024'\'' >&2; exit 1; }
  case $(od -An -v -t d4 -N 4 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state | tr -d '\'' '\'') in 1 | 2) ;; *) echo '\''not the state file this knows: its layout is neither 1 nor 2'\'' >&2; exit 1 ;; esac
  cp -p /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg15
  cp -p /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.new
  printf '\''\021\300\030\273\132\235\003\153'\'' | dd of=/var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.new bs=1 seek=16 conv=notrunc 2>/dev/null
  [ "$(od -An -v -t u8 -j 16 -N 8 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.new | tr -d '\'' '\'')" = 7711180000000000017 ]
  keep /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg15 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.new
  mv /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.new /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state
  keep /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state
  echo "system identifier $now -> 7711180000000000017"
)
settle > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/settle.log 2>&1 & settling=$!
trap wait EXIT # what fails is taken back at once: not under its hands
moved=all
since=$(cut -d '\'' '\'' -f 1 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since 2>/dev/null || true)
end=$(sed -n '\''s/^Latest checkpoint location: *//p'\'' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped)
timeline=$(sed -n "s/^Latest checkpoint'\''s TimeLineID: *//p" /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped)
case $since,$end in
*/*,*/*)
  if [ $(((0x${end%/*} - 0x${since%/*}) * 4294967296 + 0x${end#*/} - 0x${since#*/})) -le 1073741824 ] && silent=$(cat /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent) &&
    records=$(/opt/vmware/postgres/15/bin/pg_waldump --path=/var/lib/pgsql/data_pg15_bak/pg_wal --timeline="$timeline" --rmgr=Sequence --start="$since" --end="$end" 2>/dev/null); then
    names=$(printf '\''%s\n'\'' "$records" | sed -n '\''s|^rmgr: Sequence .* desc: LOG rel \([0-9]*/[0-9]*/[0-9]*\),.*|\1|p'\'')
    # every record was understood
    if [ "$(printf '\''%s'\'' "$names" | wc -w)" = "$(printf '\''%s'\'' "$records" | grep -c .)" ]; then
      names=$(printf '\''%s\n'\'' "$names" "$silent" | grep . | sort -u || true)
      [ "$(printf '\''%s'\'' "$names" | wc -w)" -gt 2000 ] || moved=$(printf '\''%s'\'' "$names" | tr '\''\n'\'' '\'' '\'')
    fi
  fi
  ;;
esac
tries=0
until /opt/vmware/postgres/15/bin/pg_isready -q -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432; do
  tries=$((tries + 1)); [ $tries -le 300 ] || { echo '\''the server does not answer'\'' >&2; exit 1; }
  sleep 0.03
done
tries=0
until /opt/vmware/postgres/17/bin/pg_isready -q -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432; do
  tries=$((tries + 1)); [ $tries -le 300 ] || { echo '\''the server does not answer'\'' >&2; exit 1; }
  sleep 0.03
done
whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atqc '\''select x from (
  select '\''\'\'''\''role '\''\'\'''\'' || rolname || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''member of '\''\'\'''\'' || r.rolname || '\''\'\'''\'': '\''\'\'''\'' || m.rolname || '\''\'\'''\'' '\''\'\'''\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''settings of '\''\'\'''\'' || coalesce(rolname, '\''\'\'''\''every role'\''\'\'''\'') || '\''\'\'''\'' in '\''\'\'''\'' || coalesce(datname, '\''\'\'''\''every database'\''\'\'''\'') || '\''\'\'''\'' '\''\'\'''\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''\'\'''\''database '\''\'\'''\'' || datname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(datdba) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''\'\'''\''^template'\''\'\'''\''
  union all select '\''\'\'''\''tablespace '\''\'\'''\'' || spcname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(spcowner) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''prepared transaction '\''\'\'''\'' || gid || '\''\'\'''\'' in '\''\'\'''\'' || database from pg_prepared_xacts) s(x) order by x collate "C"'\'' </dev/null)
printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves
whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atqc '\''select x from (
  select '\''\'\'''\''role '\''\'\'''\'' || rolname || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''member of '\''\'\'''\'' || r.rolname || '\''\'\'''\'': '\''\'\'''\'' || m.rolname || '\''\'\'''\'' '\''\'\'''\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''settings of '\''\'\'''\'' || coalesce(rolname, '\''\'\'''\''every role'\''\'\'''\'') || '\''\'\'''\'' in '\''\'\'''\'' || coalesce(datname, '\''\'\'''\''every database'\''\'\'''\'') || '\''\'\'''\'' '\''\'\'''\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''\'\'''\''database '\''\'\'''\'' || datname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(datdba) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''\'\'''\''^template'\''\'\'''\''
  union all select '\''\'\'''\''tablespace '\''\'\'''\'' || spcname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(spcowner) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''prepared transaction '\''\'\'''\'' || gid || '\''\'\'''\'' in '\''\'\'''\'' || database from pg_prepared_xacts) s(x) order by x collate "C"'\'' </dev/null)
printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes
cmp -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes || { echo '\''roles, databases, their settings or tablespaces are not the same on 15 and on 17, or a transaction is prepared. Make them the same on 17, by psql -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432; commit or roll back what is prepared, where it serves:'\'' >&2; diff /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes >&2; exit 1; }
one() {
  at=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atq -v what=cut-over -v seconds=10 -v stopped=true -v moved="$moved" -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql </dev/null) &&
  PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atq -v what=cut-over -v seconds=10 -v at="$at" -v all=false -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql -v follows="pgaf_up_$oid" -v back="pgaf_back_$oid" -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/turn.sql </dev/null ||
  { printf '\''it did not all arrive: %s\n'\'' "$database" >&2; exit 1; }
}
carrying=
while IFS=$tab read -r oid database; do
  one </dev/null & carrying="$carrying $!"
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
arrived=yes
for one in $carrying; do wait "$one" || arrived=; done # one that was killed has left no word
[ -n "$arrived" ] || { echo '\''a database was not carried over'\'' >&2; exit 1; }
wait $settling || { cat /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/settle.log >&2; exit 1; }

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/carry-over.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/carry-over.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/carry-over
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/in-place.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
umask 077
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
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap '\''rm -rf "$at"'\'' EXIT; mkdir "$at/global"
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
  [ "$(control "$1" "$2" | sed -n '\''s/^Database system identifier: *//p'\'')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
if [ "$(version /var/lib/pgsql/data)" = 17 ]; then # ended behind its last rename, or it was never away
  cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new <<'\''END-OF-SERVE'\''
# written by pgaf-upgrade: PostgreSQL 17 serves, until pg_autoctl takes it over
set -eu
[ "$(cat /var/lib/pgsql/data/PG_VERSION)" = 17 ] || exit 0
listens=$(sed -n '\''s/^listen_addresses *= *//p'\'' /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg | head -n 1)
exec /opt/vmware/postgres/17/bin/postgres -D /var/lib/pgsql/data -p 5432 -h "${listens:-*}"
END-OF-SERVE
  sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new || sync
  mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new
  unmark /var/lib/pgsql/data
  exit 0
fi
[ ! -e /var/lib/pgsql/data ] || { echo '\''/var/lib/pgsql/data is there'\'' >&2; exit 1; }
kin /var/lib/pgsql/data_pg17_new || { echo '\''/var/lib/pgsql/data_pg17_new has no marker file of an upgrade of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it first'\'' >&2; exit 1; }
idle /var/lib/pgsql/data_pg17_new
set -- /var/lib/pgsql/data_pg17_new
for f in pg_hba.conf pg_ident.conf postgresql-auto-failover.conf postgresql.auto.conf postgresql.conf server.crt server.key; do
  if [ -e /var/lib/pgsql/data_pg15_bak/"$f" ]; then
    rm -rf /var/lib/pgsql/data_pg17_new/"$f"; cp -pR /var/lib/pgsql/data_pg15_bak/"$f" /var/lib/pgsql/data_pg17_new/"$f"; echo "carried $f"; set -- "$@" /var/lib/pgsql/data_pg17_new/"$f"
    find /var/lib/pgsql/data_pg17_new/"$f" -type f -perm /077 -exec grep -q '\''PRIVATE KEY-----'\'' '\''{}'\'' '\'';'\'' -exec chmod go= '\''{}'\'' '\'';'\'' -exec echo '\''only its owner may read the private key'\'' '\''{}'\'' '\'';'\''
  fi
done
{ sync -- "$1" && shift && find "$@" '\''('\'' -type f -o -type d '\'')'\'' -exec sync -- '\''{}'\'' +; } || sync
names=$(/opt/vmware/postgres/17/bin/postgres -D /var/lib/pgsql/data_pg17_new -C synchronous_standby_names)
[ -z "$names" ] || { echo "synchronous_standby_names is $names: the first write would wait" >&2; exit 1; }
# what is written from here on is the application’s
whole=$(control /opt/vmware/postgres/17/bin /var/lib/pgsql/data_pg17_new)
printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-over.new
keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-over.new; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-over.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-over; keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-over
[ -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.was ] || cp -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.was
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new <<'\''END-OF-SERVE'\''
# written by pgaf-upgrade: PostgreSQL 17 serves, until pg_autoctl takes it over
set -eu
[ "$(cat /var/lib/pgsql/data/PG_VERSION)" = 17 ] || exit 0
listens=$(sed -n '\''s/^listen_addresses *= *//p'\'' /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg | head -n 1)
exec /opt/vmware/postgres/17/bin/postgres -D /var/lib/pgsql/data -p 5432 -h "${listens:-*}"
END-OF-SERVE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new
 # nothing starts it before it has its own name
mv -T /var/lib/pgsql/data_pg17_new /var/lib/pgsql/data
sync /var/lib/pgsql || sync
unmark /var/lib/pgsql/data || true

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/in-place.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/in-place.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/in-place
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/opened.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap '\''rm -rf "$at"'\'' EXIT; mkdir "$at/global"
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
  [ "$(control "$1" "$2" | sed -n '\''s/^Database system identifier: *//p'\'')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
tries=0
until /opt/vmware/postgres/17/bin/pg_isready -q -h /var/run/postgresql -p 5432; do
  tries=$((tries + 1))
  if [ $tries -gt 300 ]; then
    if as_kept /opt/vmware/postgres/17/bin /var/lib/pgsql/data /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-over; then echo '\''the server does not start'\'' >&2; exit 1; fi
    [ $tries -le 600 ] || { echo '\''the server has begun, and does not answer'\'' >&2; exit 1; }
  fi
  sleep 0.03
done
up=; read -r up rest < /proc/uptime || true
echo "writes go on: $up s since boot"
rm -f /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg.pg15 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops
PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc "select '\''it serves: '\'' || version()" </dev/null

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/opened.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/opened.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/opened
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/home.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
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
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap '\''rm -rf "$at"'\'' EXIT; mkdir "$at/global"
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
  [ "$(control "$1" "$2" | sed -n '\''s/^Database system identifier: *//p'\'')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
if [ ! -e /var/lib/pgsql/data ] && [ -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new ]; then echo '\''a cut back was begun, PostgreSQL 17 has served: only a rollback goes on with it (pgaf-upgrade rollback)'\'' >&2; exit 1; fi
if [ "$(version /var/lib/pgsql/data)" = 17 ] && [ ! -e /var/lib/pgsql/data_pg17_new ] && as_kept /opt/vmware/postgres/17/bin /var/lib/pgsql/data /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-over; then
  idle /var/lib/pgsql/data
  own /var/lib/pgsql/data
  mv -T /var/lib/pgsql/data /var/lib/pgsql/data_pg17_new
  sync /var/lib/pgsql || sync
  echo '\''PostgreSQL 17 has never begun to serve'\''
fi
if [ ! -e /var/lib/pgsql/data ]; then
  [ "$(version /var/lib/pgsql/data_pg15_bak)" = 15 ]
  kin /var/lib/pgsql/data_pg15_bak || { echo '\''/var/lib/pgsql/data_pg15_bak has no marker file of an upgrade of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it first'\'' >&2; exit 1; }
  rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old
  mv -T /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data
  sync /var/lib/pgsql || sync
fi
[ "$(version /var/lib/pgsql/data)" = 15 ] || { echo '\''/var/lib/pgsql/data is not PostgreSQL 15: it stays where it is'\'' >&2; exit 1; }
# from here on it can be started, whatever fails: a full disk gives no room for a copy, and takes a rename
unmark /var/lib/pgsql/data || true
if [ -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.was ]; then mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.was /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new; fi # it follows on
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-over /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops
if [ -e /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg.pg15 ]; then mv /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg.pg15 /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg; keep /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg || true; fi
if [ -e /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg15 ] && [ "$(wc -c < /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg15)" -eq 1024 ]; then mv /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg15 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state; keep /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state || true; fi
echo '\''PostgreSQL 15 goes home'\''

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/home.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/home.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/home
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/go-on.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
tab=$(printf '\''\t'\'')
tries=0
until /opt/vmware/postgres/15/bin/pg_isready -q -h /var/run/postgresql -p 5432; do
  tries=$((tries + 1)); [ $tries -le 300 ] || { echo '\''the server does not answer'\'' >&2; exit 1; }
  sleep 0.03
done
up=; read -r up rest < /proc/uptime || true
echo "writes go on: $up s since boot"
tries=0
until /opt/vmware/postgres/17/bin/pg_isready -q -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432; do
  tries=$((tries + 1)); [ $tries -le 300 ] || { echo '\''the server does not answer'\'' >&2; exit 1; }
  sleep 0.03
done
while IFS=$tab read -r oid database; do
  PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atq -c '\''set pgaf_upgrade.pass = on'\'' -c "alter subscription \"pgaf_up_$oid\" enable" -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '\''pgaf_back_$oid'\''" </dev/null >/dev/null
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
echo '\''PostgreSQL 15 serves again: nothing was lost, and 17 follows on'\''

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/go-on.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/go-on.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/go-on
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql <<'\''END-OF-SQL'\''
\set QUIET on
\pset tuples_only on
\pset format unaligned
set pgaf_upgrade.pass = on;
set default_transaction_isolation = '\''read committed'\'';
set datestyle = iso;
set timezone = '\''UTC'\'';
select set_config('\''statement_timeout'\'', :'\''seconds'\'' || '\''s'\'', false) \gset was_
select :'\''objects'\'' = '\''refuse'\'' and exists (select from pg_largeobject_metadata) as unfollowed \gset
\if :unfollowed
do $body$ begin raise exception '\''there are large objects in %, and none is carried'\'', current_database(); end $body$;
\endif
begin;
insert into pgaf_upgrade.marker (what, at)
  values (:'\''what'\'', greatest(clock_timestamp(), (select max(at) + interval '\''1 microsecond'\'' from pgaf_upgrade.marker)))
  on conflict (what) do update set at = excluded.at returning at \gset
\if :stopped
insert into pgaf_upgrade.sequence as had (schema, name, last, called, file, moved)
  select now.schema, now.name, now.last, now.called, now.file, :'\''at'\'' from (
  select schema, name, file, case when sound then ((get_byte(page, tuple + 24 + 0)::bigint << 0) | (get_byte(page, tuple + 24 + 1)::bigint << 8) | (get_byte(page, tuple + 24 + 2)::bigint << 16) | (get_byte(page, tuple + 24 + 3)::bigint << 24) | (get_byte(page, tuple + 24 + 4)::bigint << 32) | (get_byte(page, tuple + 24 + 5)::bigint << 40) | (get_byte(page, tuple + 24 + 6)::bigint << 48) | (get_byte(page, tuple + 24 + 7)::bigint << 56)) else coalesce(asked, pgaf_upgrade.uncalled(oid::regclass)) end as last,
      case when sound then get_byte(page, tuple + 40) = 1 else asked is not null end as called
    from (select *, case when not sound then pg_sequence_last_value(oid) end as asked
      from (select *, coalesce(item >> 15 & 3 = 1 and item >> 17 = 41 and tuple between 28 and special - 41 and get_byte(page, case when tuple between 28 and special - 41 then tuple else 0 end + 22) = 24, false) as sound
        from (select *, (item & 32767)::integer as tuple
          from (select *, case when special > 100 and ((get_byte(page, 16 + 0)::bigint << 0) | (get_byte(page, 16 + 1)::bigint << 8)) = special and ((get_byte(page, special + 0)::bigint << 0) | (get_byte(page, special + 1)::bigint << 8) | (get_byte(page, special + 2)::bigint << 16) | (get_byte(page, special + 3)::bigint << 24)) = 5911 and ((get_byte(page, 12 + 0)::bigint << 0) | (get_byte(page, 12 + 1)::bigint << 8)) = 28 then ((get_byte(page, 24 + 0)::bigint << 0) | (get_byte(page, 24 + 1)::bigint << 8) | (get_byte(page, 24 + 2)::bigint << 16) | (get_byte(page, 24 + 3)::bigint << 24)) end as item
            from (select n.nspname as schema, c.relname as name, c.oid, c.relfilenode as file, p.page, octet_length(p.page) - 8 as special
              from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join (select oid, dattablespace from pg_database where datname = current_database()) d
                cross join lateral (select case when c.reltablespace = 0 and c.relfilenode <> 0 and d.dattablespace = 1663
                  then pg_read_binary_file('\''base/'\'' || d.oid || '\''/'\'' || c.relfilenode, 0, current_setting('\''block_size'\'')::bigint, true) end as page offset 0) p
              where c.relkind = '\''S'\'' and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_temp'\'' and (:'\''moved'\'' = '\''all'\'' or c.oid = any(array(select case parts[1] when '\''u'\'' then parts[3]::oid else pg_filenode_relation(parts[1]::oid, parts[3]::oid)::oid end
        from (select string_to_array(one, '\''/'\'') as parts from unnest(string_to_array(nullif(:'\''moved'\'', '\''all'\''), '\'' '\'')) one where one <> '\'''\'') named
        where parts[2] = (select oid::text from pg_database where datname = current_database())))) offset 0) lies offset 0) items offset 0) tuples offset 0) judged offset 0) answers) now left join pgaf_upgrade.sequence was on was.schema = now.schema and was.name = now.name
  where (was.last, was.called, was.file) is distinct from (now.last, now.called, now.file)
  on conflict (schema, name) do update set last = excluded.last, called = excluded.called, file = excluded.file, moved = excluded.moved;
\else
insert into pgaf_upgrade.sequence as had (schema, name, last, called, file, moved)
  select now.schema, now.name, now.last, now.called, now.file, :'\''at'\'' from (
  select n.nspname as schema, c.relname as name, coalesce(s.last, pgaf_upgrade.uncalled(c.oid::regclass)) as last, s.last is not null as called, c.relfilenode as file
    from (select c.* from pg_class c where c.relkind = '\''S'\'' and (:'\''moved'\'' = '\''all'\'' or c.oid = any(array(select case parts[1] when '\''u'\'' then parts[3]::oid else pg_filenode_relation(parts[1]::oid, parts[3]::oid)::oid end
        from (select string_to_array(one, '\''/'\'') as parts from unnest(string_to_array(nullif(:'\''moved'\'', '\''all'\''), '\'' '\'')) one where one <> '\'''\'') named
        where parts[2] = (select oid::text from pg_database where datname = current_database())))) offset 0) c
      join pg_namespace n on n.oid = c.relnamespace cross join lateral (select pg_sequence_last_value(c.oid) as last offset 0) s
    where c.relkind = '\''S'\'' and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_temp'\'') now left join pgaf_upgrade.sequence was on was.schema = now.schema and was.name = now.name
  where (was.last, was.called, was.file) is distinct from (now.last, now.called, now.file)
  on conflict (schema, name) do update set last = excluded.last, called = excluded.called, file = excluded.file, moved = excluded.moved;
\endif
commit;
select :'\''at'\'';
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql <<'\''END-OF-SQL'\''
\set QUIET on
\pset tuples_only on
\pset format unaligned
set pgaf_upgrade.pass = on;
set default_transaction_isolation = '\''read committed'\''; -- whatever the database sets: each statement sees what has come by then
set statement_timeout = 0;
set datestyle = iso;
set timezone = '\''UTC'\'';
select set_config('\''pgaf_upgrade.what'\'', :'\''what'\'', false), set_config('\''pgaf_upgrade.at'\'', :'\''at'\'', false), set_config('\''pgaf_upgrade.seconds'\'', :'\''seconds'\'', false) \gset was_
select format('\''alter subscription %I enable'\'', subname) from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) and subname ~ '\''^pgaf_(up|back)_[0-9]+$'\'' and not subenabled \gexec
do $body$ declare
  until timestamptz := clock_timestamp() + current_setting('\''pgaf_upgrade.seconds'\'')::integer * interval '\''1 second'\'';
begin
  while not exists (select from pgaf_upgrade.marker where what = current_setting('\''pgaf_upgrade.what'\'') and at = current_setting('\''pgaf_upgrade.at'\'')::timestamptz) loop
    if clock_timestamp() > until then
      raise exception '\''what was written last in % has not come within % s'\'', current_database(), current_setting('\''pgaf_upgrade.seconds'\'');
    end if;
    perform pg_sleep(0.01);
  end loop;
end $body$;
select set_config('\''statement_timeout'\'', :'\''seconds'\'' || '\''s'\'', false) \gset was_
select count(*) from (select setval(to_regclass(format('\''%I.%I'\'', schema, name)), last, called) from pgaf_upgrade.sequence
  where :all or moved > (select coalesce(max(at), '\''-infinity'\'') from pgaf_upgrade.marker where what = '\''ready'\'') offset 0) moved \gset
select current_database() || '\'': everything is there, '\'' || :count || '\'' sequences set'\'';
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/turn.sql <<'\''END-OF-SQL'\''
select format('\''alter subscription %I disable'\'', subname) from pg_subscription where subname = :'\''follows'\'' \gexec
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = :'\''back'\'' \g /dev/null
select pg_create_logical_replication_slot(:'\''back'\'', '\''pgoutput'\'') where :'\''back'\'' <> '\'''\'' \g /dev/null
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql <<'\''END-OF-SQL'\''
\set QUIET on
\pset tuples_only on
\pset format unaligned
select x from ((select format('\''schema %I of %s'\'', n.nspname, quote_ident(pg_get_userbyid(n.nspowner))) from pg_namespace n where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\''))
union all (select format('\''%s %s of %s: %s'\'', case c.relkind when '\''v'\'' then '\''view'\'' when '\''m'\'' then '\''materialized view'\'' when '\''f'\'' then '\''foreign table'\'' when '\''S'\'' then '\''sequence'\'' when '\''c'\'' then '\''composite type'\'' when '\''i'\'' then '\''index'\'' when '\''I'\'' then '\''index'\'' else '\''table'\'' end,
      format('\''%I.%I'\'', n.nspname, c.relname), quote_ident(pg_get_userbyid(c.relowner)), md5(concat_ws('\'' '\'', c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, case when c.relkind in ('\''r'\'', '\''p'\'', '\''f'\'', '\''c'\'') then a.columns end, s.terms)))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join (select attrelid, string_agg(concat_ws('\'' '\'', attname, format_type(atttypid, atttypmod), attgenerated), '\'', '\'' order by attnum) as columns
        from pg_attribute where attnum > 0 and not attisdropped group by attrelid) a on a.attrelid = c.oid
      left join (select seqrelid, concat_ws('\'' '\'', seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle) as terms from pg_sequence) s on s.seqrelid = c.oid
    where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') and c.relkind in ('\''r'\'', '\''p'\'', '\''v'\'', '\''m'\'', '\''f'\'', '\''S'\'', '\''c'\'', '\''i'\'', '\''I'\'') and c.relpersistence <> '\''t'\''
      and not exists (select from pg_index i where i.indexrelid = c.oid and not i.indisvalid) and (c.relkind in ('\''r'\'', '\''p'\'', '\''i'\'', '\''I'\'') or not exists (select from pg_depend d where d.classid = '\''pg_class'\''::regclass and d.objid = c.oid and d.deptype = '\''e'\'')))
union all (select format('\''constraint %I of %s: %s %s'\'', k.conname, format('\''%I.%I'\'', n.nspname, c.relname), k.contype, k.convalidated) from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') and k.contype in ('\''c'\'', '\''f'\'', '\''p'\'', '\''u'\'', '\''x'\'') and k.conparentid = 0)
union all (select format('\''trigger %I of %s: %s'\'', t.tgname, format('\''%I.%I'\'', n.nspname, c.relname), t.tgenabled) from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and t.tgparentid = 0 and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\''))
union all (select format('\''policy %I of %s: %s'\'', p.polname, format('\''%I.%I'\'', n.nspname, c.relname), p.polcmd) from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\''))
union all (select format('\''routine %s of %s: %s'\'', p.oid::regprocedure, quote_ident(pg_get_userbyid(p.proowner)), md5(concat_ws('\'' '\'', p.prosrc, p.prosecdef, p.provolatile, p.proconfig::text)))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') and not exists (select from pg_depend d where d.classid = '\''pg_proc'\''::regclass and d.objid = p.oid and d.deptype = '\''e'\''))
union all (select format('\''type %I.%I of %s: %s'\'', n.nspname, y.typname, quote_ident(pg_get_userbyid(y.typowner)), md5(concat_ws('\'' '\'', y.typnotnull, format_type(y.typbasetype, y.typtypmod), (select string_agg(quote_literal(e.enumlabel), '\'' '\'' order by e.enumsortorder) from pg_enum e where e.enumtypid = y.oid))))
    from pg_type y join pg_namespace n on n.oid = y.typnamespace where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') and y.typtype in ('\''d'\'', '\''e'\'', '\''r'\'') and not exists (select from pg_depend d where d.classid = '\''pg_type'\''::regclass and d.objid = y.oid and d.deptype = '\''e'\''))
union all (select format('\''extension %I'\'', extname) from pg_extension)
union all (select format('\''%s large objects'\'', count(*)) from pg_largeobject_metadata where :'\''objects'\'' = '\''refuse'\'' having count(*) > 0)) s(x) order by x collate "C";
END-OF-SQL
if [ "$(version /var/lib/pgsql/data)" = 15 ] && /opt/vmware/postgres/15/bin/pg_isready -q -h /var/run/postgresql -p 5432; then
  servers() { # DATA…: which servers run there
    for one; do sed -n '\''1p;3p'\'' "$one/postmaster.pid" 2>/dev/null || true; done | tr '\''\n'\'' '\'' '\''
  }
  ready_age() ( # FILE WHAT DATA DATA: seconds since it was made ready for that and by these servers; nothing where it is not fresh
    [ -s "$1" ] && { IFS= read -r of && IFS= read -r at; } <"$1" || exit 0
    [ "$of" = "$2 $(servers "$3" "$4")" ] || exit 0
    case $at in '\'''\'' | *[!0-9]*) exit 0 ;; esac
    age=$(($(date +%s) - at))
    [ "$age" -lt 0 ] || [ "$age" -gt 600 ] || echo "$age"
  )
  rm -f /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg15 # of an earlier time
  cp -p /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg.pg15
  rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new
  if [ -e /var/lib/pgsql/data_pg15_bak ] || [ -L /var/lib/pgsql/data_pg15_bak ]; then echo '\''/var/lib/pgsql/data_pg15_bak is there already'\'' >&2; exit 1; fi
  visitors() ( # DIRECTORY...: nobody but its server and pg_autoctl has them open; else it says who
    for dir in "$@"; do
      real=$(readlink -f -- "$dir") server=
      [ ! -s "$dir/postmaster.pid" ] || read -r server <"$dir/postmaster.pid" || true
      for wait in 0.1 0.9 1 1 ""; do
        found=$(find /proc/[0-9]*/fd /proc/[0-9]*/cwd -maxdepth 1 -type l -printf '\''%p %l\n'\'' 2>/dev/null | real=$real awk '\''
          { path = substr($0, index($0, " ") + 1) }
          path == ENVIRON["real"] || index(path, ENVIRON["real"] "/") == 1 { split($0, part, "/"); held[part[3]] = path }
          END { for (pid in held) print pid, held[pid] }'\'' | while read -r pid path; do
            up=$pid
            while [ "${up:-0}" -gt 1 ] && [ "$up" != "$server" ] && [ "$(cat "/proc/$up/comm" 2>/dev/null)" != pg_autoctl ]; do
              up=$(sed -n '\''s/^PPid:[[:space:]]*//p'\'' "/proc/$up/status" 2>/dev/null)
            done
            # the server'\''s and pg_autoctl'\''s own end before the first process does
            if [ "$up" = 1 ] || [ "$up" = 0 ]; then echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first"; fi
          done)
        [ -n "$found" ] && [ -n "$wait" ] || break
        sleep $wait
      done
      [ -z "$found" ] || { printf '\''%s\n'\'' "$found" | head -n 3 >&2; exit 1; }
    done
  )
  visitors /var/lib/pgsql/data /var/lib/pgsql/data_pg17_new
  umask 077
  mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
  tab=$(printf '\''\t'\'')
  whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc '\''select oid || e'\''\'\'''\''\t'\''\'\'''\'' || datname from pg_database where datallowconn and datname <> '\''\'\'''\''template0'\''\'\'''\'' and datconnlimit <> -2 and datname !~ e'\''\'\'''\''[\r\n]'\''\'\'''\'' order by oid'\'')
  printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
  [ -n "$whole" ] || { echo '\''the server has named no database'\'' >&2; exit 1; }
  : > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new
  while IFS=$tab read -r oid database; do
    if [ "$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc '\''select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where (c.relkind = '\''\'\'''\''r'\''\'\'''\'' and c.relpersistence = '\''\'\'''\''p'\''\'\'''\'' and n.nspname !~ '\''\'\'''\''^pg_'\''\'\'''\'' and n.nspname not in ('\''\'\'''\''information_schema'\''\'\'''\'', '\''\'\'''\''pgaf_upgrade'\''\'\'''\'') or c.relkind = '\''\'\'''\''S'\''\'\'''\'' and c.relpersistence <> '\''\'\'''\''t'\''\'\'''\'' and n.nspname !~ '\''\'\'''\''^pg_'\''\'\'''\'' and n.nspname not in ('\''\'\'''\''information_schema'\''\'\'''\'', '\''\'\'''\''pgaf_upgrade'\''\'\'''\'')))'\'' </dev/null)" = t ]; then printf '\''%s\t%s\n'\'' "$oid" "$database" >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new; fi
  done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
  mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
  whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc '\''select x from (
  select '\''\'\'''\''role '\''\'\'''\'' || rolname || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''member of '\''\'\'''\'' || r.rolname || '\''\'\'''\'': '\''\'\'''\'' || m.rolname || '\''\'\'''\'' '\''\'\'''\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''settings of '\''\'\'''\'' || coalesce(rolname, '\''\'\'''\''every role'\''\'\'''\'') || '\''\'\'''\'' in '\''\'\'''\'' || coalesce(datname, '\''\'\'''\''every database'\''\'\'''\'') || '\''\'\'''\'' '\''\'\'''\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''\'\'''\''database '\''\'\'''\'' || datname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(datdba) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''\'\'''\''^template'\''\'\'''\''
  union all select '\''\'\'''\''tablespace '\''\'\'''\'' || spcname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(spcowner) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''\'\'''\''^pg_'\''\'\'''\'') s(x) order by x collate "C"'\'' </dev/null)
  printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves
  whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atqc '\''select x from (
  select '\''\'\'''\''role '\''\'\'''\'' || rolname || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''member of '\''\'\'''\'' || r.rolname || '\''\'\'''\'': '\''\'\'''\'' || m.rolname || '\''\'\'''\'' '\''\'\'''\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''settings of '\''\'\'''\'' || coalesce(rolname, '\''\'\'''\''every role'\''\'\'''\'') || '\''\'\'''\'' in '\''\'\'''\'' || coalesce(datname, '\''\'\'''\''every database'\''\'\'''\'') || '\''\'\'''\'' '\''\'\'''\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''\'\'''\''database '\''\'\'''\'' || datname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(datdba) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''\'\'''\''^template'\''\'\'''\''
  union all select '\''\'\'''\''tablespace '\''\'\'''\'' || spcname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(spcowner) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''\'\'''\''^pg_'\''\'\'''\'') s(x) order by x collate "C"'\'' </dev/null)
  printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes
  cmp -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes || { echo '\''roles, databases, their settings or tablespaces are not the same on 15 and on 17, or a transaction is prepared. Make them the same on 17, by psql -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432; commit or roll back what is prepared, where it serves:'\'' >&2; diff /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes >&2; exit 1; }
  others=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc '\''select string_agg(slot_name, '\''\'\'''\'', '\''\'\'''\'') from pg_replication_slots where slot_type = '\''\'\'''\''logical'\''\'\'''\'' and not temporary and slot_name !~ '\''\'\'''\''^pgaf_(up|back)_[0-9]+$'\''\'\'''\'''\'' </dev/null)
  [ -z "$others" ] || { echo '\''a logical slot of somebody else is on 15, and would be lost with it. Stop its reader and drop it:'\'' "$others" >&2; exit 1; }
  open=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atc '\''select string_agg(format('\''\'\'''\''%s of %s in %s, process %s, for %s s'\''\'\'''\'', coalesce(nullif(application_name, '\''\'\'''\'''\''\'\'''\''), '\''\'\'''\''a client'\''\'\'''\''), usename, datname, pid, round(extract(epoch from now() - xact_start))), '\''\'\'''\'', '\''\'\'''\'') from pg_stat_activity where backend_xid is not null and backend_type = '\''\'\'''\''client backend'\''\'\'''\'' and pid <> pg_backend_pid()'\'' </dev/null)
  [ -z "$open" ] || { echo '\''a transaction is open on 17 that is to serve, and the change of places would wait for it. End it:'\'' "$open" >&2; exit 1; }
  other=
  while IFS=$tab read -r oid database; do
    (
      whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql </dev/null)
      printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves
    ) & asked=$!
    whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atq -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql </dev/null)
    printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes
    wait $asked
    cmp -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes || { printf '\''%s:\n'\'' "$database" >&2; diff /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes | head -n 20 >&2; other=yes; }
  done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open
  [ -z "$other" ] || { echo '\''the schema is not the same on 15 (<) and on 17 (>), and is frozen: somebody has gone past it. An owner or a routine can be made the same there, as a superuser who sets pgaf_upgrade.pass to on; of a table or a column the rows are missing too: where it is not wanted, drop it, else begin anew'\'' >&2; exit 1; }
  rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes
  age=$(ready_age /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready cut-over /var/lib/pgsql/data /var/lib/pgsql/data_pg17_new)
  if [ -n "$age" ]; then
    PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -qc checkpoint </dev/null
    PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc '\''select redo_lsn || '\''\'\'''\'' '\''\'\'''\'' || timeline_id from pg_control_checkpoint()'\'' </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new
    : > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
    while IFS=$tab read -r oid database; do
      PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc '\''select '\''\'\'''\''u/'\''\'\'''\'' || d.oid || '\''\'\'''\''/'\''\'\'''\'' || c.oid from pg_class c, pg_database d where d.datname = current_database() and c.relkind = '\''\'\'''\''S'\''\'\'''\'' and c.relpersistence = '\''\'\'''\''u'\''\'\'''\'''\'' </dev/null >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
    done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
    moved=all
    since=$(cut -d '\'' '\'' -f 1 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since 2>/dev/null || true)
    read -r end timeline < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new
    case $since,$end in
    */*,*/*)
      if [ $(((0x${end%/*} - 0x${since%/*}) * 4294967296 + 0x${end#*/} - 0x${since#*/})) -le 1073741824 ] && silent=$(cat /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent) &&
        records=$(/opt/vmware/postgres/15/bin/pg_waldump --path=/var/lib/pgsql/data/pg_wal --timeline="$timeline" --rmgr=Sequence --start="$since" --end="$end" 2>/dev/null); then
        names=$(printf '\''%s\n'\'' "$records" | sed -n '\''s|^rmgr: Sequence .* desc: LOG rel \([0-9]*/[0-9]*/[0-9]*\),.*|\1|p'\'')
        # every record was understood
        if [ "$(printf '\''%s'\'' "$names" | wc -w)" = "$(printf '\''%s'\'' "$records" | grep -c .)" ]; then
          names=$(printf '\''%s\n'\'' "$names" "$silent" | grep . | sort -u || true)
          [ "$(printf '\''%s'\'' "$names" | wc -w)" -gt 2000 ] || moved=$(printf '\''%s'\'' "$names" | tr '\''\n'\'' '\'' '\'')
        fi
      fi
      ;;
    esac
    [ "$moved" != all ] || age=
  fi
  if [ -n "$age" ]; then
    echo "it was made ready $age s ago; sequences that have moved since: $(printf '\''%s'\'' "$moved" | wc -w)"
    one() {
      at=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v what=cut-over -v seconds=10 -v stopped=false -v moved="$moved" -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql </dev/null) &&
      PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atq -v what=cut-over -v seconds=10 -v at="$at" -v all=false -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql </dev/null ||
      { printf '\''it did not all arrive: %s\n'\'' "$database" >&2; exit 1; }
    }
    carrying=
    while IFS=$tab read -r oid database; do
      one </dev/null & carrying="$carrying $!"
    done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
    arrived=yes
    for one in $carrying; do wait "$one" || arrived=; done # one that was killed has left no word
    [ -n "$arrived" ] || { echo '\''a database was not carried over'\'' >&2; exit 1; }
    mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since
  else
    echo '\''what was made ready is not fresh, or nothing was: all of it now'\''
    rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready
    of=$(servers /var/lib/pgsql/data /var/lib/pgsql/data_pg17_new)
    while IFS=$tab read -r oid database; do
      PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -q -c '\''set pgaf_upgrade.pass = on'\'' -c "alter subscription \"pgaf_up_$oid\" set (synchronous_commit = on)" </dev/null
    done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
    PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -qc checkpoint </dev/null
    PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc '\''select redo_lsn || '\''\'\'''\'' '\''\'\'''\'' || timeline_id from pg_control_checkpoint()'\'' </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new
    : > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
    while IFS=$tab read -r oid database; do
      PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc '\''select '\''\'\'''\''u/'\''\'\'''\'' || d.oid || '\''\'\'''\''/'\''\'\'''\'' || c.oid from pg_class c, pg_database d where d.datname = current_database() and c.relkind = '\''\'\'''\''S'\''\'\'''\'' and c.relpersistence = '\''\'\'''\''u'\''\'\'''\'''\'' </dev/null >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
    done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
    one() {
      at=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v what=ready -v seconds=300 -v stopped=false -v moved=all -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql </dev/null) &&
      PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atq -v what=ready -v seconds=300 -v at="$at" -v all=true -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql </dev/null ||
      { printf '\''it did not all arrive: %s\n'\'' "$database" >&2; exit 1; }
    }
    carrying=
    while IFS=$tab read -r oid database; do
      one </dev/null & carrying="$carrying $!"
    done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
    arrived=yes
    for one in $carrying; do wait "$one" || arrived=; done # one that was killed has left no word
    [ -n "$arrived" ] || { echo '\''a database was not carried over'\'' >&2; exit 1; }
    mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since
    printf '\''%s\n'\'' cut-over" $of" "$(date +%s)" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready.new
    mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready
  fi
  PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -qc checkpoint </dev/null
  PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -qc checkpoint </dev/null
  echo cut-over > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops
  sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops || sync
  echo '\''everything is ready: PostgreSQL 15 stops now'\''
fi
'
cd /
runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/let-go </dev/null & # an orderly stop waits for readers of WAL that have gone silent
up=; read -r up rest < /proc/uptime || true
echo "writes stop: $up s since boot"
dependents() ( # UNIT
  all='' todo=$1 level=0
  while [ $level -lt 5 ]; do level=$((level + 1))
    found=$(systemctl show -p BoundBy -p RequiredBy -p ConsistsOf $todo 2>/dev/null | sed 's/^[A-Za-z]*=//' | tr ' ' '\n' | grep -E '\.(service|socket|timer|path)$' | sort -u || true)
    todo=''
    for one in $found; do case " $1 $all " in *" $one "*) ;; *) todo="$todo $one" ;; esac; done
    [ -n "$todo" ] || break
    all="$all$todo"
  done
  [ -z "$all" ] || systemctl show -p Id -p ActiveState $all 2>/dev/null | awk -F= '$1 == "Id" { id = $2 } $1 == "ActiveState" { state = $2 }
    id != "" && state != "" { if (state == "active") print id; id = state = "" }'
)
hang=/var/lib/pgaf-upgrade/pgautofailover.service.dependents
if [ ! -e "$hang" ]; then
  mkdir -p /var/lib/pgaf-upgrade; chmod 700 /var/lib/pgaf-upgrade
  dependents pgautofailover.service > "$hang.new"
  if [ -s "$hang.new" ]; then sync "$hang.new" || sync; mv "$hang.new" "$hang"; else rm -f "$hang.new"; fi
fi
# from here on nobody but the console’s own start starts it: systemd passes every other one over
mkdir -p /etc/systemd/system/pgautofailover.service.d
echo 'stopped by pgaf-upgrade, which starts it again' > /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold
sync /etc/systemd/system/pgautofailover.service.d || sync
# a start that somebody asks for meanwhile would take the place of the stop, which then ends as canceled
systemctl stop --job-mode=replace-irreversibly pgautofailover.service
systemctl stop pgaf-upgrade-d602597693-old.service # the one that leaves, where pg_autoctl has not taken it over yet
wait
systemctl reset-failed pgaf-upgrade-d602597693-new.service pgaf-upgrade-d602597693-old.service 2>/dev/null || true
placed=
change() {
  runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/aside </dev/null && systemctl restart pgaf-upgrade-d602597693-old.service && runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/carry-over </dev/null && systemctl stop pgaf-upgrade-d602597693-new.service && runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/in-place </dev/null || return 1
  placed=yes
  systemctl start pgaf-upgrade-d602597693-new.service && runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/opened </dev/null
}
if ! change; then
  systemctl stop pgaf-upgrade-d602597693-old.service
  [ -z "$placed" ] || systemctl stop pgaf-upgrade-d602597693-new.service
  if runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/home </dev/null; then
    if [ -e /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold ]; then rm -f /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold; sync /etc/systemd/system/pgautofailover.service.d || sync; fi
    hang=/var/lib/pgaf-upgrade/pgautofailover.service.dependents
    if [ -s "$hang" ]; then
      while read -r one; do
        if systemctl start --no-block "$one"; then echo "$one went down with pgautofailover.service, and is started again"; else echo "$one does not start: systemctl status $one"; fi
      done < "$hang"
      rm -f "$hang"
    fi
    systemctl reset-failed pgautofailover.service pgaf-upgrade-d602597693-new.service 2>/dev/null || true
    systemctl start pgautofailover.service
    systemctl start pgaf-upgrade-d602597693-new.service
    runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/go-on </dev/null
  else
    systemctl start pgaf-upgrade-d602597693-old.service pgaf-upgrade-d602597693-new.service
  fi
  exit 1
fi

## N.monitor.identifier (as postgres): Write new system identifier
set -eu
export LC_ALL=C
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=pg_auto_failover /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -c 'update pgautofailover.node set sysidentifier = 7711180000000000017 where formationid = '\''default'\'' and groupid = 0'

## N.node_1.adopt (as root): Return the server to pg_autoctl
set -eu
export LC_ALL=C
runuser -u postgres -- sh -c 'set -eu
export LC_ALL=C
set -eu
export LC_ALL=C
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.was /var/lib/pgsql/data/.pgaf-upgrade # a base backup would take the marker file along

'
if [ -e /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold ]; then rm -f /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold; sync /etc/systemd/system/pgautofailover.service.d || sync; fi
systemctl reset-failed pgautofailover.service 2>/dev/null || true
systemctl start pgautofailover.service
hang=/var/lib/pgaf-upgrade/pgautofailover.service.dependents
if [ -s "$hang" ]; then
  while read -r one; do
    if systemctl start --no-block "$one"; then echo "$one went down with pgautofailover.service, and is started again"; else echo "$one does not start: systemctl status $one"; fi
  done < "$hang"
  rm -f "$hang"
fi
systemctl enable --quiet pgautofailover.service

## O.node_1.follow-back (as postgres): Let 15 follow 17
set -eu
export LC_ALL=C
umask 077
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
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/follow-back.sql <<'END-OF-SQL'
set pgaf_upgrade.pass = on;
create function pg_temp.quoted(text) returns text language sql as $body$ select '''' || replace(replace($1, '\', '\\'), '''', '\''') || '''' $body$;
set pgaf_upgrade.pass = on;
set synchronous_commit = on;
begin;
select format('create subscription %I connection %L publication pgaf_upgrade with (connect = true, copy_data = false, create_slot = false, enabled = false, slot_name = %L, streaming = on, synchronous_commit = off, disable_on_error = false)',
    :'name', format('host=%s port=%s user=%s dbname=%s application_name=%s connect_timeout=5', pg_temp.quoted(:'serving' || ',' || :'private'), pg_temp.quoted(:'port' || ',' || :'port'), pg_temp.quoted(current_user::text), pg_temp.quoted(current_database()::text), :'name'), :'name')
  where not exists (select from pg_subscription where subname = :'name') \gexec

select format('alter subscription %I enable', subname) from pg_subscription where subname = :'name' and not subenabled \gexec
commit;
END-OF-SQL
# a failover from here on is another timeline than this one
timeline=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc 'select (case when pg_is_in_recovery() then (select timeline_id from pg_control_checkpoint()) else ('\''x'\'' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer end)')
while IFS=$tab read -r oid database; do
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -c 'set pgaf_upgrade.pass = on' -c "do \$body\$ begin execute format('comment on schema pgaf_upgrade is %L', regexp_replace(obj_description('pgaf_upgrade'::regnamespace, 'pg_namespace'), 'timeline=[0-9]+', 'timeline=$timeline')); end \$body\$" </dev/null
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open
while IFS=$tab read -r oid database; do
  if [ -n "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc "select 1 from pg_subscription where subname = 'pgaf_up_$oid'" </dev/null)" ]; then
    PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -q -c 'set pgaf_upgrade.pass = on' -c "alter subscription \"pgaf_up_$oid\" disable" -c "alter subscription \"pgaf_up_$oid\" set (slot_name = none)" -c "drop subscription \"pgaf_up_$oid\"" </dev/null
  fi
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atqc "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'pgaf_up_$oid' and not active" </dev/null
  [ "$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc "select wal_status in ('reserved', 'extended') from pg_replication_slots where slot_name = 'pgaf_back_$oid'" </dev/null)" = t ] || { printf '%s: its slot for the way back is not there, or is lost\n' "$database" >&2; exit 1; }
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atq -v name="pgaf_back_$oid" -v serving=/var/run/postgresql -v private=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -v port=5432 -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/follow-back.sql </dev/null
  printf '%s follows back\n' "$database"
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/follow-back.sql

## Q.node_1.make-ready (as postgres): Make the cut back ready
set -eu
export LC_ALL=C
umask 077
cd / # of whoever became postgres, a directory that postgres may not enter
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
servers() { # DATA…: which servers run there
  for one; do sed -n '1p;3p' "$one/postmaster.pid" 2>/dev/null || true; done | tr '\n' ' '
}
ready_age() ( # FILE WHAT DATA DATA: seconds since it was made ready for that and by these servers; nothing where it is not fresh
  [ -s "$1" ] && { IFS= read -r of && IFS= read -r at; } <"$1" || exit 0
  [ "$of" = "$2 $(servers "$3" "$4")" ] || exit 0
  case $at in '' | *[!0-9]*) exit 0 ;; esac
  age=$(($(date +%s) - at))
  [ "$age" -lt 0 ] || [ "$age" -gt 600 ] || echo "$age"
)
[ "$(version /var/lib/pgsql/data)" = 17 ] || { echo '/var/lib/pgsql/data is not PostgreSQL 17' >&2; exit 1; }
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql <<'END-OF-SQL'
\set QUIET on
\pset tuples_only on
\pset format unaligned
set pgaf_upgrade.pass = on;
set default_transaction_isolation = 'read committed';
set datestyle = iso;
set timezone = 'UTC';
select set_config('statement_timeout', :'seconds' || 's', false) \gset was_
select :'objects' = 'refuse' and exists (select from pg_largeobject_metadata) as unfollowed \gset
\if :unfollowed
do $body$ begin raise exception 'there are large objects in %, and none is carried', current_database(); end $body$;
\endif
begin;
insert into pgaf_upgrade.marker (what, at)
  values (:'what', greatest(clock_timestamp(), (select max(at) + interval '1 microsecond' from pgaf_upgrade.marker)))
  on conflict (what) do update set at = excluded.at returning at \gset
\if :stopped
insert into pgaf_upgrade.sequence as had (schema, name, last, called, file, moved)
  select now.schema, now.name, now.last, now.called, now.file, :'at' from (
  select schema, name, file, case when sound then ((get_byte(page, tuple + 24 + 0)::bigint << 0) | (get_byte(page, tuple + 24 + 1)::bigint << 8) | (get_byte(page, tuple + 24 + 2)::bigint << 16) | (get_byte(page, tuple + 24 + 3)::bigint << 24) | (get_byte(page, tuple + 24 + 4)::bigint << 32) | (get_byte(page, tuple + 24 + 5)::bigint << 40) | (get_byte(page, tuple + 24 + 6)::bigint << 48) | (get_byte(page, tuple + 24 + 7)::bigint << 56)) else coalesce(asked, pgaf_upgrade.uncalled(oid::regclass)) end as last,
      case when sound then get_byte(page, tuple + 40) = 1 else asked is not null end as called
    from (select *, case when not sound then pg_sequence_last_value(oid) end as asked
      from (select *, coalesce(item >> 15 & 3 = 1 and item >> 17 = 41 and tuple between 28 and special - 41 and get_byte(page, case when tuple between 28 and special - 41 then tuple else 0 end + 22) = 24, false) as sound
        from (select *, (item & 32767)::integer as tuple
          from (select *, case when special > 100 and ((get_byte(page, 16 + 0)::bigint << 0) | (get_byte(page, 16 + 1)::bigint << 8)) = special and ((get_byte(page, special + 0)::bigint << 0) | (get_byte(page, special + 1)::bigint << 8) | (get_byte(page, special + 2)::bigint << 16) | (get_byte(page, special + 3)::bigint << 24)) = 5911 and ((get_byte(page, 12 + 0)::bigint << 0) | (get_byte(page, 12 + 1)::bigint << 8)) = 28 then ((get_byte(page, 24 + 0)::bigint << 0) | (get_byte(page, 24 + 1)::bigint << 8) | (get_byte(page, 24 + 2)::bigint << 16) | (get_byte(page, 24 + 3)::bigint << 24)) end as item
            from (select n.nspname as schema, c.relname as name, c.oid, c.relfilenode as file, p.page, octet_length(p.page) - 8 as special
              from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join (select oid, dattablespace from pg_database where datname = current_database()) d
                cross join lateral (select case when c.reltablespace = 0 and c.relfilenode <> 0 and d.dattablespace = 1663
                  then pg_read_binary_file('base/' || d.oid || '/' || c.relfilenode, 0, current_setting('block_size')::bigint, true) end as page offset 0) p
              where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_temp' and (:'moved' = 'all' or c.oid = any(array(select case parts[1] when 'u' then parts[3]::oid else pg_filenode_relation(parts[1]::oid, parts[3]::oid)::oid end
        from (select string_to_array(one, '/') as parts from unnest(string_to_array(nullif(:'moved', 'all'), ' ')) one where one <> '') named
        where parts[2] = (select oid::text from pg_database where datname = current_database())))) offset 0) lies offset 0) items offset 0) tuples offset 0) judged offset 0) answers) now left join pgaf_upgrade.sequence was on was.schema = now.schema and was.name = now.name
  where (was.last, was.called, was.file) is distinct from (now.last, now.called, now.file)
  on conflict (schema, name) do update set last = excluded.last, called = excluded.called, file = excluded.file, moved = excluded.moved;
\else
insert into pgaf_upgrade.sequence as had (schema, name, last, called, file, moved)
  select now.schema, now.name, now.last, now.called, now.file, :'at' from (
  select n.nspname as schema, c.relname as name, coalesce(s.last, pgaf_upgrade.uncalled(c.oid::regclass)) as last, s.last is not null as called, c.relfilenode as file
    from (select c.* from pg_class c where c.relkind = 'S' and (:'moved' = 'all' or c.oid = any(array(select case parts[1] when 'u' then parts[3]::oid else pg_filenode_relation(parts[1]::oid, parts[3]::oid)::oid end
        from (select string_to_array(one, '/') as parts from unnest(string_to_array(nullif(:'moved', 'all'), ' ')) one where one <> '') named
        where parts[2] = (select oid::text from pg_database where datname = current_database())))) offset 0) c
      join pg_namespace n on n.oid = c.relnamespace cross join lateral (select pg_sequence_last_value(c.oid) as last offset 0) s
    where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_temp') now left join pgaf_upgrade.sequence was on was.schema = now.schema and was.name = now.name
  where (was.last, was.called, was.file) is distinct from (now.last, now.called, now.file)
  on conflict (schema, name) do update set last = excluded.last, called = excluded.called, file = excluded.file, moved = excluded.moved;
\endif
commit;
select :'at';
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql <<'END-OF-SQL'
\set QUIET on
\pset tuples_only on
\pset format unaligned
set pgaf_upgrade.pass = on;
set default_transaction_isolation = 'read committed'; -- whatever the database sets: each statement sees what has come by then
set statement_timeout = 0;
set datestyle = iso;
set timezone = 'UTC';
select set_config('pgaf_upgrade.what', :'what', false), set_config('pgaf_upgrade.at', :'at', false), set_config('pgaf_upgrade.seconds', :'seconds', false) \gset was_
select format('alter subscription %I enable', subname) from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) and subname ~ '^pgaf_(up|back)_[0-9]+$' and not subenabled \gexec
do $body$ declare
  until timestamptz := clock_timestamp() + current_setting('pgaf_upgrade.seconds')::integer * interval '1 second';
begin
  while not exists (select from pgaf_upgrade.marker where what = current_setting('pgaf_upgrade.what') and at = current_setting('pgaf_upgrade.at')::timestamptz) loop
    if clock_timestamp() > until then
      raise exception 'what was written last in % has not come within % s', current_database(), current_setting('pgaf_upgrade.seconds');
    end if;
    perform pg_sleep(0.01);
  end loop;
end $body$;
select set_config('statement_timeout', :'seconds' || 's', false) \gset was_
select count(*) from (select setval(to_regclass(format('%I.%I', schema, name)), last, called) from pgaf_upgrade.sequence
  where :all or moved > (select coalesce(max(at), '-infinity') from pgaf_upgrade.marker where what = 'ready') offset 0) moved \gset
select current_database() || ': everything is there, ' || :count || ' sequences set';
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/turn.sql <<'END-OF-SQL'
select format('alter subscription %I disable', subname) from pg_subscription where subname = :'follows' \gexec
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = :'back' \g /dev/null
select pg_create_logical_replication_slot(:'back', 'pgoutput') where :'back' <> '' \g /dev/null
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql <<'END-OF-SQL'
\set QUIET on
\pset tuples_only on
\pset format unaligned
select x from ((select format('schema %I of %s', n.nspname, quote_ident(pg_get_userbyid(n.nspowner))) from pg_namespace n where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade'))
union all (select format('%s %s of %s: %s', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' when 'c' then 'composite type' when 'i' then 'index' when 'I' then 'index' else 'table' end,
      format('%I.%I', n.nspname, c.relname), quote_ident(pg_get_userbyid(c.relowner)), md5(concat_ws(' ', c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, case when c.relkind in ('r', 'p', 'f', 'c') then a.columns end, s.terms)))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join (select attrelid, string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attgenerated), ', ' order by attnum) as columns
        from pg_attribute where attnum > 0 and not attisdropped group by attrelid) a on a.attrelid = c.oid
      left join (select seqrelid, concat_ws(' ', seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle) as terms from pg_sequence) s on s.seqrelid = c.oid
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c', 'i', 'I') and c.relpersistence <> 't'
      and not exists (select from pg_index i where i.indexrelid = c.oid and not i.indisvalid) and (c.relkind in ('r', 'p', 'i', 'I') or not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')))
union all (select format('constraint %I of %s: %s %s', k.conname, format('%I.%I', n.nspname, c.relname), k.contype, k.convalidated) from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade') and k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0)
union all (select format('trigger %I of %s: %s', t.tgname, format('%I.%I', n.nspname, c.relname), t.tgenabled) from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and t.tgparentid = 0 and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade'))
union all (select format('policy %I of %s: %s', p.polname, format('%I.%I', n.nspname, c.relname), p.polcmd) from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade'))
union all (select format('routine %s of %s: %s', p.oid::regprocedure, quote_ident(pg_get_userbyid(p.proowner)), md5(concat_ws(' ', p.prosrc, p.prosecdef, p.provolatile, p.proconfig::text)))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade') and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'))
union all (select format('type %I.%I of %s: %s', n.nspname, y.typname, quote_ident(pg_get_userbyid(y.typowner)), md5(concat_ws(' ', y.typnotnull, format_type(y.typbasetype, y.typtypmod), (select string_agg(quote_literal(e.enumlabel), ' ' order by e.enumsortorder) from pg_enum e where e.enumtypid = y.oid))))
    from pg_type y join pg_namespace n on n.oid = y.typnamespace where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pgaf_upgrade') and y.typtype in ('d', 'e', 'r') and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = y.oid and d.deptype = 'e'))
union all (select format('extension %I', extname) from pg_extension)
union all (select format('%s large objects', count(*)) from pg_largeobject_metadata where :'objects' = 'refuse' having count(*) > 0)) s(x) order by x collate "C";
END-OF-SQL
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new
if [ -e /var/lib/pgsql/data_pg17_new ] || [ -L /var/lib/pgsql/data_pg17_new ]; then echo '/var/lib/pgsql/data_pg17_new is there already' >&2; exit 1; fi
visitors() ( # DIRECTORY...: nobody but its server and pg_autoctl has them open; else it says who
  for dir in "$@"; do
    real=$(readlink -f -- "$dir") server=
    [ ! -s "$dir/postmaster.pid" ] || read -r server <"$dir/postmaster.pid" || true
    for wait in 0.1 0.9 1 1 ""; do
      found=$(find /proc/[0-9]*/fd /proc/[0-9]*/cwd -maxdepth 1 -type l -printf '%p %l\n' 2>/dev/null | real=$real awk '
        { path = substr($0, index($0, " ") + 1) }
        path == ENVIRON["real"] || index(path, ENVIRON["real"] "/") == 1 { split($0, part, "/"); held[part[3]] = path }
        END { for (pid in held) print pid, held[pid] }' | while read -r pid path; do
          up=$pid
          while [ "${up:-0}" -gt 1 ] && [ "$up" != "$server" ] && [ "$(cat "/proc/$up/comm" 2>/dev/null)" != pg_autoctl ]; do
            up=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$up/status" 2>/dev/null)
          done
          # the server's and pg_autoctl's own end before the first process does
          if [ "$up" = 1 ] || [ "$up" = 0 ]; then echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first"; fi
        done)
      [ -n "$found" ] && [ -n "$wait" ] || break
      sleep $wait
    done
    [ -z "$found" ] || { printf '%s\n' "$found" | head -n 3 >&2; exit 1; }
  done
)
visitors /var/lib/pgsql/data /var/lib/pgsql/data_pg15_bak
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
whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc 'select x from (
  select '\''role '\'' || rolname || '\'' '\'' || md5(concat_ws('\'','\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''^pg_'\''
  union all select '\''member of '\'' || r.rolname || '\'': '\'' || m.rolname || '\'' '\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''^pg_'\''
  union all select '\''settings of '\'' || coalesce(rolname, '\''every role'\'') || '\'' in '\'' || coalesce(datname, '\''every database'\'') || '\'' '\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''database '\'' || datname || '\'' of '\'' || pg_get_userbyid(datdba) || '\'' '\'' || md5(concat_ws('\'','\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''^template'\''
  union all select '\''tablespace '\'' || spcname || '\'' of '\'' || pg_get_userbyid(spcowner) || '\'' '\'' || md5(concat_ws('\'','\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''^pg_'\'') s(x) order by x collate "C"' </dev/null)
printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves
whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atqc 'select x from (
  select '\''role '\'' || rolname || '\'' '\'' || md5(concat_ws('\'','\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''^pg_'\''
  union all select '\''member of '\'' || r.rolname || '\'': '\'' || m.rolname || '\'' '\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''^pg_'\''
  union all select '\''settings of '\'' || coalesce(rolname, '\''every role'\'') || '\'' in '\'' || coalesce(datname, '\''every database'\'') || '\'' '\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''database '\'' || datname || '\'' of '\'' || pg_get_userbyid(datdba) || '\'' '\'' || md5(concat_ws('\'','\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''^template'\''
  union all select '\''tablespace '\'' || spcname || '\'' of '\'' || pg_get_userbyid(spcowner) || '\'' '\'' || md5(concat_ws('\'','\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''^pg_'\'') s(x) order by x collate "C"' </dev/null)
printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes
cmp -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes || { echo 'roles, databases, their settings or tablespaces are not the same on 17 and on 15, or a transaction is prepared. Make them the same on 15, by psql -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432; commit or roll back what is prepared, where it serves:' >&2; diff /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes >&2; exit 1; }
open=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atc 'select string_agg(format('\''%s of %s in %s, process %s, for %s s'\'', coalesce(nullif(application_name, '\'''\''), '\''a client'\''), usename, datname, pid, round(extract(epoch from now() - xact_start))), '\'', '\'') from pg_stat_activity where backend_xid is not null and backend_type = '\''client backend'\'' and pid <> pg_backend_pid()' </dev/null)
[ -z "$open" ] || { echo 'a transaction is open on 15 that is to serve, and the change of places would wait for it. End it:' "$open" >&2; exit 1; }
other=
while IFS=$tab read -r oid database; do
  (
    whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql </dev/null)
    printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves
  ) & asked=$!
  whole=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atq -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql </dev/null)
  printf '%s\n' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes
  wait $asked
  cmp -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes || { printf '%s:\n' "$database" >&2; diff /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes | head -n 20 >&2; other=yes; }
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open
[ -z "$other" ] || { echo 'the schema is not the same on 17 (<) and on 15 (>), and is frozen: somebody has gone past it. An owner or a routine can be made the same there, as a superuser who sets pgaf_upgrade.pass to on; of a table or a column the rows are missing too: where it is not wanted, drop it, else begin anew' >&2; exit 1; }
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready
of=$(servers /var/lib/pgsql/data /var/lib/pgsql/data_pg15_bak)
while IFS=$tab read -r oid database; do
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -q -c 'set pgaf_upgrade.pass = on' -c "alter subscription \"pgaf_back_$oid\" set (synchronous_commit = on)" </dev/null
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -qc checkpoint </dev/null
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc 'select redo_lsn || '\'' '\'' || timeline_id from pg_control_checkpoint()' </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new
: > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
while IFS=$tab read -r oid database; do
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc 'select '\''u/'\'' || d.oid || '\''/'\'' || c.oid from pg_class c, pg_database d where d.datname = current_database() and c.relkind = '\''S'\'' and c.relpersistence = '\''u'\''' </dev/null >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
one() {
  at=$(PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v what=ready -v seconds=300 -v stopped=false -v moved=all -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql </dev/null) &&
  PGOPTIONS='-c search_path=pg_catalog' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atq -v what=ready -v seconds=300 -v at="$at" -v all=true -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql </dev/null ||
  { printf 'it did not all arrive: %s\n' "$database" >&2; exit 1; }
}
carrying=
while IFS=$tab read -r oid database; do
  one </dev/null & carrying="$carrying $!"
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
arrived=yes
for one in $carrying; do wait "$one" || arrived=; done # one that was killed has left no word
[ -n "$arrived" ] || { echo 'a database was not carried over' >&2; exit 1; }
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since
printf '%s\n' way-back" $of" "$(date +%s)" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready.new
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -qc checkpoint </dev/null
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -qc checkpoint </dev/null
echo 'everything is ready, for 10 minutes: PostgreSQL 17 serves on'

## Q.node_1.cut-back (as root): Cut back to 15
set -eu
export LC_ALL=C
runuser -u postgres -- sh -c 'set -eu
export LC_ALL=C
umask 077
cd /
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/let-go.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap '\''rm -rf "$at"'\'' EXIT; mkdir "$at/global"
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
  [ "$(control "$1" "$2" | sed -n '\''s/^Database system identifier: *//p'\'')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
server=$(head -n 1 /var/lib/pgsql/data/postmaster.pid 2>/dev/null) || exit 0
case $server in '\'''\'' | *[!0-9]*) exit 0 ;; esac
tries=0 archiver=0
while [ "$(head -n 1 /var/lib/pgsql/data/postmaster.pid 2>/dev/null)" = "$server" ] && [ $tries -lt 600 ]; do
  tries=$((tries + 1))
  sleep 0.1
  [ $tries -gt 20 ] || continue
  for at in $(grep -lsx "PPid:[[:space:]]*$server" /proc/[0-9]*/status || true); do
    at=${at%/status}
    case $(tr '\''\0'\'' '\'' '\'' 2>/dev/null < "$at/cmdline") in
      '\''postgres: walsender '\''* | '\''postgres: '\''*'\'': walsender '\''*) kill "${at#/proc/}" 2>/dev/null && echo '\''a reader of WAL has not answered, and is not waited for'\'' || true ;;
      '\''postgres: archiver'\''* | '\''postgres: '\''*'\'': archiver'\''*)
        control /opt/vmware/postgres/17/bin /var/lib/pgsql/data 2>/dev/null | grep -q '\''^Database cluster state: *shut down$'\'' || continue # nothing else is waited for then
        archiver=$((archiver + 1))
        [ $archiver -gt 1 ] || echo "the archiver has not ended, and is not waited for; files of WAL that are not archived: $(find /var/lib/pgsql/data/pg_wal/archive_status/ -name '\''*.ready'\'' | wc -l)"
        if [ $archiver -gt 20 ]; then kill -s KILL -- "-${at#/proc/}" 2>/dev/null || true; else kill -s TERM -- "-${at#/proc/}" 2>/dev/null || true; fi ;;
    esac
  done
done

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/let-go.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/let-go.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/let-go
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/aside.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
umask 077
# what we have made has a marker file: which run made it, for which cluster
mark() { printf '\''run=%s\nsystem=%s\n'\'' 20261123T014800Z-1a2b 7711174124246397031; }
own() { mark > "$1/.pgaf-upgrade.new"; sync "$1/.pgaf-upgrade.new"; mv "$1/.pgaf-upgrade.new" "$1/.pgaf-upgrade"; sync "$1"; }
marked() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/.pgaf-upgrade" ] && [ ! -L "$1/.pgaf-upgrade" ]; }
ours() { marked "$1" && mark | cmp -s - "$1/.pgaf-upgrade"; }
kin() { marked "$1" && [ "$(sed -n 2p "$1/.pgaf-upgrade")" = system=7711174124246397031 ]; }
unmark() { rm -f "$1/.pgaf-upgrade" "$1/.pgaf-upgrade.new"; sync "$1"; }
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap '\''rm -rf "$at"'\'' EXIT; mkdir "$at/global"
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
  [ "$(control "$1" "$2" | sed -n '\''s/^Database system identifier: *//p'\'')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
[ "$(version /var/lib/pgsql/data)" != 15 ] || exit 0
if [ ! -e /var/lib/pgsql/data ] && [ ! -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new ]; then echo '\''PostgreSQL 17 has never served: PostgreSQL 15 goes home'\''; exit 0; fi
if [ -e /var/lib/pgsql/data ] && [ "$(cat /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops 2>/dev/null)" != way-back ]; then echo '\''PostgreSQL 17 was stopped already, and nothing is ready: it serves first'\'' >&2; exit 1; fi
mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/new-log
echo '\''local all all trust'\'' > /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new/pg_hba.conf
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new <<'\''END-OF-SERVE'\''
# written by pgaf-upgrade: PostgreSQL 17 as it was stopped, on a socket that nobody else reaches
set -eu
[ -f /var/lib/pgsql/data_pg17_new/PG_VERSION ] || exit 0
exec /opt/vmware/postgres/17/bin/postgres -D /var/lib/pgsql/data_pg17_new -c listen_addresses= -c port=5432 \
  -c unix_socket_directories=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -c unix_socket_permissions=0700 -c hba_file=/var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new/pg_hba.conf \
  -c ssl=off -c archive_timeout=0 -c archive_command= -c archive_library= -c synchronous_standby_names= -c primary_conninfo= -c restore_command= -c shared_preload_libraries= \
  -c default_transaction_read_only=off -c huge_pages=off -c shared_buffers=256MB \
  -c max_logical_replication_workers=16 -c wal_retrieve_retry_interval=200ms -c wal_writer_delay=20ms \
  -c logging_collector=on -c log_destination=stderr -c log_directory=/var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/new-log -c log_filename=%a.log -c log_truncate_on_rotation=on -c log_rotation_age=1d -c log_rotation_size=0
END-OF-SERVE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new
if [ -e /var/lib/pgsql/data ]; then
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
  idle /var/lib/pgsql/data
  [ ! -e /var/lib/pgsql/data_pg17_new ] || { echo '\''/var/lib/pgsql/data_pg17_new is there already'\'' >&2; exit 1; }
  whole=$(control /opt/vmware/postgres/17/bin /var/lib/pgsql/data)
  printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new.new
  grep -q '\''^Database cluster state: *shut down$'\'' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new.new || { echo '\''it was not shut down in order'\'' >&2; exit 1; }
  keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new.new; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new; keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new
  own /var/lib/pgsql/data
  mv -T /var/lib/pgsql/data /var/lib/pgsql/data_pg17_new
  sync /var/lib/pgsql || sync
fi
[ "$(version /var/lib/pgsql/data_pg17_new)" = 17 ]

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/aside.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/aside.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/aside
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/carry-over.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
umask 077
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
[ "$(version /var/lib/pgsql/data)" != 15 ] || exit 0
tab=$(printf '\''\t'\'')
settle() (
  /opt/vmware/postgres/17/bin/pg_autoctl config set postgresql.pg_ctl /opt/vmware/postgres/15/bin/pg_ctl --pgdata /var/lib/pgsql/data
  # bytes 16 to 23 of the state file are the system identifier, least significant byte first
  now=$(od -An -v -t u8 -j 16 -N 8 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state | tr -d '\'' '\'')
  if [ "$now" = 7711174124246397031 ]; then echo "it is 7711174124246397031 already"; exit 0; fi
  case $(systemctl is-active pgautofailover.service || true) in inactive | failed | unknown) ;; *) echo '\''pgautofailover.service is active: stop it first'\'' >&2; exit 1 ;; esac
  if [ "$(cat "/proc/$(head -n 1 /tmp/pg_autoctl/var/lib/pgsql/data/pg_autoctl.pid 2>/dev/null)/comm" 2>/dev/null)" = pg_autoctl ]; then echo '\''pg_autoctl runs: stop it first'\'' >&2; exit 1; fi
  if [ "$(sed -n 4p /var/lib/pgsql/data/postmaster.pid 2>/dev/null)" = 5432 ] && [ -e "/proc/$(head -n 1 /var/lib/pgsql/data/postmaster.pid)/stat" ]; then echo '\''PostgreSQL runs on port 5432: stop it first'\'' >&2; exit 1; fi
  [ "$(wc -c < /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state)" -eq 1024 ] || { echo '\''not the state file this knows: its size is not 1024'\'' >&2; exit 1; }
  case $(od -An -v -t d4 -N 4 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state | tr -d '\'' '\'') in 1 | 2) ;; *) echo '\''not the state file this knows: its layout is neither 1 nor 2'\'' >&2; exit 1 ;; esac
  cp -p /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg17
  cp -p /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.new
  printf '\''\147\360\343\254\002\230\003\153'\'' | dd of=/var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.new bs=1 seek=16 conv=notrunc 2>/dev/null
  [ "$(od -An -v -t u8 -j 16 -N 8 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.new | tr -d '\'' '\'')" = 7711174124246397031 ]
  keep /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg17 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.new
  mv /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.new /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state
  keep /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state
  echo "system identifier $now -> 7711174124246397031"
)
if [ ! -e /var/lib/pgsql/data ] && [ ! -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new ]; then settle; exit 0; fi # nobody has written since 15
settle > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/settle.log 2>&1 & settling=$!
trap wait EXIT # what fails is taken back at once: not under its hands
moved=all
since=$(cut -d '\'' '\'' -f 1 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since 2>/dev/null || true)
end=$(sed -n '\''s/^Latest checkpoint location: *//p'\'' /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new)
timeline=$(sed -n "s/^Latest checkpoint'\''s TimeLineID: *//p" /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new)
case $since,$end in
*/*,*/*)
  if [ $(((0x${end%/*} - 0x${since%/*}) * 4294967296 + 0x${end#*/} - 0x${since#*/})) -le 1073741824 ] && silent=$(cat /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent) &&
    records=$(/opt/vmware/postgres/17/bin/pg_waldump --path=/var/lib/pgsql/data_pg17_new/pg_wal --timeline="$timeline" --rmgr=Sequence --start="$since" --end="$end" 2>/dev/null); then
    names=$(printf '\''%s\n'\'' "$records" | sed -n '\''s|^rmgr: Sequence .* desc: LOG rel \([0-9]*/[0-9]*/[0-9]*\),.*|\1|p'\'')
    # every record was understood
    if [ "$(printf '\''%s'\'' "$names" | wc -w)" = "$(printf '\''%s'\'' "$records" | grep -c .)" ]; then
      names=$(printf '\''%s\n'\'' "$names" "$silent" | grep . | sort -u || true)
      [ "$(printf '\''%s'\'' "$names" | wc -w)" -gt 2000 ] || moved=$(printf '\''%s'\'' "$names" | tr '\''\n'\'' '\'' '\'')
    fi
  fi
  ;;
esac
tries=0
until /opt/vmware/postgres/17/bin/pg_isready -q -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432; do
  tries=$((tries + 1)); [ $tries -le 300 ] || { echo '\''the server does not answer'\'' >&2; exit 1; }
  sleep 0.03
done
tries=0
until /opt/vmware/postgres/15/bin/pg_isready -q -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432; do
  tries=$((tries + 1)); [ $tries -le 300 ] || { echo '\''the server does not answer'\'' >&2; exit 1; }
  sleep 0.03
done
whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atqc '\''select x from (
  select '\''\'\'''\''role '\''\'\'''\'' || rolname || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''member of '\''\'\'''\'' || r.rolname || '\''\'\'''\'': '\''\'\'''\'' || m.rolname || '\''\'\'''\'' '\''\'\'''\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''settings of '\''\'\'''\'' || coalesce(rolname, '\''\'\'''\''every role'\''\'\'''\'') || '\''\'\'''\'' in '\''\'\'''\'' || coalesce(datname, '\''\'\'''\''every database'\''\'\'''\'') || '\''\'\'''\'' '\''\'\'''\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''\'\'''\''database '\''\'\'''\'' || datname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(datdba) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''\'\'''\''^template'\''\'\'''\''
  union all select '\''\'\'''\''tablespace '\''\'\'''\'' || spcname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(spcowner) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''prepared transaction '\''\'\'''\'' || gid || '\''\'\'''\'' in '\''\'\'''\'' || database from pg_prepared_xacts) s(x) order by x collate "C"'\'' </dev/null)
printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves
whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atqc '\''select x from (
  select '\''\'\'''\''role '\''\'\'''\'' || rolname || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''member of '\''\'\'''\'' || r.rolname || '\''\'\'''\'': '\''\'\'''\'' || m.rolname || '\''\'\'''\'' '\''\'\'''\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''settings of '\''\'\'''\'' || coalesce(rolname, '\''\'\'''\''every role'\''\'\'''\'') || '\''\'\'''\'' in '\''\'\'''\'' || coalesce(datname, '\''\'\'''\''every database'\''\'\'''\'') || '\''\'\'''\'' '\''\'\'''\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''\'\'''\''database '\''\'\'''\'' || datname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(datdba) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''\'\'''\''^template'\''\'\'''\''
  union all select '\''\'\'''\''tablespace '\''\'\'''\'' || spcname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(spcowner) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''prepared transaction '\''\'\'''\'' || gid || '\''\'\'''\'' in '\''\'\'''\'' || database from pg_prepared_xacts) s(x) order by x collate "C"'\'' </dev/null)
printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes
cmp -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes || { echo '\''roles, databases, their settings or tablespaces are not the same on 17 and on 15, or a transaction is prepared. Make them the same on 15, by psql -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432; commit or roll back what is prepared, where it serves:'\'' >&2; diff /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes >&2; exit 1; }
one() {
  at=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/new -p 5432 -U postgres -Atq -v what=way-back -v seconds=10 -v stopped=true -v moved="$moved" -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql </dev/null) &&
  PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atq -v what=way-back -v seconds=10 -v at="$at" -v all=false -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql -v follows="pgaf_back_$oid" -v back='\'''\'' -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/turn.sql </dev/null ||
  { printf '\''it did not all arrive: %s\n'\'' "$database" >&2; exit 1; }
}
carrying=
while IFS=$tab read -r oid database; do
  one </dev/null & carrying="$carrying $!"
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
arrived=yes
for one in $carrying; do wait "$one" || arrived=; done # one that was killed has left no word
[ -n "$arrived" ] || { echo '\''a database was not carried over'\'' >&2; exit 1; }
wait $settling || { cat /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/settle.log >&2; exit 1; }

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/carry-over.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/carry-over.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/carry-over
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/in-place.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
umask 077
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
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap '\''rm -rf "$at"'\'' EXIT; mkdir "$at/global"
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
  [ "$(control "$1" "$2" | sed -n '\''s/^Database system identifier: *//p'\'')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
if [ "$(version /var/lib/pgsql/data)" = 15 ]; then # ended behind its last rename, or it was never away
  cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.new <<'\''END-OF-SERVE'\''
# written by pgaf-upgrade: PostgreSQL 15 serves, until pg_autoctl takes it over
set -eu
[ "$(cat /var/lib/pgsql/data/PG_VERSION)" = 15 ] || exit 0
listens=$(sed -n '\''s/^listen_addresses *= *//p'\'' /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg | head -n 1)
exec /opt/vmware/postgres/15/bin/postgres -D /var/lib/pgsql/data -p 5432 -h "${listens:-*}"
END-OF-SERVE
  sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.new || sync
  mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old
  unmark /var/lib/pgsql/data
  exit 0
fi
[ ! -e /var/lib/pgsql/data ] || { echo '\''/var/lib/pgsql/data is there'\'' >&2; exit 1; }
kin /var/lib/pgsql/data_pg15_bak || { echo '\''/var/lib/pgsql/data_pg15_bak has no marker file of an upgrade of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it first'\'' >&2; exit 1; }
idle /var/lib/pgsql/data_pg15_bak
names=$(/opt/vmware/postgres/15/bin/postgres -D /var/lib/pgsql/data_pg15_bak -C synchronous_standby_names)
[ -z "$names" ] || { echo "synchronous_standby_names is $names: the first write would wait" >&2; exit 1; }
# what is written from here on is the application’s
whole=$(control /opt/vmware/postgres/15/bin /var/lib/pgsql/data_pg15_bak)
printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-back.new
keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-back.new; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-back.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-back; keep /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-back
[ -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.was ] || cp -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.was
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.new <<'\''END-OF-SERVE'\''
# written by pgaf-upgrade: PostgreSQL 15 serves, until pg_autoctl takes it over
set -eu
[ "$(cat /var/lib/pgsql/data/PG_VERSION)" = 15 ] || exit 0
listens=$(sed -n '\''s/^listen_addresses *= *//p'\'' /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg | head -n 1)
exec /opt/vmware/postgres/15/bin/postgres -D /var/lib/pgsql/data -p 5432 -h "${listens:-*}"
END-OF-SERVE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old
 # nothing starts it before it has its own name
mv -T /var/lib/pgsql/data_pg15_bak /var/lib/pgsql/data
sync /var/lib/pgsql || sync
unmark /var/lib/pgsql/data || true

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/in-place.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/in-place.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/in-place
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/opened.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap '\''rm -rf "$at"'\'' EXIT; mkdir "$at/global"
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
  [ "$(control "$1" "$2" | sed -n '\''s/^Database system identifier: *//p'\'')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
tries=0
until /opt/vmware/postgres/15/bin/pg_isready -q -h /var/run/postgresql -p 5432; do
  tries=$((tries + 1))
  if [ $tries -gt 300 ]; then
    if as_kept /opt/vmware/postgres/15/bin /var/lib/pgsql/data /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-back; then echo '\''the server does not start'\'' >&2; exit 1; fi
    [ $tries -le 600 ] || { echo '\''the server has begun, and does not answer'\'' >&2; exit 1; }
  fi
  sleep 0.03
done
up=; read -r up rest < /proc/uptime || true
echo "writes go on: $up s since boot"
rm -f /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg.pg17 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops
PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc "select '\''it serves: '\'' || version()" </dev/null

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/opened.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/opened.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/opened
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/home.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
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
keep() { # FILE...: on the disk, with the directory that names it
  for kept in "$@"; do
    [ -e "$kept" ] || { echo "$kept is not there" >&2; return 1; }
    case $kept in */*) set -- "$@" "${kept%/*}/" ;; *) set -- "$@" . ;; esac
  done
  unset kept; sync -- "$@" || sync
}
version() { cat "$1/PG_VERSION" 2>/dev/null || true; }
control() ( # BIN DIRECTORY: what pg_controldata says of it, whatever pg_control is called by now
  at=$2
  if [ ! -e "$2/global/pg_control" ]; then
    at=$(mktemp -d); trap '\''rm -rf "$at"'\'' EXIT; mkdir "$at/global"
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
  [ "$(control "$1" "$2" | sed -n '\''s/^Database system identifier: *//p'\'')" = "$3" ] || { echo "$2 is not of the system $3" >&2; return 1; }
}
[ "$(version /var/lib/pgsql/data)" = 17 ] || [ -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new ] || { echo '\''PostgreSQL 17 has never served, and does not now: the rollback goes on, or the cut-over'\'' >&2; exit 1; }
if [ "$(version /var/lib/pgsql/data)" = 15 ] && [ ! -e /var/lib/pgsql/data_pg15_bak ] && as_kept /opt/vmware/postgres/15/bin /var/lib/pgsql/data /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-back; then
  idle /var/lib/pgsql/data
  own /var/lib/pgsql/data
  mv -T /var/lib/pgsql/data /var/lib/pgsql/data_pg15_bak
  sync /var/lib/pgsql || sync
  echo '\''PostgreSQL 15 has never begun to serve'\''
fi
if [ ! -e /var/lib/pgsql/data ]; then
  [ "$(version /var/lib/pgsql/data_pg17_new)" = 17 ]
  kin /var/lib/pgsql/data_pg17_new || { echo '\''/var/lib/pgsql/data_pg17_new has no marker file of an upgrade of this cluster (.pgaf-upgrade): it may belong to somebody else. Inspect it first'\'' >&2; exit 1; }
  rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-new
  mv -T /var/lib/pgsql/data_pg17_new /var/lib/pgsql/data
  sync /var/lib/pgsql || sync
fi
[ "$(version /var/lib/pgsql/data)" = 17 ] || { echo '\''/var/lib/pgsql/data is not PostgreSQL 17: it stays where it is'\'' >&2; exit 1; }
# from here on it can be started, whatever fails: a full disk gives no room for a copy, and takes a rename
unmark /var/lib/pgsql/data || true
if [ -e /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.was ]; then mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.was /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old; fi # it follows on
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/handed-back /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops
if [ -e /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg.pg17 ]; then mv /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg.pg17 /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg; keep /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg || true; fi
if [ -e /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg17 ] && [ "$(wc -c < /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg17)" -eq 1024 ]; then mv /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg17 /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state; keep /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state || true; fi
echo '\''PostgreSQL 17 goes home'\''

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/home.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/home.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/home
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/go-on.new <<'\''END-OF-FILE'\''
set -eu
export LC_ALL=C
tab=$(printf '\''\t'\'')
tries=0
until /opt/vmware/postgres/17/bin/pg_isready -q -h /var/run/postgresql -p 5432; do
  tries=$((tries + 1)); [ $tries -le 300 ] || { echo '\''the server does not answer'\'' >&2; exit 1; }
  sleep 0.03
done
up=; read -r up rest < /proc/uptime || true
echo "writes go on: $up s since boot"
tries=0
until /opt/vmware/postgres/15/bin/pg_isready -q -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432; do
  tries=$((tries + 1)); [ $tries -le 300 ] || { echo '\''the server does not answer'\'' >&2; exit 1; }
  sleep 0.03
done
while IFS=$tab read -r oid database; do
  PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atq -c '\''set pgaf_upgrade.pass = on'\'' -c "alter subscription \"pgaf_back_$oid\" enable" </dev/null >/dev/null
done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
echo '\''PostgreSQL 17 serves again: nothing was lost, and 15 follows on'\''

END-OF-FILE
sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/go-on.new || sync
mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/go-on.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/go-on
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql <<'\''END-OF-SQL'\''
\set QUIET on
\pset tuples_only on
\pset format unaligned
set pgaf_upgrade.pass = on;
set default_transaction_isolation = '\''read committed'\'';
set datestyle = iso;
set timezone = '\''UTC'\'';
select set_config('\''statement_timeout'\'', :'\''seconds'\'' || '\''s'\'', false) \gset was_
select :'\''objects'\'' = '\''refuse'\'' and exists (select from pg_largeobject_metadata) as unfollowed \gset
\if :unfollowed
do $body$ begin raise exception '\''there are large objects in %, and none is carried'\'', current_database(); end $body$;
\endif
begin;
insert into pgaf_upgrade.marker (what, at)
  values (:'\''what'\'', greatest(clock_timestamp(), (select max(at) + interval '\''1 microsecond'\'' from pgaf_upgrade.marker)))
  on conflict (what) do update set at = excluded.at returning at \gset
\if :stopped
insert into pgaf_upgrade.sequence as had (schema, name, last, called, file, moved)
  select now.schema, now.name, now.last, now.called, now.file, :'\''at'\'' from (
  select schema, name, file, case when sound then ((get_byte(page, tuple + 24 + 0)::bigint << 0) | (get_byte(page, tuple + 24 + 1)::bigint << 8) | (get_byte(page, tuple + 24 + 2)::bigint << 16) | (get_byte(page, tuple + 24 + 3)::bigint << 24) | (get_byte(page, tuple + 24 + 4)::bigint << 32) | (get_byte(page, tuple + 24 + 5)::bigint << 40) | (get_byte(page, tuple + 24 + 6)::bigint << 48) | (get_byte(page, tuple + 24 + 7)::bigint << 56)) else coalesce(asked, pgaf_upgrade.uncalled(oid::regclass)) end as last,
      case when sound then get_byte(page, tuple + 40) = 1 else asked is not null end as called
    from (select *, case when not sound then pg_sequence_last_value(oid) end as asked
      from (select *, coalesce(item >> 15 & 3 = 1 and item >> 17 = 41 and tuple between 28 and special - 41 and get_byte(page, case when tuple between 28 and special - 41 then tuple else 0 end + 22) = 24, false) as sound
        from (select *, (item & 32767)::integer as tuple
          from (select *, case when special > 100 and ((get_byte(page, 16 + 0)::bigint << 0) | (get_byte(page, 16 + 1)::bigint << 8)) = special and ((get_byte(page, special + 0)::bigint << 0) | (get_byte(page, special + 1)::bigint << 8) | (get_byte(page, special + 2)::bigint << 16) | (get_byte(page, special + 3)::bigint << 24)) = 5911 and ((get_byte(page, 12 + 0)::bigint << 0) | (get_byte(page, 12 + 1)::bigint << 8)) = 28 then ((get_byte(page, 24 + 0)::bigint << 0) | (get_byte(page, 24 + 1)::bigint << 8) | (get_byte(page, 24 + 2)::bigint << 16) | (get_byte(page, 24 + 3)::bigint << 24)) end as item
            from (select n.nspname as schema, c.relname as name, c.oid, c.relfilenode as file, p.page, octet_length(p.page) - 8 as special
              from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join (select oid, dattablespace from pg_database where datname = current_database()) d
                cross join lateral (select case when c.reltablespace = 0 and c.relfilenode <> 0 and d.dattablespace = 1663
                  then pg_read_binary_file('\''base/'\'' || d.oid || '\''/'\'' || c.relfilenode, 0, current_setting('\''block_size'\'')::bigint, true) end as page offset 0) p
              where c.relkind = '\''S'\'' and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_temp'\'' and (:'\''moved'\'' = '\''all'\'' or c.oid = any(array(select case parts[1] when '\''u'\'' then parts[3]::oid else pg_filenode_relation(parts[1]::oid, parts[3]::oid)::oid end
        from (select string_to_array(one, '\''/'\'') as parts from unnest(string_to_array(nullif(:'\''moved'\'', '\''all'\''), '\'' '\'')) one where one <> '\'''\'') named
        where parts[2] = (select oid::text from pg_database where datname = current_database())))) offset 0) lies offset 0) items offset 0) tuples offset 0) judged offset 0) answers) now left join pgaf_upgrade.sequence was on was.schema = now.schema and was.name = now.name
  where (was.last, was.called, was.file) is distinct from (now.last, now.called, now.file)
  on conflict (schema, name) do update set last = excluded.last, called = excluded.called, file = excluded.file, moved = excluded.moved;
\else
insert into pgaf_upgrade.sequence as had (schema, name, last, called, file, moved)
  select now.schema, now.name, now.last, now.called, now.file, :'\''at'\'' from (
  select n.nspname as schema, c.relname as name, coalesce(s.last, pgaf_upgrade.uncalled(c.oid::regclass)) as last, s.last is not null as called, c.relfilenode as file
    from (select c.* from pg_class c where c.relkind = '\''S'\'' and (:'\''moved'\'' = '\''all'\'' or c.oid = any(array(select case parts[1] when '\''u'\'' then parts[3]::oid else pg_filenode_relation(parts[1]::oid, parts[3]::oid)::oid end
        from (select string_to_array(one, '\''/'\'') as parts from unnest(string_to_array(nullif(:'\''moved'\'', '\''all'\''), '\'' '\'')) one where one <> '\'''\'') named
        where parts[2] = (select oid::text from pg_database where datname = current_database())))) offset 0) c
      join pg_namespace n on n.oid = c.relnamespace cross join lateral (select pg_sequence_last_value(c.oid) as last offset 0) s
    where c.relkind = '\''S'\'' and c.relpersistence <> '\''t'\'' and n.nspname !~ '\''^pg_temp'\'') now left join pgaf_upgrade.sequence was on was.schema = now.schema and was.name = now.name
  where (was.last, was.called, was.file) is distinct from (now.last, now.called, now.file)
  on conflict (schema, name) do update set last = excluded.last, called = excluded.called, file = excluded.file, moved = excluded.moved;
\endif
commit;
select :'\''at'\'';
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql <<'\''END-OF-SQL'\''
\set QUIET on
\pset tuples_only on
\pset format unaligned
set pgaf_upgrade.pass = on;
set default_transaction_isolation = '\''read committed'\''; -- whatever the database sets: each statement sees what has come by then
set statement_timeout = 0;
set datestyle = iso;
set timezone = '\''UTC'\'';
select set_config('\''pgaf_upgrade.what'\'', :'\''what'\'', false), set_config('\''pgaf_upgrade.at'\'', :'\''at'\'', false), set_config('\''pgaf_upgrade.seconds'\'', :'\''seconds'\'', false) \gset was_
select format('\''alter subscription %I enable'\'', subname) from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) and subname ~ '\''^pgaf_(up|back)_[0-9]+$'\'' and not subenabled \gexec
do $body$ declare
  until timestamptz := clock_timestamp() + current_setting('\''pgaf_upgrade.seconds'\'')::integer * interval '\''1 second'\'';
begin
  while not exists (select from pgaf_upgrade.marker where what = current_setting('\''pgaf_upgrade.what'\'') and at = current_setting('\''pgaf_upgrade.at'\'')::timestamptz) loop
    if clock_timestamp() > until then
      raise exception '\''what was written last in % has not come within % s'\'', current_database(), current_setting('\''pgaf_upgrade.seconds'\'');
    end if;
    perform pg_sleep(0.01);
  end loop;
end $body$;
select set_config('\''statement_timeout'\'', :'\''seconds'\'' || '\''s'\'', false) \gset was_
select count(*) from (select setval(to_regclass(format('\''%I.%I'\'', schema, name)), last, called) from pgaf_upgrade.sequence
  where :all or moved > (select coalesce(max(at), '\''-infinity'\'') from pgaf_upgrade.marker where what = '\''ready'\'') offset 0) moved \gset
select current_database() || '\'': everything is there, '\'' || :count || '\'' sequences set'\'';
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/turn.sql <<'\''END-OF-SQL'\''
select format('\''alter subscription %I disable'\'', subname) from pg_subscription where subname = :'\''follows'\'' \gexec
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = :'\''back'\'' \g /dev/null
select pg_create_logical_replication_slot(:'\''back'\'', '\''pgoutput'\'') where :'\''back'\'' <> '\'''\'' \g /dev/null
END-OF-SQL
cat > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql <<'\''END-OF-SQL'\''
\set QUIET on
\pset tuples_only on
\pset format unaligned
select x from ((select format('\''schema %I of %s'\'', n.nspname, quote_ident(pg_get_userbyid(n.nspowner))) from pg_namespace n where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\''))
union all (select format('\''%s %s of %s: %s'\'', case c.relkind when '\''v'\'' then '\''view'\'' when '\''m'\'' then '\''materialized view'\'' when '\''f'\'' then '\''foreign table'\'' when '\''S'\'' then '\''sequence'\'' when '\''c'\'' then '\''composite type'\'' when '\''i'\'' then '\''index'\'' when '\''I'\'' then '\''index'\'' else '\''table'\'' end,
      format('\''%I.%I'\'', n.nspname, c.relname), quote_ident(pg_get_userbyid(c.relowner)), md5(concat_ws('\'' '\'', c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, case when c.relkind in ('\''r'\'', '\''p'\'', '\''f'\'', '\''c'\'') then a.columns end, s.terms)))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join (select attrelid, string_agg(concat_ws('\'' '\'', attname, format_type(atttypid, atttypmod), attgenerated), '\'', '\'' order by attnum) as columns
        from pg_attribute where attnum > 0 and not attisdropped group by attrelid) a on a.attrelid = c.oid
      left join (select seqrelid, concat_ws('\'' '\'', seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle) as terms from pg_sequence) s on s.seqrelid = c.oid
    where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') and c.relkind in ('\''r'\'', '\''p'\'', '\''v'\'', '\''m'\'', '\''f'\'', '\''S'\'', '\''c'\'', '\''i'\'', '\''I'\'') and c.relpersistence <> '\''t'\''
      and not exists (select from pg_index i where i.indexrelid = c.oid and not i.indisvalid) and (c.relkind in ('\''r'\'', '\''p'\'', '\''i'\'', '\''I'\'') or not exists (select from pg_depend d where d.classid = '\''pg_class'\''::regclass and d.objid = c.oid and d.deptype = '\''e'\'')))
union all (select format('\''constraint %I of %s: %s %s'\'', k.conname, format('\''%I.%I'\'', n.nspname, c.relname), k.contype, k.convalidated) from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') and k.contype in ('\''c'\'', '\''f'\'', '\''p'\'', '\''u'\'', '\''x'\'') and k.conparentid = 0)
union all (select format('\''trigger %I of %s: %s'\'', t.tgname, format('\''%I.%I'\'', n.nspname, c.relname), t.tgenabled) from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and t.tgparentid = 0 and n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\''))
union all (select format('\''policy %I of %s: %s'\'', p.polname, format('\''%I.%I'\'', n.nspname, c.relname), p.polcmd) from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\''))
union all (select format('\''routine %s of %s: %s'\'', p.oid::regprocedure, quote_ident(pg_get_userbyid(p.proowner)), md5(concat_ws('\'' '\'', p.prosrc, p.prosecdef, p.provolatile, p.proconfig::text)))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') and not exists (select from pg_depend d where d.classid = '\''pg_proc'\''::regclass and d.objid = p.oid and d.deptype = '\''e'\''))
union all (select format('\''type %I.%I of %s: %s'\'', n.nspname, y.typname, quote_ident(pg_get_userbyid(y.typowner)), md5(concat_ws('\'' '\'', y.typnotnull, format_type(y.typbasetype, y.typtypmod), (select string_agg(quote_literal(e.enumlabel), '\'' '\'' order by e.enumsortorder) from pg_enum e where e.enumtypid = y.oid))))
    from pg_type y join pg_namespace n on n.oid = y.typnamespace where n.nspname !~ '\''^pg_'\'' and n.nspname not in ('\''information_schema'\'', '\''pgaf_upgrade'\'') and y.typtype in ('\''d'\'', '\''e'\'', '\''r'\'') and not exists (select from pg_depend d where d.classid = '\''pg_type'\''::regclass and d.objid = y.oid and d.deptype = '\''e'\''))
union all (select format('\''extension %I'\'', extname) from pg_extension)
union all (select format('\''%s large objects'\'', count(*)) from pg_largeobject_metadata where :'\''objects'\'' = '\''refuse'\'' having count(*) > 0)) s(x) order by x collate "C";
END-OF-SQL
if [ "$(version /var/lib/pgsql/data)" = 17 ] && /opt/vmware/postgres/17/bin/pg_isready -q -h /var/run/postgresql -p 5432; then
  servers() { # DATA…: which servers run there
    for one; do sed -n '\''1p;3p'\'' "$one/postmaster.pid" 2>/dev/null || true; done | tr '\''\n'\'' '\'' '\''
  }
  ready_age() ( # FILE WHAT DATA DATA: seconds since it was made ready for that and by these servers; nothing where it is not fresh
    [ -s "$1" ] && { IFS= read -r of && IFS= read -r at; } <"$1" || exit 0
    [ "$of" = "$2 $(servers "$3" "$4")" ] || exit 0
    case $at in '\'''\'' | *[!0-9]*) exit 0 ;; esac
    age=$(($(date +%s) - at))
    [ "$age" -lt 0 ] || [ "$age" -gt 600 ] || echo "$age"
  )
  rm -f /var/lib/pgsql/.local/share/pg_autoctl/var/lib/pgsql/data/pg_autoctl.state.pg17 # of an earlier time
  cp -p /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg /var/lib/pgsql/.config/pg_autoctl/var/lib/pgsql/data/pg_autoctl.cfg.pg17
  rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/stopped-new
  if [ -e /var/lib/pgsql/data_pg17_new ] || [ -L /var/lib/pgsql/data_pg17_new ]; then echo '\''/var/lib/pgsql/data_pg17_new is there already'\'' >&2; exit 1; fi
  visitors() ( # DIRECTORY...: nobody but its server and pg_autoctl has them open; else it says who
    for dir in "$@"; do
      real=$(readlink -f -- "$dir") server=
      [ ! -s "$dir/postmaster.pid" ] || read -r server <"$dir/postmaster.pid" || true
      for wait in 0.1 0.9 1 1 ""; do
        found=$(find /proc/[0-9]*/fd /proc/[0-9]*/cwd -maxdepth 1 -type l -printf '\''%p %l\n'\'' 2>/dev/null | real=$real awk '\''
          { path = substr($0, index($0, " ") + 1) }
          path == ENVIRON["real"] || index(path, ENVIRON["real"] "/") == 1 { split($0, part, "/"); held[part[3]] = path }
          END { for (pid in held) print pid, held[pid] }'\'' | while read -r pid path; do
            up=$pid
            while [ "${up:-0}" -gt 1 ] && [ "$up" != "$server" ] && [ "$(cat "/proc/$up/comm" 2>/dev/null)" != pg_autoctl ]; do
              up=$(sed -n '\''s/^PPid:[[:space:]]*//p'\'' "/proc/$up/status" 2>/dev/null)
            done
            # the server'\''s and pg_autoctl'\''s own end before the first process does
            if [ "$up" = 1 ] || [ "$up" = 0 ]; then echo "process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)) has $path open: end it first"; fi
          done)
        [ -n "$found" ] && [ -n "$wait" ] || break
        sleep $wait
      done
      [ -z "$found" ] || { printf '\''%s\n'\'' "$found" | head -n 3 >&2; exit 1; }
    done
  )
  visitors /var/lib/pgsql/data /var/lib/pgsql/data_pg15_bak
  umask 077
  mkdir -p /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online
  tab=$(printf '\''\t'\'')
  whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc '\''select oid || e'\''\'\'''\''\t'\''\'\'''\'' || datname from pg_database where datallowconn and datname <> '\''\'\'''\''template0'\''\'\'''\'' and datconnlimit <> -2 and datname !~ e'\''\'\'''\''[\r\n]'\''\'\'''\'' order by oid'\'')
  printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
  [ -n "$whole" ] || { echo '\''the server has named no database'\'' >&2; exit 1; }
  : > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new
  while IFS=$tab read -r oid database; do
    if [ "$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atc '\''select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where (c.relkind = '\''\'\'''\''r'\''\'\'''\'' and c.relpersistence = '\''\'\'''\''p'\''\'\'''\'' and n.nspname !~ '\''\'\'''\''^pg_'\''\'\'''\'' and n.nspname not in ('\''\'\'''\''information_schema'\''\'\'''\'', '\''\'\'''\''pgaf_upgrade'\''\'\'''\'') or c.relkind = '\''\'\'''\''S'\''\'\'''\'' and c.relpersistence <> '\''\'\'''\''t'\''\'\'''\'' and n.nspname !~ '\''\'\'''\''^pg_'\''\'\'''\'' and n.nspname not in ('\''\'\'''\''information_schema'\''\'\'''\'', '\''\'\'''\''pgaf_upgrade'\''\'\'''\'')))'\'' </dev/null)" = t ]; then printf '\''%s\t%s\n'\'' "$oid" "$database" >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new; fi
  done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new
  mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open; mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
  whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc '\''select x from (
  select '\''\'\'''\''role '\''\'\'''\'' || rolname || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''member of '\''\'\'''\'' || r.rolname || '\''\'\'''\'': '\''\'\'''\'' || m.rolname || '\''\'\'''\'' '\''\'\'''\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''settings of '\''\'\'''\'' || coalesce(rolname, '\''\'\'''\''every role'\''\'\'''\'') || '\''\'\'''\'' in '\''\'\'''\'' || coalesce(datname, '\''\'\'''\''every database'\''\'\'''\'') || '\''\'\'''\'' '\''\'\'''\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''\'\'''\''database '\''\'\'''\'' || datname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(datdba) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''\'\'''\''^template'\''\'\'''\''
  union all select '\''\'\'''\''tablespace '\''\'\'''\'' || spcname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(spcowner) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''\'\'''\''^pg_'\''\'\'''\'') s(x) order by x collate "C"'\'' </dev/null)
  printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves
  whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atqc '\''select x from (
  select '\''\'\'''\''role '\''\'\'''\'' || rolname || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''member of '\''\'\'''\'' || r.rolname || '\''\'\'''\'': '\''\'\'''\'' || m.rolname || '\''\'\'''\'' '\''\'\'''\'' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '\''\'\'''\''^pg_'\''\'\'''\''
  union all select '\''\'\'''\''settings of '\''\'\'''\'' || coalesce(rolname, '\''\'\'''\''every role'\''\'\'''\'') || '\''\'\'''\'' in '\''\'\'''\'' || coalesce(datname, '\''\'\'''\''every database'\''\'\'''\'') || '\''\'\'''\'' '\''\'\'''\'' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select '\''\'\'''\''database '\''\'\'''\'' || datname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(datdba) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '\''\'\'''\''^template'\''\'\'''\''
  union all select '\''\'\'''\''tablespace '\''\'\'''\'' || spcname || '\''\'\'''\'' of '\''\'\'''\'' || pg_get_userbyid(spcowner) || '\''\'\'''\'' '\''\'\'''\'' || md5(concat_ws('\''\'\'''\'','\''\'\'''\'', spcacl, spcoptions)) from pg_tablespace where spcname !~ '\''\'\'''\''^pg_'\''\'\'''\'') s(x) order by x collate "C"'\'' </dev/null)
  printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes
  cmp -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes || { echo '\''roles, databases, their settings or tablespaces are not the same on 17 and on 15, or a transaction is prepared. Make them the same on 15, by psql -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432; commit or roll back what is prepared, where it serves:'\'' >&2; diff /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/globals-comes >&2; exit 1; }
  open=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atc '\''select string_agg(format('\''\'\'''\''%s of %s in %s, process %s, for %s s'\''\'\'''\'', coalesce(nullif(application_name, '\''\'\'''\'''\''\'\'''\''), '\''\'\'''\''a client'\''\'\'''\''), usename, datname, pid, round(extract(epoch from now() - xact_start))), '\''\'\'''\'', '\''\'\'''\'') from pg_stat_activity where backend_xid is not null and backend_type = '\''\'\'''\''client backend'\''\'\'''\'' and pid <> pg_backend_pid()'\'' </dev/null)
  [ -z "$open" ] || { echo '\''a transaction is open on 15 that is to serve, and the change of places would wait for it. End it:'\'' "$open" >&2; exit 1; }
  other=
  while IFS=$tab read -r oid database; do
    (
      whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql </dev/null)
      printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves
    ) & asked=$!
    whole=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atq -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema.sql </dev/null)
    printf '\''%s\n'\'' "$whole" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes
    wait $asked
    cmp -s /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes || { printf '\''%s:\n'\'' "$database" >&2; diff /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes | head -n 20 >&2; other=yes; }
  done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/open
  [ -z "$other" ] || { echo '\''the schema is not the same on 17 (<) and on 15 (>), and is frozen: somebody has gone past it. An owner or a routine can be made the same there, as a superuser who sets pgaf_upgrade.pass to on; of a table or a column the rows are missing too: where it is not wanted, drop it, else begin anew'\'' >&2; exit 1; }
  rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-leaves /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/schema-comes
  age=$(ready_age /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready way-back /var/lib/pgsql/data /var/lib/pgsql/data_pg15_bak)
  if [ -n "$age" ]; then
    PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -qc checkpoint </dev/null
    PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc '\''select redo_lsn || '\''\'\'''\'' '\''\'\'''\'' || timeline_id from pg_control_checkpoint()'\'' </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new
    : > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
    while IFS=$tab read -r oid database; do
      PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc '\''select '\''\'\'''\''u/'\''\'\'''\'' || d.oid || '\''\'\'''\''/'\''\'\'''\'' || c.oid from pg_class c, pg_database d where d.datname = current_database() and c.relkind = '\''\'\'''\''S'\''\'\'''\'' and c.relpersistence = '\''\'\'''\''u'\''\'\'''\'''\'' </dev/null >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
    done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
    moved=all
    since=$(cut -d '\'' '\'' -f 1 /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since 2>/dev/null || true)
    read -r end timeline < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new
    case $since,$end in
    */*,*/*)
      if [ $(((0x${end%/*} - 0x${since%/*}) * 4294967296 + 0x${end#*/} - 0x${since#*/})) -le 1073741824 ] && silent=$(cat /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent) &&
        records=$(/opt/vmware/postgres/17/bin/pg_waldump --path=/var/lib/pgsql/data/pg_wal --timeline="$timeline" --rmgr=Sequence --start="$since" --end="$end" 2>/dev/null); then
        names=$(printf '\''%s\n'\'' "$records" | sed -n '\''s|^rmgr: Sequence .* desc: LOG rel \([0-9]*/[0-9]*/[0-9]*\),.*|\1|p'\'')
        # every record was understood
        if [ "$(printf '\''%s'\'' "$names" | wc -w)" = "$(printf '\''%s'\'' "$records" | grep -c .)" ]; then
          names=$(printf '\''%s\n'\'' "$names" "$silent" | grep . | sort -u || true)
          [ "$(printf '\''%s'\'' "$names" | wc -w)" -gt 2000 ] || moved=$(printf '\''%s'\'' "$names" | tr '\''\n'\'' '\'' '\'')
        fi
      fi
      ;;
    esac
    [ "$moved" != all ] || age=
  fi
  if [ -n "$age" ]; then
    echo "it was made ready $age s ago; sequences that have moved since: $(printf '\''%s'\'' "$moved" | wc -w)"
    one() {
      at=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v what=way-back -v seconds=10 -v stopped=false -v moved="$moved" -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql </dev/null) &&
      PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atq -v what=way-back -v seconds=10 -v at="$at" -v all=false -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql </dev/null ||
      { printf '\''it did not all arrive: %s\n'\'' "$database" >&2; exit 1; }
    }
    carrying=
    while IFS=$tab read -r oid database; do
      one </dev/null & carrying="$carrying $!"
    done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
    arrived=yes
    for one in $carrying; do wait "$one" || arrived=; done # one that was killed has left no word
    [ -n "$arrived" ] || { echo '\''a database was not carried over'\'' >&2; exit 1; }
    mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since
  else
    echo '\''what was made ready is not fresh, or nothing was: all of it now'\''
    rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready
    of=$(servers /var/lib/pgsql/data /var/lib/pgsql/data_pg15_bak)
    while IFS=$tab read -r oid database; do
      PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -q -c '\''set pgaf_upgrade.pass = on'\'' -c "alter subscription \"pgaf_back_$oid\" set (synchronous_commit = on)" </dev/null
    done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
    PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -qc checkpoint </dev/null
    PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc '\''select redo_lsn || '\''\'\'''\'' '\''\'\'''\'' || timeline_id from pg_control_checkpoint()'\'' </dev/null > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new
    : > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
    while IFS=$tab read -r oid database; do
      PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atqc '\''select '\''\'\'''\''u/'\''\'\'''\'' || d.oid || '\''\'\'''\''/'\''\'\'''\'' || c.oid from pg_class c, pg_database d where d.datname = current_database() and c.relkind = '\''\'\'''\''S'\''\'\'''\'' and c.relpersistence = '\''\'\'''\''u'\''\'\'''\'''\'' </dev/null >> /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-silent
    done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
    one() {
      at=$(PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -Atq -v what=ready -v seconds=300 -v stopped=false -v moved=all -v objects=refuse -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/leave.sql </dev/null) &&
      PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE="$database" /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -Atq -v what=ready -v seconds=300 -v at="$at" -v all=true -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/arrive.sql </dev/null ||
      { printf '\''it did not all arrive: %s\n'\'' "$database" >&2; exit 1; }
    }
    carrying=
    while IFS=$tab read -r oid database; do
      one </dev/null & carrying="$carrying $!"
    done < /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/databases
    arrived=yes
    for one in $carrying; do wait "$one" || arrived=; done # one that was killed has left no word
    [ -n "$arrived" ] || { echo '\''a database was not carried over'\'' >&2; exit 1; }
    mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/sequences-since
    printf '\''%s\n'\'' way-back" $of" "$(date +%s)" > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready.new
    mv /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready.new /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/ready
  fi
  PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/lib/pgsql/pgaf-upgrade/@sockets/d602597693/old -p 5432 -U postgres -qc checkpoint </dev/null
  PGOPTIONS='\''-c search_path=pg_catalog'\'' PGDATABASE=postgres /opt/vmware/postgres/15/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -qc checkpoint </dev/null
  echo way-back > /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops
  sync /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/stops || sync
  echo '\''everything is ready: PostgreSQL 17 stops now'\''
fi
'
cd /
runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/let-go </dev/null & # an orderly stop waits for readers of WAL that have gone silent
up=; read -r up rest < /proc/uptime || true
echo "writes stop: $up s since boot"
dependents() ( # UNIT
  all='' todo=$1 level=0
  while [ $level -lt 5 ]; do level=$((level + 1))
    found=$(systemctl show -p BoundBy -p RequiredBy -p ConsistsOf $todo 2>/dev/null | sed 's/^[A-Za-z]*=//' | tr ' ' '\n' | grep -E '\.(service|socket|timer|path)$' | sort -u || true)
    todo=''
    for one in $found; do case " $1 $all " in *" $one "*) ;; *) todo="$todo $one" ;; esac; done
    [ -n "$todo" ] || break
    all="$all$todo"
  done
  [ -z "$all" ] || systemctl show -p Id -p ActiveState $all 2>/dev/null | awk -F= '$1 == "Id" { id = $2 } $1 == "ActiveState" { state = $2 }
    id != "" && state != "" { if (state == "active") print id; id = state = "" }'
)
hang=/var/lib/pgaf-upgrade/pgautofailover.service.dependents
if [ ! -e "$hang" ]; then
  mkdir -p /var/lib/pgaf-upgrade; chmod 700 /var/lib/pgaf-upgrade
  dependents pgautofailover.service > "$hang.new"
  if [ -s "$hang.new" ]; then sync "$hang.new" || sync; mv "$hang.new" "$hang"; else rm -f "$hang.new"; fi
fi
# from here on nobody but the console’s own start starts it: systemd passes every other one over
mkdir -p /etc/systemd/system/pgautofailover.service.d
echo 'stopped by pgaf-upgrade, which starts it again' > /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold
sync /etc/systemd/system/pgautofailover.service.d || sync
# a start that somebody asks for meanwhile would take the place of the stop, which then ends as canceled
systemctl stop --job-mode=replace-irreversibly pgautofailover.service
systemctl stop pgaf-upgrade-d602597693-new.service # the one that leaves, where pg_autoctl has not taken it over yet
wait
systemctl reset-failed pgaf-upgrade-d602597693-old.service pgaf-upgrade-d602597693-new.service 2>/dev/null || true
placed=
change() {
  runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/aside </dev/null && systemctl restart pgaf-upgrade-d602597693-new.service && runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/carry-over </dev/null && systemctl stop pgaf-upgrade-d602597693-old.service && runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/in-place </dev/null || return 1
  placed=yes
  systemctl start pgaf-upgrade-d602597693-old.service && runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/opened </dev/null
}
if ! change; then
  systemctl stop pgaf-upgrade-d602597693-new.service
  [ -z "$placed" ] || systemctl stop pgaf-upgrade-d602597693-old.service
  if runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/home </dev/null; then
    if [ -e /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold ]; then rm -f /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold; sync /etc/systemd/system/pgautofailover.service.d || sync; fi
    hang=/var/lib/pgaf-upgrade/pgautofailover.service.dependents
    if [ -s "$hang" ]; then
      while read -r one; do
        if systemctl start --no-block "$one"; then echo "$one went down with pgautofailover.service, and is started again"; else echo "$one does not start: systemctl status $one"; fi
      done < "$hang"
      rm -f "$hang"
    fi
    systemctl reset-failed pgautofailover.service pgaf-upgrade-d602597693-old.service 2>/dev/null || true
    systemctl start pgautofailover.service
    systemctl start pgaf-upgrade-d602597693-old.service
    runuser -u postgres -- sh /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/go-on </dev/null
  else
    systemctl start pgaf-upgrade-d602597693-new.service pgaf-upgrade-d602597693-old.service
  fi
  exit 1
fi

## Q.monitor.identifier (as postgres): Write old system identifier
set -eu
export LC_ALL=C
PGOPTIONS='-c search_path=pg_catalog' PGDATABASE=pg_auto_failover /opt/vmware/postgres/17/bin/psql -X -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -U postgres -c 'update pgautofailover.node set sysidentifier = 7711174124246397031 where formationid = '\''default'\'' and groupid = 0'

## Q.node_1.adopt (as root): Return the server to pg_autoctl
set -eu
export LC_ALL=C
runuser -u postgres -- sh -c 'set -eu
export LC_ALL=C
set -eu
export LC_ALL=C
rm -f /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old /var/lib/pgsql/pgaf-upgrade/var/lib/pgsql/data/@work/online/serve-old.was /var/lib/pgsql/data/.pgaf-upgrade # a base backup would take the marker file along

'
if [ -e /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold ]; then rm -f /etc/systemd/system/pgautofailover.service.d/pgaf-upgrade.hold; sync /etc/systemd/system/pgautofailover.service.d || sync; fi
systemctl reset-failed pgautofailover.service 2>/dev/null || true
systemctl start pgautofailover.service
hang=/var/lib/pgaf-upgrade/pgautofailover.service.dependents
if [ -s "$hang" ]; then
  while read -r one; do
    if systemctl start --no-block "$one"; then echo "$one went down with pgautofailover.service, and is started again"; else echo "$one does not start: systemctl status $one"; fi
  done < "$hang"
  rm -f "$hang"
fi
systemctl enable --quiet pgautofailover.service
