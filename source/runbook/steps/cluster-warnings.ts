import type { ClusterFacts } from '../../cluster/facts.ts';
import type { Observations } from '../../cluster/observations.ts';
import { clusterWarnings } from '../checks/in-world.ts';
import type { Step, StepId } from '../language/step.ts';

/**
 * Whoever confirms the first step has seen what `check` warns of for the cluster as a whole; and again, with what the checks of phase A
 * have found on all hosts, whoever confirms the first step that changes the cluster.
 */
export const withClusterWarnings = (facts: ClusterFacts, steps: readonly Step[]): readonly Step[] => {
  const firsts = new WeakMap<Observations, StepId | null>();
  const firstOpen = (world: Observations): StepId | null => {
    const known = firsts.get(world);
    if (known !== undefined) return known;
    const first = steps.find((step) => step.probe(world).state !== 'done')?.id ?? null;
    firsts.set(world, first);
    return first;
  };
  const told = new WeakMap<Observations, readonly string[]>();
  const warnings = (world: Observations): readonly string[] => {
    const known = told.get(world) ?? clusterWarnings(facts, world);
    told.set(world, known);
    return known;
  };
  return steps.map((step) =>
    step.phase === 'A' || step.phase === 'B'
      ? {
          ...step,
          notes: (world) => [...step.notes(world), ...(firstOpen(world) === step.id ? warnings(world) : [])],
          clusterNotes: (world) => (firstOpen(world) === step.id ? warnings(world) : null),
        }
      : step,
  );
};
