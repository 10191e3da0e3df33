import { type ClusterFacts, type NodeFacts, nodenameOf } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh } from '../../cluster/fragment.ts';
import { sqlLiteral } from '../../cluster/quote.ts';
import { psql, script } from './shell.ts';

/**
 * The monitor's function wants one standby more in the quorum than the number, so a number that came about otherwise (a node left the quorum
 * as primary and became a standby later) cannot be set by it again. Then the row itself, and the settings of a node as they are, which has the
 * primary apply both. Source: pg_auto_failover, formation_metadata.c, FormationNumSyncStandbyIsValid; tried with 2.0.
 */
export const setSyncStandbys = (facts: ClusterFacts, wanted: number, writer: NodeFacts): Fragment => {
  const standbys = facts.nodes.filter((node) => node !== writer);
  // One with a priority: setting 0 again is refused where few others have one.
  const first = [...standbys, writer].find((node) => node.priority > 0);
  const formation = sqlLiteral(facts.formation);
  const enough = wanted + 1 <= standbys.filter((node) => node.quorum).length;
  const sql =
    enough || first === undefined
      ? `select pgautofailover.set_formation_number_sync_standbys(${formation}, ${wanted})`
      : `update pgautofailover.formation set number_sync_standbys = ${wanted} where formationid = ${formation}; select pgautofailover.set_node_candidate_priority(${formation}, ${sqlLiteral(nodenameOf(first))}, ${first.priority})`;
  return script(
    sh`${psql(facts.monitor, facts.monitor.newBindir, facts.monitor.database)} -Atc ${quoted(sql)}`,
  );
};
