/**
 * What passes from the server that ends to the one that begins, in one session of each: what has been written by then is proven to be there by a row that comes behind it, and
 * the sequences, whose places logical replication does not carry, come as rows of ours in the transaction of that row. In each database, and all databases beside each other.
 *
 * A sequence that was never called tells its place only to who reads it itself. Sources: PostgreSQL, logical-replication-restrictions; sequence.c, pg_sequence_last_value.
 */

/** psql's variables: what. Prints the moment of the marker, by which the other side knows it. In a database of the side that ends, or that will. */
export const leaveSql = `\\set QUIET on
\\pset tuples_only on
\\pset format unaligned
set pgaf_upgrade.pass = on;
set datestyle = iso;
set timezone = 'UTC';
set statement_timeout = '60s';
begin;
insert into pgaf_upgrade.marker as had (what, at) values (:'what', clock_timestamp())
  on conflict (what) do update set at = greatest(excluded.at, had.at + interval '1 microsecond') returning at \\gset
insert into pgaf_upgrade.sequence as had (schema, name, last, called, moved)
  select n.nspname, c.relname, coalesce(s.last, pgaf_upgrade.uncalled(c.oid::regclass)), s.last is not null, :'at'
    from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral (select pg_sequence_last_value(c.oid) as last offset 0) s
    where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_temp'
  on conflict (schema, name) do update set last = excluded.last, called = excluded.called, moved = excluded.moved
    where (had.last, had.called) is distinct from (excluded.last, excluded.called);
commit;
select :'at';`;

/** psql's variables: what, at, seconds, and all: whether every sequence is set, or those that have moved. In a database of the other side: ends with an error when it is not there in time. */
export const arriveSql = `\\set QUIET on
\\pset tuples_only on
\\pset format unaligned
set pgaf_upgrade.pass = on;
set datestyle = iso;
set timezone = 'UTC';
select set_config('pgaf_upgrade.what', :'what', false), set_config('pgaf_upgrade.at', :'at', false), set_config('pgaf_upgrade.seconds', :'seconds', false) \\gset was_
select format('alter subscription %I enable', subname) from pg_subscription where subdbid = (select oid from pg_database where datname = current_database()) and subname ~ '^pgaf_(up|back)_[0-9]+$' and not subenabled \\gexec
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
select count(*) from (select setval(format('%I.%I', schema, name)::regclass, last, called) from pgaf_upgrade.sequence
  where :all or moved = :'at' offset 0) moved \\gset
select current_database() || ': everything is there, ' || :count || ' sequences set';`;

/**
 * psql's variables: follows, the subscription by which everything has come, and back, a slot by which the other side follows from here on; '': none. Behind {@link arriveSql}: the
 * subscription is not dropped, or its place would be lost with it, should a later line fail. What a try that was turned back has left begins anew: it would carry back what has come since.
 */
export const turnSql = `select format('alter subscription %I disable', subname) from pg_subscription where subname = :'follows' \\gexec
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = :'back' \\g /dev/null
select pg_create_logical_replication_slot(:'back', 'pgoutput') where :'back' <> '' \\g /dev/null`;

const globalLines = `  select 'role ' || rolname || ' ' || md5(concat_ws(',', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil)) from pg_authid where rolname !~ '^pg_'
  union all select 'member of ' || r.rolname || ': ' || m.rolname || ' ' || admin_option from pg_auth_members a join pg_roles r on r.oid = roleid join pg_roles m on m.oid = member where m.rolname !~ '^pg_'
  union all select 'settings of ' || coalesce(rolname, 'every role') || ' in ' || coalesce(datname, 'every database') || ' ' || md5(setconfig::text) from pg_db_role_setting left join pg_database d on d.oid = setdatabase left join pg_roles r on r.oid = setrole
  union all select 'database ' || datname || ' of ' || pg_get_userbyid(datdba) || ' ' || md5(concat_ws(',', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '^template'`;

/**
 * What no event trigger sees and no slot carries, a line each: roles, memberships, settings of roles and databases, databases, privileges on them. Of a password nothing is told
 * but whether it is the same. Compared as text, on both sides.
 */
export const globalsSql = `select x from (
${globalLines}) s(x) order by x collate "C"`;

/**
 * The same behind the stop, with transactions that are prepared: they are on the server that was stopped alone, and whoever prepared one was promised that it can be committed.
 * Logical replication sends them at their commit. Source: PostgreSQL, logicaldecoding-two-phase-commits.
 */
export const globalsAtStopSql = `select x from (
${globalLines}
  union all select 'prepared transaction ' || gid || ' in ' || database from pg_prepared_xacts) s(x) order by x collate "C"`;
