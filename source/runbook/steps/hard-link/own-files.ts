import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { type Fragment, sh, word } from '../../../cluster/fragment.ts';
import { hostIn, isDataDirectory } from '../../../cluster/observations.ts';
import { baseOf, type Path, type Word } from '../../../cluster/words.ts';
import {
  acceptsWrites,
  allStopped,
  backupIsThere,
  describe,
  isMajor,
  onHost,
  verdictOf,
} from '../../language/conditions.ts';
import { done, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import type { Condition } from '../../language/step.ts';
import { undoText } from '../../language/undo.ts';
import { carriedIsKept, carryLines, readConfigurationLines } from '../../shell/configuration.ts';
import { oursLine, ownershipFunctions } from '../../shell/ownership.ts';
import { idleFunction, keepFunction } from '../../shell/self-checks.ts';
import { inBin, script } from '../../shell/shell.ts';
import { dropPartsLines } from '../../shell/tablespaces.ts';
import { hasStreamed, isJoined, isLeftToBackup, isLinked } from './evidence.ts';
import { linkDir } from './names.ts';

/**
 * After idleFunction and ownershipFunctions. Takes away what a transfer has made, where `condition` (of the shell) holds: only beside the old
 * directory, whose files have another name there and which this run has put there, and never a directory of the old version.
 */
export const removeLinksLines = (facts: ClusterFacts, node: NodeFacts, condition: Fragment): Fragment => sh`
  linked=${node.data}
  if ${condition} && [ -e "$linked" ]; then
    idle "$linked"
    [ "$(cat ${word`${node.backupData}/PG_VERSION`})" = ${facts.oldMajor} ]
    ${oursLine(facts, node.backupData)}
    if [ "$(cat "$linked/PG_VERSION" 2>/dev/null || true)" = ${facts.oldMajor} ]; then echo "$linked is PostgreSQL ${facts.oldMajor}: inspect it first" >&2; exit 1; fi
    ${dropPartsLines(node, facts.newMajor)}
    rm -rf "$linked"; echo "removed the links in $linked"
  fi
`;

/** Ends the script, saying so, where the new version has been started on what a transfer made; asked of the disk. */
export const neverStartedLines = (node: NodeFacts, otherwise: Word): Fragment => {
  const fingerprint: Path = word`${node.workDir}/fingerprint`;
  return sh`
    if [ -s ${fingerprint} ] && [ -e ${word`${node.data}/global/pg_control`} ]; then
      ${inBin(node.newBindir, 'pg_controldata')} -D ${node.data} | cmp -s - ${fingerprint} || { echo ${otherwise} >&2; exit 1; }
    fi
  `;
};

/** H. What makes a standby of the linked directory, once the primary writes again. */

export const restoreOwnFiles =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'own-files',
      phase,
      host: node,
      as: 'postgres',
      title: 'Restore own configuration',
      reason:
        'The transfer has left out what each host has for itself: configuration, certificates, and how it reaches its primary. The transfer key is not needed any more.',
      guide: null,
      danger: 'changes',
      script: script(sh`
        ${ownershipFunctions(facts)}
        ${idleFunction}
        ${keepFunction}
        rm -rf ${linkDir(node)}
        ${removeLinksLines(facts, node, sh`[ ! -s ${word`${node.workDir}/fingerprint`} ]`)}
        if [ ! -e ${node.data} ]; then echo 'no links were made: a base backup follows'; exit 0; fi
        idle ${node.data}
        ${carryLines(node, node.backupData, node.data)}
        ${carriedIsKept}
        touch ${word`${node.data}/standby.signal`}; keep ${word`${node.data}/standby.signal`}
        ${readConfigurationLines(node, node.data, node.data)}
      `),
      probe: (world) => {
        const seen = hostIn(world, node.alias);
        if (seen === null) return pending('not seen');
        if (isJoined(facts, node, world)) return done('it has joined');
        if (isLeftToBackup(facts, node, world)) return done('a base backup follows');
        if (isDataDirectory(seen.data) && seen.data.major === facts.newMajor)
          return seen.data.hasConfiguration && seen.data.standby
            ? done('they are in place')
            : pending('not in place');
        return pending(`${node.data} ${describe(seen.data)}`);
      },
      before: [allStopped(node), backupIsThere(facts, node), acceptsWrites(facts, primaryOf(facts))],
      after: [
        onHost(node.alias, `${node.data} is a standby with its own configuration`, (seen, world) =>
          verdictOf(
            isLeftToBackup(facts, node, world) ||
              (isDataDirectory(seen.data) && seen.data.hasConfiguration && seen.data.standby),
            `it ${describe(seen.data)}`,
          ),
        ),
      ],
      undo: undoText(sh`rm -r ${node.data}: ${baseOf(node.backupData)} is as it was`.text),
    });

/** Before pg_autoctl may touch the directory: it is the new system's, and pg_rewind will accept it; or there is none. */
export const canJoin = (facts: ClusterFacts, node: NodeFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    node.alias,
    `${node.data} is a standby of ${primary.alias} that has streamed: no base backup will be taken (or it is not there, and one will be)`,
    (seen, world) => {
      if (seen.data.kind === 'absent') return verdictOf(true, '');
      const theirs = hostIn(world, primary.alias)?.data;
      const same =
        theirs !== undefined &&
        isDataDirectory(theirs) &&
        isDataDirectory(seen.data) &&
        theirs.control?.systemIdentifier === seen.data.control?.systemIdentifier;
      return verdictOf(same && hasStreamed(facts, node, world), `it ${describe(seen.data)}`);
    },
  );
};

/** After: what was linked is linked still, so nobody has copied it. */
export const nothingCopied = (facts: ClusterFacts, node: NodeFacts): Condition =>
  onHost(node.alias, `no base backup was taken: ${node.data} shares its files still`, (seen, world) => {
    if (!isLinked(facts, node, world) || !isMajor(seen.backupData, facts.oldMajor))
      return verdictOf(true, '');
    return verdictOf(
      isDataDirectory(seen.backupData) && seen.backupData.hasHardLinks,
      'its files are different ones now',
    );
  });
