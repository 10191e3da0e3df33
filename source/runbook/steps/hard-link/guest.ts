import {
  type ClusterFacts,
  type HostFacts,
  linkedOf,
  type NodeFacts,
  primaryOf,
} from '../../../cluster/facts.ts';
import type { Fragment } from '../../../cluster/fragment.ts';
import { hostIn, type Observations, type TransferView } from '../../../cluster/observations.ts';
import { onHost, senderName, verdictOf } from '../../language/conditions.ts';
import type { Condition } from '../../language/step.ts';
import { keyComment, linkDir, readBy } from './names.ts';
import { sendingCommand } from './sender-command.ts';

/** What must be known of a secondary before its key may be let in: from its own host, and from where the primary sees it. */
export interface Guest {
  readonly publicKey: string;
  /** The commands that it may run on the primary: the line by which its own rsync asks for one, and what runs then. */
  readonly commands: readonly { readonly line: string; readonly runs: Fragment }[];
  /** Its address, as the primary's server sees it. */
  readonly address: string;
}

/** What a host says of the transfer; null while it cannot be seen. */
export const transferOf = (world: Observations, alias: string): TransferView | null =>
  hostIn(world, alias)?.transfer ?? null;

/** Something is left there of the keys of a transfer, or they are in use. */
export const hasLinkDir = (host: HostFacts, world: Observations): boolean =>
  hostIn(world, host.alias)?.leftovers.includes(linkDir(host)) ?? false;

/** The key, and the commands that go with it, as far as the primary may be told of them; null otherwise. */
export const keyOf = (
  facts: ClusterFacts,
  node: NodeFacts,
  world: Observations,
): Omit<Guest, 'address'> | null => {
  const { publicKey = null, lines = [] } = transferOf(world, node.alias) ?? {};
  const read = readBy(facts);
  const commands = lines.flatMap((line, index) => {
    const runs = sendingCommand(line, read[index] ?? []);
    return runs === null ? [] : [{ line, runs }];
  });
  const strict = lines.length === read.length && commands.length === read.length;
  return publicKey !== null && strict ? { publicKey, commands } : null;
};

/** The same with the address, which the primary's server tells while the standby streams. Source: pg_stat_replication, client_addr. */
export const guestOf = (facts: ClusterFacts, node: NodeFacts, world: Observations): Guest | null => {
  const key = keyOf(facts, node, world);
  const senders = hostIn(world, primaryOf(facts).alias)?.server?.senders ?? [];
  const address = senders.find((one) => one.name === senderName(node.nodeId))?.address ?? '';
  return key !== null && /^[0-9A-Fa-f.:]{2,45}$/.test(address) ? { ...key, address } : null;
};

/** The line as it must stand on the primary, but for the address, which only a primary that runs can tell. */
export const hasLine = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean => {
  const key = keyOf(facts, node, world);
  const lines = transferOf(world, primaryOf(facts).alias)?.authorized ?? [];
  return (
    key !== null &&
    lines.some(
      (line) =>
        line.startsWith('restrict,from="') &&
        line.endsWith(` ${key.publicKey} ${keyComment(primaryOf(facts), node)}`),
    )
  );
};

/** A key stands in the primary's authorized_keys of a node that does not ask for links, or not any more. */
export const isLetInUnasked = (facts: ClusterFacts, world: Observations): boolean => {
  const asked = linkedOf(facts).map((node) => keyComment(primaryOf(facts), node));
  const lines = transferOf(world, primaryOf(facts).alias)?.authorized ?? [];
  return lines.some((line) => !asked.some((comment) => line.endsWith(` ${comment}`)));
};

/** A key of a run stands in the primary's authorized_keys, whatever the cluster file says by now. */
export const isLetIn = (facts: ClusterFacts, world: Observations): boolean =>
  (transferOf(world, primaryOf(facts).alias)?.authorized.length ?? 0) > 0;

/** The transfer can begin: the key is there, it is let in, and has been tried. */
export const transferIsReady = (facts: ClusterFacts, node: NodeFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    node.alias,
    `${node.alias} reaches rsync on ${primary.alias} by its key`,
    ({ transfer }, world) => {
      if (!hasLine(facts, node, world)) return verdictOf(false, `${primary.alias} refuses its key`);
      return verdictOf(transfer.tried, 'it has not been tried');
    },
  );
};
