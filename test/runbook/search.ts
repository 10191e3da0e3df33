import { type ClusterFacts, hostsOf, primaryOf } from '../../source/cluster/facts.ts';
import { hostIn, isDataDirectory, type Observations } from '../../source/cluster/observations.ts';
import { newClusterStarted } from '../../source/runbook/language/evidence.ts';
import { dangerNow, type Step } from '../../source/runbook/language/step.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { rollbackRoute } from '../../source/runbook/verdict/route.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import { Model } from './model.ts';

/**
 * The machine search: a window on the model is walked by an operator in a hurry, who runs whatever can be run and
 * passes over the rest, while something goes otherwise; after each step it is asked whether anything is harmed.
 * Another kind of harm is one more entry of `harms`, another mishap one more function that gives a `Mishap`.
 */

/** What is known of a walk so far. */
export interface Walked {
  readonly facts: ClusterFacts;
  readonly world: Observations;
  /** The rollback that was last known before the step that was run last. */
  readonly routeBefore: string;
  readonly last: Step;
  readonly danger: string;
  /** Applications could write on the new version. */
  readonly opened: boolean;
}

/** Harm that no run of skips, lost hosts or interruptions may bring about: in words where it is there, null where not. */
export type Harm = (walked: Walked) => string | null;

/** A linked old directory that a server could be started on, beside a new one that has run on the same files. */
const linkedOldCanStart: Harm = ({ facts, world }) => {
  for (const node of facts.nodes) {
    const seen = hostIn(world, node.alias);
    if (seen === null || !isDataDirectory(seen.backupData) || !seen.backupData.hasHardLinks) continue;
    if (newClusterStarted(facts, node, world) === 'started' && !seen.backupData.madeUnstartable)
      return `${node.alias}: ${facts.oldMajor} can be started on files that ${facts.newMajor} has changed`;
  }
  return null;
};

/** What pg_autoctl and systemd hold is the new version's while the old one serves. */
const servingIsRepointed: Harm = ({ facts, world }) => {
  for (const host of hostsOf(facts)) {
    const seen = hostIn(world, host.alias);
    if (seen?.server == null || !isDataDirectory(seen.data) || seen.data.major !== facts.oldMajor) continue;
    if (seen.pgCtl === `${host.newBindir}/pg_ctl` || seen.unit?.program === host.newAutoctl)
      return `${host.alias}: ${facts.oldMajor} serves, and its next start would be ${facts.newMajor}’s`;
  }
  return null;
};

/** Only a backup is left, and nobody has typed a name at the step that led there. */
const rollbackGoneUnasked: Harm = ({ facts, world, danger, routeBefore }) => {
  const { kind } = rollbackRoute(facts, world);
  return kind === 'backup' && routeBefore !== 'backup' && danger !== 'point-of-no-return'
    ? 'only a backup is left, and no name was typed'
    : null;
};

/** The verdict promises that nothing is lost while applications write on the new version. */
const verdictIsWrong: Harm = ({ facts, world, opened }) => {
  const { kind, says } = rollbackVerdict(facts, world);
  return opened && (kind === 'safe' || kind === 'safe-through' || kind === 'nothing-to-undo')
    ? `applications write on ${facts.newMajor}, and the verdict is “${says}”`
    : null;
};

/** The new version's first start, or its place, although the old one has written since pg_upgrade. */
const oldHasWrittenSince: Harm = ({ facts, world }) => {
  const seen = hostIn(world, primaryOf(facts).alias);
  if (seen === null || !isDataDirectory(seen.backupData) || seen.oldFingerprint === null) return null;
  const control = seen.backupData.control;
  return control?.checkpoint === writtenSince &&
    newClusterStarted(facts, primaryOf(facts), world) === 'started'
    ? `${facts.newMajor} was started without what ${facts.oldMajor} has written since pg_upgrade`
    : null;
};

export const harms: readonly Harm[] = [
  linkedOldCanStart,
  servingIsRepointed,
  rollbackGoneUnasked,
  verdictIsWrong,
  oldHasWrittenSince,
];

/** Where the old server's checkpoint is when somebody has started it, and written, since pg_upgrade. */
const writtenSince = '0/99000028';

/** Something that goes otherwise, told before each step; true: the step is skipped. */
export interface Mishap {
  readonly says: string;
  readonly before: (step: Step, index: number, model: Model) => boolean;
}

/** Consecutive steps are skipped with a reason. */
export const skips = (steps: readonly Step[], lengths: readonly number[]): Mishap[] =>
  steps.flatMap((_, from) =>
    lengths.map((length) => ({
      says: `skipped: ${steps
        .slice(from, from + length)
        .map((step) => step.id)
        .join(' ')}`,
      before: (_step, index) => index >= from && index < from + length,
    })),
  );

/** A host does not answer from a step on, for so many steps; it comes back as it was. */
export const absences = (facts: ClusterFacts, steps: readonly Step[], length: number): Mishap[] =>
  steps.flatMap((_, from) =>
    hostsOf(facts).map(({ alias }) => ({
      says: `${alias} is away from ${steps[from]?.id ?? ''} on, for ${length} steps`,
      before: (step, index, model) => {
        if (index === from) model.unreachable.add(alias);
        if (index === from + length) model.unreachable.delete(alias);
        return model.unreachable.has(step.host);
      },
    })),
  );

/** Somebody starts the old server of the primary before a step, up to the new one's first start; an application writes, and it is stopped again. */
export const oldStarts = (facts: ClusterFacts, steps: readonly Step[]): Mishap[] =>
  steps.slice(0, steps.findIndex((step) => step.id.endsWith('.private-start')) + 1).map((at, from) => ({
    says: `${facts.oldMajor} started and stopped before ${at.id}`,
    before: (_step, index, model) => {
      if (index === from) model.oldHasRun(writtenSince);
      return false;
    },
  }));

/** Two at once. */
export const both = (one: Mishap, other: Mishap): Mishap => ({
  says: `${one.says}, and ${other.says}`,
  before: (step, index, model) => {
    const passed = one.before(step, index, model);
    return other.before(step, index, model) || passed;
  },
});

/** Walks the window with one mishap; each harm that came of it, once, with the step behind which it was first seen. */
export const searchWith = (facts: ClusterFacts, steps: readonly Step[], mishap: Mishap): string[] => {
  const model = new Model(facts);
  const found = new Map<string, string>();
  let routeBefore = 'nothing';
  let opened = false;
  let world = model.world();
  steps.forEach((step, index) => {
    const passed = mishap.before(step, index, model);
    world = model.world();
    if (passed || step.probe(world).state === 'done') return;
    if (!step.before.every((one) => one.holds(world).holds) || step.script(world).kind !== 'ready') return;
    const danger = dangerNow(step, world);
    try {
      model.run(step.id);
    } catch {
      // The model knows no effect there: the script would have ended at its own proofs.
      return;
    }
    world = model.world();
    opened ||= step.writes === 'resume';
    for (const harm of harms) {
      const says = harm({ facts, world, routeBefore, last: step, danger, opened });
      if (says !== null && !found.has(says)) found.set(says, `${says}; after ${step.id}, ${mishap.says}`);
    }
    const { kind } = rollbackRoute(facts, world);
    // While a host is away nobody knows: what was known before counts.
    if (kind !== 'unknown') routeBefore = kind;
  });
  return [...found.values()];
};

/** Every mishap of a window, and what came of it. */
export const search = (
  facts: ClusterFacts,
  mishaps: (steps: readonly Step[]) => readonly Mishap[],
): { readonly walks: number; readonly found: readonly string[] } => {
  const steps = upgradeRunbook(facts);
  const all = mishaps(steps);
  return { walks: all.length, found: all.flatMap((one) => searchWith(facts, steps, one)) };
};
