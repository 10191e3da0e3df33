import { posix } from 'node:path';
import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { isNode } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { type HostView, hostIn, isCluster } from '../../cluster/world.ts';
import { about, allStopped, backupIsThere, dataIsNew, describe, isMajor, when } from '../conditions.ts';
import { isMovedAside, isSwapped, isUpgraded } from '../evidence.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { isMarked, oursLine, ownershipFunctions } from '../ownership.ts';
import { script } from '../shell.ts';
import type { PhaseId, Step } from '../step.ts';
import { partsHaveFollowed } from '../tablespaces/conditions.ts';
import { followFunction, oldGoesAside } from '../tablespaces/follow.ts';
import { carryLines, readConfigurationLines } from './configuration.ts';

const carried = (seen: HostView | null): boolean =>
  seen !== null && isCluster(seen.data) && seen.data.carried;

/**
 * The configuration goes into the new directory, the new server reads it once, and the directories change places: one
 * step, because the application waits for it. Begun again it goes on where it stood.
 */
export const swapStep = (facts: ClusterFacts, host: HostFacts, phase: PhaseId): Step => {
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
      ...ownershipFunctions(facts),
      ...followFunction(host),
      `version() { cat "$1/PG_VERSION" 2>/dev/null || true; }`,
      `if [ "$(version ${sh(host.data)})" = ${facts.oldMajor} ]; then`,
      `  [ "$(version ${sh(host.newData)})" = ${facts.newMajor} ] || { echo ${sh(`no PostgreSQL ${facts.newMajor} in ${host.newData}`)} >&2; exit 1; }`,
      `  ${oursLine(facts, host.newData)}`,
      `  [ ! -e ${sh(host.backupData)} ] || { echo ${sh(`${host.backupData} is there already`)} >&2; exit 1; }`,
      ...[
        ...carryLines(host, host.data, host.newData),
        ...readConfigurationLines(host, host.newData, host.newData),
      ].map((line) => `  ${line}`),
      ...oldGoesAside(facts, host).map((line) => `  ${line}`),
      `  own ${sh(host.data)} # before it gets a name that another's could have`,
      `  mv ${sh(host.data)} ${sh(host.backupData)}`,
      'fi',
      `if [ ! -e ${sh(host.data)} ]; then mv ${sh(host.newData)} ${sh(host.data)}; fi`,
      `unmark ${sh(host.data)} # the cluster's own directory needs no mark, and a base backup would copy it`,
      `echo ${sh(`${host.data}: PostgreSQL`)} "$(version ${sh(host.data)}),"  ${sh(`${host.backupData}: PostgreSQL`)} "$(version ${sh(host.backupData)})"`,
    ),
    probe: (world) => {
      const seen = hostIn(world, host.alias);
      if (isSwapped(facts, host, world))
        return carried(seen) && !isMarked(seen?.data ?? { kind: 'absent' })
          ? done(`${host.data} is PostgreSQL ${facts.newMajor}, with its configuration`)
          : half(
              carried(seen)
                ? `${host.data} carries the mark of a directory aside still`
                : `${host.data} lacks pg_auto_failover’s configuration`,
            );
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
        when(isUpgraded(facts, host, world), 'it has not'),
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
    undo: `mv ${sh(host.data)} ${sh(host.newData)}; mv ${sh(host.backupData)} ${sh(host.data)}`,
  });
};
