import type { z } from 'zod';
import type { HostEvidence, Reach } from '../../cluster/checks/evidence.ts';
import { type Config, nodeSettings } from '../../cluster/config.ts';
import {
  type ClusterFacts,
  clusterFactsSchema,
  type HostFacts,
  type MonitorFacts,
  monitorFactsSchema,
  type NodeFacts,
  nodeFactsSchema,
} from '../../cluster/facts.ts';
import type { MonitorState } from '../../cluster/monitor-state.ts';
import { fail, ok, type Problem, type Result } from '../../cluster/result.ts';
import { misfit } from '../../cluster/words.ts';
import { askMonitor, inspectHost } from '../../discover/ask.ts';
import { customRefused, factsOf, groupsAmong, nodeFactsOf, roleOf } from '../../discover/cluster-facts.ts';
import { earlierOn } from '../../discover/earlier-run.ts';
import { commonFacts } from '../../discover/host-facts.ts';
import { addressOf, type OpenHost } from '../../discover/reach.ts';
import { expectedOf, monitorOf, nodeOf } from '../../discover/which-cluster.ts';
import type { Found, Instance } from '../../inspect/discovery/parse.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { isBecoming, reachOf } from './reach.ts';

/**
 * Discovery for the check: what `run` refuses to begin with is here something found, host by host, and the others are
 * inspected all the same.
 */
export interface Surveyed {
  readonly facts: ClusterFacts | null;
  readonly state: MonitorState | null;
  readonly hosts: ReadonlyMap<string, RemoteHost>;
  readonly evidence: readonly HostEvidence[];
}

type Role = HostEvidence['role'];

const blank = (alias: string, role: Role): HostEvidence => ({
  alias,
  role,
  reach: { kind: 'reached' },
  root: null,
  missingPrograms: [],
  silentServer: null,
  facts: null,
  unclear: null,
  inspection: null,
  dryRun: null,
  dryRunTrouble: null,
});

interface Reached {
  readonly evidence: HostEvidence;
  readonly host: RemoteHost | null;
  readonly found: Found | null;
}

const reach = async (
  config: Config,
  open: OpenHost,
  { alias, role, hostname }: { alias: string; role: Role; hostname: string },
): Promise<Reached> => {
  const evidence = blank(alias, role);
  const settings = role === 'monitor' ? config.monitor : nodeSettings(config, alias);
  const opened = await open(addressOf(config, alias, hostname, settings));
  if (!opened.ok) return { evidence: { ...evidence, reach: reachOf(opened.error) }, host: null, found: null };
  const found = await inspectHost(opened.value, config, settings);
  if (found.ok) return { evidence, host: opened.value, found: found.value };
  const trouble: Reach = isBecoming(found.error)
    ? { kind: 'no-postgres', problem: found.error }
    : { kind: 'no-answer', problem: found.error };
  return { evidence: { ...evidence, reach: trouble }, host: opened.value, found: null };
};

/** What keeps a host from having facts, each in the field of the check that it belongs to. */
const understand = <Facts extends HostFacts>(
  { evidence, found }: Reached,
  instance: Result<Instance>,
  facts: () => Result<Facts>,
): HostEvidence & { readonly facts: Facts | null } => {
  const without = { ...evidence, facts: null };
  if (found === null) return without;
  if (!instance.ok) return { ...without, unclear: instance.error, missingPrograms: found.missingTools };
  const left = { earlier: earlierOn(evidence.alias, found, instance.value)?.problem ?? null };
  const silent = instance.value.server === null ? instance.value.serverError : null;
  if (found.missingTools.length > 0 || silent !== null)
    return { ...without, ...left, missingPrograms: found.missingTools, silentServer: silent };
  const made = facts();
  return made.ok ? { ...evidence, ...left, facts: made.value } : { ...without, ...left, unclear: made.error };
};

/** A value that is none of its kind reaches no script, of a check neither. */
const fitting = <Facts, Read>(schema: z.ZodType<Facts, Read>, read: Read, whose: string): Result<Facts> => {
  const parsed = schema.safeParse(read);
  return parsed.success
    ? ok(parsed.data)
    : fail(
        misfit(
          parsed.error,
          read,
          whose,
          'Nothing was run with it. Change it on the server, or give the right value in the cluster file, then check again.',
        ),
      );
};

const clusterOf = (
  config: Config,
  state: MonitorState,
  monitor: MonitorFacts,
  nodes: readonly NodeFacts[],
): Result<ClusterFacts> | null => {
  const groups = groupsAmong(state, nodes);
  const primary = nodes.find((node) => node.role === 'primary');
  const alone = groups.every(({ members }) => members.filter((node) => node.role === 'primary').length === 1);
  if (primary === undefined || !alone) return null;
  const facts = fitting(clusterFactsSchema, factsOf(config, state, monitor, groups, primary), 'The cluster');
  if (!facts.ok) return facts;
  const refusal = customRefused(facts.value);
  return refusal === null ? facts : fail(refusal);
};

/** Reaches every host, side by side. Errors: the monitor cannot be asked, so that nobody knows which hosts there are. */
export const survey = async (
  config: Config,
  open: OpenHost,
  say: (doing: string) => void,
): Promise<Result<Surveyed>> => {
  say(`connecting to the monitor, ${config.monitor.ssh?.host ?? config.monitor.host}`);
  const monitor = await reach(config, open, {
    alias: 'monitor',
    role: 'monitor',
    hostname: config.monitor.host,
  });
  const hosts = new Map<string, RemoteHost>();
  if (monitor.host !== null) hosts.set('monitor', monitor.host);
  const closing = async (error: Problem): Promise<Result<never>> => {
    await Promise.all([...hosts.values()].map((host) => host.close()));
    return { ok: false, error };
  };
  if (monitor.host === null || monitor.found === null)
    return monitor.evidence.reach.kind === 'reached'
      ? closing({ what: 'monitor: it gave no answer', remedy: 'check again' })
      : closing(monitor.evidence.reach.problem);
  const instance = monitorOf(config, monitor.found);
  if (!instance.ok) return closing(instance.error);
  const state = await askMonitor(monitor.host, config, instance.value);
  if (!state.ok) return closing(state.error);

  const { nodes } = state.value;
  say(`connecting to ${nodes.map((node) => node.name).join(', ')}`);
  const reached = await Promise.all(
    nodes.map((node) => reach(config, open, { alias: node.name, role: roleOf(node), hostname: node.host })),
  );
  const seenMonitor = understand<MonitorFacts>(monitor, instance, () => {
    const found = monitor.found;
    if (found === null)
      return { ok: false, error: { what: 'monitor: not inspected', remedy: 'check again' } };
    const common = commonFacts('monitor', config, config.monitor, found, instance.value);
    if (!common.ok) return common;
    const { database } = instance.value;
    const read = { ...common.value, database, extensionVersion: state.value.extensionVersion };
    return fitting(monitorFactsSchema, read, 'monitor');
  });
  const seen = reached.map((one, index) => {
    const row = nodes[index];
    const { found } = one;
    const alias = one.evidence.alias;
    if (one.host !== null) hosts.set(alias, one.host);
    const mine: Result<Instance> =
      found === null || row === undefined
        ? { ok: false, error: { what: `${alias}: not inspected`, remedy: 'check again' } }
        : nodeOf(config, expectedOf(row), found);
    return understand<NodeFacts>(one, mine, () => {
      if (!mine.ok) return mine;
      if (found === null || row === undefined)
        return { ok: false, error: { what: `${alias}: not inspected`, remedy: 'check again' } };
      const common = commonFacts(alias, config, nodeSettings(config, alias), found, mine.value);
      if (!common.ok) return common;
      return fitting(nodeFactsSchema, nodeFactsOf(config, row, common.value), alias);
    });
  });
  const withFacts = seen.flatMap(({ facts }) => (facts === null ? [] : [facts]));
  const facts =
    seenMonitor.facts === null ? null : clusterOf(config, state.value, seenMonitor.facts, withFacts);
  if (facts !== null && !facts.ok) return closing(facts.error);
  return ok({
    facts: facts?.value ?? null,
    state: state.value,
    hosts,
    evidence: [seenMonitor, ...seen],
  });
};
