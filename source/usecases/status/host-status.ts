import { type ClusterFacts, hostsOf } from '../../cluster/facts.ts';
import { hostIn, isDataDirectory, nodeIn, type Observations } from '../../cluster/observations.ts';
import type { Problem } from '../../cluster/result.ts';

export interface HostStatus {
  readonly alias: string;
  /** As it runs; where it does not, of its data directory. Null: not seen. */
  readonly version: string | null;
  readonly running: boolean;
  readonly problem: Problem | null;
  /** It does not answer, and this is when its pg_autoctl last reported to the monitor, ISO 8601; null: not known, or it answers. */
  readonly lastReport: string | null;
  /** Likewise, and this is when a console of this machine last heard it, by its journal, ISO 8601; null: never, or it answers. */
  readonly lastHeard: string | null;
}

/** Each host of the cluster; `heard`: when a console of this machine last did. */
export const hostStatus = (
  facts: ClusterFacts,
  world: Observations,
  heard: ReadonlyMap<string, number>,
): HostStatus[] =>
  hostsOf(facts).map(({ alias }) => {
    const observation = world.hosts[alias];
    if (observation?.kind === 'unseen') {
      const age = nodeIn(world, alias)?.reportAge;
      const lastReport = age === undefined ? null : new Date(observation.at - age * 1000).toISOString();
      const at = heard.get(alias);
      const lastHeard = at === undefined ? null : new Date(at).toISOString();
      return { alias, version: null, running: false, problem: observation.problem, lastReport, lastHeard };
    }
    const seen = hostIn(world, alias);
    const major = seen !== null && isDataDirectory(seen.data) ? String(seen.data.major) : null;
    return {
      alias,
      version: seen?.server?.version.split(' ')[0] ?? major,
      running: seen?.server != null,
      problem: null,
      lastReport: null,
      lastHeard: null,
    };
  });
