import { type Config, type HostSettings, rebuildOf } from '../../cluster/config.ts';
import {
  type ClusterFacts,
  clusterFactsSchema,
  linkedOf,
  linksLeaveNoImage,
  type MonitorFacts,
  type NodeFacts,
} from '../../cluster/facts.ts';
import type { MonitorState } from '../../cluster/monitor-state.ts';
import { sh } from '../../cluster/quote.ts';
import { fail, ok, type Problem, problem, type Result } from '../../cluster/result.ts';
import { parsePostgresVersion } from '../../cluster/version.ts';
import { monitorQuery, parseMonitorState } from '../../monitor/query.ts';
import type { HostAddress, RemoteHost } from '../../remote/host.ts';
import { factsOf, newMajorOf, roleOf } from './cluster-facts.ts';
import { commonFacts } from './host-facts.ts';
import { type Found, type Instance, parseFound } from './instance.ts';
import { discoverScript } from './script.ts';

/** Opens the kept connection to a host; asks the operator where it must. */
export type OpenHost = (address: HostAddress) => Promise<Result<RemoteHost>>;

export interface Discovered {
  readonly facts: ClusterFacts;
  readonly hosts: ReadonlyMap<string, RemoteHost>;
  /** The facts are an earlier run's record, because the servers are already on their way. */
  readonly fromRecord: boolean;
}

type Said = (doing: string) => void;

/** Where a host is reached: its own ssh settings over those for all, over its name on the monitor. */
export const addressOf = (
  config: Config,
  alias: string,
  hostname: string,
  settings: HostSettings | undefined,
): HostAddress => {
  const user = settings?.ssh?.user ?? config.ssh.user;
  const port = settings?.ssh?.port ?? config.ssh.port;
  const identity = settings?.ssh?.identityFile ?? config.ssh.identityFile;
  return {
    alias,
    host: settings?.ssh?.host ?? hostname,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
    ...(identity === undefined ? {} : { identityFiles: [identity] }),
  };
};

export const look = async (
  host: RemoteHost,
  config: Config,
  settings: HostSettings | undefined,
): Promise<Result<Found>> => {
  const script = discoverScript(settings?.newBindir ?? config.target.bindir, {
    pgdata: settings?.pgdata,
    unit: settings?.unit,
    oldBindir: settings?.oldBindir,
    port: settings?.port,
  });
  const output = await host.run(script, { as: config.become.postgres, timeoutMs: 60_000 });
  if (!output.ok) return output;
  if (output.value.code !== 0)
    return fail(
      problem(
        `${host.alias}: looking around as ${config.become.postgres} failed (exit ${output.value.code})`,
        `check on the host: sudo -n -u ${config.become.postgres} true`,
        output.value.stderr.trim().slice(0, 400),
      ),
    );
  return parseFound(host.alias, output.value.stdout);
};

/** The one instance that fits; the operator names it where there are several. */
export const theOne = (
  alias: string,
  what: string,
  all: readonly Instance[],
  fits: (instance: Instance) => boolean,
): Result<Instance> => {
  const fitting = all.filter(fits);
  const [first, second] = fitting;
  if (first === undefined)
    return fail(
      problem(
        `${alias}: no ${what} of pg_auto_failover found (${all.length === 0 ? 'no pg_autoctl.cfg' : `found: ${all.map((one) => one.pgdata).join(', ')}`})`,
        'check the host, and the user in become.postgres',
      ),
    );
  if (second !== undefined)
    return fail(
      problem(
        `${alias}: several fit: ${fitting.map((one) => one.pgdata).join(', ')}`,
        alias === 'monitor' ? 'set monitor.pgdata' : `set nodes.${alias}.pgdata`,
      ),
    );
  return ok(first);
};

export const askMonitor = async (
  host: RemoteHost,
  config: Config,
  instance: Instance,
): Promise<Result<MonitorState>> => {
  const database = instance.config.postgresql.dbname ?? 'pg_auto_failover';
  const script = `export LC_ALL=C; ${sh(`${instance.oldBindir}/psql`)} -XAtq -h ${sh(instance.socketDirectory)} -p ${instance.port} -d ${sh(database)} -c ${sh(monitorQuery(config.formation))}`;
  const output = await host.run(script, { as: config.become.postgres, timeoutMs: 30_000 });
  if (!output.ok) return output;
  if (output.value.code === 0) return parseMonitorState(output.value.stdout, config.formation);
  return fail(
    problem(
      'monitor: its database does not answer',
      `as ${config.become.postgres} there: ${instance.oldBindir}/pg_autoctl show state --pgdata ${instance.pgdata}`,
      output.value.stderr.trim().slice(0, 400),
    ),
  );
};

const settled = (state: MonitorState): boolean =>
  state.nodes.every(
    (node) =>
      node.reported === node.assigned &&
      (node.reported === 'primary' || node.reported === 'secondary' || node.reported === 'single'),
  );

/** The record counts while the servers are on their way; before that, and after, what is live counts. */
const recordOf = (found: Found, config: Config): ClusterFacts | null => {
  const record = clusterFactsSchema.safeParse(found.record);
  if (!record.success) return null;
  const target = parsePostgresVersion(found.newVersion);
  return record.data.newMajor === target?.major && record.data.formation === config.formation
    ? record.data
    : null;
};

const freshFacts = async (
  config: Config,
  monitorFound: Found,
  monitorInstance: Instance,
  state: MonitorState,
  hosts: ReadonlyMap<string, RemoteHost>,
  found: ReadonlyMap<string, Found>,
): Promise<Result<ClusterFacts>> => {
  const common = commonFacts('monitor', config, config.monitor, monitorFound, monitorInstance);
  if (!common.ok) return common;
  const monitor: MonitorFacts = {
    ...common.value,
    database: monitorInstance.config.postgresql.dbname ?? 'pg_auto_failover',
    extensionVersion: state.extensionVersion,
  };
  const groups = new Set(state.nodes.map((node) => node.group));
  if (groups.size > 1)
    return fail(
      problem(
        `formation ${config.formation} has ${groups.size} groups (Citus)`,
        'pgaf-upgrade upgrades formations of one group',
      ),
    );
  const nodes: NodeFacts[] = [];
  for (const row of state.nodes) {
    const answer = found.get(row.name);
    if (answer === undefined || !hosts.has(row.name))
      return fail(problem(`${row.name}: not reached`, 'check the connection'));
    const instance = theOne(
      row.name,
      'node',
      answer.instances,
      (one) =>
        one.config.role === 'keeper' &&
        one.config.name === row.name &&
        one.config.formation === config.formation,
    );
    if (!instance.ok) return instance;
    const facts = commonFacts(row.name, config, config.nodes[row.name], answer, instance.value);
    if (!facts.ok) return facts;
    nodes.push({
      ...facts.value,
      nodeId: row.id,
      hostname: row.host,
      role: roleOf(row),
      priority: row.priority,
      quorum: row.quorum,
      rebuild: rebuildOf(config, row.name),
    });
  }
  const primaries = nodes.filter((node) => node.role === 'primary');
  const [primary] = primaries;
  if (primary === undefined || primaries.length !== 1)
    return fail(
      problem(
        `formation ${config.formation} has ${primaries.length === 0 ? 'no primary' : `${primaries.length} primaries`} now`,
        'wait for the cluster to settle: pg_autoctl show state',
      ),
    );
  const different = [monitor, ...nodes].find((host) => newMajorOf(host) !== newMajorOf(primary));
  if (different !== undefined)
    return fail(
      problem(
        `${different.alias}: ${different.newBindir} is ${different.newVersion}, on the primary it is ${primary.newVersion}`,
        'install the same major version everywhere',
      ),
    );
  const facts = factsOf(config, state, monitor, nodes, primary);
  const refusal = linksRefused(facts);
  return refusal === null ? ok(facts) : fail(refusal);
};

/** Why this cluster may not be upgraded with the rebuilds that its file asks for; null: it may. */
const linksRefused = (facts: ClusterFacts): Problem | null => {
  if (!linksLeaveNoImage(facts)) return null;
  const linked = linkedOf(facts);
  return problem(
    `${linked.map((node) => node.alias).join(', ')}: every secondary is to be rebuilt by hard links, and none would keep its untouched PostgreSQL ${facts.oldMajor}`,
    linked.length === 1
      ? 'it is the only secondary: rebuild it by base-backup, because its old data is the way back once the new version has run'
      : `set rebuild: base-backup for one of them (nodes.${linked.at(-1)?.alias ?? ''}.rebuild in the cluster file): its old data is the way back once the new version has run`,
  );
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

  const live =
    state.ok &&
    settled(state.value) &&
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
    const facts = await freshFacts(config, monitorFound.value, instance.value, state.value, hosts, found);
    return facts.ok ? ok({ facts: facts.value, hosts, fromRecord: false }) : abandon(facts);
  }
  if (record !== null) {
    const accept = [...config.check.accept];
    return ok({ facts: { ...record, name: config.name, accept }, hosts, fromRecord: true });
  }
  if (!state.ok) return abandon(state);
  const facts = await freshFacts(config, monitorFound.value, instance.value, state.value, hosts, found);
  if (!facts.ok) return abandon(facts);
  const unsettled = state.value.nodes.find(
    (node) =>
      node.reported !== node.assigned ||
      (node.reported !== 'primary' && node.reported !== 'secondary' && node.reported !== 'single'),
  );
  if (unsettled !== undefined)
    return abandon(
      fail(
        problem(
          `${unsettled.name} is ${unsettled.reported}, assigned ${unsettled.assigned}`,
          'bring every node to primary or secondary first: pg_autoctl show state',
        ),
      ),
    );
  return ok({ facts: facts.value, hosts, fromRecord: false });
};
