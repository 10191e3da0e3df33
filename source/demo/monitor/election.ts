import type { Deliberation } from './deliberation.ts';
import {
  beingPromoted,
  hasPrimarysState,
  inPrimaryState,
  isHealthy,
  isOldPrimary,
  type Member,
  named,
  reporting,
  settledIn,
  unhealthy,
  walWithin,
} from './group.ts';

/** How a new primary is found among several standbys. Source: pg_auto_failover 2.2, src/monitor/group_state_machine.c. */

const priorityStep = 100;

const lsnText = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();

/** Far enough on the way up for others to stream from it. */
const readyToStream = ({ reported, goal }: Member): boolean =>
  ((reported === 'prepare_promotion' || reported === 'stop_replication') &&
    (goal === 'stop_replication' || goal === 'wait_primary')) ||
  (reported === 'wait_primary' && (goal === 'wait_primary' || goal === 'primary')) ||
  (reported === 'primary' && goal === 'primary');

const follow = (it: Deliberation, active: Member, candidate: Member): boolean =>
  settledIn(active, 'report_lsn') &&
  readyToStream(candidate) &&
  it.assign(active, 'join_secondary', ` after ${named(candidate)} got selected as the failover candidate.`);

interface Candidates {
  readonly all: readonly Member[];
  readonly inQuorum: number;
  readonly missing: number;
}

/** Asks for the position of whoever may have it. */
const askForPositions = (it: Deliberation): Candidates => {
  const all: Member[] = [];
  let inQuorum = 0;
  let missing = 0;
  for (const node of it.members) {
    const stepsDown = settledIn(node, 'draining', 'demoted');
    if ((inPrimaryState(node) || isOldPrimary(node)) && !stepsDown) continue;
    if (unhealthy(node) && !reporting(node)) {
      if (node.quorum && node.reported !== 'report_lsn') missing += 1;
    } else if (settledIn(node, 'report_lsn')) {
      all.push(node);
      if (node.quorum || it.group.numberSyncStandbys === 0) inQuorum += 1;
    } else if (node.goal === 'report_lsn') missing += 1;
    else {
      const { reported, goal } = node;
      const stands =
        ['secondary', 'catchingup'].includes(reported) && ['secondary', 'catchingup'].includes(goal);
      const comesBack = goal === 'catchingup' && (reported === 'maintenance' || reported === 'demoted');
      if (!stands && !comesBack && !stepsDown) continue;
      missing += 1;
      it.assign(node, 'report_lsn', ' to find the failover candidate');
    }
  }
  return { all, inQuorum, missing };
};

const mostAdvanced = (members: readonly Member[]): readonly Member[] => {
  const standbys = members.filter((node) => !hasPrimarysState(node));
  const furthest = standbys.reduce((lsn, node) => (node.lsn > lsn ? node.lsn : lsn), 0n);
  return standbys.filter((node) => node.lsn === furthest);
};

const select = (
  it: Deliberation,
  candidates: readonly Member[],
  furthest: readonly Member[],
  primary: Member | null,
): Member | null => {
  const front = furthest[0];
  if (front === undefined || !walWithin(front, primary)) return null;
  const ranked = candidates.filter((node) => node.priority > 0).sort((a, b) => b.priority - a.priority);
  for (const node of ranked.filter(unhealthy))
    it.say(`Not selecting failover candidate ${named(node)}because it is unhealthy`);
  const fit = ranked.filter((node) => !unhealthy(node));
  const best = fit
    .filter((node) => node.priority === fit[0]?.priority)
    .reduce<Member | null>((found, node) => (found === null || node.lsn > found.lsn ? node : found), null);
  if (best === null) return null;
  return best.lsn === front.lsn || furthest.some(isHealthy) ? best : null;
};

const promote = (
  it: Deliberation,
  chosen: Member,
  candidates: readonly Member[],
  front: bigint,
  primary: Member | null,
): true => {
  if (chosen.priority > priorityStep) it.prioritise(chosen, chosen.priority - priorityStep);
  for (const node of it.members) if (node.priority < 0) it.prioritise(node, node.priority + priorityStep);
  const count = `${candidates.length} nodes reported their LSN position.`;
  if (chosen.lsn === front)
    return it.assign(
      chosen,
      'prepare_promotion',
      primary === null ? ` and ${count}` : ` after ${named(primary)} became unhealthy and ${count}`,
    );
  return it.assign(
    chosen,
    'fast_forward',
    ` after ${primary === null ? '' : `${named(primary)} became unhealthy and `}${count}`,
  );
};

/** One step of the election. True when it assigned something to somebody that ends the deliberation. */
export const elect = (it: Deliberation, active: Member, primary: Member | null): boolean => {
  const rising = it.members.find(beingPromoted);
  if (rising !== undefined) {
    if (rising.id === active.id) return false;
    if (['report_lsn', 'prepare_promotion'].includes(rising.reported) || isHealthy(rising))
      return follow(it, active, rising);
  }
  const { all, inQuorum, missing } = askForPositions(it);
  if (missing > 0) {
    it.say(
      `Failover still in progress after ${all.length} nodes reported their LSN and we are waiting for ${missing} nodes to report, activeNode is ${named(active)} and reported state "${active.reported}"`,
    );
    return false;
  }
  if (all.length === 0) return false;
  const { numberSyncStandbys, formation } = it.group;
  if (inQuorum < numberSyncStandbys + 1) {
    it.say(
      `Failover still in progress with ${inQuorum} candidates that participate in the quorum having reported their LSN: ${numberSyncStandbys + 1} nodes are required in the quorum to satisfy number_sync_standbys=${numberSyncStandbys} in formation "${formation}", activeNode is ${named(active)} and reported state "${active.reported}"`,
    );
    return false;
  }
  const furthest = mostAdvanced(it.members);
  const front = furthest[0];
  if (front === undefined) return false;
  it.say(
    `The current most advanced reported LSN is ${lsnText(front.lsn)}, as reported by ${named(front)} and ${furthest.length - 1} other nodes`,
  );
  const chosen = select(it, all, furthest, primary);
  if (chosen === null) {
    it.say(
      `Failover still in progress after all ${all.length} candidate nodes reported their LSN and we failed to select one of them; activeNode is ${named(active)} and reported state "${active.reported}"`,
    );
    return false;
  }
  return promote(it, chosen, all, front.lsn, primary);
};
