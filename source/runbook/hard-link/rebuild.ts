import { posix } from 'node:path';
import { type ClusterFacts, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { hostIn, isCluster } from '../../cluster/world.ts';
import { about, acceptsWrites, allStopped, backupIsThere, describe, isMajor, when } from '../conditions.ts';
import { done, makeStep, pending } from '../make-step.ts';
import { carriedIsKept, carryLines, readConfigurationLines } from '../phases/configuration.ts';
import { idleFunction, keepFunction } from '../proofs.ts';
import { inBin, script } from '../shell.ts';
import type { Condition, Step } from '../step.ts';
import { dropPartsLines } from '../tablespaces/follow.ts';
import { hasStreamed, isJoined, isLeftToBackup, isLinked } from './evidence.ts';
import { linkDir } from './names.ts';

/**
 * After idleFunction. Takes away what a transfer has made, where `condition` (of the shell) holds: only beside the old directory, whose files
 * have another name there, and never a directory of the old version.
 */
export const removeLinksLines = (facts: ClusterFacts, node: NodeFacts, condition: string): string[] => [
  `linked=${sh(node.data)}`,
  `if ${condition} && [ -e "$linked" ]; then`,
  '  idle "$linked"',
  `  [ "$(cat ${sh(`${node.backupData}/PG_VERSION`)})" = ${facts.oldMajor} ]`,
  `  if [ "$(cat "$linked/PG_VERSION" 2>/dev/null || true)" = ${facts.oldMajor} ]; then echo "$linked is PostgreSQL ${facts.oldMajor}: look at it first" >&2; exit 1; fi`,
  ...dropPartsLines(node, facts.newMajor).map((line) => `  ${line}`),
  '  rm -rf "$linked"; echo "removed the links in $linked"',
  'fi',
];

/** Ends the script, saying so, where the new version has been started on what a transfer made; asked of the disk. */
export const neverStartedLines = (node: NodeFacts, otherwise: string): string[] => {
  const fingerprint = sh(`${node.workDir}/fingerprint`);
  return [
    `if [ -s ${fingerprint} ] && [ -e ${sh(`${node.data}/global/pg_control`)} ]; then`,
    `  ${sh(inBin(node.newBindir, 'pg_controldata'))} -D ${sh(node.data)} | cmp -s - ${fingerprint} || { echo ${sh(otherwise)} >&2; exit 1; }`,
    'fi',
  ];
};

/** H. What makes a standby of the linked directory, once the primary writes again. */

export const ownFilesStep = (facts: ClusterFacts, node: NodeFacts): Step =>
  makeStep(facts, {
    id: 'own-files',
    phase: 'H',
    host: node,
    as: 'postgres',
    title: 'Its own configuration, and standby.signal',
    reason:
      'The transfer has left out what each host has for itself: configuration, certificates, and how it reaches its primary. The key has served.',
    guide: null,
    danger: 'changes',
    script: script(
      ...idleFunction,
      ...keepFunction,
      `rm -rf ${sh(linkDir(node))}`,
      ...removeLinksLines(facts, node, `[ ! -s ${sh(`${node.workDir}/fingerprint`)} ]`),
      `if [ ! -e ${sh(node.data)} ]; then echo 'no links were made: a base backup follows'; exit 0; fi`,
      `idle ${sh(node.data)}`,
      ...carryLines(node, node.backupData, node.data),
      ...carriedIsKept,
      `touch ${sh(`${node.data}/standby.signal`)}; keep ${sh(`${node.data}/standby.signal`)}`,
      ...readConfigurationLines(node, node.data, node.data),
    ),
    probe: (world) => {
      const seen = hostIn(world, node.alias);
      if (seen === null) return pending('not seen');
      if (isJoined(facts, node, world)) return done('it has joined');
      if (isLeftToBackup(facts, node, world)) return done('a base backup follows');
      if (isCluster(seen.data) && seen.data.major === facts.newMajor)
        return seen.data.carried && seen.data.standby ? done('they are in place') : pending('not in place');
      return pending(`${node.data} ${describe(seen.data)}`);
    },
    before: [allStopped(node), backupIsThere(facts, node), acceptsWrites(facts, primaryOf(facts))],
    after: [
      about(node.alias, `${node.data} is a standby with its own configuration`, (seen, world) =>
        when(
          isLeftToBackup(facts, node, world) ||
            (isCluster(seen.data) && seen.data.carried && seen.data.standby),
          `it ${describe(seen.data)}`,
        ),
      ),
    ],
    undo: `rm -r ${sh(node.data)}: ${posix.basename(node.backupData)} is as it was`,
  });

/** Before pg_autoctl may touch the directory: it is the new system's, and pg_rewind will accept it; or there is none. */
export const canJoin = (facts: ClusterFacts, node: NodeFacts): Condition => {
  const primary = primaryOf(facts);
  return about(
    node.alias,
    `${node.data} is a standby of ${primary.alias} that has streamed: no copy will be taken (or it is not there, and one will)`,
    (seen, world) => {
      if (seen.data.kind === 'absent') return when(true, '');
      const theirs = hostIn(world, primary.alias)?.data;
      const same =
        theirs !== undefined &&
        isCluster(theirs) &&
        isCluster(seen.data) &&
        theirs.control?.systemIdentifier === seen.data.control?.systemIdentifier;
      return when(same && hasStreamed(facts, node, world), `it ${describe(seen.data)}`);
    },
  );
};

/** After: what was linked is linked still, so nobody has copied it. */
export const nothingCopied = (facts: ClusterFacts, node: NodeFacts): Condition =>
  about(node.alias, `no base backup was taken: ${node.data} shares its files still`, (seen, world) => {
    if (!isLinked(facts, node, world) || !isMajor(seen.backupData, facts.oldMajor)) return when(true, '');
    return when(isCluster(seen.backupData) && seen.backupData.shared, 'its files are others now');
  });
