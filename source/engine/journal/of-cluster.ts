import { existsSync, readdirSync } from 'node:fs';
import { z } from 'zod';
import type { ClusterFacts } from '../../cluster/facts.ts';
import { type RunName, runName } from '../../cluster/words.ts';
import { ofKind, type Recorded } from './entry.ts';
import { heardIn } from './heard.ts';
import { clusterDirectory, readEarlier } from './journal.ts';

/**
 * Which runs on this machine are a cluster's. Their directories bear the name that the cluster file has given it, and names
 * are chosen by people: two clusters may have the same, and one cluster two. The facts in the journal tell.
 */

/** Facts as far as they tell one cluster from another; whatever else an older console wrote. */
const identitySchema = z.object({
  formation: z.string(),
  systemIdentifier: z.string(),
  monitor: z.object({ pgdata: z.string(), port: z.number() }),
});

/** Whether a journal is of this cluster. One that says nothing of its cluster is taken for what its directory is called. */
export const isOfCluster = (facts: ClusterFacts, records: readonly Recorded[]): boolean => {
  const last = ofKind(records, 'facts').at(-1);
  const its = identitySchema.safeParse(last?.facts);
  return (
    !its.success ||
    (its.data.formation === facts.formation &&
      its.data.systemIdentifier === facts.systemIdentifier &&
      its.data.monitor.pgdata === facts.monitor.pgdata &&
      its.data.monitor.port === facts.monitor.port)
  );
};

/** A run on this machine, and the name of the cluster under which it is kept. */
export interface HereRun {
  readonly cluster: string;
  readonly id: RunName;
  readonly records: readonly Recorded[];
}

const runsUnder = (home: string, cluster: string): readonly RunName[] => {
  const parent = clusterDirectory(home, cluster);
  return existsSync(parent)
    ? readdirSync(parent)
        .sort()
        .toReversed()
        .flatMap((name) => runName.safeParse(name).data ?? [])
    : [];
};

/** The names under which this machine keeps runs; the cluster's own first. */
const names = (home: string, cluster: string): readonly string[] => [
  cluster,
  ...(existsSync(home)
    ? readdirSync(home, { withFileTypes: true })
        .filter(
          (one) => one.isDirectory() && clusterDirectory(home, one.name) !== clusterDirectory(home, cluster),
        )
        .map((one) => one.name)
    : []),
];

/** The newest run of this cluster under each name, newest first. */
export const newestRuns = (home: string, facts: ClusterFacts): readonly HereRun[] =>
  names(home, facts.name)
    .flatMap((cluster): HereRun[] => {
      for (const id of runsUnder(home, cluster)) {
        const records = readEarlier(home, cluster, id);
        const known = cluster === facts.name || ofKind(records, 'facts').length > 0;
        if (records.length > 0 && known && isOfCluster(facts, records)) return [{ cluster, id, records }];
      }
      return [];
    })
    .sort((one, other) => (one.id < other.id ? 1 : -1));

/** A run of this cluster by its id, under whatever name it is kept; null: this machine has none of it. */
export const findHere = (home: string, facts: ClusterFacts, id: string): HereRun | null => {
  for (const cluster of names(home, facts.name)) {
    const own = runsUnder(home, cluster).find((one) => one === id);
    const records = own === undefined ? [] : readEarlier(home, cluster, own);
    if (own !== undefined && records.length > 0 && isOfCluster(facts, records))
      return { cluster, id: own, records };
  }
  return null;
};

/** When the consoles of the newest run here heard each host last, by alias; nothing where no journal can be read: it only tells since when. */
export const heardBefore = (home: string, facts: ClusterFacts): ReadonlyMap<string, number> => {
  try {
    return heardIn(newestRuns(home, facts)[0]?.records ?? []);
  } catch {
    return new Map();
  }
};

/** The newest run that this machine keeps under a cluster's name; null: none, or it cannot be read. */
export const newestRunOf = (home: string, cluster: string): HereRun | null => {
  try {
    for (const id of runsUnder(home, cluster)) {
      const records = readEarlier(home, cluster, id);
      if (records.length > 0) return { cluster, id, records };
    }
    return null;
  } catch {
    return null;
  }
};
