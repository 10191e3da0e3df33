import { posix } from 'node:path';
import { type ClusterFacts, type NodeFacts, primaryOf } from '../../../cluster/facts.ts';
import { sh, spaced, word } from '../../../cluster/fragment.ts';
import { hostIn, isDataDirectory, type Observations } from '../../../cluster/observations.ts';
import type { Path } from '../../../cluster/words.ts';
import {
  allStopped,
  backupIsThere,
  dataIsNew,
  describe,
  onHost,
  verdictOf,
} from '../../language/conditions.ts';
import { isAsKept, newClusterStarted } from '../../language/evidence.ts';
import { done, half, makeStep, pending } from '../../language/make-step.ts';
import type { StepOf } from '../../language/outline.ts';
import type { Condition } from '../../language/step.ts';
import { partsHaveFollowed } from '../../language/tablespace-conditions.ts';
import { undoText } from '../../language/undo.ts';
import { ownershipFunctions } from '../../shell/ownership.ts';
import { idleFunction, keepFunction, wholeLines } from '../../shell/self-checks.ts';
import { inBin, script } from '../../shell/shell.ts';
import { partsBegunLines } from '../../shell/tablespaces.ts';
import { anotherFallbackCopy, isLeftToBackup, isLinked } from './evidence.ts';
import { transferIsReady } from './guest.ts';
import { linkDir } from './names.ts';
import { neverStartedLines } from './own-files.ts';
import { plainEnvironment, transferCommands } from './rsync.ts';

const neverStarted = (facts: ClusterFacts): Condition => {
  const primary = primaryOf(facts);
  return onHost(
    primary.alias,
    `${facts.newMajor} has never been started on ${primary.alias}: a file that it changes keeps its size, and rsync would not see it`,
    (_, world) => {
      const started = newClusterStarted(facts, primary, world);
      return verdictOf(started === 'never', started === 'started' ? 'it has' : 'it is not known');
    },
  );
};

/** The copy of pg_control says the same as the primary's: the new version has run on neither. */
const isTheSame = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean => {
  const [mine, theirs] = [node, primaryOf(facts)].map((one) => {
    const data = hostIn(world, one.alias)?.data;
    return data !== undefined && isDataDirectory(data) ? data.control : null;
  });
  return (
    mine != null &&
    theirs != null &&
    mine.systemIdentifier === theirs.systemIdentifier &&
    isAsKept(mine, theirs)
  );
};

/** D. Of a secondary: the primary's links, and what is new besides. It lies in the downtime, between swap and first start. */
export const takeOverLinks =
  (node: NodeFacts): StepOf =>
  (facts, phase) => {
    const primary = primaryOf(facts);
    const fingerprint: Path = word`${node.workDir}/fingerprint`;
    const controldata = sh`${inBin(node.newBindir, 'pg_controldata')} -D ${node.data}`;
    return makeStep(facts, {
      id: 'link',
      phase,
      host: node,
      as: 'postgres',
      title: 'Transfer hard links by rsync',
      reason: `The files of the tables are here already: they get a second name in ${posix.basename(node.data)}, and only the new catalogs are sent. ${posix.basename(node.backupData)} can still be started until ${facts.newMajor} is, but it is no fallback copy any more.`,
      guide: null,
      deviation: 'The guide takes a base backup, after the downtime and as long as the data is large.',
      danger: 'changes',
      script: script(sh`
        umask 077
        ${node.tablespaces.length > 0 && ownershipFunctions(facts)}
        ${idleFunction}
        ${keepFunction}
        cd ${linkDir(node)}
        ${plainEnvironment}
        idle ${node.data} ${node.backupData}
        [ "$(cat ${word`${node.backupData}/PG_VERSION`})" = ${facts.oldMajor} ]
        if [ "$(cat ${word`${node.data}/PG_VERSION`} 2>/dev/null || true)" = ${facts.oldMajor} ]; then echo ${word`${node.data} is PostgreSQL ${facts.oldMajor} still`} >&2; exit 1; fi
        ${neverStartedLines(node, word`PostgreSQL ${facts.newMajor} has been started on ${node.data}`)}
        ${partsBegunLines(node, facts.newMajor)}
        ${transferCommands(facts, node, sh`./via`)}
        # on the disk before anything relies on it
        sync -f ${spaced([node.data, ...node.tablespaces])}
        ${wholeLines(sh`${fingerprint}.new`, controldata)}
        keep ${fingerprint}.new; mv ${fingerprint}.new ${fingerprint}; keep ${fingerprint}
      `),
      probe: (world) => {
        const seen = hostIn(world, node.alias);
        if (seen === null) return pending('not seen');
        if (isLinked(facts, node, world))
          return done(`${node.data} shares its files with ${node.backupData}`);
        if (isLeftToBackup(facts, node, world))
          return done('not done; the new version has run, and a base backup follows');
        return seen.data.kind === 'absent' ||
          (isDataDirectory(seen.data) && seen.data.major === facts.oldMajor)
          ? pending('not begun')
          : half('the transfer did not finish');
      },
      before: [
        allStopped(primary),
        allStopped(node),
        dataIsNew(facts, primary),
        backupIsThere(facts, primary),
        neverStarted(facts),
        backupIsThere(facts, node),
        transferIsReady(facts, node),
        anotherFallbackCopy(facts),
      ],
      after: [
        onHost(node.alias, `${node.data} is ${primary.alias}’s new cluster, never started`, (seen, world) =>
          verdictOf(
            isLinked(facts, node, world) && isTheSame(facts, node, world),
            `it ${describe(seen.data)}`,
          ),
        ),
        onHost(node.alias, `its tables are files of ${node.backupData}: nothing was copied`, (seen) =>
          verdictOf(isDataDirectory(seen.backupData) && seen.backupData.hasHardLinks, 'they are not'),
        ),
        ...partsHaveFollowed(node, 'data'),
      ],
      quietSeconds: 120,
      undo: undoText(
        sh`rm -r ${node.data}: ${node.backupData} is as it was. Skipped, or not possible: the node gets a base backup after the downtime`
          .text,
      ),
    });
  };
