import type { HostFacts } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import { sqlProgram } from '../../cluster/superuser-sql.ts';

/** So many groups are told at most; the rest is counted. */
const mostGroups = 50;

/**
 * Sessions of applications. Not among them: walsenders, background and autovacuum workers (their backend_type is another), this very
 * session, and pg_auto_failover's own: the monitor's health checks have a role of their own; pg_autoctl comes over the socket as the
 * superuser, without a name, for some milliseconds once a second. Source: PostgreSQL, 27.2.3 pg_stat_activity; seen on the lab with
 * pg_autoctl 2.0 and 2.2.
 */
const ofApplications = `backend_type = 'client backend' and pid <> pg_backend_pid()
    and coalesce(usename, '') <> 'pgautofailover_monitor'
    and not (client_addr is null and usename = current_user and (application_name = 'pgaf-upgrade'
      or (coalesce(application_name, '') = '' and backend_start > clock_timestamp() - interval '10 s')))`;

const clientsSql = `with one as (
  select application_name application, usename::text role, host(client_addr) address, state,
    extract(epoch from clock_timestamp() - xact_start)::numeric(12, 1) seconds, xact_start
  from pg_stat_activity where ${ofApplications}
), grouped as (
  select coalesce(application, '') application, coalesce(role, '') role, address, count(*) sessions,
    coalesce((array_agg(state order by xact_start nulls last, state))[1], '') state, max(seconds) seconds
  from one group by 1, 2, 3
), listed as (
  select * from grouped order by seconds desc nulls last, sessions desc, 1, 2, 3 limit ${mostGroups}
)
select json_build_object('sessions', (select count(*) from one), 'groups', (select count(*) from grouped),
  'listed', (select coalesce(json_agg(listed), '[]') from listed))`;

/** Whoever asks, the sessions that are ended are those that are told of; the number of them is printed. */
const terminateSql = `select count(*) filter (where pg_terminate_backend(pid))
  from pg_stat_activity where ${ofApplications}`;

/** The newer psql: it talks to both servers. Bounded, whatever hangs, and what it prints too. */
const asked = (
  host: HostFacts,
  sql: string,
): Fragment => sh`set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3 PGAPPNAME=pgaf-upgrade
${sqlProgram('psql', host.newBindir, 'postgres', { timeout: 5, settings: { statement_timeout: '4s' } })} -XAtq -v ON_ERROR_STOP=1 -h ${host.socketDirectory} -p ${host.port} -U ${host.superuser} -c ${quoted(sql)} </dev/null
`;

/** Who is connected to the server of this host now, as one line of JSON; changes nothing. */
export const clientsScript = (host: HostFacts): Fragment => asked(host, clientsSql);

/** Ends the sessions of all applications on the server of this host, and prints how many. */
export const terminateClientsScript = (host: HostFacts): Fragment => asked(host, terminateSql);
