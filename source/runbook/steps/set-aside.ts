import { type ClusterFacts, type NodeFacts, secondariesOf, takesLinks } from '../../cluster/facts.ts';
import { sh, word } from '../../cluster/fragment.ts';
import { parentOf } from '../../cluster/words.ts';
import { allStopped, backupIsThere, describe, isMajor, onHost, verdictOf } from '../language/conditions.ts';
import { isSetAside } from '../language/evidence.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
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
          ? `The PG ${facts.oldMajor} fallback copy stays complete beside the new data; pg_autoctl finds no directory and takes a base backup. A rollback moves it back to its place.`
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
    });
