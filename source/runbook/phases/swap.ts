import { posix } from 'node:path';
import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { isNode } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { type HostView, hostIn, isCluster } from '../../cluster/world.ts';
import { about, allStopped, backupIsThere, dataIsNew, describe, isMajor, when } from '../conditions.ts';
import { isMovedAside, isOutdated, isSwapped, isUpgraded } from '../evidence.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import {
  controlFunctions,
  idleFunction,
  keepFunction,
  sameFileSystemFunction,
  versionFunction,
} from '../proofs.ts';
import { fingerprint, oldFingerprint, script } from '../shell.ts';
import type { PhaseId, Step } from '../step.ts';
import { partsHaveFollowed } from '../tablespaces/conditions.ts';
import { followFunction, oldGoesAside } from '../tablespaces/follow.ts';
import { carriedIsKept, carryLines, readConfigurationLines } from './configuration.ts';

/** What is said of a new directory that the old cluster has left behind, with the way on. */
export const outdated = (facts: ClusterFacts, host: HostFacts): string =>
  `PostgreSQL ${facts.oldMajor} has run on ${host.data} since pg_upgrade, or nothing proves that it has not: ${host.newData} lacks what it wrote since. Run the step pg-upgrade again: it makes a new one, and nothing of ${facts.oldMajor} is lost`;

/**
 * Shell: `proven OLD`: nothing runs on either directory, and both are to the byte of pg_controldata as pg_upgrade left them:
 * the old cluster has not run since (what it wrote would be lost), the new one has never been started.
 */
const provenFunction = (facts: ClusterFacts, host: HostFacts): string[] => [
  'proven() { # OLD: where the old cluster is',
  `  idle "$1" ${sh(host.newData)}`,
  `  as_kept ${sh(host.oldBindir)} "$1" ${sh(oldFingerprint(host))} || { echo ${sh(outdated(facts, host))} >&2; exit 1; }`,
  `  as_kept ${sh(host.newBindir)} ${sh(host.newData)} ${sh(fingerprint(host))} || { echo ${sh(`${host.newData} is not as pg_upgrade left it`)} >&2; exit 1; }`,
  '}',
];

const carried = (seen: HostView | null): boolean =>
  seen !== null && isCluster(seen.data) && seen.data.carried;

/**
 * The configuration goes into the new directory, the new server reads it once, and the directories change places: one
 * step, because the application waits for it. Begun again it goes on where it stood.
 */
export const swapStep = (facts: ClusterFacts, host: HostFacts, phase: PhaseId): Step => {
  const parent = posix.dirname(host.newData);
  const place = posix.dirname(host.data);
  return makeStep(facts, {
    id: 'swap',
    phase,
    host,
    as: 'postgres',
    title: `Swap: ${posix.basename(host.data)} → ${posix.basename(host.backupData)}, new with its configuration → ${posix.basename(host.data)}`,
    reason:
      'pg_upgrade carries no configuration: without it the server has ssl = off, default max_connections and no preloaded library. The paths stay, the old cluster stays beside them.',
    guide: isNode(host) ? 'Step 5' : 'Step 8',
    differs:
      'Every configuration file, not the SSL files alone; and read once by the new server before the swap.',
    danger: 'changes',
    script: script(
      ...idleFunction,
      ...keepFunction,
      ...controlFunctions,
      ...(host.tablespaces.length === 0 ? sameFileSystemFunction : followFunction(host)),
      versionFunction,
      ...provenFunction(facts, host),
      `if [ "$(version ${sh(host.data)})" = ${facts.oldMajor} ]; then`,
      `  [ "$(version ${sh(host.newData)})" = ${facts.newMajor} ] || { echo ${sh(`no PostgreSQL ${facts.newMajor} in ${host.newData}`)} >&2; exit 1; }`,
      `  [ ! -e ${sh(host.backupData)} ] || { echo ${sh(`${host.backupData} is there already`)} >&2; exit 1; }`,
      `  proven ${sh(host.data)}`,
      `  same_file_system ${sh(host.data)} ${sh(place)}; same_file_system ${sh(host.newData)} ${sh(place)}`,
      ...[
        ...carryLines(host, host.data, host.newData),
        ...carriedIsKept,
        ...readConfigurationLines(host, host.newData, host.newData),
      ].map((line) => `  ${line}`),
      ...oldGoesAside(facts, host).map((line) => `  ${line}`),
      `  mv -T ${sh(host.data)} ${sh(host.backupData)}`,
      'fi',
      `if [ ! -e ${sh(host.data)} ]; then`,
      `  proven ${sh(host.backupData)}`,
      `  mv -T ${sh(host.newData)} ${sh(host.data)}`,
      'fi',
      `[ "$(version ${sh(host.data)})" = ${facts.newMajor} ] && [ ! -e ${sh(host.newData)} ] || { echo ${sh(`${host.newData} has not come to ${host.data} whole: look at both`)} >&2; exit 1; }`,
      `keep ${sh(host.data)} ${sh(host.backupData)}`,
      `rmdir ${sh(parent)} 2>/dev/null || true`,
      `echo ${sh(`${host.data}: PostgreSQL`)} "$(version ${sh(host.data)}),"  ${sh(`${host.backupData}: PostgreSQL`)} "$(version ${sh(host.backupData)})"`,
    ),
    probe: (world) => {
      const seen = hostIn(world, host.alias);
      if (isSwapped(facts, host, world))
        return carried(seen)
          ? done(`${host.data} is PostgreSQL ${facts.newMajor}, with its configuration`)
          : half(`${host.data} lacks pg_auto_failover’s configuration`);
      if (seen?.data.kind === 'absent' && isMovedAside(facts, host, world))
        return half('the old directory is aside, the new one not in its place');
      return pending(seen === null ? 'not seen' : `${host.data} ${describe(seen.data)}`);
    },
    before: [
      allStopped(host),
      about(host.alias, `${host.data} is PostgreSQL ${facts.oldMajor}, or aside already`, (seen, world) =>
        when(
          isMajor(seen.data, facts.oldMajor) || isMovedAside(facts, host, world),
          `it ${describe(seen.data)}`,
        ),
      ),
      about(host.alias, 'pg_upgrade has finished', (_, world) =>
        when(
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
      about(host.alias, `pg_auto_failover’s configuration is in ${host.data}`, (seen) =>
        when(carried(seen), 'it is not'),
      ),
    ],
    undo: `mkdir -p ${sh(parent)}; mv ${sh(host.data)} ${sh(host.newData)}; mv ${sh(host.backupData)} ${sh(host.data)}`,
  });
};
