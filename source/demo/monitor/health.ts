import { sqlLiteral } from '../../cluster/quote.ts';
import type { Database } from './database.ts';
import { type Member, type NodeGroup, named } from './group.ts';
import { ask } from './rows.ts';

/** Demo seconds without a report after which nobody would answer a connection either. */
const silence = 6;

const found = (node: Member): 'good' | 'bad' => (node.running && node.silentFor <= silence ? 'good' : 'bad');

/**
 * One round of the health checks. The extension's worker connects to every PostgreSQL; here the reports tell whether it would get in.
 * Source: pg_auto_failover 2.2, src/monitor/health_check_metadata.c, SetNodeHealthState.
 */
export const checkHealth = async (database: Database, group: NodeGroup): Promise<void> => {
  for (const node of group.members) {
    const health = found(node);
    // A silence that is no longer than the monitor runs says nothing yet; neither does a node that has not begun.
    if (health === node.health || node.reported === 'init') continue;
    const message = `Node ${named(node)} is marked as ${health === 'good' ? 'healthy' : 'unhealthy'} by the monitor`;
    await ask(
      database,
      `update pgautofailover.node set health = ${health === 'good' ? 1 : 0}, healthchecktime = clock_timestamp() where nodeid = ${node.id};
      select demo.say(${sqlLiteral(message)}), demo.event(${node.id}, ${sqlLiteral(message)})`,
    );
  }
};
