import { type ClusterFacts, hostsOf, isOnline, primaryOf } from '../../cluster/facts.ts';
import { hostIn, monitorIn, type Observations } from '../../cluster/observations.ts';
import { type Problem, problem } from '../../cluster/result.ts';
import { isMajor } from '../../runbook/language/conditions.ts';
import { isSwapped } from '../../runbook/language/evidence.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import { onlineStanding } from '../../runbook/verdict/online-standing.ts';

/** Why this direction is not for the method that the cluster file names; null: it is. */
export const whyNotByMethod = (facts: ClusterFacts, direction: Direction): Problem | null => {
  const prepares = direction === 'prepare' || direction === 'call-off';
  if (prepares && !isOnline(facts))
    return problem(
      `${facts.name} is upgraded by pg_upgrade in the downtime, as the cluster file says: nothing is prepared days before.`,
      'Set upgrade.method to online in the cluster file, or run pgaf-upgrade run.',
    );
  if (direction === 'rehearse' && isOnline(facts))
    return problem(
      'The cluster file asks for the online method, which upgrades a copy of the primary itself, days before.',
      'Prepare it: pgaf-upgrade prepare; pgaf-upgrade call-off takes it back.',
    );
  return isOnline(facts) ? whyNotOnline(facts) : null;
};

/** What the cluster file asks for, and the online method cannot do: each by its name. */
const whyNotOnline = (facts: ClusterFacts): Problem | null => {
  if (facts.workers !== undefined)
    return problem(
      `${facts.name} has groups (${[facts.group, ...facts.workers.map(({ group }) => group)].join(', ')}), and the online method is for one.`,
      'Take upgrade.method out of the cluster file.',
    );
  const placeless = facts.custom.filter(({ at }) => at === 'stopped' || at === 'before-open');
  if (placeless.length > 0)
    return problem(
      `The cluster file has custom steps at stopped or before-open (${placeless.map(({ name }) => name).join(', ')}), and the online method has no such place: its stop and its start are one step of seconds.`,
      'Give them another place, at prepare’s end try the new version by hand; or take upgrade.method out of the cluster file.',
    );
  const bare = hostsOf(facts).find(({ service }) => service.kind === 'none');
  if (bare !== undefined)
    return problem(
      `pg_autoctl on ${bare.alias} is run by no unit of systemd, and the online method changes the places of two servers by units.`,
      'Make a unit for it (pg_autoctl show systemd), or take upgrade.method out of the cluster file.',
    );
  return null;
};

/** Why the window of the online method cannot begin: nothing follows yet, or not any more; and why nothing is prepared behind it. Null: it can, or it has begun, or the primary does not answer. */
export const whyNotPrepared = (
  facts: ClusterFacts,
  world: Observations,
  direction: Direction,
): Problem | null => {
  if (!isOnline(facts)) return null;
  const primary = primaryOf(facts);
  if ((direction === 'prepare' || direction === 'call-off') && isSwapped(facts, primary, world))
    return problem(
      `PostgreSQL ${primary.newVersion} serves on ${primary.alias} already: there is no preparation any more.`,
      'Roll it back with pgaf-upgrade rollback, or accept it with pgaf-upgrade cleanup.',
    );
  if (direction !== 'upgrade') return null;
  const data = hostIn(world, primary.alias)?.data;
  const begun = monitorIn(world)?.serverVersion.startsWith(`${facts.oldMajor}.`) !== true;
  if (data === undefined || begun || !isMajor(data, facts.oldMajor)) return null;
  const standing = onlineStanding(facts, world);
  switch (standing?.stage) {
    case 'not-begun':
    case 'preparing':
      return problem(
        `PostgreSQL ${primary.newVersion} does not follow yet: ${standing.says}.`,
        'Prepare it first, days before if you like: pgaf-upgrade prepare.',
      );
    case 'void':
      return problem(
        `There is nothing to cut over to: ${standing.says}.`,
        'Call it off, then prepare again.',
      );
    default:
      return null;
  }
};

/** Why no rollback is made of it while it goes this way; null: one may be. The preparation changes nothing that a rollback would take back. */
export const whyNoTurn = (direction: Direction): string | null => {
  switch (direction) {
    case 'prepare':
      return 'a preparation is called off: leave, then run pgaf-upgrade call-off';
    case 'call-off':
      return 'it is being called off: to have it again, prepare again';
    case 'rehearse':
      return 'a rehearsal has nothing to roll back: leave it, and pgaf-upgrade rehearse --remove clears it away';
    default:
      return null;
  }
};
