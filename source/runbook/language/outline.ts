import type { ClusterFacts } from '../../cluster/facts.ts';
import { stepsOnHost } from './groups.ts';
import { inParallel } from './parallel.ts';
import type { Part, StepsOf } from './part.ts';
import type { PhaseId, phases, Step } from './step.ts';

/**
 * The words in which upgrade.ts, rollback.ts and cleanup.ts tell the order of the whole window: a procedure has phases, a phase
 * has parts one behind the other, and a part is a step of steps/ or a group of tracks that run at the same time.
 */

export type { Part, StepOf, StepsOf } from './part.ts';

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

/** For one host after the other, each as of its group. */
export const each =
  <Host extends { readonly alias: string }>(
    hosts: readonly Host[],
    partsOf: (host: Host) => readonly Part[],
  ): StepsOf =>
  (facts, phase) =>
    hosts.flatMap((host) => stepsOnHost(facts, host.alias, (group) => laid(partsOf(host), group, phase)));

/** For all hosts at the same time: a track for each, by the host's name. What follows begins when all have come to their end. */
export const parallel =
  <Host extends { readonly alias: string }>(
    group: string,
    hosts: readonly Host[],
    partsOf: (host: Host) => readonly Part[],
  ): StepsOf =>
  (facts, phase) =>
    hosts.flatMap((host) =>
      inParallel(
        group,
        host.alias,
        stepsOnHost(facts, host.alias, (its) => laid(partsOf(host), its, phase)),
      ),
    );

export interface TrackParts {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly after: readonly string[];
  /** Whose group's steps they are: a host's alias. Absent: the whole formation's. */
  readonly of?: string;
}

/** A track by its name; it begins when the tracks of its group that are named in `after` have come to their end. */
export const track = (
  name: string,
  parts: readonly Part[],
  { after = [], of }: { readonly after?: readonly string[]; readonly of?: string } = {},
): TrackParts => ({ name, parts, after, ...(of === undefined ? {} : { of }) });

/** Tracks that run at the same time. Neighbors with the same group's name are one group, also across phases. */
export const tracks =
  (group: string, all: readonly TrackParts[]): StepsOf =>
  (facts, phase) =>
    all.flatMap(({ name, parts, after, of }) =>
      inParallel(
        group,
        name,
        of === undefined
          ? laid(parts, facts, phase)
          : stepsOnHost(facts, of, (its) => laid(parts, its, phase)),
        after,
      ),
    );

/** Parts that only some clusters need. */
export const only = (needed: boolean, parts: readonly Part[]): readonly Part[] => (needed ? parts : []);
