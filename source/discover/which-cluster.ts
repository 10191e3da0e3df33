import type { Config } from '../cluster/config.ts';
import { type NodeFacts, nodenameOf } from '../cluster/facts.ts';
import { type MonitorNode, monitorNameOf } from '../cluster/monitor-state.ts';
import { fail, problem, type Result } from '../cluster/result.ts';
import type { Found, Instance, ReadInstance } from '../inspect/discovery/parse.ts';
import { theOne } from './ask.ts';

/** What is known of a node before its host is asked, by the monitor's rows; by the record while the monitor is stopped. */
export interface ExpectedNode {
  readonly alias: string;
  /** As the monitor and pg_autoctl.cfg have it. */
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  /** Null: a rollback through a fallback copy registers the nodes again, and their ids are not known. */
  readonly nodeId: number | null;
}

export const expectedOf = (row: MonitorNode): ExpectedNode => ({
  alias: row.name,
  name: monitorNameOf(row),
  hostname: row.host,
  port: row.port,
  nodeId: row.id,
});

export const recordedAs = (node: NodeFacts, idsAreNew: boolean): ExpectedNode => ({
  alias: node.alias,
  name: nodenameOf(node),
  hostname: node.hostname,
  port: node.port,
  nodeId: idsAreNew ? null : node.nodeId,
});

/** The monitor of this host that the cluster file means: by its data directory, and by its port where there are several. */
export const monitorOf = (config: Config, found: Found): Result<Instance> => {
  const monitors = found.instances.filter((one) => one.config.role === 'monitor');
  const onPort = monitors.filter((one) => one.config.postgresql.port === config.monitor.port);
  return theOne('monitor', 'monitor', found.instances, (one) =>
    (onPort.length === 1 ? onPort : monitors).includes(one),
  );
};

const describe = (one: ReadInstance): string =>
  one.config.role === 'monitor'
    ? `a monitor (${one.pgdata})`
    : `${one.config.name} of formation ${one.config.formation} (${one.pgdata}${one.nodeId === null ? '' : `, id ${one.nodeId}`})`;

/**
 * The node of this host that the monitor means: its name and formation in pg_autoctl.cfg, its id in the state file. Names
 * alone do not tell: node_1 is pg_auto_failover's own first name, and another cluster of the same user has it as well.
 * Errors: another node answers under this address; none; several.
 */
export const nodeOf = (config: Config, expected: ExpectedNode, found: Found): Result<Instance> => {
  const { alias, hostname, name, nodeId, port } = expected;
  const named = found.instances.filter(
    ({ config: its }) => its.role === 'keeper' && its.name === name && its.formation === config.formation,
  );
  const own = named.filter(
    (one) =>
      (nodeId === null || one.nodeId === null || one.nodeId === nodeId) &&
      (named.length === 1 || one.config.postgresql.port === port),
  );
  const [first] = own;
  if (first !== undefined && own.length === 1)
    return theOne(alias, 'node', found.instances, (one) => one === first);
  const there = found.instances.map(describe).join(', ');
  const [other] = named;
  if (own.length === 0 && other !== undefined)
    return fail(
      problem(
        `${alias}: the host at ${hostname} has ${there}, and the monitor knows ${alias} as id ${nodeId ?? '?'} on port ${port}.`,
        `Another monitor’s ${alias} is there: check nodes.${alias}.ssh.host in the cluster file, and ${hostname} in ~/.ssh/config.`,
      ),
    );
  if (named.length === 0 && found.instances.length > 0)
    return fail(
      problem(
        `${alias}: the host at ${hostname} has ${there}, and no ${alias} of formation ${config.formation}.`,
        `It is another host than the monitor means: check nodes.${alias}.ssh.host in the cluster file, and ${hostname} in ~/.ssh/config.`,
      ),
    );
  return theOne(alias, 'node', found.instances, (one) => named.includes(one));
};
