import type { NodeFacts } from '../../../cluster/facts.ts';
import { sh, word } from '../../../cluster/fragment.ts';
import { hostIn, isDataDirectory } from '../../../cluster/observations.ts';
import { allStopped, describe, isMajor, onHost, verdictOf } from '../../language/conditions.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import { partsFollow, partsHaveFollowed } from '../../language/tablespace-conditions.ts';
import { undoText } from '../../language/undo.ts';
import { rearmLines } from '../../shell/disarm.ts';
import { oursLine, ownershipFunctions } from '../../shell/ownership.ts';
import { idleFunction, versionFunction } from '../../shell/self-checks.ts';
import { script } from '../../shell/shell.ts';
import { followFunction, oldComesHome } from '../../shell/tablespaces.ts';
import { neverStartedLines, removeLinksLines } from './own-files.ts';

/**
 * The rollback of a secondary whose new directory holds links and has never been started: the second names go, the old
 * directory takes its place again. Nothing is kept aside, because nothing in it is not on the primary too.
 */
export const removeLinks =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const [data, old] = [node.data, node.backupData];
    return makeStep(facts, {
      id: 'directories',
      phase,
      host: node,
      as: 'postgres',
      title: 'Remove links, restore directory',
      reason: `${facts.newMajor} has never been started on the links here: they are removed, and the old files are as they were.`,
      guide: null,
      danger: 'changes',
      script: script(sh`
        ${ownershipFunctions(facts)}
        ${idleFunction}
        ${followFunction(node)}
        ${versionFunction}
        idle ${data} ${old}
        if [ "$(version ${old})" = ${facts.oldMajor} ]; then
          ${neverStartedLines(
            node,
            word`PostgreSQL ${facts.newMajor} has been started on these files: ${facts.oldMajor} must never run on them again`,
          )}
        fi
        ${removeLinksLines(facts, node, sh`[ "$(version ${old})" = ${facts.oldMajor} ]`)}
        if [ ! -e ${data} ]; then ${oursLine(facts, node.backupData)}; mv -T ${old} ${data}; fi
        ${rearmLines(node.data)}
        [ "$(version ${data})" = ${facts.oldMajor} ] && [ -e ${word`${node.data}/global/pg_control`} ]
        ${oldComesHome(facts, node)}
        unmark ${data}
        echo ${word`${node.data} is PostgreSQL ${facts.oldMajor}`}
      `),
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
        onHost(node.alias, `${node.data} is PostgreSQL ${facts.oldMajor}, and shares no file`, (seen) =>
          verdictOf(
            isMajor(seen.data, facts.oldMajor) &&
              isDataDirectory(seen.data) &&
              seen.data.control !== null &&
              !seen.data.hasHardLinks,
            describe(seen.data),
          ),
        ),
        ...partsHaveFollowed(node, 'data'),
      ],
      undo: undoText('the next attempt makes the links again'),
    });
  };
