import type { ClusterFacts, NodeFacts } from '../../../cluster/facts.ts';
import { hostIn, isDataDirectory, nodeIn, type Observations } from '../../../cluster/observations.ts';
import { isMajor } from '../../language/conditions.ts';
import { hasMarker } from '../../language/evidence.ts';

/**
 * Whether a rollback through a fallback copy has registered the node again. Its own mark says so; where that has been tidied away already,
 * while the record is there still, it is told by the servers: the monitor has forgotten every node of before, knows this one, and its
 * pg_autoctl runs on the old version. Without this, whoever starts the rollback again at its very end would stop what serves.
 */
export const isRegisteredAnew = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean => {
  if (hasMarker(node, 'rollback-created', world)) return true;
  const seen = hostIn(world, node.alias);
  return (
    seen !== null &&
    hasMarker(facts.monitor, 'rollback-dropped', world) &&
    nodeIn(world, node.alias) !== null &&
    seen.pgAutoctl === 'runs' &&
    isDataDirectory(seen.data) &&
    isMajor(seen.data, facts.oldMajor)
  );
};
