import { type ClusterFacts, hostsOf, primaryOf, secondariesOf } from '../../cluster/facts.ts';
import { hostIn, isLeftOut, monitorIn, type Observations } from '../../cluster/observations.ts';
import { autoctlStopped, everySecondaryInMaintenance, noSyncStandbys } from './conditions.ts';
import { isPastStop, staleSave } from './evidence.ts';
import type { Condition } from './step.ts';

/** While the monitor is down the nodes tell: each secondary's pg_autoctl keeps its state, and the primary whom it waits for. */
const fenceStandsWithoutMonitor = (facts: ClusterFacts, world: Observations): boolean =>
  monitorIn(world) === null &&
  secondariesOf(facts).length > 0 &&
  everySecondaryInMaintenance(facts).holds(world).holds &&
  noSyncStandbys(primaryOf(facts)).holds(world).holds;

/** Once the primary is stopped, the fence has done its work. */
export const suspensionIsPast = (facts: ClusterFacts, world: Observations): boolean => {
  const primary = primaryOf(facts);
  const seen = hostIn(world, primary.alias);
  return (
    isPastStop(facts, primary, world) ||
    (seen !== null && seen.server === null && autoctlStopped(seen).holds && monitorIn(world) === null) ||
    fenceStandsWithoutMonitor(facts, world)
  );
};

/** Phase A may have been gone through days before. */
export const savedIsCurrent = (facts: ClusterFacts): Condition => ({
  text: 'what phase A has saved is what is there now',
  holds: (world) => {
    for (const host of hostsOf(facts)) {
      if (isLeftOut(world, host.alias)) continue;
      if (hostIn(world, host.alias) === null) return { holds: false, found: `${host.alias} is not seen` };
      const stale = staleSave(facts, host, world);
      if (stale !== null)
        return {
          holds: false,
          found: `${host.alias}: ${stale}; leave the console and start it again: it then asks to save anew first`,
        };
    }
    return { holds: true };
  },
});
