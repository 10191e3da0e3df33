import { sqlLiteral } from '../../cluster/quote.ts';
import { type NodeState, nodeStateSchema } from '../../cluster/states.ts';
import type { Database } from './database.ts';
import type { NodeReport } from './demo-monitor.ts';
import { type NodeGroup, named } from './group.ts';
import { ask, firstValue, sqlOf } from './rows.ts';
import { decide } from './state-machine.ts';

/** Nothing that a report lacks overwrites what is known. */
const reportSql = (report: NodeReport, state: NodeState): string => {
  const identifier = BigInt.asIntN(64, BigInt(report.systemIdentifier || '0'));
  return `update pgautofailover.node set reportedstate = '${state}', reporttime = clock_timestamp(),
    reportedpgisrunning = ${report.running}, reportedrepstate = ${sqlLiteral(report.syncState)},
    reportedtli = coalesce(nullif(${report.tli}, 0), reportedtli),
    reportedlsn = coalesce(nullif(${sqlLiteral(report.lsn)}::pg_lsn, '0/0'), reportedlsn), walreporttime = clock_timestamp(),
    statechangetime = case when reportedstate = '${state}' then statechangetime else clock_timestamp() end,
    sysidentifier = coalesce(nullif(sysidentifier, 0), nullif(${identifier}, 0), sysidentifier)
    where nodeid = ${report.nodeId}`;
};

/**
 * Stores a report, has the state machine decide, and writes what it decided. Returns what the node is assigned then.
 * Errors: no such node, no primary to be found; the caller rolls back. Throws Refused.
 * Source: pg_auto_failover 2.2, src/monitor/node_active_protocol.c, NodeActive.
 */
export const nodeActive = async (
  database: Database,
  readGroup: () => Promise<NodeGroup>,
  report: NodeReport,
): Promise<{ assigned: string } | { error: string }> => {
  const state = nodeStateSchema.parse(report.state);
  const before = (await readGroup()).members.find((node) => node.id === report.nodeId);
  if (before === undefined) return { error: `couldn't find node with nodeid ${report.nodeId}` };
  await ask(database, reportSql(report, state));
  if (before.reported !== state) {
    const message =
      before.goal === 'report_lsn'
        ? `New state is reported by ${named(before)} with LSN ${report.lsn}: ${state}`
        : `New state is reported by ${named(before)}: "${state}"`;
    const words = sqlLiteral(message);
    await ask(database, `select demo.say(${words}), demo.event(${before.id}, ${words})`);
  }
  const decided = decide(await readGroup(), report.nodeId);
  if (!decided.ok) return decided;
  for (const decision of decided.value) await ask(database, sqlOf(decision));
  const goal = await ask(
    database,
    `select goalstate from pgautofailover.node where nodeid = ${report.nodeId}`,
  );
  return { assigned: firstValue(goal) ?? 'dropped' };
};
