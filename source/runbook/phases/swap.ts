import { posix } from 'node:path';
import type { ClusterFacts, HostFacts } from '../../cluster/facts.ts';
import { isNode } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { hostIn, isCluster } from '../../cluster/world.ts';
import { about, allStopped, backupIsThere, dataIsNew, dataIsOld, describe, when } from '../conditions.ts';
import { isMovedAside, isSwapped, isUpgraded } from '../evidence.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { script } from '../shell.ts';
import type { PhaseId, Step } from '../step.ts';
import { carryLines, readConfigurationLines } from './configuration.ts';

export const carryStep = (facts: ClusterFacts, host: HostFacts, phase: PhaseId): Step =>
  makeStep(facts, {
    id: 'carry',
    phase,
    host,
    as: 'postgres',
    title: 'Carry the configuration into the new directory',
    reason:
      'pg_upgrade carries no configuration: without this the server has ssl = off, default max_connections and no preloaded library.',
    guide: isNode(host) ? 'Step 5' : 'Step 8',
    differs:
      'Every configuration file, not the SSL files alone; and read once by the new server before the swap.',
    danger: 'changes',
    script: script(
      ...carryLines(host, host.data, host.newData),
      ...readConfigurationLines(host, host.newData, host.newData),
    ),
    probe: (world) => {
      const seen = hostIn(world, host.alias);
      if (seen === null) return pending('not seen');
      if (isCluster(seen.data) && seen.data.major === facts.newMajor)
        return seen.data.carried
          ? done('it is in place')
          : half(`${host.data} lacks pg_auto_failover’s configuration`);
      return isCluster(seen.newData) && seen.newData.carried
        ? done('it is in place')
        : pending('not carried yet');
    },
    before: [
      allStopped(host),
      about(host.alias, 'pg_upgrade has finished', (_, world) =>
        when(isUpgraded(facts, host, world), 'it has not'),
      ),
    ],
    after: [
      about(host.alias, `pg_auto_failover’s configuration is in ${host.newData}`, (seen) =>
        when(isCluster(seen.newData) && seen.newData.carried, 'it is not'),
      ),
    ],
    undo: 'nothing to undo: the old directory keeps its own',
  });

export const swapStep = (facts: ClusterFacts, host: HostFacts, phase: PhaseId): Step => {
  const parent = posix.dirname(host.newData);
  return makeStep(facts, {
    id: 'swap',
    phase,
    host,
    as: 'postgres',
    title: `Swap: ${posix.basename(host.data)} → ${posix.basename(host.backupData)}, new → ${posix.basename(host.data)}`,
    reason: 'pg_autoctl, the unit and the configuration keep their paths; the old cluster stays beside them.',
    guide: isNode(host) ? 'Step 6' : 'Step 7',
    danger: 'changes',
    script: script(
      `version() { cat "$1/PG_VERSION" 2>/dev/null || true; }`,
      `if [ "$(version ${sh(host.data)})" = ${facts.oldMajor} ]; then`,
      `  [ "$(version ${sh(host.newData)})" = ${facts.newMajor} ] || { echo ${sh(`no PostgreSQL ${facts.newMajor} in ${host.newData}`)} >&2; exit 1; }`,
      `  [ ! -e ${sh(host.backupData)} ] || { echo ${sh(`${host.backupData} is there already`)} >&2; exit 1; }`,
      `  mv ${sh(host.data)} ${sh(host.backupData)}`,
      'fi',
      `if [ ! -e ${sh(host.data)} ]; then mv ${sh(host.newData)} ${sh(host.data)}; fi`,
      `rmdir ${sh(parent)} 2>/dev/null || true`,
      `echo ${sh(`${host.data}: PostgreSQL`)} "$(version ${sh(host.data)}),"  ${sh(`${host.backupData}: PostgreSQL`)} "$(version ${sh(host.backupData)})"`,
    ),
    probe: (world) => {
      const seen = hostIn(world, host.alias);
      if (isSwapped(facts, host, world)) return done(`${host.data} is PostgreSQL ${facts.newMajor}`);
      if (seen?.data.kind === 'absent' && isMovedAside(facts, host, world))
        return half('the old directory is aside, the new one not in its place');
      return pending(seen === null ? 'not seen' : `${host.data} ${describe(seen.data)}`);
    },
    before: [allStopped(host), dataIsOld(facts, host)],
    after: [dataIsNew(facts, host), backupIsThere(facts, host)],
    undo: `mkdir -p ${sh(parent)}; mv ${sh(host.data)} ${sh(host.newData)}; mv ${sh(host.backupData)} ${sh(host.data)}`,
  });
};
