/**
 * Ends a script of psql's where a schema of our name is somebody else's. Whoever owns the schema could put a function of his own in the place of ours, and an event
 * trigger's function runs as whoever gives the statement, a superuser too. Ours has our comment, and the superuser that we are as its owner.
 * Source: PostgreSQL, event-trigger-definition; ddl-schemas-patterns.
 */
export const ownSchemaSql = `do $body$ begin
  if exists (select from pg_namespace where nspname = 'pgaf_upgrade'
      and (pg_get_userbyid(nspowner) <> current_user or coalesce(obj_description(oid, 'pg_namespace'), '') !~ '^run=')) then
    raise exception 'the schema pgaf_upgrade is there, and is not of an upgrade by pgaf-upgrade' using hint = 'Look who has made it; rename it, or drop it.';
  end if;
end $body$;`;
