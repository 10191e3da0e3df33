import { sqlLiteral } from '../../cluster/quote.ts';
import { fail, ok, type Result } from '../../cluster/result.ts';
import type { Database } from './database.ts';
import type { NewNode } from './demo-monitor.ts';
import { beingPromoted, type Member, type NodeGroup, named, settledIn, writable } from './group.ts';
import { ask, firstValue, sqlOf } from './rows.ts';

/** The column is a signed bigint. */
const signed = (systemIdentifier: string): string =>
  systemIdentifier === '' ? 'null' : String(BigInt.asIntN(64, BigInt(systemIdentifier)));

/**
 * Registers a node: the first of the group is `single`, any other waits for the primary; the second standby in the quorum sets
 * number_sync_standbys to 1. Returns its id. Errors: PostgreSQL's (name or host taken, another system) as Refused.
 * Source: pg_auto_failover 2.2, src/monitor/node_active_protocol.c, register_node.
 */
export const register = async (
  database: Database,
  group: NodeGroup,
  node: NewNode,
): Promise<Result<number, string>> => {
  const first = group.members.length === 0;
  const primary = group.members.find((member) => writable(member.goal)) ?? group.members.find(beingPromoted);
  if (!first && primary === undefined)
    return fail(
      `JoinAutoFailoverFormation couldn't find the  primary node in formation "${group.formation}", group ${group.group}`,
    );
  const goal = first ? 'single' : 'wait_standby';
  if (node.initialState !== 'init' && node.initialState !== goal)
    return fail(
      `node ${node.host}:${node.port} can not be registered in state ${node.initialState}, it should be in state ${goal}`,
    );
  const id = Number(
    firstValue(
      await ask(
        database,
        `insert into pgautofailover.node (formationid, groupid, nodename, nodehost, nodeport, sysidentifier, goalstate, reportedstate,
          candidatepriority, replicationquorum, reportedpgisrunning)
        values (${sqlLiteral(group.formation)}, ${group.group}, ${sqlLiteral(node.name)}, ${sqlLiteral(node.host)}, ${node.port},
          ${signed(node.systemIdentifier)}, '${goal}', ${sqlLiteral(node.initialState)}, ${node.candidatePriority}, ${node.quorum}, true)
        returning nodeid`,
      ),
    ),
  );
  const words = `node ${id} "${node.name}" (${node.host}:${node.port})`;
  const registering = `Registering ${words} to formation "${group.formation}" with replication quorum ${node.quorum} and candidate priority ${node.candidatePriority} [${node.candidatePriority}]`;
  await ask(
    database,
    `select demo.say(${sqlLiteral(registering)}), demo.event(${id}, ${sqlLiteral(registering)})`,
  );
  const standbys = group.members.filter((member) => member.id !== primary?.id);
  const inQuorum = standbys.filter((member) => member.quorum).length + (node.quorum ? 1 : 0);
  if (!first && group.numberSyncStandbys === 0 && inQuorum === 2)
    await setSyncStandbys(
      database,
      group,
      1,
      `Setting number_sync_standbys to 1 for formation ${group.formation} now that we have 2/${standbys.length + 1} standby nodes set with replication-quorum.`,
    );
  return ok(id);
};

const setSyncStandbys = (database: Database, group: NodeGroup, wanted: number, message: string) =>
  ask(
    database,
    `update pgautofailover.formation set number_sync_standbys = ${wanted} where formationid = ${sqlLiteral(group.formation)};
    select demo.say(${sqlLiteral(message)})`,
  );

/**
 * Takes a node out: at once when forced or when it has converged to dropped, else it is assigned `dropped` and removed when it says so.
 * Without force a removed primary makes the others report their positions.
 * Source: pg_auto_failover 2.2, src/monitor/node_active_protocol.c, RemoveNode.
 */
export const drop = async (
  database: Database,
  group: NodeGroup,
  node: Member,
  force: boolean,
): Promise<void> => {
  if (force || settledIn(node, 'dropped')) {
    const message = `Removing ${named(node)} from formation "${group.formation}" and group ${group.group}`;
    await ask(database, sqlOf({ kind: 'remove', node, message }));
    return;
  }
  if (node.goal === 'dropped') return;
  const others = group.members.filter((other) => other.id !== node.id);
  if (writable(node.goal))
    for (const other of others.filter(({ goal }) => !goal.endsWith('maintenance'))) {
      const message = `Setting goal state of ${named(other)} to report_lsn after primary node removal.`;
      await ask(database, sqlOf({ kind: 'assign', changes: [[other, 'report_lsn']], message }));
    }
  const message = `Setting goal state of ${named(node)} from formation "${group.formation}" and group ${group.group} to "dropped" to implement node removal.`;
  await ask(database, sqlOf({ kind: 'assign', changes: [[node, 'dropped']], message }));
  const inQuorum = others.filter((other) => other.quorum).length - 1;
  if (inQuorum < group.numberSyncStandbys + 1) {
    const wanted = Math.max(0, inQuorum - 1);
    await setSyncStandbys(
      database,
      group,
      wanted,
      `Setting number_sync_standbys to ${wanted} for formation "${group.formation}" now that we have ${inQuorum} standby nodes set with replication-quorum.`,
    );
  }
  const primary = others.find((other) => settledIn(other, 'primary', 'wait_primary'));
  if (writable(node.goal) || primary === undefined) return;
  const settings = `Setting goal state of ${named(primary)} to apply_settings after removing standby ${named(node)} from formation ${group.formation}.`;
  await ask(database, sqlOf({ kind: 'assign', changes: [[primary, 'apply_settings']], message: settings }));
};
