import type { Config } from '../../cluster/config.ts';
import { type ClusterFacts, clusterFactsSchema } from '../../cluster/facts.ts';
import type { MonitorNode } from '../../cluster/monitor-state.ts';
import { fail, ok, problem, type Result } from '../../cluster/result.ts';
import { parsePostgresVersion } from '../../cluster/version.ts';
import type { RemoteHost } from '../../remote/host.ts';
import { askMonitor, look, theOne } from './ask.ts';
import type { Found } from './instance.ts';
import { liveFacts } from './live-facts.ts';
import { addressOf, type OpenHost } from './reach.ts';

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

/** The record counts while the servers are on their way; before that, and after, what is live counts. */
const recordOf = (found: Found, config: Config): ClusterFacts | null => {
  const record = clusterFactsSchema.safeParse(found.record);
  if (!record.success) return null;
  const target = parsePostgresVersion(found.newVersion);
  return record.data.newMajor === target?.major && record.data.formation === config.formation
    ? record.data
    : null;
};

/**
 * From a monitor's address to everything the runbook is built on: the monitor names the nodes, each host says what it
 * runs. Read-only. Where the servers are already between two versions, the record that an earlier run left on the
 * monitor's host says how they were.
 */
export const discover = async (config: Config, open: OpenHost, say: Said): Promise<Result<Discovered>> => {
  const hosts = new Map<string, RemoteHost>();
  const abandon = async <Failure>(failure: { readonly ok: false; readonly error: Failure }) => {
    await Promise.all([...hosts.values()].map((host) => host.close()));
    return failure;
  };
  say(`connecting to the monitor, ${config.monitor.ssh?.host ?? config.monitor.host}`);
  const monitorHost = await open(addressOf(config, 'monitor', config.monitor.host, config.monitor));
  if (!monitorHost.ok) return monitorHost;
  hosts.set('monitor', monitorHost.value);
  say('looking at the monitor');
  const monitorFound = await look(monitorHost.value, config, config.monitor);
  if (!monitorFound.ok) return abandon(monitorFound);
  const instance = theOne(
    'monitor',
    'monitor',
    monitorFound.value.instances,
    (one) => one.config.role === 'monitor',
  );
  if (!instance.ok) return abandon(instance);
  const state = await askMonitor(monitorHost.value, config, instance.value);
  const record = recordOf(monitorFound.value, config);
  if (!state.ok && record === null) return abandon(state);

  const names = state.ok
    ? state.value.nodes.map((node) => ({ alias: node.name, hostname: node.host }))
    : (record?.nodes ?? []).map((node) => ({ alias: node.alias, hostname: node.hostname }));
  if (names.length === 0)
    return abandon(
      fail(
        problem(
          `formation ${config.formation} has no nodes on this monitor`,
          'check formation in the cluster file',
        ),
      ),
    );
  const unknown = Object.keys(config.nodes).find((name) => !names.some((node) => node.alias === name));
  if (unknown !== undefined)
    return abandon(
      fail(
        problem(
          `the cluster file has settings for ${unknown}, which the monitor does not know`,
          `its nodes are ${names.map((node) => node.alias).join(', ')}`,
        ),
      ),
    );
  say(`connecting to ${names.map((node) => node.alias).join(', ')}`);
  // The first host alone: what it asks the operator (a passphrase) need not be asked for each.
  const found = new Map<string, Found>();
  const reach = async ({ alias, hostname }: { alias: string; hostname: string }): Promise<Result<null>> => {
    const host = await open(addressOf(config, alias, hostname, config.nodes[alias]));
    if (!host.ok) return host;
    hosts.set(alias, host.value);
    const answer = await look(host.value, config, config.nodes[alias]);
    if (!answer.ok) return answer;
    found.set(alias, answer.value);
    return ok(null);
  };
  const reached = await Promise.all(names.map(reach));
  for (const one of reached) if (!one.ok) return abandon(one);

  // Phase A in daylight, the window at night: still the same run. A record's own name counts before it.
  const named = (facts: ClusterFacts): ClusterFacts => ({
    ...facts,
    run: monitorFound.value.run ?? facts.run,
  });
  const live =
    state.ok &&
    state.value.nodes.every(atRest) &&
    [...found.values(), monitorFound.value].every((one) =>
      one.instances.every(
        (it) => it.server === null || it.major < (parsePostgresVersion(one.newVersion)?.major ?? 0),
      ),
    );
  const underway = [...found.values(), monitorFound.value].some((one) => one.underway);
  const untouched =
    record === null ||
    (!underway && state.ok && state.value.numberSyncStandbys === record.numberSyncStandbys);
  if (state.ok && live && untouched) {
    say('reading facts');
    const facts = await liveFacts(config, monitorFound.value, instance.value, state.value, found);
    return facts.ok ? ok({ facts: named(facts.value), hosts, fromRecord: false }) : abandon(facts);
  }
  if (record !== null) {
    const accept = [...config.check.accept];
    return ok({ facts: { ...record, name: config.name, accept }, hosts, fromRecord: true });
  }
  if (!state.ok) return abandon(state);
  const facts = await liveFacts(config, monitorFound.value, instance.value, state.value, found);
  if (!facts.ok) return abandon(facts);
  const unsettled = state.value.nodes.find((node) => !atRest(node));
  if (unsettled !== undefined)
    return abandon(
      fail(
        problem(
          `${unsettled.name} is ${unsettled.reported}, assigned ${unsettled.assigned}`,
          'bring every node to primary or secondary first: pg_autoctl show state',
        ),
      ),
    );
  return ok({ facts: named(facts.value), hosts, fromRecord: false });
};
