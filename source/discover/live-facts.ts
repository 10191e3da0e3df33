import type { z } from 'zod';
import { type Config, nodeSettings } from '../cluster/config.ts';
import {
  type ClusterFacts,
  clusterFactsSchema,
  linkedOf,
  linksLeaveNoCopy,
  type ReadFacts,
  type ReadMonitor,
  type ReadNode,
} from '../cluster/facts.ts';
import { refusedOfGroups } from '../cluster/groups.ts';
import type { MonitorState } from '../cluster/monitor-state.ts';
import { fail, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { misfit } from '../cluster/words.ts';
import { customRefused, factsOf, groupsAmong, newMajorOf, nodeFactsOf } from './cluster-facts.ts';
import type { SeenHost } from './cluster-record.ts';
import { commonFacts } from './host-facts.ts';

/** Why this cluster may not be upgraded with the rebuilds that its file asks for; null: it may. */
const linksRefused = (facts: ClusterFacts): Problem | null => {
  if (!linksLeaveNoCopy(facts)) return null;
  const linked = linkedOf(facts);
  return problem(
    `${linked.map((node) => node.alias).join(', ')}: every secondary is to be rebuilt by hard links, and none would keep its untouched PostgreSQL ${facts.oldMajor}.`,
    linked.length === 1
      ? 'It is the only secondary: rebuild it by base-backup, because its old data is the fallback copy once the new version has run.'
      : `Set rebuild: base-backup for one of them (nodes.${linked.at(-1)?.alias ?? ''}.rebuild in the cluster file): its old data is the fallback copy once the new version has run.`,
  );
};

/** Why this formation of several groups may not be upgraded as it is; null: it may. */
const groupsRefused = (facts: ClusterFacts): Problem | null => {
  const [first] = refusedOfGroups(facts);
  return first === undefined
    ? null
    : problem(`Formation ${facts.formation}: ${first.found}.`, `${first.remedy}.`);
};

/** A value that is none of its kind reaches no script: whose it is, and which. */
const unfitting = (error: z.ZodError, facts: ReadFacts): Problem => {
  const [issue] = error.issues;
  const [list, at] = issue?.path ?? [];
  const inNode = list === 'nodes' && typeof at === 'number';
  const whose = inNode
    ? (facts.nodes[at]?.alias ?? 'a node')
    : list === 'monitor'
      ? 'monitor'
      : 'The cluster';
  const within = inNode ? 2 : list === 'monitor' ? 1 : 0;
  return misfit(
    error,
    facts,
    whose,
    'Nothing was run with it. Change it on the server, or give the right value in the cluster file, then start again.',
    within,
  );
};

/** What the cluster is now, from what the monitor and every host of it say; or why it may not be upgraded as it is. */
export const liveFacts = async (
  config: Config,
  seen: ReadonlyMap<string, SeenHost>,
  state: MonitorState,
): Promise<Result<ClusterFacts>> => {
  const its = seen.get('monitor');
  if (its === undefined) return fail(problem('The monitor was not reached.', 'Check the connection.'));
  const common = commonFacts('monitor', config, config.monitor, its.found, its.instance);
  if (!common.ok) return common;
  const monitor: ReadMonitor = {
    ...common.value,
    database: its.instance.database,
    extensionVersion: state.extensionVersion,
  };
  const nodes: ReadNode[] = [];
  for (const row of state.nodes) {
    const answer = seen.get(row.name);
    if (answer === undefined) return fail(problem(`${row.name} was not reached.`, 'Check the connection.'));
    const { found, instance } = answer;
    const facts = commonFacts(row.name, config, nodeSettings(config, row.name), found, instance);
    if (!facts.ok) return facts;
    nodes.push(nodeFactsOf(config, row, facts.value));
  }
  const groups = groupsAmong(state, nodes);
  for (const { group, members } of groups) {
    const primaries = members.filter((node) => node.role === 'primary');
    if (primaries.length !== 1)
      return fail(
        problem(
          `${groups.length === 1 ? 'Formation' : `Group ${group} of formation`} ${config.formation} has ${primaries.length === 0 ? 'no primary' : `${primaries.length} primaries`} now.`,
          'Wait until every node has its assigned state: `pg_autoctl show state`.',
        ),
      );
  }
  const primary = nodes.find((node) => node.role === 'primary');
  if (primary === undefined)
    return fail(
      problem(`Formation ${config.formation} has no nodes.`, 'Check formation in the cluster file.'),
    );
  const different = [monitor, ...nodes].find((host) => newMajorOf(host) !== newMajorOf(primary));
  if (different !== undefined)
    return fail(
      problem(
        `${different.alias}: ${different.newBindir} is ${different.newVersion}, on the primary it is ${primary.newVersion}.`,
        'Install the same major version everywhere.',
      ),
    );
  const read = factsOf(config, state, monitor, groups, primary);
  const fitting = clusterFactsSchema.safeParse(read);
  if (!fitting.success) return fail(unfitting(fitting.error, read));
  const facts = fitting.data;
  const refusal = groupsRefused(facts) ?? linksRefused(facts) ?? customRefused(facts);
  return refusal === null ? ok(facts) : fail(refusal);
};
