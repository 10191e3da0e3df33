import type { Deliberation } from './deliberation.ts';
import { type Member, named, settledIn, unhealthy } from './group.ts';

/** The standbys that the primary can count on; one that became unhealthy has to catch up first. */
const countStandbys = (it: Deliberation, primary: Member): { secondaries: number; inQuorum: number } => {
  let secondaries = 0;
  let inQuorum = 0;
  for (const node of it.others(primary)) {
    if (
      node.goal === 'secondary' &&
      node.reported !== 'report_lsn' &&
      node.reported !== 'join_secondary' &&
      unhealthy(node)
    )
      it.assign(node, 'catchingup', ' after it became unhealthy.');
    else if (settledIn(node, 'secondary')) {
      secondaries += 1;
      if (node.quorum) inQuorum += 1;
    }
  }
  return { secondaries, inQuorum };
};

const serving = (it: Deliberation, primary: Member): boolean => {
  const { secondaries, inQuorum } = countStandbys(it, primary);
  const alone = it.group.numberSyncStandbys === 0 ? 'wait_primary' : 'primary';
  if (it.others(primary).every((node) => !node.quorum)) {
    const goal = secondaries === 0 ? 'wait_primary' : 'primary';
    if (primary.goal !== goal)
      it.assign(primary, goal, ' because none of the secondary nodes are healthy at the moment.');
    return true;
  }
  if (!settledIn(primary, 'wait_primary') && inQuorum === 0 && primary.goal !== alone)
    return it.assign(
      primary,
      alone,
      ' because none of the standby nodes in the quorum are healthy at the moment.',
    );
  if (settledIn(primary, 'wait_primary') && inQuorum > 0)
    return it.assign(
      primary,
      'primary',
      ` now that we have ${inQuorum} healthy  secondary nodes in the quorum.`,
    );
  if (settledIn(primary, 'apply_settings'))
    return it.assign(
      primary,
      inQuorum === 0 ? alone : 'primary',
      ' after it applied replication properties change.',
    );
  return true;
};

/** What follows when a primary reports. Source: pg_auto_failover 2.2, src/monitor/group_state_machine.c. */
export const proceedForPrimary = (it: Deliberation, primary: Member): boolean => {
  if (settledIn(primary, 'single')) {
    const joined = it.others(primary).find((node) => settledIn(node, 'wait_standby'));
    if (joined !== undefined) return it.assign(primary, 'wait_primary', ` after ${named(joined)} joined.`);
  }
  if (settledIn(primary, 'primary', 'wait_primary', 'apply_settings')) return serving(it, primary);
  if (settledIn(primary, 'join_primary')) return it.assign(primary, 'primary', '');
  return false;
};
