import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { isNode } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../cluster/fragment.ts';
import { type HostObservation, hostIn, isDataDirectory } from '../../cluster/observations.ts';
import { parentOf } from '../../cluster/words.ts';
import {
  allStopped,
  backupIsThere,
  dataIsNew,
  describe,
  isMajor,
  onHost,
  verdictOf,
} from '../language/conditions.ts';
import { isOutdated, isSetAside, isSwapped, isUpgraded } from '../language/evidence.ts';
import { done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import { partsHaveFollowed } from '../language/tablespace-conditions.ts';
import { undoneBy } from '../language/undo.ts';
import { carriedIsKept, carryLines, readConfigurationLines } from '../shell/configuration.ts';
import { carriesMark, oursLine, ownershipFunctions } from '../shell/ownership.ts';
import {
  controlFunctions,
  idleFunction,
  keepFunction,
  sameFileSystemFunction,
  versionFunction,
} from '../shell/self-checks.ts';
import { fingerprint, oldFingerprint, script } from '../shell/shell.ts';
import { followFunction, oldIsSetAside } from '../shell/tablespaces.ts';

/** What is said of a new directory that the old cluster has left behind, with the way on. */
export const outdated = (facts: ClusterFacts, host: HostFacts): string =>
  `PostgreSQL ${facts.oldMajor} has run on ${host.data} since pg_upgrade, or that cannot be ruled out: ${host.newData} lacks what it wrote since. Retry the step that runs pg_upgrade: it makes a new one, and no data of ${facts.oldMajor} is lost`;

/**
 * Shell: `proven OLD`: nothing runs on either directory, and both are to the byte of pg_controldata as pg_upgrade left them:
 * the old cluster has not run since (what it wrote would be lost), the new one has never been started.
 */
const provenFunction = (facts: ClusterFacts, host: HostFacts): Fragment => sh`
  proven() { # OLD: where the old cluster is
    idle "$1" ${host.newData}
    as_kept ${host.oldBindir} "$1" ${oldFingerprint(host)} || { echo ${quoted(outdated(facts, host))} >&2; exit 1; }
    as_kept ${host.newBindir} ${host.newData} ${fingerprint(host)} || { echo ${word`${host.newData} is not as pg_upgrade left it`} >&2; exit 1; }
  }
`;

const carried = (seen: HostObservation | null): boolean =>
  seen !== null && isDataDirectory(seen.data) && seen.data.hasConfiguration;

/**
 * The configuration goes into the new directory, the new server reads it once, and the directories change places: one
 * step, because the application waits for it. Begun again it goes on where it stood.
 */
export const swapDirectories =
  (host: HostFacts): StepOf =>
  (facts, phase) => {
    const place = parentOf(host.data);
    return makeStep(facts, {
      id: 'swap',
      phase,
      host,
      as: 'postgres',
      title: 'Swap data directories',
      reason:
        'pg_upgrade carries no configuration: without it the server has ssl = off, default max_connections and no preloaded library. The paths stay, the old cluster stays beside them.',
      guide: isNode(host) ? 'Step 5' : 'Step 8',
      deviation:
        'Every configuration file, not the SSL files alone; and read once by the new server before the swap.',
      danger: 'changes',
      script: script(sh`
        ${ownershipFunctions(facts)}
        ${idleFunction}
        ${keepFunction}
        ${controlFunctions}
        ${host.tablespaces.length === 0 ? sameFileSystemFunction : followFunction(host)}
        ${versionFunction}
        ${provenFunction(facts, host)}
        if [ "$(version ${host.data})" = ${facts.oldMajor} ]; then
          [ "$(version ${host.newData})" = ${facts.newMajor} ] || { echo ${word`no PostgreSQL ${facts.newMajor} in ${host.newData}`} >&2; exit 1; }
          ${oursLine(facts, host.newData)}
          [ ! -e ${host.backupData} ] || { echo ${word`${host.backupData} is there already`} >&2; exit 1; }
          proven ${host.data}
          same_file_system ${host.data} ${place}; same_file_system ${host.newData} ${place}
          ${carryLines(host, host.data, host.newData)}
          ${carriedIsKept}
          ${readConfigurationLines(host, host.newData, host.newData)}
          ${oldIsSetAside(facts, host)}
          own ${host.data} # before it gets a name that another's could have
          mv -T ${host.data} ${host.backupData}
        fi
        if [ ! -e ${host.data} ]; then
          proven ${host.backupData}
          mv -T ${host.newData} ${host.data}
        fi
        [ "$(version ${host.data})" = ${facts.newMajor} ] && [ ! -e ${host.newData} ] || { echo ${word`${host.newData} was not moved to ${host.data} completely: inspect both`} >&2; exit 1; }
        keep ${host.data} ${host.backupData}
        unmark ${host.data} # the cluster's own directory needs no marker file, and a base backup would copy it
        echo ${word`${host.data}: PostgreSQL`} "$(version ${host.data}),"  ${word`${host.backupData}: PostgreSQL`} "$(version ${host.backupData})"
      `),
      probe: (world) => {
        const seen = hostIn(world, host.alias);
        if (isSwapped(facts, host, world))
          return carried(seen) && !carriesMark(seen?.data ?? { kind: 'absent' })
            ? done(`${host.data} is PostgreSQL ${facts.newMajor}, with its configuration`)
            : half(
                carried(seen)
                  ? `${host.data} still has the marker file of a directory that was set aside`
                  : `${host.data} lacks pg_auto_failover’s configuration`,
              );
        if (seen?.data.kind === 'absent' && isSetAside(facts, host, world))
          return half('the old directory is set aside, the new one is not in its place');
        return pending(seen === null ? 'not seen' : `${host.data} ${describe(seen.data)}`);
      },
      before: [
        allStopped(host),
        onHost(
          host.alias,
          `${host.data} is PostgreSQL ${facts.oldMajor}, or set aside already`,
          (seen, world) =>
            verdictOf(
              isMajor(seen.data, facts.oldMajor) || isSetAside(facts, host, world),
              `it ${describe(seen.data)}`,
            ),
        ),
        onHost(host.alias, 'pg_upgrade has finished', (_, world) =>
          verdictOf(
            isUpgraded(facts, host, world),
            isOutdated(facts, host, world) ? outdated(facts, host) : 'it has not',
          ),
        ),
      ],
      after: [
        dataIsNew(facts, host),
        backupIsThere(facts, host),
        ...partsHaveFollowed(host, 'data'),
        ...partsHaveFollowed(host, 'backupData'),
        onHost(host.alias, `pg_auto_failover’s configuration is in ${host.data}`, (seen) =>
          verdictOf(carried(seen), 'it is not'),
        ),
      ],
      undo: undoneBy(sh`mv ${host.data} ${host.newData}; mv ${host.backupData} ${host.data}`),
    });
  };
