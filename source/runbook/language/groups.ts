import type { ClusterFacts } from '../../cluster/facts.ts';
import { groupOfHost, groupsOf, worldOf } from '../../cluster/formation.ts';
import type { Observations } from '../../cluster/observations.ts';
import { onceEach } from './once-each.ts';
import type { StepOf, StepsOf } from './part.ts';
import type { Condition, Probe, Step } from './step.ts';

/**
 * Steps of a formation of several groups. A step is made from its group's facts, as if that were the whole cluster, and judged by the world as its
 * group sees it; a step that is everybody's (the monitor's) holds what it must for every group. With one group nothing of it is there: the very
 * same steps come out.
 */

/** A step that is judged by the world as its group sees it. */
const seenBy = (facts: ClusterFacts, group: ClusterFacts, step: Step): Step => {
  if (facts.workers === undefined) return step;
  const its = (world: Observations): Observations => worldOf(facts, group, world);
  const condition = ({ text, holds }: Condition): Condition => ({
    text,
    holds: (world) => holds(its(world)),
  });
  return {
    ...step,
    script: (world) => step.script(its(world)),
    probe: (world) => step.probe(its(world)),
    before: step.before.map(condition),
    after: step.after.map(condition),
    forfeits: (world) => step.forfeits(its(world)),
    interrupted: (world) => step.interrupted(its(world)),
    notes: (world) => step.notes(its(world)),
    clusterNotes: (world) => step.clusterNotes(its(world)),
  };
};

/** Steps as a group's own: `make` is given the group's facts. */
export const stepsOfGroup = (
  facts: ClusterFacts,
  group: ClusterFacts,
  make: (group: ClusterFacts) => readonly Step[],
): readonly Step[] => make(group).map((step) => seenBy(facts, group, step));

/** Steps for one host, as its group's. */
export const stepsOnHost = (
  facts: ClusterFacts,
  alias: string,
  make: (group: ClusterFacts) => readonly Step[],
): readonly Step[] => stepsOfGroup(facts, groupOfHost(facts, alias), make);

/** What several groups say in the same words must hold for each of them. */
const everyGroups = (all: readonly (readonly Condition[])[]): readonly Condition[] => {
  const byText = new Map<string, Condition[]>();
  for (const one of all.flat()) byText.set(one.text, [...(byText.get(one.text) ?? []), one]);
  return [...byText].map(([text, same]) => ({
    text,
    holds: (world) => {
      for (const one of same) {
        const judged = one.holds(world);
        if (!judged.holds) return judged;
      }
      return { holds: true };
    },
  }));
};

/** A step that no group has for itself is done when every group calls it done; the first that does not says why. */
const leastDone = (probes: readonly Step['probe'][]): Step['probe'] =>
  onceEach((world): Probe => {
    const said = probes.map((probe) => probe(world));
    return (
      said.find(({ state }) => state === 'half') ??
      said.find(({ state }) => state === 'pending') ??
      said[0] ?? { state: 'pending', says: 'there is no group' }
    );
  });

const together = (steps: readonly [Step, ...Step[]]): Step => {
  const [first, ...others] = steps;
  if (others.length === 0) return first;
  return {
    ...first,
    inspects: [...new Set(steps.flatMap(({ inspects }) => inspects))],
    probe: leastDone(steps.map(({ probe }) => probe)),
    before: everyGroups(steps.map(({ before }) => before)),
    after: everyGroups(steps.map(({ after }) => after)),
    notes: (world) => [...new Set(steps.flatMap((step) => step.notes(world)))],
    settleSeconds: Math.max(...steps.map(({ settleSeconds }) => settleSeconds)),
  };
};

/** One step for the whole formation (the monitor's): its script is the first group's, what must hold is every group's. */
export const sharedOf =
  (partOf: (group: ClusterFacts) => StepOf): StepOf =>
  (facts, phase) => {
    const [first = facts, ...others] = groupsOf(facts);
    const of = (group: ClusterFacts): Step => seenBy(facts, group, partOf(group)(group, phase));
    return together([of(first), ...others.map(of)]);
  };

/** The same of a step that is told nothing of its group. */
export const shared = (part: StepOf): StepOf => sharedOf(() => part);

/** For each group its own steps; on the monitor's host the group stands in the title, and of workers behind the id. */
export const eachGroup =
  (partOf: (group: ClusterFacts) => StepOf | StepsOf): StepsOf =>
  (facts, phase) =>
    groupsOf(facts).flatMap((group, index) =>
      stepsOfGroup(facts, group, (its) => {
        const made = partOf(its)(its, phase);
        return 'id' in made ? [made] : made;
      }).map((step) =>
        facts.workers === undefined || step.host !== 'monitor'
          ? step
          : {
              ...step,
              title: `${step.title}, group ${group.group}`,
              ...(index === 0 ? {} : { id: `${step.id}-${group.group}` as const }),
            },
      ),
    );

/** Of a worker: applications write through the coordinator, so their writes neither stop nor come back with it. */
export const withoutApplication =
  (part: StepOf): StepOf =>
  (facts, phase) => ({ ...part(facts, phase), writes: 'unchanged' });

export const nothing: StepsOf = () => [];
