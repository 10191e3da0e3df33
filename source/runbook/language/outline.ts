import type { ClusterFacts } from '../../cluster/facts.ts';
import { inParallel } from './parallel.ts';
import type { PhaseId, phases, Step } from './step.ts';

/**
 * The words in which upgrade.ts, rollback.ts and cleanup.ts tell the order of the whole window: a procedure has phases, a phase
 * has parts one behind the other, and a part is a step of steps/ or a group of tracks that run at the same time.
 */

/** What a file of steps/ gives: its step, for a cluster, in the phase in which the outline has put it. */
export type StepOf = (facts: ClusterFacts, phase: PhaseId) => Step;
/** The same of what is more than one step, or none where the cluster needs none. */
export type StepsOf = (facts: ClusterFacts, phase: PhaseId) => readonly Step[];
export type Part = StepOf | StepsOf;

export type Phase = (facts: ClusterFacts) => readonly Step[];
/** The title that the checklist shows; a phase with another one does not compile. */
type TitleOf<Id extends PhaseId> = Extract<(typeof phases)[number], { readonly id: Id }>['title'];

const laid = (parts: readonly Part[], facts: ClusterFacts, phase: PhaseId): readonly Step[] =>
  parts.flatMap((part) => part(facts, phase));

/** All steps, in their order. */
export const procedure = (facts: ClusterFacts, all: readonly Phase[]): readonly Step[] =>
  all.flatMap((one) => one(facts));

/** The parts of a phase: each begins when the one before it is over. */
export const phase =
  <Id extends PhaseId>(id: Id, _title: TitleOf<Id>, parts: readonly Part[]): Phase =>
  (facts) =>
    laid(parts, facts, id);

/** For one host after the other. */
export const each =
  <Host>(hosts: readonly Host[], partsOf: (host: Host) => readonly Part[]): StepsOf =>
  (facts, phase) =>
    hosts.flatMap((host) => laid(partsOf(host), facts, phase));

/** For all hosts at the same time: a track for each, by the host's name. What follows begins when all have come to their end. */
export const parallel =
  <Host extends { readonly alias: string }>(
    group: string,
    hosts: readonly Host[],
    partsOf: (host: Host) => readonly Part[],
  ): StepsOf =>
  (facts, phase) =>
    hosts.flatMap((host) => inParallel(group, host.alias, laid(partsOf(host), facts, phase)));

export interface TrackParts {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly after: readonly string[];
}

/** A track by its name; it begins when the tracks of its group that are named in `after` have come to their end. */
export const track = (
  name: string,
  parts: readonly Part[],
  { after = [] }: { readonly after?: readonly string[] } = {},
): TrackParts => ({ name, parts, after });

/** Tracks that run at the same time. Neighbors with the same group's name are one group, also across phases. */
export const tracks =
  (group: string, all: readonly TrackParts[]): StepsOf =>
  (facts, phase) =>
    all.flatMap(({ name, parts, after }) => inParallel(group, name, laid(parts, facts, phase), after));

/** Parts that only some clusters need. */
export const only = (needed: boolean, parts: readonly Part[]): readonly Part[] => (needed ? parts : []);
