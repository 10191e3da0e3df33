/** The extensions that pg_upgrade writes an update for. Source: PostgreSQL, src/bin/pg_upgrade/version.c, report_extension_updates. */
export const extensionUpdatesSql = `select e.extname, e.extversion, a.default_version, format('alter extension %I update', e.extname)
  from pg_extension e join pg_available_extensions a on a.name = e.extname
  where a.default_version <> e.extversion order by 1`;

/**
 * Tries what ANALYZE computes and a person's functions take part in: expressions and predicates of indexes, expressions of extended statistics.
 * From 17 on they are computed with search_path = pg_catalog, pg_temp, and a function that names an object without its schema fails. Each
 * is tried by an index on a table of the same columns and one made-up row, computed as its owner in a security-restricted operation, as ANALYZE
 * does it; only names that are not found count, because the row is none of the application's.
 * What fails is told as INFO: `statistics`, what, the error, and the command that gives a function its path.
 * Sources: PostgreSQL 17 release notes, E.13.2 (search_path of maintenance commands); src/backend/commands/indexcmds.c, DefineIndex.
 */
export const statisticsTrialSql = `do $trial$
declare one record; col record; columns text; row_of text; value text; candidate text; expression text;
begin
  for one in
    with suspects as (
      select d.classid, d.objid, min(format('alter function %s set search_path = %I', p.oid::regprocedure, n.nspname)) as command
      from pg_depend d join pg_proc p on p.oid = d.refobjid join pg_language l on l.oid = p.prolang join pg_namespace n on n.oid = p.pronamespace
      where d.refclassid = 'pg_proc'::regclass and d.classid in ('pg_class'::regclass, 'pg_statistic_ext'::regclass)
        and p.oid >= 16384 and l.lanname not in ('c', 'internal')
        and not exists (select from unnest(p.proconfig) s where s like 'search_path=%')
      group by 1, 2)
    select 'index ' || i.indexrelid::regclass as what, i.indrelid as relation, s.command,
      array(select pg_get_indexdef(i.indexrelid, k + 1, false) from generate_series(0, i.indnatts - 1) k where i.indkey[k] = 0)
        || case when i.indpred is null then '{}' else array[pg_get_expr(i.indpred, i.indrelid)] end as expressions
      from suspects s join pg_index i on s.classid = 'pg_class'::regclass and i.indexrelid = s.objid
    union all
    select format('statistics %I.%I', n.nspname, e.stxname), e.stxrelid, s.command, pg_get_statisticsobjdef_expressions(e.oid)
      from suspects s join pg_statistic_ext e on s.classid = 'pg_statistic_ext'::regclass and e.oid = s.objid join pg_namespace n on n.oid = e.stxnamespace
    order by 1
  loop
    begin
      columns := ''; row_of := '';
      for col in
        select a.attname, coalesce(b.oid, t.oid) as type, format_type(coalesce(b.oid, t.oid), null) as name, coalesce(b.typtype, t.typtype) as kind
          from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type b on t.typtype = 'd' and b.oid = t.typbasetype
          where a.attrelid = one.relation and a.attnum > 0 and not a.attisdropped order by a.attnum
      loop
        value := null;
        if col.kind = 'e' then select enumlabel into value from pg_enum where enumtypid = col.type order by enumsortorder limit 1;
        elsif col.kind = 'b' then
          foreach candidate in array array['a', '1', '2000-01-01', '1 day', '{}', 't', '00000000-0000-0000-0000-000000000000', '127.0.0.1', '(0,0)'] loop
            begin execute format('select %L::%s', candidate, col.name); value := candidate; exit;
            exception when others then null; end;
          end loop;
        end if;
        columns := columns || format(', %I %s', col.attname, col.name);
        row_of := row_of || ', ' || coalesce(quote_literal(value), 'null');
      end loop;
      execute 'create temporary table pgaf_upgrade_trial (' || substr(columns, 3) || ')';
      execute 'insert into pg_temp.pgaf_upgrade_trial values (' || substr(row_of, 3) || ')';
      execute format('alter table pg_temp.pgaf_upgrade_trial owner to %I', (select pg_get_userbyid(relowner) from pg_class where oid = one.relation));
      foreach expression in array one.expressions loop
        execute 'create index on pg_temp.pgaf_upgrade_trial ((' || expression || '))';
      end loop;
      execute 'drop table pg_temp.pgaf_upgrade_trial';
    exception
      when undefined_function or undefined_table or undefined_object or undefined_column or invalid_schema_name then
        raise info E'statistics\\t%\\t%\\t%', one.what, translate(sqlerrm, E'\\n\\t', '  '), one.command;
      when others then null;
    end;
  end loop;
end $trial$`;
