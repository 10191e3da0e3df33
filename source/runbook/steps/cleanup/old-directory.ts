import { posix } from 'node:path';
import { andWords, firstOf } from '../../../cluster/amounts.ts';
import {
  type ClusterFacts,
  type HostFacts,
  isNode,
  type NodeFacts,
  primaryOf,
  takesLinks,
} from '../../../cluster/facts.ts';
import { groupsOf, primariesOf } from '../../../cluster/formation.ts';
import { sh } from '../../../cluster/fragment.ts';
import { hostIn, isDataDirectory, type Observations } from '../../../cluster/observations.ts';
import { describe, everyNodeSettled, onHost, verdictOf } from '../../language/conditions.ts';
import { hasMarker } from '../../language/evidence.ts';
import { newEverywhere } from '../../language/group-conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepsOf } from '../../language/outline.ts';
import type { Loss } from '../../language/step.ts';
import { partsSetAside } from '../../language/tablespace-names.ts';
import { nothingToUndo, undoText } from '../../language/undo.ts';
import { mark, script } from '../../shell/shell.ts';
import { healthy, isThere, newIsLive } from './conditions.ts';
import { backupIsKnown } from './find-backup.ts';
import { type Discarded, proofLines, removeLines, sizeLines } from './removal.ts';

const differs =
  'Not delete_old_cluster.sh: it holds the path as it was at upgrade time, which is now the live cluster.';

/** Whether an old directory can be gone back to: in link mode the primary's shares its files with the new version. */
const isFallback = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean =>
  hostIn(world, node.alias)?.backupData.kind === 'cluster' &&
  !takesLinks(node) &&
  (node !== primaryOf(facts) || facts.mode !== 'link');

/**
 * The last fallback copy: after it a rollback is only possible from a backup, and whether one was made since the upgrade is said. A host that is
 * not seen keeps none for certain.
 */
const lastCopy = (facts: ClusterFacts, host: HostFacts, world: Observations): Loss | null => {
  const kept = facts.nodes.filter((node) => isFallback(facts, node, world));
  if (kept.length !== 1 || kept[0]?.alias !== host.alias) return null;
  return {
    kind: 'last-copy',
    text: `the last fallback copy of PostgreSQL ${facts.oldMajor}: after it a rollback is only possible from a backup, and ${
      hasMarker(primaryOf(facts), backupIsKnown, world)
        ? `one made since PostgreSQL ${facts.newMajor} was opened is known`
        : `NONE made since PostgreSQL ${facts.newMajor} was opened is known: typing the host’s name accepts that`
    }`,
  };
};

/**
 * Several groups roll back through every primary’s own old directory or not at all: the first of these to go takes the rollback with it, whatever copies
 * the secondaries still have.
 */
const lastOfFormation = (formation: ClusterFacts, host: HostFacts, world: Observations): Loss | null => {
  const primaries = primariesOf(formation);
  if (formation.workers === undefined || !primaries.some(({ alias }) => alias === host.alias)) return null;
  // One that is not seen keeps its own for all that is known.
  if (primaries.some(({ alias }) => hostIn(world, alias)?.backupData.kind === 'absent')) return null;
  const unknown = groupsOf(formation).filter((group) => !hasMarker(primaryOf(group), backupIsKnown, world));
  return {
    kind: 'last-copy',
    text: `the rollback of all groups, which needs the old directory of every primary: after it a rollback is only possible from a backup, or by hand, and ${
      unknown.length === 0
        ? `a backup of each group, made since PostgreSQL ${formation.newMajor} was opened, is known`
        : `NO backup of ${unknown.length === 1 ? 'group' : 'groups'} ${andWords(unknown.map(({ group }) => String(group)))}, made since PostgreSQL ${formation.newMajor} was opened, is known: typing the host’s name accepts that`
    }`,
  };
};

/** So many names are told. */
const mostNames = 8;

/** What goes with it and is nowhere else, and what does not go with it. */
const goesAndStays =
  (host: HostFacts) =>
  (world: Observations): readonly string[] => {
    const old = hostIn(world, host.alias)?.backupData;
    if (old === undefined || !isDataDirectory(old)) return [];
    const name = posix.basename(host.backupData);
    const only = old.only ?? [];
    return [
      ...(only.length === 0
        ? []
        : [
            `only in ${name}, and removed with it: ${firstOf(only, mostNames)}. Copy what somebody needs to ${host.data} first`,
          ]),
      ...(old.wal === undefined
        ? []
        : [
            `${host.backupData}/pg_wal is a symbolic link to ${old.wal}: that directory is not this upgrade’s, and stays. Once ${name} is removed, nothing needs it: remove it yourself`,
          ]),
    ];
  };

export const removeOldDirectory =
  (host: HostFacts, formation: ClusterFacts): StepsOf =>
  (facts, phase) => {
    const old: Discarded = {
      path: host.backupData,
      major: facts.oldMajor,
      parts: partsSetAside(host, host.backupData),
    };
    const common = { phase, host, as: 'postgres', guide: 'Post-Upgrade Cleanup' } as const;
    return [
      makeStep(facts, {
        ...common,
        id: 'measure',
        title: `Measure ${posix.basename(host.backupData)}`,
        reason: 'Files that are shared with the running cluster by links free nothing; the rest does.',
        danger: 'reads',
        script: script(sh`
          ${proofLines(facts, host, old, 'ours')}
          ${sizeLines(host, old)}
          ${mark(host, 'cleanup-measured')}
        `),
        probe: (world) => {
          const seen = hostIn(world, host.alias);
          if (seen?.backupData.kind === 'absent') return done('it is removed');
          return seen?.markers.includes('cleanup-measured') ? done('measured') : pending('not measured yet');
        },
        before: [isThere(facts, host), newIsLive(facts, host)],
        notes: goesAndStays(host),
        quietSeconds: 300,
        undo: nothingToUndo,
      }),
      makeStep(facts, {
        ...common,
        id: 'remove',
        title: `Remove ${posix.basename(host.backupData)}`,
        reason:
          isNode(host) && host !== primaryOf(facts)
            ? 'With the last fallback copy gone, a rollback is only possible from a backup.'
            : 'The upgrade is accepted; the old cluster is not needed any more.',
        deviation: differs,
        danger: 'point-of-no-return',
        forfeits: (world) => lastOfFormation(formation, host, world) ?? lastCopy(facts, host, world),
        script: script(sh`
          ${proofLines(facts, host, old, 'ours')}
          ${removeLines(facts, host, old)}
        `),
        probe: (world) =>
          hostIn(world, host.alias)?.backupData.kind === 'absent'
            ? done('it is removed')
            : pending(`${host.backupData} is there`),
        before: [
          isThere(facts, host),
          newIsLive(facts, host),
          newEverywhere(facts),
          everyNodeSettled,
          healthy,
        ],
        after: [
          onHost(host.alias, `${host.backupData} is gone`, (seen) =>
            verdictOf(seen.backupData.kind === 'absent', `it ${describe(seen.backupData)}`),
          ),
          newIsLive(facts, host),
        ],
        notes: goesAndStays(host),
        quietSeconds: 300,
        undo: undoText('not possible: what is removed is gone'),
      }),
    ];
  };
