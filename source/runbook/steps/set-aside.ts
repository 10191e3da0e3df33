import { posix } from 'node:path';
import { type ClusterFacts, type NodeFacts, secondariesOf, takesLinks } from '../../cluster/facts.ts';
import { sh, word } from '../../cluster/fragment.ts';
import type { Observations } from '../../cluster/observations.ts';
import { parentOf } from '../../cluster/words.ts';
import { allStopped, backupIsThere, describe, isMajor, onHost, verdictOf } from '../language/conditions.ts';
import { isSetAside } from '../language/evidence.ts';
import { isFallbackCopy } from '../language/fallback-copies.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import type { StepId } from '../language/step.ts';
import { partsHaveFollowed } from '../language/tablespace-conditions.ts';
import { undoneBy } from '../language/undo.ts';
import { oursLine, ownershipFunctions } from '../shell/ownership.ts';
import {
  controlFunctions,
  idleFunction,
  keepFunction,
  sameFileSystemFunction,
} from '../shell/self-checks.ts';
import { script } from '../shell/shell.ts';
import { followFunction, oldIsSetAside } from '../shell/tablespaces.ts';
import { rollbackRoute } from '../verdict/route.ts';

/**
 * The last fallback copy that could run where it stands, when nothing else leads back without loss: worth the host's name.
 * Null in clone and copy mode, where the old primary's own directory is whole.
 */
const lastFallbackCopy = (facts: ClusterFacts, node: NodeFacts, world: Observations): string | null => {
  const inPlace = secondariesOf(facts).filter(
    (one) => isFallbackCopy(facts, one, world) && !isSetAside(facts, one, world),
  );
  if (inPlace.length !== 1 || inPlace[0] !== node || rollbackRoute(facts, world).kind !== 'fallback-copy')
    return null;
  return lastFallbackCopyWords(facts, node);
};

const lastFallbackCopyWords = (facts: ClusterFacts, node: NodeFacts): string =>
  `${node.alias} holds the last fallback copy of PostgreSQL ${facts.oldMajor} that can be started in place. From here on a rollback first has to move a ${posix.basename(node.backupData)} back to its place; the copy stays complete until it is removed, then only a backup is left.`;

/** Which step will give up the last fallback copy that stands in its place, if all goes in order; for a plan. Null: none. */
export const lastCopyAhead = (
  facts: ClusterFacts,
): { readonly step: StepId; readonly says: string } | null => {
  const last = copiedOf(facts).at(-1);
  return last === undefined || facts.mode !== 'link'
    ? null
    : { step: setAside(last)(facts, 'H').id, says: lastFallbackCopyWords(facts, last) };
};

/** The secondaries that get a base backup. */
export const copiedOf = (facts: ClusterFacts): readonly NodeFacts[] =>
  secondariesOf(facts).filter((node) => !takesLinks(node));

/** In H before a base backup, in D, beside pg_upgrade, before links are taken over. */
export const setAside =
  (node: NodeFacts): StepOf =>
  (facts, phase) =>
    makeStep(facts, {
      id: 'aside',
      phase,
      host: node,
      as: 'postgres',
      title: 'Set aside the old directory',
      reason:
        phase === 'H'
          ? `The PG ${facts.oldMajor} fallback copy stays complete beside the new data; pg_autoctl finds no directory and takes a base backup.`
          : 'Both directories have the names that they have on the primary: by them rsync finds which files belong together.',
      guide: 'Step 12',
      danger: 'changes',
      script: script(sh`
        ${ownershipFunctions(facts)}
        ${idleFunction}
        ${keepFunction}
        ${controlFunctions}
        ${node.tablespaces.length === 0 ? sameFileSystemFunction : followFunction(node)}
        if [ ! -e ${node.backupData} ]; then
          [ "$(cat ${word`${node.data}/PG_VERSION`})" = ${facts.oldMajor} ] || { echo ${word`${node.data} is not PostgreSQL ${facts.oldMajor}`} >&2; exit 1; }
          of_system ${node.oldBindir} ${node.data} ${facts.systemIdentifier}
          idle ${node.data}
          same_file_system ${node.data} ${parentOf(node.data)}
          ${oldIsSetAside(facts, node)}
          own ${node.data} # before it gets a name that another's could have
          mv -T ${node.data} ${node.backupData}
          keep ${node.backupData}
        fi
        ${oursLine(facts, node.backupData)}
        du -sh ${node.backupData}
        [ ! -e ${node.data} ] || { echo ${word`${node.data} and ${node.backupData} are both there: inspect both`} >&2; exit 1; }
      `),
      probe: (world) =>
        isSetAside(facts, node, world)
          ? done(`${node.backupData} holds the fallback copy`)
          : pending(`${node.data} is the fallback copy still`),
      before: [
        allStopped(node),
        onHost(node.alias, `${node.data} is PostgreSQL ${facts.oldMajor}`, (seen) =>
          verdictOf(isMajor(seen.data, facts.oldMajor), `it ${describe(seen.data)}`),
        ),
      ],
      after: [backupIsThere(facts, node), ...partsHaveFollowed(node, 'backupData')],
      undo: undoneBy(sh`mv ${node.backupData} ${node.data}`),
      forfeits: (world) => {
        const says = lastFallbackCopy(facts, node, world);
        // It stays whole beside the new data, and can be moved back.
        return says === null ? null : { kind: 'other', text: says };
      },
    });
