import { type ClusterFacts, hostsOf, type NodeFacts, nodesOf } from '../../cluster/facts.ts';
import { hostIn, isLeftOut, monitorIn, type Observations } from '../../cluster/observations.ts';
import { nodeSettled, verdictOf } from './conditions.ts';
import type { Condition } from './step.ts';

export const syncStandbysAre = (wanted: number): Condition => ({
  text: `number_sync_standbys is ${wanted}`,
  holds: (world) => {
    const monitor = monitorIn(world);
    if (monitor === null) return { holds: false, found: 'the monitor’s database does not answer' };
    return monitor.numberSyncStandbys === wanted
      ? { holds: true }
      : { holds: false, found: `it is ${monitor.numberSyncStandbys}` };
  },
});

export const monitorAnswers = (facts: ClusterFacts): Condition => ({
  text: `the monitor’s database answers on ${facts.newMajor}`,
  holds: (world) => {
    const version = monitorIn(world)?.serverVersion;
    return verdictOf(
      version?.startsWith(`${facts.newMajor}.`) ?? false,
      version === undefined ? 'it does not answer' : `it is ${version}`,
    );
  },
});

/**
 * With a new extension version pg_autoctl restarts the server once more after it has answered already, and only then
 * listens to the monitor's events: an order given before would meet no server. Source: service_monitor.c,
 * monitor_ensure_extension_version, and the main loop after it.
 */
export const monitorHasSettled: Condition = {
  text: 'pg_autoctl follows the monitor’s events: it is done with the extension, and does not restart the server any more',
  holds: (world) => {
    const monitor = monitorIn(world);
    if (monitor === null) return { holds: false, found: 'the monitor’s database does not answer' };
    return verdictOf(monitor.listening, 'it does not listen yet');
  },
};

/** Restored while too many standbys are left out, the number would have every write wait for one of them. */
export const enoughStandbys = (facts: ClusterFacts, writer: NodeFacts): Condition => ({
  text: 'enough standbys of the quorum are there, so that no write has to wait for one that does not answer',
  holds: (world) => {
    if (monitorIn(world) === null) return { holds: false, found: 'the monitor’s database does not answer' };
    const quorum = facts.nodes.filter((node) => node !== writer && node.quorum);
    const away = quorum.filter((node) => hostIn(world, node.alias) === null);
    return verdictOf(
      away.length === 0 || quorum.length - away.length >= facts.numberSyncStandbys,
      `${away.map((node) => node.alias).join(', ')} does not answer`,
    );
  },
});

export const newEverywhere = (facts: ClusterFacts): Condition => ({
  text: `PostgreSQL ${facts.newMajor} runs on every host`,
  holds: (world) => {
    const other = hostsOf(facts).find(
      (host) =>
        !isLeftOut(world, host.alias) &&
        !hostIn(world, host.alias)?.server?.version.startsWith(`${facts.newMajor}.`),
    );
    return verdictOf(
      other === undefined,
      other === undefined
        ? ''
        : `${other.alias}: ${hostIn(world, other.alias)?.server?.version ?? 'no answer'}`,
    );
  },
});

/** The number is restored later, when a standby that is left out is back. */
export const waitsForStandbys = (facts: ClusterFacts, writer: NodeFacts, world: Observations): boolean =>
  monitorIn(world) !== null && !enoughStandbys(facts, writer).holds(world).holds;

/** With every other node left out the primary goes on alone; registered anew it is the only one of its group. */
export const primarySettled = (primary: NodeFacts, others: readonly NodeFacts[]): Condition => {
  const alone = nodeSettled(primary.alias, ['primary', 'wait_primary', 'single']);
  const usual = nodeSettled(primary.alias, others.length === 0 ? ['single'] : ['primary']);
  return {
    text: usual.text,
    holds: (world) =>
      (others.length > 0 && others.every((node) => isLeftOut(world, node.alias)) ? alone : usual).holds(
        world,
      ),
  };
};

/** Before what finds a rollback once more is removed. */
export const nobodyIsAway = (facts: ClusterFacts): Condition => ({
  text: 'no node is left out: a rollback is still possible when it answers',
  holds: (world) => {
    const away = nodesOf(facts).filter((node) => hostIn(world, node.alias) === null);
    return verdictOf(away.length === 0, `${away.map((node) => node.alias).join(', ')} does not answer`);
  },
});
