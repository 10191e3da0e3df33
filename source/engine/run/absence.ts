import { type ClusterFacts, nodesOf, primaryOf, secondariesOf, takesLinks } from '../../cluster/facts.ts';
import { allSecondariesOf, groupOfHost } from '../../cluster/formation.ts';
import { isLeftOut, type Observations } from '../../cluster/observations.ts';
import { type Problem, problem } from '../../cluster/result.ts';
import { localClock } from '../../cluster/times.ts';
import { newClusterStarted } from '../../runbook/language/evidence.ts';
import { acceptsWritesOnOld } from '../../runbook/language/old-version.ts';
import type { Step } from '../../runbook/language/step.ts';
import type { Direction } from '../../runbook/runbooks.ts';
import { judgeConditions } from '../observe/judge.ts';
import type { Silence } from '../observe/observer.ts';

/** A host that gives no answer holds up its own steps only: which one may be gone on without, and what waits for it then. */

/** The application’s writes have been stopped: from here on every minute counts. */
const isPastStop = (steps: readonly Step[], world: Observations): boolean =>
  steps.some((step) => step.writes === 'stop' && step.probe(world).state === 'done');

/** A secondary beside this one may still hold the fallback copy that link mode cannot do without. */
const anotherCopy = (facts: ClusterFacts, alias: string, world: Observations): boolean =>
  facts.mode !== 'link' ||
  newClusterStarted(facts, primaryOf(facts), world) === 'started' ||
  secondariesOf(facts).some(
    (node) =>
      node.alias !== alias &&
      !takesLinks(node) &&
      !isLeftOut(world, node.alias) &&
      world.hosts[node.alias]?.kind === 'seen',
  );

/**
 * Why the run may not go on without a host; null: it may. Before the application’s writes are stopped only a person decides so: a window
 * is better not begun with a node missing. In a rollback any node may be missing; the monitor never, for it knows who is who.
 */
export const whyNotWithout = (
  facts: ClusterFacts,
  steps: readonly Step[],
  direction: Direction,
  world: Observations,
  alias: string,
  decides: 'console' | 'operator',
): string | null => {
  const stillWrites = 'the application still writes: no data is lost by waiting';
  if (facts.outside.some((one) => one.alias === alias))
    return direction !== 'upgrade' || decides === 'operator' || isPastStop(steps, world) ? null : stillWrites;
  const node = nodesOf(facts).find((one) => one.alias === alias);
  if (node === undefined) return 'the monitor knows who is who: nothing goes on without its host';
  if (direction === 'rollback') return null;
  if (direction === 'rehearse')
    return world.rehearsal?.on === alias ? `the rehearsal is made on ${alias}` : null;
  if (node.role === 'primary') return `${alias} is the primary: the upgrade is its own`;
  if (direction === 'cleanup') return 'a clean-up removes old data, and waits until every node is in place';
  if (!anotherCopy(groupOfHost(facts, alias), alias, world))
    return `without ${alias} no node would hold a fallback copy of PostgreSQL ${facts.oldMajor}`;
  if (decides === 'operator' || isPastStop(steps, world)) return null;
  return stillWrites;
};

/**
 * In a rollback the application’s writes need not wait for a monitor that does not start, or that the node does not reach: what is
 * wrong with it, where this step can be gone on from without it; null: it cannot.
 */
export const whyWithoutMonitor = (
  facts: ClusterFacts,
  direction: Direction,
  world: Observations,
  step: Step,
): string | null => {
  if (direction !== 'rollback' || isLeftOut(world, facts.monitor.alias)) return null;
  if (step.milestone === 'monitor-starts') return 'the monitor does not start';
  const node = nodesOf(facts).find(({ alias }) => alias === step.host);
  return step.milestone === 'writer-starts' &&
    node !== undefined &&
    !acceptsWritesOnOld(facts, node).holds(world).holds
    ? `pg_autoctl on ${step.host} gets no further with the monitor`
    : null;
};

export const silentWords = ({ alias, since }: Pick<Silence, 'alias' | 'since'>): string =>
  `${alias} has not answered since ${localClock(since)}`;

/** What to do about a host that gives no answer. */
export const silentRemedy = (facts: ClusterFacts, alias: string, direction: Direction): string => {
  const secondary = [...allSecondariesOf(facts), ...facts.outside].some((host) => host.alias === alias);
  const back = direction === 'rollback' ? '' : ' Or roll back: `pgaf-upgrade rollback`.';
  return secondary || direction === 'rollback'
    ? `Bring ${alias} back, then retry. Or skip: the run goes on without it, and its steps wait until it answers.${back}`
    : `Bring ${alias} back, then retry.${back}`;
};

/** Why a step stands still because of a host that gives no answer. */
export const silentProblem = (
  facts: ClusterFacts,
  step: Step,
  silence: Silence,
  direction: Direction,
  what: string,
): Problem =>
  problem(
    `${step.host}: ${what}, because ${silentWords(silence)}.`,
    silentRemedy(facts, silence.alias, direction),
    silence.problem.cause ?? silence.problem.what,
  );

/** The left-out host that a step has to wait for; null: it can be run. */
export const waitsFor = (step: Step, world: Observations): string | null => {
  const { leftOut = [] } = world;
  if (leftOut.length === 0) return null;
  if (leftOut.includes(step.host)) return step.host;
  // A monitor that does not start: pg_autoctl, the secondaries' steps and the end need it, whatever they say of themselves.
  const needsMonitor = step.phase === 'U' || step.phase === 'V' || step.milestone === 'writer-starts';
  if (leftOut.includes('monitor') && needsMonitor) return 'monitor';
  for (const condition of step.before) {
    const asked = judgeConditions([condition], world).waitsFor;
    const host = leftOut.find((alias) => asked.has(alias));
    if (host !== undefined) return host;
  }
  return null;
};

/** The same of every open step: in a lane, whatever stands behind one that waits does so too. */
export const waiting = (open: readonly Step[], world: Observations): ReadonlyMap<Step, string> => {
  const waits = new Map<Step, string>();
  const tracks = new Map<string, string>();
  for (const step of open) {
    const track = step.parallel === null ? null : `${step.parallel.group} ${step.parallel.track}`;
    if (step.probe(world).state === 'done') continue;
    const host = (track === null ? undefined : tracks.get(track)) ?? waitsFor(step, world);
    if (host === null) continue;
    waits.set(step, host);
    if (track !== null) tracks.set(track, host);
  }
  return waits;
};
