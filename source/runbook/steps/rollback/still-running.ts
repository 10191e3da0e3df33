import { type ClusterFacts, type HostFacts, isNode } from '../../../cluster/facts.ts';
import { type HostObservation, isDataDirectory, type Observations } from '../../../cluster/observations.ts';
import { autoctlStopped, isMajor } from '../../language/conditions.ts';
import { isPrivate } from '../../shell/isolated-server.ts';
import { carriesMark } from '../../shell/ownership.ts';
import type { Route } from '../../verdict/route.ts';
import { isRegisteredAnew } from './registered.ts';
import { isServed } from './serve.ts';

/** What somebody else runs in the new directory's place is none of ours. */
export const serverRuns = (seen: HostObservation): boolean =>
  [seen.data, seen.backupData, ...(carriesMark(seen.newData) ? [seen.newData] : [])].some(
    (one) => isDataDirectory(one) && one.running,
  );

/** It is not the private one: whoever has started it, the application may have written on it. */
export const serves = (host: HostFacts, seen: HostObservation): boolean =>
  isDataDirectory(seen.data) && seen.data.running && !isPrivate(host, seen);

/** A server that no pg_autoctl keeps: the private one of the verification, or one that pg_upgrade left running. */
export const isStray = (seen: HostObservation): boolean => serverRuns(seen) && autoctlStopped(seen).holds;

/** What may go on running: the old version in its place; of a fallback copy's group, only what has been registered anew. */
export const mayRun = (
  facts: ClusterFacts,
  host: HostFacts,
  seen: HostObservation,
  route: Route,
  world: Observations,
): boolean =>
  isDataDirectory(seen.data) &&
  isMajor(seen.data, facts.oldMajor) &&
  !seen.data.controlRenamed &&
  (route.kind === 'own' || !isNode(host) || isRegisteredAnew(facts, host, world) || isServed(seen));
