import type { ClusterFacts } from '../../cluster/facts.ts';
import type { PhaseId, Step } from './step.ts';

/** What a file of steps/ gives: its step, for a cluster, in the phase in which the outline has put it. */
export type StepOf = (facts: ClusterFacts, phase: PhaseId) => Step;
/** The same of what is more than one step, or none where the cluster needs none. */
export type StepsOf = (facts: ClusterFacts, phase: PhaseId) => readonly Step[];
export type Part = StepOf | StepsOf;
