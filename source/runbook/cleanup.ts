import { posix } from 'node:path';
import {
  type ClusterFacts,
  type HostFacts,
  hostsOf,
  isNode,
  type NodeFacts,
  primaryOf,
} from '../cluster/facts.ts';
import { sh } from '../cluster/quote.ts';
import { hostIn, isCluster, monitorIn, type World } from '../cluster/world.ts';
import { about, describe, everyNodeSettled, isMajor, when } from './conditions.ts';
import { done, makeStep, pending } from './make-step.ts';
import { newEverywhere } from './phases/restore.ts';
import { serviceUser } from './phases/service.ts';
import { mark, script } from './shell.ts';
import type { Condition, GivesUp, Step } from './step.ts';
import { partsAside } from './tablespaces/names.ts';
import { placesGoStep } from './tablespaces/places.ts';
import { tidyStep } from './tidy.ts';

/** One directory that nothing needs any more, and which major version it must hold to be the right one. */
interface Discarded {
  readonly path: string;
  readonly major: number;
  /** Its parts of the tablespaces, which lie aside as it does. */
  readonly parts: readonly string[];
}

const isThere = (facts: ClusterFacts, host: HostFacts): Condition =>
  about(host.alias, `${host.backupData} is PostgreSQL ${facts.oldMajor}, and nothing runs on it`, (seen) => {
    if (!isMajor(seen.backupData, facts.oldMajor)) return when(false, `it ${describe(seen.backupData)}`);
    return when(isCluster(seen.backupData) && !seen.backupData.running, 'a server runs on it');
  });

const newIsLive = (facts: ClusterFacts, host: HostFacts): Condition =>
  about(host.alias, `${host.data}, the running one, is PostgreSQL ${facts.newMajor}`, (seen) =>
    when(
      isMajor(seen.data, facts.newMajor) && isCluster(seen.data) && seen.data.running,
      `it ${describe(seen.data)}`,
    ),
  );

/** After a way back the old version is the one that runs. */
const somethingIsLive = (host: HostFacts): Condition =>
  about(host.alias, `a server runs on ${host.data}`, (seen) =>
    when(isCluster(seen.data) && seen.data.running, `it ${describe(seen.data)}`),
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
const proofLines = (host: HostFacts, { path, major, parts }: Discarded): string[] => [
  `old=${sh(path)} live=${sh(host.data)}`,
  `[ "$(cat "$old/PG_VERSION")" = ${major} ] || { echo "$old is not PostgreSQL ${major}" >&2; exit 1; }`,
  `[ "$(readlink -f "$old")" != "$(readlink -f "$live")" ] || { echo "$old is the running data directory" >&2; exit 1; }`,
  `[ ! -L "$old" ] || { echo "$old is a symbolic link" >&2; exit 1; }`,
  '# a server on it would hold this file, whoever runs it',
  '[ ! -e "$old/postmaster.pid" ] || { echo "$old/postmaster.pid is there: a server ran on it, or runs" >&2; exit 1; }',
  '# every process that this user may look into: files under it, or its working directory there',
  `open=$(find /proc/[0-9]*/fd /proc/[0-9]*/cwd -maxdepth 1 '(' -lname "$old" -o -lname "$old/*"${parts.map((part) => ` -o -lname ${sh(`${part}/*`)}`).join('')} ')' 2>/dev/null | head -n 3 || true)`,
  `[ -z "$open" ] || { echo "something has it open: $open" >&2; exit 1; }`,
];

/** Nothing of a cluster in its place lies below the place beside a tablespace. */
const sizeLines = ({ parts }: Discarded): readonly string[] => [
  `find ${all(parts)} -type f -links 1 -printf '%s\\n' | awk -v name="$old" '{ n += $1 } END { printf "removing %s frees %.1f MB\\n", name, n / 1048576 }'`,
  `find ${all(parts)} -type f -links +1 -printf '%s\\n' | awk '{ n += $1 } END { if (n > 0) printf "%.1f MB of it have a second name and stay there\\n", n / 1048576 }'`,
];

const all = (parts: readonly string[]): string => ['"$old"', ...parts.map(sh)].join(' ');
const removeLines = ({ parts }: Discarded): readonly string[] => [
  // The directory last: while it is there, what is left of its parts is known to be its.
  ...(parts.length === 0 ? [] : [`rm -rf -- ${parts.map(sh).join(' ')}`]),
  'rm -rf -- "$old"',
  'echo "removed $old"',
];

const markAs = (facts: ClusterFacts, host: HostFacts, id: string): string =>
  serviceUser(host) === 'root'
    ? `runuser -u ${sh(facts.postgres)} -- sh -c ${sh(mark(host, id))}`
    : mark(host, id);

const differs =
  'Not delete_old_cluster.sh: it holds the path as it was at upgrade time, which is now the live cluster.';

/** Whether an old directory can be gone back to: in link mode the primary's shares its files with the new version. */
const isFallback = (facts: ClusterFacts, node: NodeFacts, world: World): boolean =>
  hostIn(world, node.alias)?.backupData.kind === 'cluster' &&
  (node !== primaryOf(facts) || facts.mode !== 'link');

/** The last fallback copy: behind it only a backup leads back. A host that is not seen keeps none for certain. */
const lastCopy = (facts: ClusterFacts, host: HostFacts, world: World): GivesUp | null => {
  const kept = facts.nodes.filter((node) => isFallback(facts, node, world));
  return kept.length === 1 && kept[0]?.alias === host.alias
    ? {
        kind: 'last-copy',
        says: `the last fallback copy of PostgreSQL ${facts.oldMajor}: behind it only a backup leads back`,
      }
    : null;
};

const backupSteps = (facts: ClusterFacts, host: HostFacts): Step[] => {
  const old: Discarded = {
    path: host.backupData,
    major: facts.oldMajor,
    parts: partsAside(host, host.backupData),
  };
  const common = { phase: 'W', host, as: serviceUser(host), guide: 'Post-Upgrade Cleanup' } as const;
  return [
    makeStep(facts, {
      ...common,
      id: 'measure',
      title: `Look at ${posix.basename(host.backupData)}: what removing it frees`,
      reason: 'Files that are shared with the running cluster by links free nothing; the rest does.',
      danger: 'reads',
      script: script(...proofLines(host, old), ...sizeLines(old), markAs(facts, host, 'cleanup-measured')),
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
      differs,
      danger: 'point-of-no-return',
      givesUp: (world) => lastCopy(facts, host, world),
      script: script(...proofLines(host, old), ...removeLines(old)),
      probe: (world) =>
        hostIn(world, host.alias)?.backupData.kind === 'absent'
          ? done('it is removed')
          : pending(`${host.backupData} is there`),
      before: [isThere(facts, host), newIsLive(facts, host), newEverywhere(facts), everyNodeSettled, healthy],
      after: [
        about(host.alias, `${host.backupData} is gone`, (seen) =>
          when(seen.backupData.kind === 'absent', `it ${describe(seen.backupData)}`),
        ),
        newIsLive(facts, host),
      ],
      quietSeconds: 300,
      undo: 'none',
    }),
  ];
};

/** `…/data_pg17_abandoned_2` tells which version it must hold; a name that does not is left alone. */
const abandonedOn = (host: HostFacts, world: World): Discarded[] =>
  (hostIn(world, host.alias)?.abandoned ?? []).flatMap((path) => {
    const major = /_pg(\d+)_abandoned(_\d+)?$/.exec(path)?.[1];
    return major === undefined || !path.startsWith(`${host.data}_pg`)
      ? []
      : [{ path, major: Number(major), parts: partsAside(host, path) }];
  });

/** What a way back left aside. */
const abandonedSteps = (facts: ClusterFacts, host: HostFacts, world: World): Step[] =>
  abandonedOn(host, world).map((one) =>
    makeStep(facts, {
      id: `remove-${posix.basename(one.path).replaceAll(/[^A-Za-z0-9_.-]/g, '_')}`,
      phase: 'W',
      host,
      as: serviceUser(host),
      title: `Remove ${posix.basename(one.path)}`,
      reason:
        one.major === facts.newMajor
          ? `A way back left it: what ${facts.newMajor} wrote before is in it and nowhere else.`
          : 'A way back left it: it shares files with another abandoned directory and cannot be used.',
      guide: null,
      danger: 'point-of-no-return',
      givesUp: () =>
        one.major === facts.newMajor
          ? {
              kind: 'abandoned',
              says: `${one.path}: what the application wrote on PostgreSQL ${one.major} before the rollback is nowhere else`,
            }
          : null,
      script: script(...proofLines(host, one), ...sizeLines(one), ...removeLines(one)),
      probe: (now) => {
        const seen = hostIn(now, host.alias);
        if (seen === null) return pending('not seen');
        return seen.abandoned.includes(one.path) ? pending('it is there') : done('it is removed');
      },
      before: [somethingIsLive(host), everyNodeSettled, healthy],
      after: [
        about(host.alias, `${one.path} is gone`, (seen) =>
          when(!seen.abandoned.includes(one.path), 'it is there'),
        ),
        somethingIsLive(host),
      ],
      quietSeconds: 300,
      undo: 'none',
    }),
  );

/** While one image is kept, the marks that tell what it is worth are kept too. */
const allRemoved = (facts: ClusterFacts): Condition => ({
  says: 'every old directory is removed',
  holds: (world) => {
    const left = hostsOf(facts).find((host) => hostIn(world, host.alias)?.backupData.kind !== 'absent');
    return when(left === undefined, left === undefined ? '' : `${left.alias}: ${left.backupData}`);
  },
});

/** Days later, host by host; the secondaries' images last, because they are the way back; and the marks after all of them. */
export const cleanupRunbook = (facts: ClusterFacts, world: World): readonly Step[] => {
  const primary = primaryOf(facts);
  const order = [
    facts.monitor,
    primary,
    ...hostsOf(facts).filter((host) => isNode(host) && host !== primary),
  ];
  return [
    ...order.flatMap((host) => abandonedSteps(facts, host, world)),
    ...order.flatMap((host) => backupSteps(facts, host)),
    ...order.flatMap((host) => placesGoStep(facts, host, 'W')),
    // The monitor's last: the record there finds the rest of this if it is interrupted.
    ...[...order.slice(1), facts.monitor].map((host) => tidyStep(facts, host, 'W', [allRemoved(facts)])),
  ];
};
