import { type ClusterFacts, type HostFacts, hostsOf } from '../../../cluster/facts.ts';
import { hostIn, isDataDirectory, monitorIn } from '../../../cluster/observations.ts';
import { describe, isMajor, onHost, verdictOf } from '../../language/conditions.ts';
import type { Condition } from '../../language/step.ts';
import { isOurs } from '../../shell/ownership.ts';

export const isThere = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(
    host.alias,
    `${host.backupData} is PostgreSQL ${facts.oldMajor}, put there by this upgrade, and nothing runs on it`,
    (seen) => {
      if (!isMajor(seen.backupData, facts.oldMajor))
        return verdictOf(false, `it ${describe(seen.backupData)}`);
      if (!isOurs(facts, seen.backupData)) return verdictOf(false, 'it has no marker file of this upgrade');
      return verdictOf(isDataDirectory(seen.backupData) && !seen.backupData.running, 'a server runs on it');
    },
  );

export const newIsLive = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(host.alias, `${host.data}, the running one, is PostgreSQL ${facts.newMajor}`, (seen) =>
    verdictOf(
      isMajor(seen.data, facts.newMajor) && isDataDirectory(seen.data) && seen.data.running,
      `it ${describe(seen.data)}`,
    ),
  );

/** After a rollback the old version is the one that runs. */
export const somethingIsLive = (host: HostFacts): Condition =>
  onHost(host.alias, `a server runs on ${host.data}`, (seen) =>
    verdictOf(isDataDirectory(seen.data) && seen.data.running, `it ${describe(seen.data)}`),
  );

/** Whichever node the primary is by now. */
export const healthy: Condition = {
  text: 'the monitor shows one primary, every other node secondary, all healthy',
  holds: (world) => {
    const rows = monitorIn(world)?.nodes ?? [];
    const primaries = rows.filter((row) => row.reported === 'primary' || row.reported === 'single').length;
    const sick = rows.find(
      (row) => row.health !== 1 || !['primary', 'secondary', 'single'].includes(row.reported),
    );
    if (sick !== undefined)
      return verdictOf(false, `${sick.name} is ${sick.reported}, health ${sick.health}`);
    return verdictOf(primaries === 1, `there are ${primaries} primaries`);
  },
};

/** While one fallback copy is kept, the marks that tell what it is worth are kept too. */
export const allRemoved = (facts: ClusterFacts): Condition => ({
  text: 'every old directory is removed',
  holds: (world) => {
    const left = hostsOf(facts).find((host) => hostIn(world, host.alias)?.backupData.kind !== 'absent');
    return verdictOf(left === undefined, left === undefined ? '' : `${left.alias}: ${left.backupData}`);
  },
});
