import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import {
  type HostObservation,
  hostIn,
  isDataDirectory,
  nodeIn,
  type Observations,
} from '../../cluster/observations.ts';
import { isPrimaryState } from '../../cluster/states.ts';
import { isAsKept, isSwapped } from '../language/evidence.ts';

/** Whether applications can write, as the servers show it now: no journal is asked, so every operator reads the same. */
export type Writes =
  | { readonly kind: 'up'; readonly node: string }
  /** `since`: ISO 8601, by the clock of the primary's host; null: nothing there tells. */
  | { readonly kind: 'down'; readonly since: string | null }
  | { readonly kind: 'unknown'; readonly why: string };

const takesWrites = ({ server }: HostObservation): boolean =>
  server !== null && server.listenAddresses !== '' && !server.inRecovery && !server.readOnly;

/** When the primary's server ended: its pg_control was written last then, and is kept beside pg_upgrade with its time. */
const endedAt = (facts: ClusterFacts, seen: HostObservation, world: Observations): string | null => {
  const control = isDataDirectory(seen.data) ? seen.data.control : null;
  const written = control?.state === 'shut down' ? seen.controlWritten : null;
  if (seen.handedOver === null) return seen.stoppedAt ?? written;
  // The new version has been handed over: it served since, unless it is as it was then.
  if (!isSwapped(facts, primaryOf(facts), world)) return null;
  return control !== null && isAsKept(control, seen.handedOver.control) ? seen.stoppedAt : written;
};

export const writesNow = (facts: ClusterFacts, world: Observations): Writes => {
  const writer = facts.nodes.find((node) => {
    const seen = hostIn(world, node.alias);
    return seen !== null && takesWrites(seen);
  });
  if (writer !== undefined) return { kind: 'up', node: writer.alias };
  const primary = primaryOf(facts);
  const seen = hostIn(world, primary.alias);
  if (seen === null) return { kind: 'unknown', why: `${primary.alias} cannot be inspected` };
  const other = facts.nodes.find(
    (node) =>
      hostIn(world, node.alias) === null && isPrimaryState(nodeIn(world, node.alias)?.reported ?? 'unknown'),
  );
  if (other !== undefined)
    return { kind: 'unknown', why: `${other.alias} cannot be inspected, and is the primary by the monitor` };
  // A server that is too busy to answer is not one that is stopped; pg_upgrade's own run without a pg_autoctl.
  if (seen.server === null && isDataDirectory(seen.data) && seen.data.running && seen.pgAutoctl !== 'stopped')
    return { kind: 'unknown', why: `the server on ${primary.alias} does not answer` };
  return { kind: 'down', since: endedAt(facts, seen, world) };
};
