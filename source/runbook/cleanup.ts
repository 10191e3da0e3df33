import { posix } from 'node:path';
import {
  type ClusterFacts,
  type HostFacts,
  hostsOf,
  isNode,
  type NodeFacts,
  primaryOf,
  takesLinks,
} from '../cluster/facts.ts';
import { constant, type Fragment, joined, sh, word } from '../cluster/fragment.ts';
import { hostIn, isDataDirectory, monitorIn, type Observations } from '../cluster/observations.ts';
import type { Path } from '../cluster/words.ts';
import { backupAgeLines, newestFunction } from './checks/look-script.ts';
import { describe, everyNodeSettled, isMajor, onHost, verdictOf } from './conditions.ts';
import { isMarked } from './evidence.ts';
import { done, makeStep, pending } from './make-step.ts';
import { discardFunction, isOurs, markFile, ownershipFunctions } from './ownership.ts';
import { newEverywhere } from './phases/restore.ts';
import { idleFunction } from './proofs.ts';
import { rootScript, verbLines } from './root-verbs.ts';
import { mark, script } from './shell.ts';
import type { Condition, Loss, Step } from './step.ts';
import { partsAside } from './tablespaces/names.ts';
import { placesGoStep } from './tablespaces/places.ts';
import { tidyStep } from './tidy.ts';
import { abandonedOn, type Discarded } from './why-no-cleanup.ts';

const isThere = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(
    host.alias,
    `${host.backupData} is PostgreSQL ${facts.oldMajor}, put there by this upgrade, and nothing runs on it`,
    (seen) => {
      if (!isMajor(seen.backupData, facts.oldMajor))
        return verdictOf(false, `it ${describe(seen.backupData)}`);
      if (!isOurs(facts, seen.backupData))
        return verdictOf(false, 'it does not carry the mark of this upgrade');
      return verdictOf(isDataDirectory(seen.backupData) && !seen.backupData.running, 'a server runs on it');
    },
  );

const newIsLive = (facts: ClusterFacts, host: HostFacts): Condition =>
  onHost(host.alias, `${host.data}, the running one, is PostgreSQL ${facts.newMajor}`, (seen) =>
    verdictOf(
      isMajor(seen.data, facts.newMajor) && isDataDirectory(seen.data) && seen.data.running,
      `it ${describe(seen.data)}`,
    ),
  );

/** After a way back the old version is the one that runs. */
const somethingIsLive = (host: HostFacts): Condition =>
  onHost(host.alias, `a server runs on ${host.data}`, (seen) =>
    verdictOf(isDataDirectory(seen.data) && seen.data.running, `it ${describe(seen.data)}`),
  );

/** Whichever node the primary is by now. */
const healthy: Condition = {
  text: 'the monitor shows one primary, every other node secondary, all healthy',
  holds: (world) => {
    const rows = monitorIn(world)?.nodes ?? [];
    const primaries = rows.filter((row) => row.reported === 'primary' || row.reported === 'single').length;
    const sick = rows.find(
      (row) => row.health !== 1 || !['primary', 'secondary', 'single'].includes(row.reported),
    );
    if (sick !== undefined)
      return verdictOf(false, `${sick.name} is ${sick.reported}, health ${sick.health}`);
    return verdictOf(primaries === 1, `there are ${primaries} primaries`);
  },
};

/** The proofs that are asked on the host itself, in the same breath as the removal. `whose`: `ours`, or `kin` of an earlier run. */
const proofLines = (
  facts: ClusterFacts,
  host: HostFacts,
  { path, major, parts }: Discarded,
  whose: 'ours' | 'kin',
): Fragment[] => [
  ...idleFunction,
  ...ownershipFunctions(facts),
  sh`old=${path} live=${host.data}`,
  sh`[ "$(cat "$old/PG_VERSION")" = ${major} ] || { echo "$old is not PostgreSQL ${major}" >&2; exit 1; }`,
  sh`[ "$(readlink -f "$old")" != "$(readlink -f "$live")" ] || { echo "$old is the running data directory" >&2; exit 1; }`,
  sh`[ ! -L "$old" ] || { echo "$old is a symbolic link" >&2; exit 1; }`,
  sh`${constant(whose)} "$old" || { echo "$old does not carry the mark of ${whose === 'ours' ? sh`this upgrade` : sh`an upgrade of this cluster`} (${markFile}): it may be somebody else's" >&2; exit 1; }`,
  sh`# a server on it would hold this file, whoever runs it`,
  sh`[ ! -e "$old/postmaster.pid" ] || { echo "$old/postmaster.pid is there: a server ran on it, or runs" >&2; exit 1; }`,
  sh`idle ${all(parts)}`,
];

/** Nothing of a cluster in its place lies below the place beside a tablespace. */
const sizeLines = ({ parts }: Discarded): Fragment[] => [
  sh`find ${all(parts)} -type f -links 1 -printf '%s\n' | awk -v name="$old" '{ n += $1 } END { printf "removing %s frees %.1f MB\n", name, n / 1048576 }'`,
  sh`find ${all(parts)} -type f -links +1 -printf '%s\n' | awk '{ n += $1 } END { if (n > 0) printf "%.1f MB of it have a second name and stay there\n", n / 1048576 }'`,
];

const all = (parts: readonly Path[]): Fragment =>
  joined([sh`"$old"`, ...parts.map((one) => sh`${one}`)], ' ');

const removeLines = (facts: ClusterFacts, { path, parts }: Discarded): Fragment[] => [
  ...discardFunction,
  // The directory last: while it is there, what is left of its parts is known to be its. The spare name is this run's alone.
  joined([sh`discard "$old" ${word`${path}.${facts.run}`}`, ...parts.map((one) => sh`${one}`)], ' '),
  sh`echo "removed $old"`,
];

/**
 * Reads whether anybody at all has an old directory open. Only root sees the files of other users' processes, so it is
 * root that looks, and that is all that root does here: what is removed is removed by its owner, after the same proof of its own processes.
 */
const inUseSteps = (facts: ClusterFacts, host: HostFacts): Step[] => {
  if (!verbLines(facts, host).has('in-use')) return [];
  const anythingLeft = (now: Observations): boolean => {
    const seen = hostIn(now, host.alias);
    return seen === null || seen.backupData.kind !== 'absent' || seen.abandoned.length > 0;
  };
  return [
    makeStep(facts, {
      id: 'in-use',
      phase: 'W',
      host,
      as: 'root',
      title: 'Verify that nobody has an old directory open',
      reason:
        'A backup or a colleague’s shell may be in it; only root sees the files of every user’s processes.',
      guide: 'Post-Upgrade Cleanup',
      danger: 'reads',
      script: rootScript(facts, host, 'in-use'),
      probe: (now) =>
        anythingLeft(now) ? pending('it is asked each time') : done('nothing is left to be in use'),
      undo: 'nothing to undo: it reads only',
    }),
  ];
};

const differs =
  'Not delete_old_cluster.sh: it holds the path as it was at upgrade time, which is now the live cluster.';

/** Whether an old directory can be gone back to: in link mode the primary's shares its files with the new version. */
const isFallback = (facts: ClusterFacts, node: NodeFacts, world: Observations): boolean =>
  hostIn(world, node.alias)?.backupData.kind === 'cluster' &&
  !takesLinks(node) &&
  (node !== primaryOf(facts) || facts.mode !== 'link');

/**
 * The last fallback copy: behind it only a backup leads back, and whether one was made since the upgrade is said. A host that is
 * not seen keeps none for certain.
 */
const lastCopy = (facts: ClusterFacts, host: HostFacts, world: Observations): Loss | null => {
  const kept = facts.nodes.filter((node) => isFallback(facts, node, world));
  if (kept.length !== 1 || kept[0]?.alias !== host.alias) return null;
  return {
    kind: 'last-copy',
    text: `the last fallback copy of PostgreSQL ${facts.oldMajor}: behind it only a backup leads back, and ${
      isMarked(primaryOf(facts), backupIsKnown, world)
        ? `one made since PostgreSQL ${facts.newMajor} was opened is known`
        : `NONE made since PostgreSQL ${facts.newMajor} was opened is known: who types the host’s name accepts to have none`
    }`,
  };
};

const [firstAge = sh``, ...ages] = backupAgeLines;

const backupIsKnown = word`cleanup-backup-known`;

/** Whether a backup of the new cluster exists: by the same traces as the check before the window, dated after the hand-over. */
const backupSince = (facts: ClusterFacts): Step => {
  const primary = primaryOf(facts);
  return makeStep(facts, {
    id: 'backup',
    phase: 'W',
    host: primary,
    as: 'postgres',
    title: `Look for a backup made since PostgreSQL ${facts.newMajor} was opened`,
    reason:
      'With the last fallback copy gone, a backup is the only way back. pgBackRest, WAL-G and the server’s own record of finished backups are asked; a backup made otherwise is not seen.',
    guide: null,
    danger: 'reads',
    script: script(
      newestFunction,
      sh`
        data=${primary.data}
        rm -f ${word`${primary.workDir}/done/${backupIsKnown}`}
        opened=$(stat -c %Y ${word`${primary.workDir}/handed-over`} 2>/dev/null || true)
        age=$({ ${firstAge}
          ${ages}
        } | sort -n | head -n 1)
        if [ -n "$age" ] && [ -n "$opened" ] && [ "$age" -lt $(($(date +%s) - opened)) ]; then
          echo "a backup was made $((age / 60)) minutes ago"
          ${mark(primary, backupIsKnown)}
        else
          echo ${word`no backup made since PostgreSQL ${facts.newMajor} was opened is known on ${primary.alias}: make one, and start the clean-up again`}
        fi
      `,
      mark(primary, 'cleanup-backup'),
    ),
    probe: (world) => {
      if (hostsOf(facts).every((host) => hostIn(world, host.alias)?.backupData.kind === 'absent'))
        return done('no fallback copy is left');
      if (isMarked(primary, backupIsKnown, world)) return done('one is known');
      return isMarked(primary, 'cleanup-backup', world)
        ? done('none is known')
        : pending('not looked for yet');
    },
    quietSeconds: 120,
    undo: 'nothing to undo: it reads only',
  });
};

const backupSteps = (facts: ClusterFacts, host: HostFacts): Step[] => {
  const old: Discarded = {
    path: host.backupData,
    major: facts.oldMajor,
    parts: partsAside(host, host.backupData),
  };
  const common = { phase: 'W', host, as: 'postgres', guide: 'Post-Upgrade Cleanup' } as const;
  return [
    makeStep(facts, {
      ...common,
      id: 'measure',
      title: `Look at ${posix.basename(host.backupData)}: what removing it frees`,
      reason: 'Files that are shared with the running cluster by links free nothing; the rest does.',
      danger: 'reads',
      script: script(
        ...proofLines(facts, host, old, 'ours'),
        ...sizeLines(old),
        mark(host, 'cleanup-measured'),
      ),
      probe: (world) => {
        const seen = hostIn(world, host.alias);
        if (seen?.backupData.kind === 'absent') return done('it is removed');
        return seen?.markers.includes('cleanup-measured') ? done('looked at') : pending('not looked at yet');
      },
      before: [isThere(facts, host), newIsLive(facts, host)],
      quietSeconds: 300,
      undo: 'nothing to undo: it reads only',
    }),
    makeStep(facts, {
      ...common,
      id: 'remove',
      title: `Remove ${posix.basename(host.backupData)}`,
      reason:
        isNode(host) && host !== primaryOf(facts)
          ? 'With the last image gone, the way back is a backup.'
          : 'The upgrade is accepted; the old cluster is not needed any more.',
      deviation: differs,
      danger: 'point-of-no-return',
      forfeits: (world) => lastCopy(facts, host, world),
      script: script(...proofLines(facts, host, old, 'ours'), ...removeLines(facts, old)),
      probe: (world) =>
        hostIn(world, host.alias)?.backupData.kind === 'absent'
          ? done('it is removed')
          : pending(`${host.backupData} is there`),
      before: [isThere(facts, host), newIsLive(facts, host), newEverywhere(facts), everyNodeSettled, healthy],
      after: [
        onHost(host.alias, `${host.backupData} is gone`, (seen) =>
          verdictOf(seen.backupData.kind === 'absent', `it ${describe(seen.backupData)}`),
        ),
        newIsLive(facts, host),
      ],
      quietSeconds: 300,
      undo: 'none',
    }),
  ];
};

/** What a way back left aside. */
const abandonedSteps = (facts: ClusterFacts, host: HostFacts, world: Observations): Step[] =>
  abandonedOn(host, world).map((one) =>
    makeStep(facts, {
      id: `remove-${posix.basename(one.path).replaceAll(/[^A-Za-z0-9_.-]/g, '_')}`,
      phase: 'W',
      host,
      as: 'postgres',
      title: `Remove ${posix.basename(one.path)}`,
      reason:
        one.major === facts.newMajor
          ? `A way back left it: what ${facts.newMajor} wrote before is in it and nowhere else.`
          : 'A way back left it: it shares files with another abandoned directory and cannot be used.',
      guide: null,
      danger: 'point-of-no-return',
      forfeits: () =>
        one.major === facts.newMajor
          ? {
              kind: 'abandoned',
              text: `${one.path}: what the application wrote on PostgreSQL ${one.major} before the rollback is nowhere else`,
            }
          : null,
      script: script(...proofLines(facts, host, one, 'kin'), ...sizeLines(one), ...removeLines(facts, one)),
      probe: (now) => {
        const seen = hostIn(now, host.alias);
        if (seen === null) return pending('not seen');
        return seen.abandoned.includes(one.path) ? pending('it is there') : done('it is removed');
      },
      before: [somethingIsLive(host), everyNodeSettled, healthy],
      after: [
        onHost(host.alias, `${one.path} is gone`, (seen) =>
          verdictOf(!seen.abandoned.includes(one.path), 'it is there'),
        ),
        somethingIsLive(host),
      ],
      quietSeconds: 300,
      undo: 'none',
    }),
  );

/** While one image is kept, the marks that tell what it is worth are kept too. */
const allRemoved = (facts: ClusterFacts): Condition => ({
  text: 'every old directory is removed',
  holds: (world) => {
    const left = hostsOf(facts).find((host) => hostIn(world, host.alias)?.backupData.kind !== 'absent');
    return verdictOf(left === undefined, left === undefined ? '' : `${left.alias}: ${left.backupData}`);
  },
});

/** Days later, host by host; the secondaries' images last, because they are the way back; and the marks after all of them. */
export const cleanupRunbook = (facts: ClusterFacts, world: Observations): readonly Step[] => {
  const primary = primaryOf(facts);
  const order = [
    facts.monitor,
    primary,
    ...hostsOf(facts).filter((host) => isNode(host) && host !== primary),
  ];
  return [
    ...order.flatMap((host) => inUseSteps(facts, host)),
    ...order.flatMap((host) => abandonedSteps(facts, host, world)),
    backupSince(facts),
    ...order.flatMap((host) => backupSteps(facts, host)),
    ...order.flatMap((host) => placesGoStep(facts, host, 'W')),
    // The monitor's last: the record there finds the rest of this if it is interrupted.
    ...[...order.slice(1), facts.monitor].map((host) => tidyStep(facts, host, 'W', [allRemoved(facts)])),
  ];
};
