/**
 * What passes from the server that ends to the one that begins, in one session of each: what has been written by then is proven to be there by a row that comes behind it, and
 * the sequences, whose places logical replication does not carry, come as rows of ours in the transaction of that row. In each database, and all databases beside each other.
 * Sources: PostgreSQL, logical-replication-restrictions; sequence.c, pg_sequence_last_value.
 */

/** A number of a page, of two, four or eight bytes, the lowest first. */
const numberAt = (at: string, size: 2 | 4 | 8): string =>
  `(${Array.from({ length: size }, (_, byte) => `(get_byte(page, ${at} + ${byte})::bigint << ${8 * byte})`).join(' | ')})`;

const sequenceIs = `c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_temp'`;

/** Those that a condition names, asked one by one; one that was never called tells its place only to who reads it itself. */
export const askedSql = (
  one: string,
): string => `select n.nspname as schema, c.relname as name, coalesce(s.last, pgaf_upgrade.uncalled(c.oid::regclass)) as last, s.last is not null as called, c.relfilenode as file
    from (select c.* from pg_class c where c.relkind = 'S' and (${one}) offset 0) c
      join pg_namespace n on n.oid = c.relnamespace cross join lateral (select pg_sequence_last_value(c.oid) as last offset 0) s
    where ${sequenceIs}`;

/**
 * The same of a server that was shut down and is isolated: what lies on its disk is whole, nobody calls a sequence, and the one page of each is read as it lies. To ask it would open each one,
 * which in a new session is most of the downtime where there are many. A page that is not exactly as expected (another architecture, encrypted, a tablespace) is asked for.
 * Sources: PostgreSQL, src/backend/commands/sequence.c (SEQ_MAGIC 0x1717, FormData_pg_sequence_data: last_value 8 bytes, log_cnt 8, is_called 1); bufpage.h (pd_lower at 12, pd_special at 16,
 * the first item at 24); itemid.h (offset 15 bits, flags 2, length 15); htup_details.h (t_hoff at 22).
 */
export const liesSql = (
  one: string,
): string => `select schema, name, file, case when sound then ${numberAt('tuple + 24', 8)} else coalesce(asked, pgaf_upgrade.uncalled(oid::regclass)) end as last,
      case when sound then get_byte(page, tuple + 40) = 1 else asked is not null end as called
    from (select *, case when not sound then pg_sequence_last_value(oid) end as asked
      from (select *, coalesce(item >> 15 & 3 = 1 and item >> 17 = 41 and tuple between 28 and special - 41 and get_byte(page, case when tuple between 28 and special - 41 then tuple else 0 end + 22) = 24, false) as sound
        from (select *, (item & 32767)::integer as tuple
          from (select *, case when special > 100 and ${numberAt('16', 2)} = special and ${numberAt('special', 4)} = 5911 and ${numberAt('12', 2)} = 28 then ${numberAt('24', 4)} end as item
            from (select n.nspname as schema, c.relname as name, c.oid, c.relfilenode as file, p.page, octet_length(p.page) - 8 as special
              from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join (select oid, dattablespace from pg_database where datname = current_database()) d
                cross join lateral (select case when c.reltablespace = 0 and c.relfilenode <> 0 and d.dattablespace = 1663
                  then pg_read_binary_file('base/' || d.oid || '/' || c.relfilenode, 0, current_setting('block_size')::bigint, true) end as page offset 0) p
              where ${sequenceIs} and (${one}) offset 0) lies offset 0) items offset 0) tuples offset 0) judged offset 0) answers`;

/**
 * Of psql's variable moved (moved-sequences.ts): one that the WAL names, by tablespace, database and file; one that writes none, by `u`, database and oid; or each. Found by indexes, so that
 * nothing grows with the number of relations. Source: PostgreSQL, functions-admin, pg_filenode_relation.
 */
export const mayHaveMoved = `:'moved' = 'all' or c.oid = any(array(select case parts[1] when 'u' then parts[3]::oid else pg_filenode_relation(parts[1]::oid, parts[3]::oid)::oid end
        from (select string_to_array(one, '/') as parts from unnest(string_to_array(nullif(:'moved', 'all'), ' ')) one where one <> '') named
        where parts[2] = (select oid::text from pg_database where datname = current_database())))`;

/**
 * A row is written for a sequence that stands elsewhere than when it was looked at last, or has another file: TRUNCATE … RESTART IDENTITY has begun it anew, where rows arrive too, whatever it was called
 * for since. And for no other: one that is only locked is written, too. Source: PostgreSQL, sequence.c, ResetSequence; logical/worker.c, apply_handle_truncate.
 */
const movedSql = (
  stand: string,
): string => `insert into pgaf_upgrade.sequence as had (schema, name, last, called, file, moved)
  select now.schema, now.name, now.last, now.called, now.file, :'at' from (
  ${stand}) now left join pgaf_upgrade.sequence was on was.schema = now.schema and was.name = now.name
  where (was.last, was.called, was.file) is distinct from (now.last, now.called, now.file)
  on conflict (schema, name) do update set last = excluded.last, called = excluded.called, file = excluded.file, moved = excluded.moved;`;

/**
 * psql's variables: what; seconds, which no statement may take longer than; stopped: the server was shut down, and nobody writes; moved: the sequences that are looked at; objects: `refuse` where no large object may be there, for none is carried, and nothing
 * freezes them. Prints the moment of the marker, by which the other side knows it. In a database of the side that ends, or that will.
 * Moments only ever grow, whatever the clock does: {@link arriveSql} tells by them what has moved since everything was set.
 */
export const leaveSql = `\\set QUIET on
\\pset tuples_only on
\\pset format unaligned
set pgaf_upgrade.pass = on;
set default_transaction_isolation = 'read committed';
set datestyle = iso;
set timezone = 'UTC';
select set_config('statement_timeout', :'seconds' || 's', false) \\gset was_
select :'objects' = 'refuse' and exists (select from pg_largeobject_metadata) as unfollowed \\gset
\\if :unfollowed
do $body$ begin raise exception 'there are large objects in %, and none is carried', current_database(); end $body$;
\\endif
begin;
insert into pgaf_upgrade.marker (what, at)
  values (:'what', greatest(clock_timestamp(), (select max(at) + interval '1 microsecond' from pgaf_upgrade.marker)))
  on conflict (what) do update set at = excluded.at returning at \\gset
\\if :stopped
${movedSql(liesSql(mayHaveMoved))}
\\else
${movedSql(askedSql(mayHaveMoved))}
\\endif
commit;
select :'at';`;

/**
 * psql's variables: what, at, seconds, and all: whether every sequence is set, or those that have moved since that was done (`ready`), by this marker or by one of a try that was ended.
 * In a database of the other side: ends with an error when it is not there in time, nor does anything behind it in this session take longer, whoever has something locked. A sequence that
 * is not there any more was dropped on both sides: what is on one alone is told before (schema-sql.ts).
 */
export const arriveSql = `\\set QUIET on
\\pset tuples_only on
\\pset format unaligned
set pgaf_upgrade.pass = on;
set default_transaction_isolation = 'read committed'; -- whatever the database sets: each statement sees what has come by then
set statement_timeout = 0;
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
select set_config('statement_timeout', :'seconds' || 's', false) \\gset was_
select count(*) from (select setval(to_regclass(format('%I.%I', schema, name)), last, called) from pgaf_upgrade.sequence
  where :all or moved > (select coalesce(max(at), '-infinity') from pgaf_upgrade.marker where what = 'ready') offset 0) moved \\gset
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
  union all select 'database ' || datname || ' of ' || pg_get_userbyid(datdba) || ' ' || md5(concat_ws(',', datconnlimit, datallowconn, datacl)) from pg_database where datname !~ '^template'
  union all select 'tablespace ' || spcname || ' of ' || pg_get_userbyid(spcowner) || ' ' || md5(concat_ws(',', spcacl, spcoptions)) from pg_tablespace where spcname !~ '^pg_'`;

/**
 * What no event trigger sees and no slot carries, a line each: roles, memberships, settings of roles and databases, databases, tablespaces, privileges on them. Of a password nothing is told
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
