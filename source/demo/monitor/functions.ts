/**
 * The extension's functions for operators, nodes and this console, in PL/pgSQL. They check, write the assigned state and
 * say so; what follows from it is decided by the state machine when a node reports next.
 * Source: pg_auto_failover 2.2, src/monitor/node_active_protocol.c, formation_metadata.c, notifications.c.
 */

/** `demo.assign` and `demo.note`: the two ways in which a node's row changes, each with its event and its notifications. */
const saying = `
create function demo.words(n pgautofailover.node) returns text language sql immutable as $$
  select format('node %s "%s" (%s:%s)', n.nodeid, n.nodename, n.nodehost, n.nodeport) $$;
create function demo.say(message text) returns void language sql as $$ select pg_notify('log', message) $$;
create function demo.event(id bigint, message text) returns void language plpgsql as $$
declare n pgautofailover.node;
begin
  select * into strict n from pgautofailover.node where nodeid = id;
  insert into pgautofailover.event (eventtime, formationid, nodeid, groupid, nodename, nodehost, nodeport, reportedstate, goalstate,
    reportedrepstate, reportedtli, reportedlsn, candidatepriority, replicationquorum, description)
  values (clock_timestamp(), n.formationid, n.nodeid, n.groupid, n.nodename, n.nodehost, n.nodeport, n.reportedstate, n.goalstate,
    n.reportedrepstate, n.reportedtli, n.reportedlsn, n.candidatepriority, n.replicationquorum, message);
  perform pg_notify('state', json_build_object('type', 'state', 'formation', n.formationid, 'groupId', n.groupid, 'nodeId', n.nodeid,
    'name', n.nodename, 'host', n.nodehost, 'port', n.nodeport, 'reportedState', n.reportedstate, 'goalState', n.goalstate,
    'health', case n.health when 1 then 'good' when 0 then 'bad' else 'unknown' end)::text);
end $$;
create function demo.assign(id bigint, goal pgautofailover.replication_state, message text) returns void language plpgsql as $$
begin
  update pgautofailover.node set goalstate = goal, statechangetime = clock_timestamp() where nodeid = id;
  perform demo.event(id, message);
end $$;
create function demo.prioritise(id bigint, priority int, suffix text) returns void language plpgsql as $$
declare n pgautofailover.node; message text;
begin
  update pgautofailover.node set candidatepriority = priority where nodeid = id returning * into strict n;
  message := format('Updating candidate priority %sto %s for %s', suffix, priority, demo.words(n));
  perform demo.say(message);
  perform demo.event(id, message);
end $$;
create function demo.writable(state pgautofailover.replication_state) returns boolean language sql immutable as $$
  select state in ('single', 'primary', 'wait_primary', 'join_primary', 'apply_settings') $$;
create function demo.settled(n pgautofailover.node, state pgautofailover.replication_state) returns boolean language sql immutable as $$
  select n.reportedstate = state and n.goalstate = state $$;
create function demo.primary_of(n pgautofailover.node) returns pgautofailover.node language sql stable as $$
  select p from pgautofailover.node p where p.formationid = n.formationid and p.groupid = n.groupid and demo.writable(p.goalstate)
  order by nodeid limit 1 $$;
create function demo.healthy(n pgautofailover.node) returns boolean language sql immutable as $$
  select n.health = 1 and n.reportedpgisrunning $$;
`;

const maintenance = `
create function pgautofailover.start_maintenance(node_id bigint) returns boolean language plpgsql strict security definer as $$
declare n pgautofailover.node; p pgautofailover.node; f pgautofailover.formation; quorum int; candidates int; total int; message text;
begin
  select * into n from pgautofailover.node where nodeid = node_id;
  if not found then return false; end if;
  if n.reportedstate = 'maintenance' or n.goalstate = 'maintenance' then return true; end if;
  if not demo.settled(n, 'primary') and n.reportedstate not in ('secondary', 'catchingup') then
    raise object_not_in_prerequisite_state using message = format('cannot start maintenance: node %s:%s has reported state "%s" and is '
      'assigned state "%s", expected either "primary", "secondary" or "catchingup"', n.nodehost, n.nodeport, n.reportedstate, n.goalstate);
  end if;
  select * into f from pgautofailover.formation where formationid = n.formationid;
  p := case when demo.settled(n, 'primary') then n else demo.primary_of(n) end;
  if p.nodeid is null then
    raise exception 'couldn''t find the primary node in formation "%", group %', n.formationid, n.groupid;
  end if;
  select count(*) filter (where s.replicationquorum), count(*) filter (where s.candidatepriority > 0) into quorum, candidates
  from pgautofailover.node s where s.formationid = n.formationid and s.groupid = n.groupid and s.nodeid <> p.nodeid
    and demo.settled(s, 'secondary') and demo.healthy(s);
  select count(*) into total from pgautofailover.node g where g.formationid = n.formationid and g.groupid = n.groupid;
  if f.number_sync_standbys > 0 and quorum <= f.number_sync_standbys and n.replicationquorum and demo.settled(n, 'secondary')
    and demo.healthy(n) then
    raise warning using errcode = 'object_not_in_prerequisite_state',
      message = format('Starting maintenance on %s will block writes on the primary %s', demo.words(n), demo.words(p)),
      detail = format('we now have %s healthy node(s) left in the "secondary" state and formation "%s" number-sync-standbys requires '
        '%s sync standbys', quorum - 1, f.formationid, f.number_sync_standbys);
  end if;
  if p.nodeid = n.nodeid then
    if candidates < 1 then
      raise object_not_in_prerequisite_state using
        message = format('Starting maintenance on %s in state "%s" is not currently possible', demo.words(n), n.reportedstate),
        detail = format('there is currently %s candidate nodes available', candidates);
    end if;
    message := format('Setting goal state of %s to %s after a user-initiated start_maintenance call.', demo.words(n),
      case when total = 2 then 'prepare_maintenance' else 'maintenance' end);
    perform demo.say(message);
    perform demo.assign(n.nodeid, 'prepare_maintenance', message);
    if total = 2 then
      perform demo.assign(s.nodeid, 'prepare_promotion', format('Setting goal state of %s to prepare_maintenance and %s to '
        'prepare_promotion after a user-initiated start_maintenance call.', demo.words(n), demo.words(s)))
      from pgautofailover.node s where s.formationid = n.formationid and s.groupid = n.groupid and s.nodeid <> n.nodeid;
    end if;
    return true;
  end if;
  if not demo.settled(p, 'primary') then
    raise object_not_in_prerequisite_state using message = format('cannot start maintenance: current state for %s is "%s", expected '
      '"secondary" or "catchingup", and current state for primary %s is "%s" ➜ "%s" ',
      demo.words(n), n.reportedstate, demo.words(p), p.reportedstate, p.goalstate);
  end if;
  if f.number_sync_standbys = 0 and quorum = 1 and n.replicationquorum and demo.settled(n, 'secondary') and demo.healthy(n) then
    message := format('Setting goal state of %s to wait_primary and %s to wait_maintenance after a user-initiated start_maintenance '
      'call.', demo.words(p), demo.words(n));
    perform demo.say(message);
    perform demo.assign(p.nodeid, 'wait_primary', message);
    perform demo.assign(n.nodeid, 'wait_maintenance', message);
  else
    message := format('Setting goal state of %s to maintenance after a user-initiated start_maintenance call.', demo.words(n));
    perform demo.say(message);
    perform demo.assign(n.nodeid, 'maintenance', message);
  end if;
  return true;
end $$;

create function pgautofailover.stop_maintenance(node_id bigint) returns boolean language plpgsql strict security definer as $$
declare n pgautofailover.node; total int; led boolean; failing_over boolean; goal pgautofailover.replication_state; message text;
begin
  select * into n from pgautofailover.node where nodeid = node_id;
  if not found then return false; end if;
  select count(*),
    bool_or(demo.writable(g.goalstate) or demo.writable(g.reportedstate)
      or g.reportedstate in ('draining', 'demote_timeout', 'prepare_maintenance')),
    bool_or(g.reportedstate in ('report_lsn', 'join_secondary', 'fast_forward', 'prepare_promotion', 'stop_replication')
      or g.goalstate in ('report_lsn', 'join_secondary'))
  into total, led, failing_over from pgautofailover.node g where g.formationid = n.formationid and g.groupid = n.groupid;
  if not demo.settled(n, 'maintenance') and not (total > 2 and demo.settled(n, 'prepare_maintenance')) then
    raise object_not_in_prerequisite_state using
      message = format('cannot stop maintenance when current state for %s is not "maintenance"', demo.words(n)),
      detail = format('Current reported state is "%s" and assigned state is "%s"', n.reportedstate, n.goalstate);
  end if;
  if total = 1 then return true; end if;
  if not led and total = 2 then
    raise exception 'couldn''t find the primary node in formation "%", group %', n.formationid, n.groupid;
  end if;
  goal := case when not led or failing_over then 'report_lsn' else 'catchingup' end;
  message := format('Setting goal state of %s to %s  after a user-initiated stop_maintenance call.', demo.words(n), goal);
  perform demo.say(message);
  perform demo.assign(n.nodeid, goal, message);
  return true;
end $$;
`;

const settings = `
create function pgautofailover.set_formation_number_sync_standbys(formation_id text, number_sync_standbys int) returns boolean
language plpgsql strict security definer as $$
declare f pgautofailover.formation; p pgautofailover.node; quorum int; message text;
begin
  select * into f from pgautofailover.formation where formationid = formation_id;
  if not found then
    raise invalid_parameter_value using message = format('unknown formation "%s"', formation_id);
  end if;
  if $2 < 0 then
    raise invalid_parameter_value using message = format('invalid value for number_sync_standbys: "%s"', $2),
      detail = 'A non-negative integer is expected';
  end if;
  select * into p from pgautofailover.node n where n.formationid = formation_id and n.groupid = 0 and demo.writable(n.goalstate)
  order by nodeid limit 1;
  if not found then
    raise exception 'Couldn''t find the primary node in formation "%", group 0', formation_id;
  end if;
  if not demo.settled(p, 'primary') and not demo.settled(p, 'wait_primary') then
    raise object_not_in_prerequisite_state using
      message = format('cannot set number_sync_standbys when current goal state for primary %s is "%s", and current reported state '
        'is "%s"', demo.words(p), p.goalstate, p.reportedstate),
      detail = 'The primary node so must be in state "primary" or "wait_primary" to be able to apply configuration changes to its '
        'synchronous_standby_names setting';
  end if;
  select count(*) into quorum from pgautofailover.node s
  where s.formationid = formation_id and s.groupid = 0 and s.nodeid <> p.nodeid and s.replicationquorum;
  if $2 > 0 and $2 + 1 > quorum then
    raise invalid_parameter_value using message = format('invalid value for number_sync_standbys: "%s"', $2),
      detail = format('At least %s standby nodes are required, and only %s are currently participating in the replication quorum',
        $2 + 1, quorum);
  end if;
  update pgautofailover.formation set number_sync_standbys = $2 where formationid = formation_id;
  message := format('Setting goal state of %s to apply_settings after updating number_sync_standbys to %s for formation %s.',
    demo.words(p), $2, formation_id);
  perform demo.say(message);
  perform demo.assign(p.nodeid, 'apply_settings', message);
  return true;
end $$;

create function pgautofailover.synchronous_standby_names(formation_id text default 'default', group_id int default 0) returns text
language plpgsql stable strict as $$
declare p pgautofailover.node; total int; wanted int; names text;
begin
  select count(*) into total from pgautofailover.node where formationid = formation_id and groupid = group_id;
  if total = 0 then
    raise invalid_object_definition using message = format('no nodes found in group %s of formation "%s"', group_id, formation_id);
  end if;
  select * into p from pgautofailover.node n where n.formationid = formation_id and n.groupid = group_id and demo.writable(n.goalstate)
  order by nodeid limit 1;
  if total = 1 or p.nodeid is null or demo.settled(p, 'wait_primary') then return ''; end if;
  select string_agg('pgautofailover_standby_' || nodeid, ', ' order by nodeid) into names from pgautofailover.node s
  where s.formationid = formation_id and s.groupid = group_id and s.nodeid <> p.nodeid and s.replicationquorum
    and (total > 2 or s.goalstate = 'secondary');
  select greatest(1, number_sync_standbys) into wanted from pgautofailover.formation where formationid = formation_id;
  return coalesce(format('ANY %s (%s)', case when total = 2 then 1 else wanted end, names), '');
end $$;
`;

const promotion = `
create function pgautofailover.perform_failover(formation_id text default 'default', group_id int default 0) returns void
language plpgsql strict security definer as $$
declare total int; p pgautofailover.node; s pgautofailover.node; message text;
begin
  select count(*) into total from pgautofailover.node where formationid = formation_id and groupid = group_id;
  if total < 2 then
    raise exception 'cannot fail over: group % in formation % currently has % node registered', group_id, formation_id, total
      using detail = 'At least 2 nodes are required to implement a failover';
  end if;
  select * into p from pgautofailover.node n where n.formationid = formation_id and n.groupid = group_id
    and n.goalstate = n.reportedstate and n.goalstate in ('single', 'primary', 'join_primary') order by nodeid limit 1;
  if not found then
    raise exception 'couldn''t find the primary node in formation "%", group %', formation_id, group_id;
  end if;
  if total = 2 then
    select * into strict s from pgautofailover.node n where n.formationid = formation_id and n.groupid = group_id and n.nodeid <> p.nodeid;
    if s.goalstate <> 'secondary' then
      raise exception 'standby % is in state "%", which prevents the node for being a failover candidate', demo.words(s), s.goalstate;
    end if;
    if not demo.settled(p, 'primary') or not demo.settled(s, 'secondary') then
      raise exception 'cannot fail over: primary node is not in a stable state'
        using hint = 'a stable state must be observed to perform a manual failover';
    end if;
    message := format('Setting goal state of %s to draining and %s to prepare_promotion after a user-initiated failover.',
      demo.words(p), demo.words(s));
    perform demo.say(message);
    perform demo.assign(p.nodeid, 'draining', message);
    perform demo.assign(s.nodeid, 'prepare_promotion', message);
  else
    message := format('Setting goal state of %sat LSN %s to draining after a user-initiated failover.', demo.words(p), p.reportedlsn);
    perform demo.say(message);
    perform demo.assign(p.nodeid, 'draining', message);
    perform demo.prioritise(p.nodeid, p.candidatepriority - 100, '');
  end if;
end $$;

create function pgautofailover.perform_promotion(formation_id text, node_name text) returns boolean
language plpgsql strict security definer as $$
declare n pgautofailover.node; total int;
begin
  select * into n from pgautofailover.node where formationid = formation_id and nodename = node_name;
  if not found then
    raise undefined_object using message = format('node "%s" is not registered in formation "%s"', node_name, formation_id);
  end if;
  if demo.settled(n, 'single') or demo.settled(n, 'primary') then
    raise notice 'cannot perform promotion: node % in formation % is already a primary.', node_name, formation_id;
    return false;
  end if;
  if not demo.settled(n, 'secondary') and not demo.settled(n, 'report_lsn') then
    raise object_not_in_prerequisite_state using message = format('cannot perform promotion: node %s in formation %s has reported state '
      '"%s" and is assigned state "%s", promotion can only be performed when in state "secondary".',
      node_name, formation_id, n.reportedstate, n.goalstate);
  end if;
  select count(*) into total from pgautofailover.node g where g.formationid = n.formationid and g.groupid = n.groupid;
  if total > 2 then perform demo.prioritise(n.nodeid, n.candidatepriority + 100, ''); end if;
  perform pgautofailover.perform_failover(formation_id, n.groupid);
  return true;
end $$;
`;

const views = `
create function pgautofailover.last_events(formation_id text default 'default', count int default 10)
returns setof pgautofailover.event language sql stable strict as $$
  select * from (select * from pgautofailover.event where formationid = formation_id order by eventid desc limit count) newest
  order by eventid $$;
create function pgautofailover.last_events(count int) returns setof pgautofailover.event language sql stable strict as $$
  select * from (select * from pgautofailover.event order by eventid desc limit count) newest order by eventid $$;

create function pgautofailover.current_state(formation_id text default 'default', out formation_kind text, out nodename text,
  out nodehost text, out nodeport int, out group_id int, out node_id bigint, out current_group_state pgautofailover.replication_state,
  out assigned_group_state pgautofailover.replication_state, out candidate_priority int, out replication_quorum boolean,
  out reported_tli int, out reported_lsn pg_lsn, out health int, out nodecluster text)
returns setof record language sql stable strict as $$
  select f.kind, n.nodename, n.nodehost, n.nodeport, n.groupid, n.nodeid, n.reportedstate, n.goalstate, n.candidatepriority,
    n.replicationquorum, n.reportedtli, n.reportedlsn, n.health, n.nodecluster
  from pgautofailover.node n join pgautofailover.formation f using (formationid)
  where n.formationid = formation_id order by n.groupid, n.nodeid $$;

create function pgautofailover.get_nodes(formation_id text default 'default', group_id int default null, out node_id bigint,
  out node_name text, out node_host text, out node_port int, out node_lsn pg_lsn, out node_is_primary boolean)
returns setof record language sql stable as $$
  select nodeid, nodename, nodehost, nodeport, reportedlsn, demo.writable(reportedstate) from pgautofailover.node
  where formationid = formation_id and (group_id is null or groupid = group_id) order by nodeid $$;
create function pgautofailover.get_other_nodes(nodeid bigint, out node_id bigint, out node_name text, out node_host text,
  out node_port int, out node_lsn pg_lsn, out node_is_primary boolean)
returns setof record language sql stable strict as $$
  select o.nodeid, o.nodename, o.nodehost, o.nodeport, o.reportedlsn, demo.writable(o.reportedstate)
  from pgautofailover.node n join pgautofailover.node o using (formationid, groupid)
  where n.nodeid = $1 and o.nodeid <> $1 order by o.nodeid $$;
create function pgautofailover.get_primary(formation_id text default 'default', group_id int default 0, out primary_node_id bigint,
  out primary_name text, out primary_host text, out primary_port int)
language plpgsql stable strict as $$
begin
  select nodeid, nodename, nodehost, nodeport into primary_node_id, primary_name, primary_host, primary_port
  from pgautofailover.node where formationid = formation_id and groupid = group_id
    and (demo.writable(goalstate) or demo.writable(reportedstate)) order by not demo.writable(goalstate), nodeid limit 1;
  if not found then raise exception 'group has no writable node right now'; end if;
end $$;

create function pgautofailover.formation_settings(formation_id text default 'default', out context text, out group_id int,
  out node_id bigint, out nodename text, out setting text, out value text)
returns setof record language sql stable strict as $$
  select * from (
    select 'formation' as context, null::int, null::bigint, formationid, 'number_sync_standbys' as setting, number_sync_standbys::text
    from pgautofailover.formation where formationid = formation_id
    union all
    select 'primary', n.groupid, n.nodeid, n.nodename, 'synchronous_standby_names',
      quote_literal(pgautofailover.synchronous_standby_names(n.formationid, n.groupid))
    from pgautofailover.node n where n.formationid = formation_id and demo.writable(n.reportedstate)
    union all
    select 'node', n.groupid, n.nodeid, n.nodename, 'replication quorum', n.replicationquorum::text
    from pgautofailover.node n where n.formationid = formation_id
    union all
    select 'node', n.groupid, n.nodeid, n.nodename, 'candidate priority', n.candidatepriority::text
    from pgautofailover.node n where n.formationid = formation_id) rows
  order by array_position(array['formation', 'primary', 'node'], context), setting desc, 3 $$;
grant execute on all functions in schema pgautofailover to autoctl_node;
`;

/** Every function, after schemaSql. Run once, in a fresh database. */
export const functionsSql = `${saying}${maintenance}${settings}${promotion}${views}`;
