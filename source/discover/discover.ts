import { type Config, nodeSettings } from '../cluster/config.ts';
import { type ClusterFacts, nodesOf } from '../cluster/facts.ts';
import type { MonitorNode } from '../cluster/monitor-state.ts';
import { fail, formatProblem, ok, type Problem, problem, type Result } from '../cluster/result.ts';
import { parsePostgresVersion } from '../cluster/version.ts';
import type { RemoteHost } from '../remote/host.ts';
import { askMonitor, inspectHost } from './ask.ts';
import { formationsOf } from './cluster-facts.ts';
import { readRecord, recordedFacts, recordMisfit, type SeenHost } from './cluster-record.ts';
import { earlierOn } from './earlier-run.ts';
import { liveFacts } from './live-facts.ts';
import { otherNodes, reachOthers } from './other-clusters.ts';
import { reachOutside } from './outside.ts';
import { addressOf, type OpenHost } from './reach.ts';
import { type ExpectedNode, expectedOf, monitorOf, nodeOf, recordedAs } from './which-cluster.ts';

export interface Discovered {
  readonly facts: ClusterFacts;
  readonly hosts: ReadonlyMap<string, RemoteHost>;
  /** The facts are an earlier run's record, because the servers are already on their way. */
  readonly fromRecord: boolean;
}

type Said = (doing: string) => void;

/** Neither on its way to a state nor in one that an upgrade does not begin from. */
const atRest = ({ reported, assigned }: MonitorNode): boolean =>
  reported === assigned && (reported === 'primary' || reported === 'secondary' || reported === 'single');

/** What one host has answered; one that is not the host that was meant, or cannot be asked, is an error. */
type Answer = Result<
  { readonly kind: 'seen'; readonly seen: SeenHost } | { readonly kind: 'silent'; readonly why: Problem }
>;

const isBelowTarget = ({ found, instance }: SeenHost): boolean =>
  instance.server === null || instance.major < (parsePostgresVersion(found.newVersion)?.major ?? 0);

const silentMonitor = ({ trouble }: RemoteHost): Problem => {
  const why = trouble ?? problem('The monitor does not answer.', 'Is the host up?');
  return problem(
    why.what,
    `${why.remedy} Without the monitor’s host nothing is begun, gone on with or rolled back: the record and the lock are there. Where an upgrade stood, and what the nodes say now: \`pgaf-upgrade status\`, on the machine that has its journal.`,
    why.cause,
  );
};

/**
 * From a monitor's address to everything the runbook is built on: the monitor names the nodes, each host says what it
 * runs, and which node it is. Read-only. Where the servers are already between two versions, the record that an earlier run
 * left on the monitor's host says how they were, if the servers agree ({@link recordedFacts}).
 */
export const discover = async (config: Config, open: OpenHost, say: Said): Promise<Result<Discovered>> => {
  const hosts = new Map<string, RemoteHost>();
  const abandon = async <Failure>(failure: { readonly ok: false; readonly error: Failure }) => {
    await Promise.all([...hosts.values()].map((host) => host.close()));
    return failure;
  };
  say(`connecting to the monitor, ${config.monitor.ssh?.host ?? config.monitor.host}`);
  const monitorHost = await open(addressOf(config, 'monitor', config.monitor.host, config.monitor), {
    evenIfSilent: true,
  });
  if (!monitorHost.ok) return monitorHost;
  hosts.set('monitor', monitorHost.value);
  if (monitorHost.value.line !== 'connected') return abandon(fail(silentMonitor(monitorHost.value)));
  say('inspecting the monitor');
  const monitorFound = await inspectHost(monitorHost.value, config, config.monitor);
  if (!monitorFound.ok) return abandon(monitorFound);
  const instance = monitorOf(config, monitorFound.value);
  if (!instance.ok) return abandon(instance);
  const monitor: SeenHost = { found: monitorFound.value, instance: instance.value };
  const state = await askMonitor(monitorHost.value, config, instance.value);
  const record = readRecord(config, monitor);
  const earlier = earlierOn('monitor', monitor.found, monitor.instance);
  /** Why it cannot start; where an earlier version has begun something with this cluster, that is why. */
  const refuse = (error: Problem) =>
    abandon(
      fail(
        earlier?.mine === true ? problem(earlier.problem.what, earlier.problem.remedy, error.what) : error,
      ),
    );
  const unfit = recordMisfit(monitor);
  if (!state.ok && record === null) return refuse(unfit ?? state.error);

  const anew = instance.value.registeredAnew && record !== null;
  const expected: readonly ExpectedNode[] =
    state.ok && !anew
      ? state.value.nodes.map(expectedOf)
      : (record === null ? [] : nodesOf(record)).map((node) => recordedAs(node, anew));
  if (expected.length === 0)
    return abandon(
      fail(
        problem(
          `Formation ${config.formation} has no nodes on this monitor.`,
          'Check formation in the cluster file.',
        ),
      ),
    );
  const unknown = Object.keys(config.nodes).find((name) => !expected.some((node) => node.alias === name));
  if (unknown !== undefined)
    return abandon(
      fail(
        problem(
          `The cluster file has settings for ${unknown}, which the monitor does not know.`,
          `Its nodes are ${expected.map((node) => node.alias).join(', ')}.`,
        ),
      ),
    );
  say(`connecting to ${expected.map((node) => node.alias).join(', ')}`);
  const reach = async (node: ExpectedNode): Promise<Answer> => {
    const { alias, hostname } = node;
    // With a record of the run a host that gives no answer is known from it; without one nothing is begun.
    const evenIfSilent = record !== null;
    const host = await open(addressOf(config, alias, hostname, nodeSettings(config, alias)), {
      evenIfSilent,
    });
    if (!host.ok) return host;
    hosts.set(alias, host.value);
    if (host.value.line !== 'connected')
      return ok({
        kind: 'silent',
        why: host.value.trouble ?? problem(`${alias} does not answer.`, 'Is the host up?'),
      });
    const found = await inspectHost(host.value, config, nodeSettings(config, alias));
    if (!found.ok) return found;
    const its = nodeOf(config, node, found.value);
    return its.ok ? ok({ kind: 'seen', seen: { found: found.value, instance: its.value } }) : its;
  };
  const answers = new Map<string, Answer>(
    await Promise.all(expected.map(async (node) => [node.alias, await reach(node)] as const)),
  );
  const seen = new Map<string, SeenHost>([['monitor', monitor]]);
  const silent: Problem[] = [];
  for (const [alias, answer] of answers) {
    if (!answer.ok) return abandon(answer);
    if (answer.value.kind === 'seen') seen.set(alias, answer.value.seen);
    else silent.push(answer.value.why);
  }

  // Phase A in daylight, the window at night: still the same run. A record's own name counts before it.
  const named = (facts: ClusterFacts): ClusterFacts => ({ ...facts, run: instance.value.run ?? facts.run });
  const all = [...seen.values()];
  const live = state.ok && state.value.nodes.every(atRest) && all.every(isBelowTarget);
  const underway = all.some((one) => one.instance.underway);
  const untouched =
    record === null ||
    (!underway && state.ok && state.value.numberSyncStandbys === record.numberSyncStandbys);
  const [firstSilent] = silent;
  if (firstSilent !== undefined && (record === null || untouched)) return abandon(fail(firstSilent));
  if (state.ok && live && untouched) {
    if (earlier !== null) say(formatProblem(earlier.problem));
    say('reading facts');
    const facts = await liveFacts(config, seen, state.value);
    if (!facts.ok) return abandon(facts);
    const others = await otherNodes(config, open, state.value, hosts);
    if (!others.ok) return abandon(others);
    await reachOutside(config, open, facts.value, hosts);
    return ok({ facts: { ...named(facts.value), others: others.value }, hosts, fromRecord: false });
  }
  if (record !== null) {
    const facts = recordedFacts(config, record, seen, state.ok ? state.value : null);
    if (!facts.ok) return abandon(facts);
    await reachOthers(config, open, record.others, hosts);
    await reachOutside(config, open, facts.value, hosts);
    const said = { root: config.become.root, formations: formationsOf(config) };
    return ok({ facts: { ...facts.value, ...said }, hosts, fromRecord: true });
  }
  if (!state.ok) return refuse(state.error);
  if (unfit !== null && underway) return refuse(unfit);
  const facts = await liveFacts(config, seen, state.value);
  if (!facts.ok) return refuse(facts.error);
  const unsettled = state.value.nodes.find((node) => !atRest(node));
  if (unsettled !== undefined)
    return refuse(
      problem(
        `${unsettled.name} is ${unsettled.reported}, assigned ${unsettled.assigned}.`,
        'Bring every node to primary or secondary first: `pg_autoctl show state`.',
      ),
    );
  await reachOutside(config, open, facts.value, hosts);
  return ok({ facts: named(facts.value), hosts, fromRecord: false });
};
