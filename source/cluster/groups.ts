import type { MonitorState } from './monitor-state.ts';
import { isPrimaryState } from './states.ts';

/** So many groups are named; a large formation's message is read all the same. */
const mostGroups = 12;

/**
 * Why a formation of several groups may not be upgraded, with its groups and their nodes, and what to do; null: it has one. pg_auto_failover makes a
 * second group in formations of Citus alone. Source: pg_auto_failover v2.0, src/monitor/node_active_protocol.c, JoinAutoFailoverFormation.
 */
export const severalGroups = ({
  formation,
  nodes,
}: Pick<MonitorState, 'formation' | 'nodes'>): { readonly found: string; readonly remedy: string } | null => {
  const groups = [...new Set(nodes.map((node) => node.group))].sort((one, other) => one - other);
  if (groups.length < 2) return null;
  const named = groups.slice(0, mostGroups).map((group) => {
    const members = nodes.filter((node) => node.group === group);
    const names = members.map(({ name, assigned }) =>
      isPrimaryState(assigned) ? `${name} (${assigned})` : name,
    );
    return `group ${group}${group === 0 ? ', the coordinator’s' : ''}: ${names.join(', ')}`;
  });
  const more = groups.length - named.length;
  return {
    found: `formation ${formation} has ${groups.length} groups (Citus): ${named.join('; ')}${more === 0 ? '' : `; and ${more} more`}`,
    remedy:
      'all groups must change versions in one window, with Citus’ own steps before and behind pg_upgrade, and pgaf-upgrade upgrades formations of one group only: by hand, see docs/citus.md',
  };
};
