import { took } from '../../cluster/amounts.ts';
import { type ClusterFacts, isOnline, primaryOf, secondariesOf } from '../../cluster/facts.ts';
import { groupsOf } from '../../cluster/formation.ts';
import type { Measurements } from './measurements.ts';
import { backupSeconds, linkSeconds } from './paces.ts';

/** Of one secondary: how it is rebuilt, and what either way would take, in seconds; null: not measured. */
export interface RebuildChoice {
  readonly node: string;
  readonly way: 'base-backup' | 'hard-link';
  /** After the downtime. */
  readonly backupSeconds: number | null;
  /** In the downtime, while every server stands. */
  readonly linkSeconds: number | null;
  /** There is a way by hard links: pg_upgrade links. */
  readonly canLink: boolean;
}

export const rebuildChoices = (facts: ClusterFacts, measurements: Measurements): readonly RebuildChoice[] =>
  groupsOf(facts).flatMap((group) => choicesOfGroup(group, measurements));

const choicesOfGroup = (facts: ClusterFacts, measurements: Measurements): readonly RebuildChoice[] => {
  const primary = measurements.get(primaryOf(facts).alias);
  const measured = primary?.dataBytes != null;
  const canLink = facts.mode === 'link' && !isOnline(facts);
  return secondariesOf(facts).map(({ alias, rebuild }) => {
    const own = measurements.get(alias);
    return {
      node: alias,
      way: rebuild,
      backupSeconds: measured ? backupSeconds(primary, own) : null,
      linkSeconds: measured && canLink ? linkSeconds(primary, own) : null,
      canLink,
    };
  });
};

/** `about 2.2 s after the downtime`. */
const lasting = (seconds: number | null, when: string): string =>
  seconds === null ? `${when} (time not measured yet)` : `about ${took(seconds * 1000)} ${when}`;

/** Both ways in a sentence, so that the operator sees what the choice costs; without the node, for where it stands before it. */
export const choiceOfNode = ({ node, way, canLink, ...seconds }: RebuildChoice): string => {
  const copy = lasting(seconds.backupSeconds, 'after the downtime');
  if (!canLink) return `rebuilt by base backup, ${copy}`;
  const links = lasting(seconds.linkSeconds, 'in the downtime');
  return way === 'hard-link'
    ? `rebuilt by hard links, ${links}, and no fallback copy from then on; by base backup it would be ${copy}`
    : `rebuilt by base backup, ${copy}, its fallback copy kept; by hard links (nodes.${node}.rebuild) it would be ${links}`;
};

/** The same behind the name of the node. */
export const choiceWords = (choice: RebuildChoice): string => `${choice.node}: ${choiceOfNode(choice)}`;
