import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { hostIn, isDataDirectory, type Observations } from '../../cluster/observations.ts';
import { autoctlStopped } from '../language/conditions.ts';
import { isPastStop } from '../language/evidence.ts';
import { done, half, pending } from '../language/make-step.ts';
import type { Probe } from '../language/step.ts';

export const stopped = (facts: ClusterFacts, host: HostFacts, world: Observations): Probe => {
  if (isPastStop(facts, host, world)) return done('the host was stopped already');
  const seen = hostIn(world, host.alias);
  if (seen === null || !isDataDirectory(seen.data)) return pending('not seen');
  const autoctl = autoctlStopped(seen);
  if (!autoctl.holds) return pending(autoctl.found);
  return seen.data.running ? half('pg_autoctl is gone, PostgreSQL still runs') : done('stopped');
};
