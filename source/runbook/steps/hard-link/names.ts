import { posix } from 'node:path';
import type { ClusterFacts, HostFacts, NodeFacts } from '../../../cluster/facts.ts';
import { primaryOf } from '../../../cluster/facts.ts';
import { word } from '../../../cluster/fragment.ts';
import type { Label, Path } from '../../../cluster/words.ts';
import { workTag } from '../../../cluster/work-directory.ts';
import { setAsidePlace } from '../../language/tablespace-names.ts';

/**
 * By this the lines of authorized_keys are known that let somebody fetch this host's data directory, and no other
 * cluster's of the same user; the node's id follows.
 */
export const keyMark = (primary: HostFacts): Label =>
  word`pgaf-upgrade-hard-link-${workTag(primary.workDir)}-`;
export const keyComment = (primary: HostFacts, node: NodeFacts): Label =>
  word`${keyMark(primary)}${node.nodeId}`;

/** The run's key and everything around it; on the secondaries and on the primary. */
export const linkDir = (host: HostFacts): Path => word`${host.workDir}/link`;

/** On the primary: the program that a secondary's key may run, and nothing else. */
export const onlyProgram = (primary: NodeFacts, node: NodeFacts): Path =>
  word`${linkDir(primary)}/only-${node.nodeId}`;

/** On the primary: what the dry run fetches. */
export const trialFile = (primary: NodeFacts): Path => word`${linkDir(primary)}/rehearsal`;

/** What each command may read on the primary: that of each tablespace, the transfer, and the dry run. */
export const readBy = (facts: ClusterFacts): readonly (readonly Path[])[] => {
  const primary = primaryOf(facts);
  return [
    ...primary.tablespaces.map((location) => [setAsidePlace(location), location]),
    [primary.backupData, primary.data],
    [trialFile(primary)],
  ];
};

/** Both directories lie beside one another under the same names on both hosts: the links are relative to that. */
export const sameNames = (primary: NodeFacts, node: NodeFacts): boolean =>
  [primary, node].every((one) => posix.dirname(one.data) === posix.dirname(one.backupData)) &&
  posix.basename(primary.data) === posix.basename(node.data) &&
  posix.basename(primary.backupData) === posix.basename(node.backupData);
