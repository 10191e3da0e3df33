import { type ClusterFacts, isOnline } from '../../cluster/facts.ts';
import { type Problem, problem } from '../../cluster/result.ts';
import type { Direction } from '../../runbook/runbooks.ts';

/** Why this direction is not for the method that the cluster file names; null: it is. */
export const whyNotByMethod = (facts: ClusterFacts, direction: Direction): Problem | null => {
  const prepares = direction === 'prepare' || direction === 'call-off';
  if (prepares && !isOnline(facts))
    return problem(
      `${facts.name} is upgraded by pg_upgrade in the downtime, as the cluster file says: nothing is prepared days before.`,
      'Set upgrade.method to online in the cluster file, or run pgaf-upgrade run.',
    );
  if (!prepares && isOnline(facts))
    return problem(
      `The cluster file asks for the online method, of which this version has the preparation alone.`,
      'Prepare it and call it off with pgaf-upgrade prepare; to upgrade, take upgrade.method out of the cluster file.',
    );
  return null;
};

/** Why no rollback is made of it while it goes this way; null: one may be. The preparation changes nothing that a rollback would take back. */
export const whyNoTurn = (direction: Direction): string | null => {
  switch (direction) {
    case 'prepare':
      return 'a preparation is called off: leave, then run pgaf-upgrade call-off';
    case 'call-off':
      return 'it is being called off: to have it again, prepare again';
    default:
      return null;
  }
};
