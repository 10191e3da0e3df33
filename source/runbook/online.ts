import { type ClusterFacts, primaryOf, secondariesOf } from '../cluster/facts.ts';
import type { Observations } from '../cluster/observations.ts';
import { each, only, phase, procedure } from './language/outline.ts';
import type { Step } from './language/step.ts';
import { dropSlots, hasLeftovers, removeCopies, stopFollower, thawSchema } from './steps/online/call-off.ts';
import { promoteCopy, takeCopy } from './steps/online/copy.ts';
import {
  collectFollowerStatistics,
  startFollower,
  subscribe,
  waitForFollower,
} from './steps/online/follow.ts';
import { freezeSchema } from './steps/online/freeze.ts';
import { createSlots, setIdentities } from './steps/online/publish.ts';
import { upgradeTheCopy } from './steps/online/upgrade-copy.ts';
import {
  promoteForWalLevel,
  setWalLevelOnPrimary,
  setWalLevelOnSecondary,
  withoutLogical,
} from './steps/online/wal-level.ts';
import { boundWal, mayBeBounded, unboundWal } from './steps/online/wal-limit.ts';
import { removeTablespaceDirectories, tablespaceDirectories } from './steps/tablespaces/directories.ts';

/**
 * The online method: days before the window, as far as “the new version follows the old one, lag n”. What stands, what is missing, and why it is as it is:
 * docs/development/online.md.
 */
export const prepareRunbook = (facts: ClusterFacts, world: Observations): readonly Step[] => {
  const lacking = withoutLogical(facts, world);
  const secondaries = secondariesOf(facts).filter((node) => lacking.includes(node));
  // Behind a promotion another node is the primary, and a run has one: the next `prepare` goes on there.
  if (lacking.includes(primaryOf(facts)))
    return procedure(facts, [
      phase('M', 'Set wal_level', [
        each(secondaries, (node) => [setWalLevelOnSecondary(node)]),
        setWalLevelOnPrimary,
        promoteForWalLevel,
      ]),
    ]);
  return procedure(facts, [
    phase('M', 'Set wal_level', [each(secondaries, (node) => [setWalLevelOnSecondary(node)])]),
    // Nothing that an application notices, but for the freeze.
    phase('J', 'Publish', [freezeSchema, setIdentities, boundWal, createSlots]),
    phase('K', 'Copy', [tablespaceDirectories(primaryOf(facts)), takeCopy, promoteCopy, upgradeTheCopy]),
    phase('L', 'Follow', [startFollower, subscribe, collectFollowerStatistics, waitForFollower]),
  ]);
};

/** Before the cut-over, at any moment: as if nothing had been. A node that was the primary then, and is not any more, is cleared as well. */
export const callOffRunbook = (facts: ClusterFacts, world: Observations): readonly Step[] => {
  const primary = primaryOf(facts);
  const nodes = [primary, ...secondariesOf(facts).filter((node) => hasLeftovers(node, world))];
  return procedure(facts, [
    phase('X', 'Call off', [
      each(nodes, (node) => [stopFollower(node), dropSlots(node)]),
      each(nodes, (node) => only(mayBeBounded(facts, node, world), [unboundWal(node)])),
      thawSchema(),
      each(nodes, (node) => [removeCopies(node), removeTablespaceDirectories(node)]),
    ]),
  ]);
};
