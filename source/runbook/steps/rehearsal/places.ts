import type { ClusterFacts, NodeFacts } from '../../../cluster/facts.ts';
import { word } from '../../../cluster/fragment.ts';
import { baseOf, below, type Label, type Path, parentOf, plainName } from '../../../cluster/words.ts';
import { privateSocket } from '../../shell/shell.ts';

/**
 * The copy on which the window is rehearsed is a node of its own for every step of the window: its directories, its work directory and its socket
 * lie below one throwaway directory beside the data, it has no unit, no pg_autoctl and no port that anybody listens on. So the window's own
 * scripts, probes and conditions hold for it as they are, and none of them has a path of the cluster's in it.
 */

/** Everything that a rehearsal makes lies here, on the data's file system: pg_upgrade's links and renames take what they take in the window. */
export const rehearsalRoot = (node: NodeFacts): Path =>
  below(parentOf(node.data), `pgaf-upgrade-rehearsal.${baseOf(node.data)}`);

/** Under which name the copy is observed: no host of the cluster has it, because no alias has a blank. */
export const copyAlias = word`rehearsal copy`;

/** The copy as a node: the primary of a cluster of one. */
const copyNode = (facts: ClusterFacts, node: NodeFacts): NodeFacts => {
  const root = rehearsalRoot(node);
  const copy: NodeFacts = {
    ...node,
    alias: copyAlias,
    role: 'primary',
    pgdata: below(root, 'data'),
    data: below(root, 'data'),
    newData: below(root, `data_pg${facts.newMajor}`),
    backupData: below(root, `data_pg${facts.oldMajor}_bak`),
    configFile: below(root, 'no-pg_autoctl.cfg'),
    stateFile: below(root, 'no-pg_autoctl.state'),
    pidFile: below(root, 'no-pg_autoctl.pid'),
    workDir: below(root, 'work'),
    service: { kind: 'none' },
    rebuild: 'base-backup',
    // Slots are no part of a base backup: the copy has none to carry.
    decoding: null,
    wal: null,
  };
  return { ...copy, socketDirectory: privateSocket(copy) };
};

export interface CopyOfCluster {
  readonly facts: ClusterFacts;
  readonly copy: NodeFacts;
  /** Whose host it is on. */
  readonly node: NodeFacts;
}

/** The cluster of one that the window's steps are made from; null: the cluster has no node of this name. */
export const rehearsalOn = (facts: ClusterFacts, alias: string): CopyOfCluster | null => {
  const node = facts.nodes.find((one) => one.alias === alias);
  if (node === undefined) return null;
  const copy = copyNode(facts, node);
  return {
    facts: { ...facts, nodes: [copy], numberSyncStandbys: 0, custom: [], outside: [], others: [] },
    copy,
    node,
  };
};

/** The mark in the copy's work directory that says of which run it is. */
export const ofRun = (facts: ClusterFacts): Label => plainName(`of-${facts.run}`);

/** What the base backup calls itself where it connects: by that its progress is found. */
export const backupName = word`pgaf-upgrade-rehearsal`;

/** Bytes a second of the base backup, as pg_basebackup takes them, where nobody says otherwise. */
export const defaultRate = word`100M`;
