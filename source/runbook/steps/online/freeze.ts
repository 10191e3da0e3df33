import { primaryOf } from '../../../cluster/facts.ts';
import { hereDocument, sh, word } from '../../../cluster/fragment.ts';
import type { Path } from '../../../cluster/words.ts';
import { parentTimelineSql, timelineSql } from '../../checks/inspection/online-sql.ts';
import { everyNodeSettled } from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import { acceptsWritesOnOld } from '../../language/old-version.ts';
import type { StepOf } from '../../language/outline.ts';
import { undoText } from '../../language/undo.ts';
import { script } from '../../shell/shell.ts';
import { askServer, eachDatabase, listLines } from './databases.ts';
import { dataIsOldVersion, isBranched, notVoid, ofDatabases, onlineIn } from './evidence.ts';
import { onlineDirectory } from './names.ts';
import { ownSchemaSql } from './own-schema.ts';

/**
 * psql's variables: run, system. Everything in one transaction, and again as often as need be.
 *
 * The freeze: what would leave the copy behind is refused. An event trigger does not see roles, databases, ALTER SYSTEM and REASSIGN OWNED: those are compared
 * at the cut-over. Temporary objects, ANALYZE, TRUNCATE, REFRESH and REINDEX pass. A statement that works CONCURRENTLY has committed by the time it ends, so
 * it is refused before it begins: at its end it would leave an invalid index. DROP OWNED takes privileges away and names no object at its end.
 * Enabled always: else a session with session_replication_role = replica would pass. Whoever must change something sets pgaf_upgrade.pass, as a superuser. Sources: PostgreSQL, event-triggers, event-trigger-matrix; each seen with 15.20 on the lab.
 *
 * pgaf_upgrade.identity: what was the replica identity of each table to which this has given another.
 * pgaf_upgrade.sequence: where each sequence stood when it was looked at last, in which file, and when that was another place than before (steps/online/carry-over-sql.ts).
 * The schema's comment: the run, and on which timeline the server was then; a failover makes the slots worth nothing, and this tells of it. Written anew where the server has promoted itself since.
 */
const freezeSql = `\\set QUIET on
\\pset tuples_only on
begin;
set local pgaf_upgrade.pass = on;
set local client_min_messages = warning;
${ownSchemaSql}
create schema if not exists pgaf_upgrade;
select format('comment on schema pgaf_upgrade is %L', format('run=%s system=%s timeline=%s', :'run', :'system', ${timelineSql}))
  where coalesce(obj_description(to_regnamespace('pgaf_upgrade'), 'pg_namespace'), '') !~ ('^run=' || :'run' || ' ')
  or (regexp_match(obj_description(to_regnamespace('pgaf_upgrade'), 'pg_namespace'), ' timeline=([0-9]+)$'))[1]::integer = ${parentTimelineSql} \\gexec
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
  where not exists (select from pg_event_trigger where evtname = name) \\gexec
alter event trigger pgaf_frozen_start enable always;
alter event trigger pgaf_frozen_end enable always;
alter event trigger pgaf_frozen_drop enable always;
commit;`;

/** Nothing that the copy would not have comes into being any more: behind this step all tables are known. */
export const freezeSchema: StepOf = (facts, phase) => {
  const primary = primaryOf(facts);
  const sql: Path = word`${onlineDirectory(primary)}/freeze.sql`;
  return makeStep(facts, {
    id: 'freeze',
    phase,
    host: primary,
    as: 'postgres',
    title: 'Freeze the schema',
    reason:
      'Logical replication carries rows, no DDL: CREATE, ALTER, DROP and GRANT are refused with a message until the upgrade is accepted or called off; reading, writing, TRUNCATE, temporary tables, REFRESH and REINDEX go on.',
    guide: null,
    deviation: 'The guide has no online method.',
    danger: 'changes',
    script: script(sh`
      ${listLines(primary)}
      ${hereDocument(sh`cat > ${sql}`, 'END-OF-SQL', freezeSql)}
      ${eachDatabase(
        primary,
        'open',
        sh`
          ${askServer(primary, { variable: 'database' }, 'serving')} -v run=${facts.run} -v system=${facts.systemIdentifier} -f ${sql} </dev/null
          printf '%s: frozen\n' "$database"
        `,
      )}
      rm -f ${sql}
    `),
    probe: (world) => {
      const seen = onlineIn(facts, world);
      if (seen === null) return pending('not seen');
      const frozen = seen.databases.filter((one) => one.frozen).length;
      if (frozen === 0) return pending('the schema is not frozen');
      if (frozen === seen.databases.length && isBranched(seen))
        return half('the primary was restarted and has promoted itself: that is not noted yet');
      return frozen === seen.databases.length
        ? done(`frozen in ${frozen} databases`)
        : half(`frozen in ${frozen} of ${seen.databases.length} databases`);
    },
    before: [dataIsOldVersion(facts), acceptsWritesOnOld(facts, primary), notVoid(facts), everyNodeSettled],
    after: [ofDatabases(facts, 'the schema is frozen in every database', (one) => one.frozen)],
    undo: undoText('call the preparation off: pgaf-upgrade call-off'),
  });
};
