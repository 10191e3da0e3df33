import { type Config, rebuildOf } from '../cluster/config.ts';
import { consolePlace } from '../cluster/custom-steps.ts';
import {
  type ClusterFacts,
  type NodeFacts,
  nodenameOf,
  placeOfCustom,
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
import { outsideOf } from './outside.ts';

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

/** Why the custom steps of the cluster file cannot run on this cluster; null: they can. */
export const customRefused = (facts: ClusterFacts): Problem | null => {
  const [first] = facts.custom;
  if (first !== undefined && facts.workers !== undefined)
    return problem(
      `The cluster file has custom steps (steps.${first.name}), and formation ${facts.formation} has several groups: nobody has tried these together.`,
      'Take them out of the cluster file, and run them by hand.',
    );
  const twin = facts.outside.find(({ alias }) =>
    [
      ...facts.nodes.flatMap((node) => [node.alias, nodenameOf(node)]),
      ...facts.others.map((one) => one.alias),
    ].some((name) => name === alias),
  );
  if (twin !== undefined)
    return problem(
      `The cluster file has a host ${twin.alias} for its custom steps, and a node of this monitor has that name.`,
      twin.kind === consolePlace
        ? 'The place console is this machine: name the node by its address, as a host of the file’s own.'
        : `Call it otherwise in hosts, and in the steps that run there.`,
    );
  const astray = facts.custom.find((step) => placeOfCustom(facts, step) === null);
  if (astray === undefined) return null;
  const names = ['primary', 'monitor', ...facts.nodes.map(nodenameOf), consolePlace];
  return problem(
    `The cluster file has steps.${astray.name} run on ${astray.on}, which is no host of this cluster and none of hosts in the file.`,
    `Name one of ${names.join(', ')} in steps.${astray.name}.on, or add hosts.${astray.on}.`,
  );
};

/** A group of the formation, and its nodes in the monitor's order. */
export interface GroupOfNodes {
  readonly group: number;
  readonly members: readonly ReadNode[];
}

/** The coordinator's first. */
export const groupsAmong = (state: MonitorState, nodes: readonly ReadNode[]): readonly GroupOfNodes[] =>
  [...new Set(state.nodes.map(({ group }) => group))]
    .sort((one, other) => one - other)
    .map((group) => ({
      group,
      members: nodes.filter(({ alias }) =>
        state.nodes.some((row) => row.name === alias && row.group === group),
      ),
    }));

/** The facts of a cluster whose hosts are all understood, one node of each group being its primary; the coordinator's group is the first. */
export const factsOf = (
  config: Config,
  state: MonitorState,
  monitor: ReadMonitor,
  groups: readonly GroupOfNodes[],
  primary: ReadNode,
): ReadFacts => {
  const [first, ...workers] = groups;
  const systemOf = (members: readonly ReadNode[]): string => {
    const its = members.find((node) => node.role === 'primary');
    return state.nodes.find((row) => row.name === its?.alias)?.systemIdentifier ?? '';
  };
  return {
    name: config.name,
    formation: config.formation,
    group: first?.group ?? 0,
    oldMajor: parsePostgresVersion(primary.oldVersion)?.major ?? 0,
    newMajor: newMajorOf(primary),
    mode: config.upgrade.mode,
    method: config.upgrade.method,
    largeObjects: config.upgrade.largeObjects ?? 'refuse',
    ...(config.upgrade.copyFrom === undefined ? {} : { copyFrom: config.upgrade.copyFrom }),
    ...(config.upgrade.copyRate === undefined ? {} : { copyRate: config.upgrade.copyRate }),
    keepWal: config.upgrade.keepWal ?? null,
    jobs: config.upgrade.jobs ?? 1,
    postgres: config.become.postgres,
    root: config.become.root,
    numberSyncStandbys: state.numberSyncStandbys,
    systemIdentifier: systemOf(first?.members ?? []),
    monitor,
    nodes: [...(first?.members ?? [])],
    ...(workers.length === 0
      ? {}
      : {
          workers: workers.map(({ group, members }) => ({
            group,
            systemIdentifier: systemOf(members),
            nodes: [...members],
          })),
        }),
    before: state.nodes,
    formations: formationsOf(config),
    others: [],
    custom: [...config.steps],
    outside: outsideOf(config),
    accept: [...config.check.accept],
    readAt: new Date().toISOString(),
    run: unnamed,
  };
};
