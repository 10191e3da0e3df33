import type { ClusterFacts } from '../../cluster/facts.ts';
import { clusterWarnings } from '../checks/in-world.ts';
import { onceEach } from '../language/once-each.ts';
import type { Step, StepId } from '../language/step.ts';

/**
 * Whoever confirms the first step has seen what `check` warns of for the cluster as a whole; and again, with what the checks of phase A
 * have found on all hosts, whoever confirms the first step that changes the cluster.
 */
export const withClusterWarnings = (facts: ClusterFacts, steps: readonly Step[]): readonly Step[] => {
  const firstOpen = onceEach(
    (world): StepId | null => steps.find((step) => step.probe(world).state !== 'done')?.id ?? null,
  );
  const warnings = onceEach((world) => clusterWarnings(facts, world));
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
