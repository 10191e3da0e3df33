/** The database that pg_autoctl creates on a monitor. */
export const monitorDatabase = 'pg_auto_failover';

const states =
  'unknown init single wait_primary primary draining demote_timeout demoted catchingup secondary prepare_promotion stop_replication wait_standby maintenance join_primary apply_settings prepare_maintenance wait_maintenance report_lsn fast_forward join_secondary dropped';

/**
 * The tables of the extension, with the columns and constraints that its clients rely on.
 * Source: pg_auto_failover 2.2, src/monitor/pgautofailover.sql.
 */
const tables = `
create role autoctl login superuser;
create role autoctl_node login;
create schema pgautofailover;
create type pgautofailover.replication_state as enum (${states
  .split(' ')
  .map((state) => `'${state}'`)
  .join(', ')});

create table pgautofailover.formation (
  formationid text primary key default 'default',
  kind text not null default 'pgsql' check (kind in ('pgsql', 'citus')),
  dbname name not null default 'postgres',
  opt_secondary boolean not null default true,
  number_sync_standbys int not null default 0);
insert into pgautofailover.formation default values;

create table pgautofailover.node (
  formationid text not null default 'default' references pgautofailover.formation,
  nodeid bigserial primary key,
  groupid int not null,
  nodename text not null,
  nodehost text not null,
  nodeport int not null,
  sysidentifier bigint,
  goalstate pgautofailover.replication_state not null default 'init',
  reportedstate pgautofailover.replication_state not null,
  reportedpgisrunning boolean default true,
  reportedrepstate text default 'async',
  reporttime timestamptz not null default now(),
  reportedtli int not null default 1 check (reportedtli > 0),
  reportedlsn pg_lsn not null default '0/0',
  walreporttime timestamptz not null default now(),
  health int not null default -1,
  healthchecktime timestamptz not null default now(),
  statechangetime timestamptz not null default now(),
  candidatepriority int not null default 100,
  replicationquorum boolean not null default true,
  nodecluster text not null default 'default',
  constraint node_formationid_nodename_key unique (formationid, nodename),
  constraint node_nodehost_nodeport_key unique (nodehost, nodeport),
  constraint system_identifier_is_null_at_init_only
    check (sysidentifier is not null or reportedstate in ('init', 'wait_standby', 'catchingup', 'dropped')));

create table pgautofailover.event (
  eventid bigserial primary key,
  eventtime timestamptz not null default now(),
  formationid text not null,
  nodeid bigint not null,
  groupid int not null,
  nodename text not null,
  nodehost text not null,
  nodeport int not null,
  reportedstate pgautofailover.replication_state not null,
  goalstate pgautofailover.replication_state not null,
  reportedrepstate text,
  reportedtli int not null default 1,
  reportedlsn pg_lsn not null default '0/0',
  candidatepriority int,
  replicationquorum boolean,
  description text);

grant usage on schema pgautofailover to autoctl_node;
grant select on all tables in schema pgautofailover to autoctl_node;
`;

/** btree_gist, which the extension's exclusion constraint rests on, is not in PGlite: the same rule, checked at commit. */
const sameSystem = `
create function pgautofailover.one_system_per_group() returns trigger language plpgsql as $$
begin
  if exists (select from pgautofailover.node a join pgautofailover.node b using (formationid, groupid)
             where a.sysidentifier <> b.sysidentifier) then
    raise exclusion_violation using
      message = 'conflicting key value violates exclusion constraint "same_system_identifier_within_group"',
      schema = 'pgautofailover', table = 'node', constraint = 'same_system_identifier_within_group';
  end if;
  return null;
end $$;
create constraint trigger same_system_identifier_within_group
  after insert or update of sysidentifier on pgautofailover.node
  deferrable initially deferred for each row execute function pgautofailover.one_system_per_group();
`;

/**
 * What PGlite says of itself, and the server of the demo does not: the schema `demo` stands before pg_catalog in the search path.
 * `demo.setting` holds what differs; the server is 32 bits, single-user and of another version.
 */
const disguise = `
create schema demo;
create table demo.setting (name text primary key, setting text not null);
create table demo.extension (installed text not null, available text not null);
create table demo.pg_autoctl (listening boolean not null);
insert into demo.pg_autoctl values (false);

create function demo.current_setting(text) returns text language sql stable as $$
  select coalesce((select setting from demo.setting where name = lower($1)), pg_catalog.current_setting($1)) $$;
create function demo.current_setting(text, boolean) returns text language sql stable as $$
  select coalesce((select setting from demo.setting where name = lower($1)), pg_catalog.current_setting($1, $2)) $$;
create function demo.version() returns text language sql stable as $$
  select 'PostgreSQL ' || demo.current_setting('server_version') || ' on x86_64-pc-linux-gnu, compiled by gcc, 64-bit' $$;

create view demo.pg_settings as
  select s.name, coalesce(d.setting, s.setting) as setting, s.unit, s.category, s.short_desc, s.extra_desc, s.context, s.vartype,
    s.source, s.min_val, s.max_val, s.enumvals, s.boot_val, s.reset_val, s.sourcefile, s.sourceline, s.pending_restart
  from pg_catalog.pg_settings s left join demo.setting d using (name);
create view demo.pg_extension as
  select oid, extname, extowner, extnamespace, extrelocatable, extversion, extconfig, extcondition from pg_catalog.pg_extension
  union all
  select 16385::oid, 'pgautofailover'::name, 10::oid, n.oid, false, e.installed, null, null
  from demo.extension e, pg_catalog.pg_namespace n where n.nspname = 'pgautofailover';
create view demo.pg_available_extensions as
  select name, default_version, installed_version, comment from pg_catalog.pg_available_extensions
  union all select 'pgautofailover', available, installed, 'pg_auto_failover' from demo.extension;
create view demo.pg_stat_activity as
  select datid, datname, pid, leader_pid, usesysid, usename, application_name, client_addr, client_hostname, client_port,
    backend_start, xact_start, query_start, state_change, wait_event_type, wait_event, state, backend_xid, backend_xmin, query_id,
    query, backend_type
  from pg_catalog.pg_stat_activity
  union all
  select d.oid, d.datname, 4242, null, r.oid, r.rolname, '', null, null, -1,
    pg_postmaster_start_time(), null, pg_postmaster_start_time(), pg_postmaster_start_time(), 'Client', 'ClientRead', 'idle',
    null, null, null, 'LISTEN log', 'client backend'
  from demo.pg_autoctl, pg_catalog.pg_database d, pg_catalog.pg_roles r
  where listening and d.datname = current_database() and r.rolname = 'autoctl';
grant usage on schema demo to public;
grant select on all tables in schema demo to public;

`;

/** Everything of the schema that stands before the functions. Run once, in a fresh database. */
export const schemaSql = `${tables}${sameSystem}${disguise}`;
