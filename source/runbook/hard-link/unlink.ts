import { posix } from 'node:path';
import type { ClusterFacts, NodeFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { hostIn, isCluster } from '../../cluster/world.ts';
import { about, allStopped, describe, isMajor, when } from '../conditions.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { rearmLines } from '../phases/disarm.ts';
import { idleFunction, versionFunction } from '../proofs.ts';
import { script } from '../shell.ts';
import type { PhaseId, Step } from '../step.ts';
import { partsFollow, partsHaveFollowed } from '../tablespaces/conditions.ts';
import { followFunction, oldComesHome } from '../tablespaces/follow.ts';
import { neverStartedLines, removeLinksLines } from './rebuild.ts';

/**
 * The way back of a secondary whose new directory holds links and has never been started: the second names go, the old
 * directory takes its place again. Nothing is kept aside, because nothing in it is not on the primary too.
 */
export const unlinkStep = (facts: ClusterFacts, node: NodeFacts, phase: PhaseId): Step => {
  const [data, old] = [sh(node.data), sh(node.backupData)];
  return makeStep(facts, {
    id: 'directories',
    phase,
    host: node,
    as: 'postgres',
    title: `${posix.basename(node.backupData)} → data`,
    reason: `${facts.newMajor} has never been started on the links here: they are removed, and the old files are as they were.`,
    guide: null,
    danger: 'changes',
    script: script(
      ...idleFunction,
      ...followFunction(node),
      versionFunction,
      `idle ${data} ${old}`,
      `if [ "$(version ${old})" = ${facts.oldMajor} ]; then`,
      ...neverStartedLines(
        node,
        `PostgreSQL ${facts.newMajor} has been started on these files: ${facts.oldMajor} must never run on them again`,
      ).map((line) => `  ${line}`),
      'fi',
      ...removeLinksLines(facts, node, `[ "$(version ${old})" = ${facts.oldMajor} ]`),
      `if [ ! -e ${data} ]; then mv -T ${old} ${data}; fi`,
      ...rearmLines(node.data),
      `[ "$(version ${data})" = ${facts.oldMajor} ] && [ -e ${sh(`${node.data}/global/pg_control`)} ]`,
      ...oldComesHome(facts, node),
      `echo ${sh(`${node.data} is PostgreSQL ${facts.oldMajor}`)}`,
    ),
    probe: (world) => {
      const seen = hostIn(world, node.alias);
      if (seen === null) return pending('not seen');
      if (isMajor(seen.data, facts.oldMajor))
        return partsFollow(node, seen, seen.data, node.data)
          ? done(`${node.data} is PostgreSQL ${facts.oldMajor}`)
          : half('a tablespace is not in its place');
      return seen.data.kind === 'absent'
        ? half(`${node.data} is not there`)
        : pending(`${node.data} ${describe(seen.data)}`);
    },
    before: [allStopped(node)],
    after: [
      about(node.alias, `${node.data} is PostgreSQL ${facts.oldMajor}, and shares no file`, (seen) =>
        when(
          isMajor(seen.data, facts.oldMajor) &&
            isCluster(seen.data) &&
            seen.data.control !== null &&
            !seen.data.shared,
          describe(seen.data),
        ),
      ),
      ...partsHaveFollowed(node, 'data'),
    ],
    undo: `the links are made again by the next try`,
  });
};
