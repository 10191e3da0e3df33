import { posix } from 'node:path';
import { type ClusterFacts, type HostFacts, hostsOf, isNode, primaryOf } from '../cluster/facts.ts';
import { sh } from '../cluster/quote.ts';
import { hostIn, monitorIn } from '../cluster/world.ts';
import { about, describe, everyNodeSettled, isMajor, when } from './conditions.ts';
import { done, makeStep, pending } from './make-step.ts';
import { newEverywhere } from './phases/restore.ts';
import { serviceUser } from './phases/service.ts';
import { mark, script } from './shell.ts';
import type { Condition, Step } from './step.ts';

const isThere = (facts: ClusterFacts, host: HostFacts): Condition =>
  about(host.alias, `${host.backupData} is PostgreSQL ${facts.oldMajor}, and nothing runs on it`, (seen) => {
    if (!isMajor(seen.backupData, facts.oldMajor)) return when(false, `it ${describe(seen.backupData)}`);
    return when(seen.backupData.kind === 'cluster' && !seen.backupData.running, 'a server runs on it');
  });

const dataIsLive = (facts: ClusterFacts, host: HostFacts): Condition =>
  about(host.alias, `${host.data}, the running one, is PostgreSQL ${facts.newMajor}`, (seen) =>
    when(
      isMajor(seen.data, facts.newMajor) && seen.data.kind === 'cluster' && seen.data.running,
      `it ${describe(seen.data)}`,
    ),
  );

/** Whichever node the primary is by now. */
const healthy: Condition = {
  says: 'the monitor shows one primary, every other node secondary, all healthy',
  holds: (world) => {
    const rows = monitorIn(world)?.nodes ?? [];
    const primaries = rows.filter((row) => row.reported === 'primary' || row.reported === 'single').length;
    const sick = rows.find(
      (row) => row.health !== 1 || !['primary', 'secondary', 'single'].includes(row.reported),
    );
    if (sick !== undefined) return when(false, `${sick.name} is ${sick.reported}, health ${sick.health}`);
    return when(primaries === 1, `there are ${primaries} primaries`);
  },
};

/** The proofs that are asked on the host itself, in the same breath as the removal. */
const proofLines = (facts: ClusterFacts, host: HostFacts): string[] => [
  `old=${sh(host.backupData)} live=${sh(host.data)}`,
  `[ "$(cat "$old/PG_VERSION")" = ${facts.oldMajor} ] || { echo "$old is not PostgreSQL ${facts.oldMajor}" >&2; exit 1; }`,
  `[ "$(readlink -f "$old")" != "$(readlink -f "$live")" ] || { echo "$old is the running data directory" >&2; exit 1; }`,
  `[ ! -L "$old" ] || { echo "$old is a symbolic link" >&2; exit 1; }`,
  '# every process that this user may look into: files under it, or its working directory there',
  `open=$(find /proc/[0-9]*/fd /proc/[0-9]*/cwd -maxdepth 1 -lname "$old/*" 2>/dev/null | head -n 3 || true)`,
  `[ -z "$open" ] || { echo "something has it open: $open" >&2; exit 1; }`,
];

const measureStep = (facts: ClusterFacts, host: HostFacts): Step =>
  makeStep(facts, {
    id: 'measure',
    phase: 'W',
    host,
    as: serviceUser(host),
    title: `Look at ${posix.basename(host.backupData)}: what removing it frees`,
    reason: 'Files that are shared with the running cluster by links free nothing; the rest does.',
    guide: 'Post-Upgrade Cleanup',
    danger: 'reads',
    script: script(
      ...proofLines(facts, host),
      `find "$old" -type f -links 1 -printf '%s\\n' | awk '{ n += $1 } END { printf "removing it frees %.1f MB\\n", n / 1048576 }'`,
      `find "$old" -type f -links +1 -printf '%s\\n' | awk '{ n += $1 } END { printf "shared with the running cluster, and staying there: %.1f MB\\n", n / 1048576 }'`,
      serviceUser(host) === 'root'
        ? `runuser -u ${sh(facts.postgres)} -- sh -c ${sh(mark(host, 'cleanup-measured'))}`
        : mark(host, 'cleanup-measured'),
    ),
    probe: (world) => {
      const seen = hostIn(world, host.alias);
      if (seen?.backupData.kind === 'absent') return done('it is removed');
      return seen?.markers.includes('cleanup-measured') ? done('looked at') : pending('not looked at yet');
    },
    before: [isThere(facts, host), dataIsLive(facts, host)],
    quietSeconds: 300,
    undo: 'nothing to undo: it reads only',
  });

const removeStep = (facts: ClusterFacts, host: HostFacts): Step =>
  makeStep(facts, {
    id: 'remove',
    phase: 'W',
    host,
    as: serviceUser(host),
    title: `Remove ${posix.basename(host.backupData)}`,
    reason:
      isNode(host) && host !== primaryOf(facts)
        ? 'With the last image gone, the way back is a backup.'
        : 'The upgrade is accepted; the old cluster is not needed any more.',
    guide: 'Post-Upgrade Cleanup',
    differs:
      'Not delete_old_cluster.sh: it holds the path as it was at upgrade time, which is now the live cluster.',
    danger: 'point-of-no-return',
    script: script(...proofLines(facts, host), 'rm -rf -- "$old"', 'echo "removed $old"'),
    probe: (world) => {
      const seen = hostIn(world, host.alias);
      return seen?.backupData.kind === 'absent'
        ? done('it is removed')
        : pending(`${host.backupData} is there`);
    },
    before: [isThere(facts, host), dataIsLive(facts, host), newEverywhere(facts), everyNodeSettled, healthy],
    after: [
      about(host.alias, `${host.backupData} is gone`, (seen) =>
        when(seen.backupData.kind === 'absent', `it ${describe(seen.backupData)}`),
      ),
      dataIsLive(facts, host),
    ],
    quietSeconds: 300,
    undo: 'none',
  });

/** Days later, host by host; the secondaries' images last, because they are the way back. */
export const cleanupRunbook = (facts: ClusterFacts): readonly Step[] => {
  const primary = primaryOf(facts);
  const order = [
    facts.monitor,
    primary,
    ...hostsOf(facts).filter((host) => isNode(host) && host !== primary),
  ];
  return order.flatMap((host) => [measureStep(facts, host), removeStep(facts, host)]);
};
