import { type ClusterFacts, hostsOf } from '../../cluster/facts.ts';
import { hostIn, monitorIn, type Observations } from '../../cluster/observations.ts';
import { type Problem, problem } from '../../cluster/result.ts';
import { verdictOf } from '../language/conditions.ts';
import { newEverywhere } from '../language/group-conditions.ts';
import type { Condition } from '../language/step.ts';
import { dropInName } from '../shell/service.ts';
import { abandonedOn } from '../steps/cleanup/removal.ts';
import { rollbackRoute } from './route.ts';

/**
 * Why there is nothing to clean up now, before anything is touched; null: there is. A cluster that was never upgraded has nothing
 * that may go, and one whose window is under way still needs everything.
 */
export const whyNoCleanup = (facts: ClusterFacts, world: Observations): Problem | null => {
  const blind = hostsOf(facts).find((host) => hostIn(world, host.alias) === null);
  if (blind !== undefined)
    return problem(
      `${blind.alias} cannot be inspected, and a clean-up removes fallback copies.`,
      'Start it when every host answers.',
    );
  if (rollbackRoute(facts, world).kind === 'nothing')
    return hostsOf(facts).some((host) => abandonedOn(host, world).length > 0)
      ? null
      : problem(
          `${facts.name} runs PostgreSQL ${facts.oldMajor} and was never upgraded, or is as it was before: there is nothing to clean up.`,
          'The clean-up is for later: days after an upgrade, when nobody wants to roll back any more.',
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
        `The upgrade of ${facts.name} is under way, and what a clean-up removes is still needed.`,
        'Bring it to its end with `pgaf-upgrade run`, or roll it back with `pgaf-upgrade rollback`; then clean up.',
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
