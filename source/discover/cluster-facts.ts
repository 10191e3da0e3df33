import { type Config, rebuildOf } from '../cluster/config.ts';
import {
  type ClusterFacts,
  hostOfCustom,
  type NodeFacts,
  nodenameOf,
  type ReadFacts,
  type ReadMonitor,
  type ReadNode,
  unnamed,
} from '../cluster/facts.ts';
import type { MonitorNode, MonitorState } from '../cluster/monitor-state.ts';
import { type Problem, problem } from '../cluster/result.ts';
import { isPrimaryState } from '../cluster/states.ts';
import { parsePostgresVersion } from '../cluster/version.ts';
import type { CommonFacts } from './host-facts.ts';

/** Which of the runbook's two parts a node has: whoever takes the writes is the primary. */
export const roleOf = (node: MonitorNode): NodeFacts['role'] =>
  isPrimaryState(node.reported) ? 'primary' : 'secondary';

export const newMajorOf = (host: { readonly newVersion: string }): number =>
  parsePostgresVersion(host.newVersion)?.major ?? 0;

/** A node's facts: what its host says, and its row on the monitor. */
export const nodeFactsOf = (config: Config, row: MonitorNode, common: CommonFacts): ReadNode => ({
  ...common,
  nodeId: row.id,
  ...(row.nodename === undefined ? {} : { nodename: row.nodename }),
  hostname: row.host,
  role: roleOf(row),
  priority: row.priority,
  quorum: row.quorum,
  rebuild: rebuildOf(config, row.name),
});

/** What the cluster file says of other formations. */
export const formationsOf = (config: Config): ClusterFacts['formations'] =>
  Object.fromEntries(Object.entries(config.formations).map(([name, said]) => [name, said.do]));

/** Why a custom step cannot run where the cluster file says; null: each has a host of this cluster. */
export const unknownHost = (facts: ClusterFacts): Problem | null => {
  const astray = facts.custom.find((step) => hostOfCustom(facts, step) === null);
  if (astray === undefined) return null;
  const names = ['primary', 'monitor', ...facts.nodes.map(nodenameOf)];
  return problem(
    `The cluster file has steps.${astray.name} run on ${astray.on}, which is no host of this cluster.`,
    `Name one of ${names.join(', ')} in steps.${astray.name}.on.`,
  );
};

/** The facts of a cluster whose hosts are all understood, one of its nodes being the primary. */
export const factsOf = (
  config: Config,
  state: MonitorState,
  monitor: ReadMonitor,
  nodes: readonly ReadNode[],
  primary: ReadNode,
): ReadFacts => ({
  name: config.name,
  formation: config.formation,
  group: state.nodes[0]?.group ?? 0,
  oldMajor: parsePostgresVersion(primary.oldVersion)?.major ?? 0,
  newMajor: newMajorOf(primary),
  mode: config.upgrade.mode,
  jobs: config.upgrade.jobs ?? 1,
  postgres: config.become.postgres,
  root: config.become.root,
  numberSyncStandbys: state.numberSyncStandbys,
  systemIdentifier: state.nodes.find((node) => node.name === primary.alias)?.systemIdentifier ?? '',
  monitor,
  nodes: [...nodes],
  before: state.nodes,
  formations: formationsOf(config),
  others: [],
  custom: [...config.steps],
  accept: [...config.check.accept],
  readAt: new Date().toISOString(),
  run: unnamed,
});
