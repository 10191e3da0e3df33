import { type ClusterFacts, primaryOf } from '../../cluster/facts.ts';
import { pausesIn, type WritePause } from '../../engine/journal/downtimes.ts';
import { ofKind, type Recorded } from '../../engine/journal/entry.ts';
import { type Block, heading, list, paragraph, strong } from '../document.ts';
import { commandBlocks, type Tail } from './commands.ts';
import { type ReportedDowntime, reportedDowntimes } from './downtime.ts';
import { leftBlocks, logBlocks, type Places } from './ends.ts';
import { factBlocks } from './facts.ts';
import { outcomeOf, type RunOutcome } from './outcome.ts';
import {
  approvalBlocks,
  confirmationBlocks,
  eventBlocks,
  failureBlocks,
  skippedBlocks,
  verdictBlocks,
  warningItems,
} from './people.ts';
import { storyOf } from './read-story.ts';
import { factsIn, StepNames } from './steps.ts';
import type { Story } from './story.ts';
import { clusterBlocks, downtimeBlocks, windowBlocks } from './summary.ts';
import { durationBlocks, timelineBlocks } from './timeline.ts';

export interface ReportGround extends Places {
  readonly records: readonly Recorded[];
  readonly tail: Tail;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Report {
  readonly title: string;
  readonly blocks: readonly Block[];
}

const titles = {
  upgrade: 'Upgrade',
  rollback: 'Rollback of the upgrade',
  cleanup: 'Clean-up after the upgrade',
  rehearse: 'Rehearsal of the upgrade',
  prepare: 'Preparation of the upgrade',
  'call-off': 'Preparation of the upgrade, called off',
} as const;

/** What either report is made of. */
export interface ReadRun {
  readonly title: string;
  readonly facts: ClusterFacts | null;
  readonly names: StepNames;
  readonly story: Story;
  readonly outcome: RunOutcome;
  readonly downtimes: readonly ReportedDowntime[];
  /** Switchovers, within which writes paused. */
  readonly pauses: readonly WritePause[];
  /** The last moment that the journal knows, in milliseconds since the epoch. */
  readonly until: number;
}

/** Reads a run's journal. Pure: the journal is all it knows. */
export const readRunOf = ({ records, now }: ReportGround): ReadRun => {
  const facts = factsIn(records);
  const names = new StepNames(records, facts);
  const story = storyOf(records, names);
  const run = ofKind(records, 'run').at(0);
  const primary = facts === null ? null : primaryOf(facts);
  const versions = {
    from: run?.from ?? primary?.oldVersion ?? 'the old version',
    to: run?.to ?? primary?.newVersion ?? 'the new version',
  };
  const ways = new Set(story.attempts.map((one) => one.step.direction));
  const [way] = ways;
  const what = ways.size === 1 && way !== undefined ? titles[way] : titles.upgrade;
  // What must be said of this cluster wherever it is shown: a demo's report is no proof of anything.
  const banner = run?.banner === undefined ? '' : `${run.banner}: `;
  return {
    title: `${banner}${what} of ${run?.cluster ?? facts?.name ?? 'a cluster'}: PostgreSQL ${versions.from} → ${versions.to}`,
    facts,
    names,
    story,
    outcome: outcomeOf(story, names, versions),
    downtimes: reportedDowntimes(records, facts, names),
    pauses: pausesIn(records, (id) => names.of(id)),
    until: story.last ?? now,
  };
};

/** Only where somebody was to approve. */
export const approved = (story: Story, names: StepNames): readonly Block[] => {
  const blocks = approvalBlocks(story, names);
  return blocks.length === 0 ? [] : [heading(2, 'Approved by a second person'), ...blocks];
};

/** The change-ticket report of a run, in the order in which a change manager reads. */
export const makeReport = (ground: ReportGround): Report => {
  const { now, tail } = ground;
  const { title, facts, names, story, outcome, downtimes, pauses, until } = readRunOf(ground);
  const warnings = warningItems(story);
  return {
    title,
    blocks: [
      heading(1, title),
      paragraph(strong(outcome.says)),
      ...(story.ticket === null ? [] : [paragraph('Change: ', strong(story.ticket))]),
      paragraph(`Run ${ground.run}, written by pgaf-upgrade report from the run’s journal.`),
      heading(2, 'Cluster and versions'),
      ...clusterBlocks(facts),
      heading(2, 'Downtime'),
      ...downtimeBlocks(downtimes, pauses, until, story),
      heading(2, 'Window'),
      ...windowBlocks(story, now),
      heading(2, 'Left to do'),
      ...leftBlocks(outcome, story, names, facts),
      heading(2, 'Confirmed'),
      ...confirmationBlocks(story),
      ...approved(story, names),
      heading(2, 'Warnings of the checks'),
      warnings.length === 0 ? paragraph('None is recorded.') : list(...warnings),
      heading(2, 'Skipped'),
      ...skippedBlocks(story, names),
      heading(2, 'Failures, and how they were resolved'),
      ...failureBlocks(story),
      heading(2, 'What else happened'),
      ...eventBlocks(story, names),
      heading(2, 'Timeline by host'),
      ...timelineBlocks(story, downtimes, until),
      heading(2, 'Durations against estimates'),
      ...durationBlocks(story),
      heading(2, 'The rollback over time'),
      ...verdictBlocks(story),
      heading(2, 'Facts before and after'),
      ...factBlocks(story, facts),
      heading(2, 'Commands'),
      ...commandBlocks(story, tail),
      heading(2, 'Where the full records are'),
      ...logBlocks(ground, facts),
    ],
  };
};
