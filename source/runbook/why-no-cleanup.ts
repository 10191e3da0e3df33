import { type ClusterFacts, type HostFacts, hostsOf } from '../cluster/facts.ts';
import { hostIn, monitorIn, type Observations } from '../cluster/observations.ts';
import { type Problem, problem } from '../cluster/result.ts';
import type { Path } from '../cluster/words.ts';
import { verdictOf } from './conditions.ts';
import { newEverywhere } from './phases/restore.ts';
import { dropInName } from './phases/service.ts';
import { rollbackRoute } from './rollback/route.ts';
import type { Condition } from './step.ts';
import { partsAside } from './tablespaces/names.ts';

/** One directory that nothing needs any more, and which major version it must hold to be the right one. */
export interface Discarded {
  readonly path: Path;
  readonly major: number;
  /** Its parts of the tablespaces, which lie aside as it does. */
  readonly parts: readonly Path[];
}

/** `…/data_pg17_abandoned_2` tells which version it must hold; a name that does not is left alone. */
export const abandonedOn = (host: HostFacts, world: Observations): Discarded[] =>
  (hostIn(world, host.alias)?.abandoned ?? []).flatMap((path) => {
    const major = /_pg(\d+)_abandoned(_\d+)?$/.exec(path)?.[1];
    return major === undefined || !path.startsWith(`${host.data}_pg`)
      ? []
      : [{ path, major: Number(major), parts: partsAside(host, path) }];
  });

/**
 * Why there is nothing to clean up now, before anything is touched; null: there is. A cluster that was never upgraded has nothing
 * that may go, and one whose window is under way still needs everything.
 */
export const whyNoCleanup = (facts: ClusterFacts, world: Observations): Problem | null => {
  const blind = hostsOf(facts).find((host) => hostIn(world, host.alias) === null);
  if (blind !== undefined)
    return problem(
      `${blind.alias} cannot be looked at, and a clean-up removes fallback copies`,
      'start it when every host answers',
    );
  if (rollbackRoute(facts, world).kind === 'nothing')
    return hostsOf(facts).some((host) => abandonedOn(host, world).length > 0)
      ? null
      : problem(
          `${facts.name} runs PostgreSQL ${facts.oldMajor} and was never upgraded, or is as it was before: there is nothing to clean up`,
          'the clean-up is for later: days after an upgrade, when nobody wants to go back any more',
        );
  const underWay = [newEverywhere(facts), unguarded(facts), outOfMaintenance].flatMap(
    ({ text: says, holds }) => {
      const verdict = holds(world);
      return verdict.holds ? [] : [`not true: ${says} (${verdict.found})`];
    },
  );
  const [first] = underWay;
  return first === undefined
    ? null
    : problem(
        `the upgrade of ${facts.name} is under way, and what a clean-up removes is still needed`,
        'bring it to its end with pgaf-upgrade run, or roll it back with pgaf-upgrade rollback; then clean up',
        first,
      );
};

const unguarded = (facts: ClusterFacts): Condition => ({
  text: 'no unit is held back for the upgrade any more',
  holds: (world) => {
    const host = hostsOf(facts).find(({ alias }) =>
      hostIn(world, alias)?.unit?.dropIns.some((path) => path.endsWith(dropInName)),
    );
    return verdictOf(host === undefined, host === undefined ? '' : `${host.alias} has ${dropInName}`);
  },
});

const outOfMaintenance: Condition = {
  text: 'no node is in maintenance',
  holds: (world) => {
    const row = monitorIn(world)?.nodes.find((one) => one.assigned === 'maintenance');
    return verdictOf(row === undefined, row === undefined ? '' : `${row.name} is`);
  },
};
