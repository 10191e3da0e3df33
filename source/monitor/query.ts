import { z } from 'zod';
import { type MonitorState, monitorStateSchema } from '../cluster/monitor-state.ts';
import { sqlLiteral } from '../cluster/quote.ts';
import { fail, messageOf, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { misfit } from '../cluster/words.ts';

/** Events that one reading carries, newest last. */
const eventCount = 30;

/**
 * One statement, without a semicolon, that answers with one row of one text column: everything about a formation, as the
 * JSON of monitorStateSchema. No row when there is no such formation. Reads tables only, which autoctl_node may, and only
 * columns that pg_auto_failover 1.6 to 2.2 have alike, and `region`, which comes with extension 2.3, where it is there.
 * pg_autoctl on the monitor listens to `state`, then `log`, once it is done with the extension (service_monitor.c, monitor.c);
 * keepers and this console do not, or by another name.
 * Source: pg_auto_failover, src/monitor/pgautofailover.sql at v1.6.4, v2.0, v2.1 and v2.2.
 */
export const monitorQuery = (formation: string): string => `
select json_build_object(
  'formation', f.formationid,
  'numberSyncStandbys', f.number_sync_standbys,
  'serverVersion', split_part(current_setting('server_version'), ' ', 1),
  'extensionVersion', (select extversion from pg_extension where extname = 'pgautofailover'),
  'defaultExtensionVersion', coalesce(
    (select default_version from pg_available_extensions where name = 'pgautofailover'), ''),
  'listening', exists (select from pg_stat_activity where query ilike 'listen%log%'
    and application_name is distinct from 'pgaf-upgrade' and datname = current_database()),
  'nodes', (
    select coalesce(json_agg(json_build_object(
      'id', n.nodeid,
      'name', n.nodename,
      'host', n.nodehost,
      'port', n.nodeport,
      'group', n.groupid,
      'systemIdentifier', case
        when n.sysidentifier is null then ''
        when n.sysidentifier < 0 then (n.sysidentifier + 18446744073709551616)::text
        else n.sysidentifier::text end,
      'reported', n.reportedstate,
      'assigned', n.goalstate,
      'health', n.health,
      'priority', n.candidatepriority,
      'quorum', n.replicationquorum,
      'region', to_jsonb(n) ->> 'region',
      'timeline', n.reportedtli,
      'lsn', n.reportedlsn,
      'reportAge', greatest(0, extract(epoch from clock_timestamp() - n.reporttime))::float8
    ) order by n.groupid, n.nodeid), '[]')
    from pgautofailover.node n where n.formationid = f.formationid),
  'others', (
    select coalesce(json_agg(json_build_object(
      'formation', o.formationid,
      'name', o.nodename,
      'host', o.nodehost,
      'port', o.nodeport,
      'reported', o.reportedstate,
      'assigned', o.goalstate,
      'health', o.health,
      'reportAge', greatest(0, extract(epoch from clock_timestamp() - o.reporttime))::float8,
      'sinceStart', o.reporttime > pg_postmaster_start_time()
    ) order by o.formationid, o.groupid, o.nodeid), '[]')
    from pgautofailover.node o where o.formationid <> f.formationid),
  'events', (
    select coalesce(json_agg(json_build_object(
      'id', e.eventid,
      'at', to_char(e.eventtime at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'node', e.nodename,
      'text', coalesce(e.description, '')
    ) order by e.eventid), '[]')
    from (
      select * from pgautofailover.event
      where formationid = f.formationid order by eventid desc limit ${eventCount}) e)
)::text as state
from pgautofailover.formation f where f.formationid = ${sqlLiteral(formation)}`;

const notOurs =
  'Is it a monitor of pg_auto_failover 1.6 to 2.2? `select extversion from pg_extension` tells. Nothing was run with it.';
const rowSchema = z.object({ nodes: z.array(z.object({ id: z.number().int().optional() })) });

/** The names of the formations that there are, for an operator who has asked for another; control characters as `?`. */
export const formationsQuery = `select coalesce(string_agg(regexp_replace(formationid, '[[:cntrl:]]', '?', 'g'), ', ' order by formationid), '') from pgautofailover.formation`;

/** The formation of the cluster file is not on this monitor. `known` names those that are; '': they could not be asked. */
export const noSuchFormation = (formation: string, known: string): Problem =>
  known === ''
    ? problem(
        `The monitor knows no formation ${JSON.stringify(formation)}.`,
        'Compare the formation in the cluster file with `pg_autoctl show state` on the monitor.',
      )
    : problem(
        `The monitor knows no formation ${JSON.stringify(formation)}; it has ${known.slice(0, 400)}.`,
        'Set formation in the cluster file to one of them.',
      );

/** Checks what the monitor sent; nothing of it is believed before. Errors: no such formation, not the JSON we asked for. */
export const parseMonitorState = (text: string | undefined, formation: string): Result<MonitorState> => {
  if (text === undefined || text.trim() === '') return fail(noSuchFormation(formation, ''));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    return fail(problem('The monitor answered with something that is not JSON.', notOurs, messageOf(thrown)));
  }
  const parsed = monitorStateSchema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  const [first] = parsed.error.issues;
  if (first !== undefined && refusedByKind.has(first.code)) return fail(refusedAnswer(parsed.error, json));
  const cause = first === undefined ? parsed.error.message : `${first.path.join('.')}: ${first.message}`;
  return fail(
    problem('The monitor answered with something this console does not understand.', notOurs, cause),
  );
};

/** The value has the right type and is none of its kind: a row of the monitor says so, not another program's answer. */
const refusedByKind: ReadonlySet<string> = new Set(['custom', 'too_small', 'too_big']);

/** Where in the answer it is, and how it is changed there: the row of a node by the node's name. */
const refusedAnswer = (error: z.ZodError, json: unknown): Problem => {
  const [issue] = error.issues;
  const [list, at, field] = issue?.path ?? [];
  if (list !== 'nodes' || typeof at !== 'number' || typeof field !== 'string')
    return misfit(error, json, 'The monitor’s answer', notOurs);
  const row = rowSchema.safeParse(json).data?.nodes[at];
  const options: Readonly<Record<string, string>> = { name: '--name', host: '--hostname', port: '--pgport' };
  const option = options[field];
  return misfit(
    error,
    json,
    `The monitor’s row of ${row?.id === undefined ? 'a node' : `node ${row.id}`}`,
    option === undefined
      ? notOurs
      : `Change it on that node, then start again: pg_autoctl config set or pg_autoctl set node metadata ${option} VALUE. Nothing was run with it.`,
    2,
  );
};
