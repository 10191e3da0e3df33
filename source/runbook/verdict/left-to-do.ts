import { type ClusterFacts, type HostFacts, hostsOf, nodesOf, primaryOf } from '../../cluster/facts.ts';
import { primariesOf } from '../../cluster/formation.ts';
import { joined, quoted, sh } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, nodeIn, type Observations } from '../../cluster/observations.ts';
import type { ToDo } from '../../cluster/to-do.ts';
import { autoctlRuns, isMajor } from '../language/conditions.ts';
import { hasMarker, isSwapped } from '../language/evidence.ts';
import type { Direction } from '../runbooks.ts';
import { notedOn } from '../shell/to-do.ts';

/**
 * Units that hung on a host's service before the stop went down with it, and were started again behind it (shell/root-verbs.ts). Whether they
 * work is theirs to say: each host has a line for whoever looks. Known from the preflight checks, for a day.
 */
export const wentDown = (facts: ClusterFacts, world: Observations): readonly ToDo[] =>
  hostsOf(facts).flatMap((host): readonly ToDo[] => {
    const units = hostIn(world, host.alias)?.checks?.inspection?.dependents ?? [];
    if (host.service.kind === 'none' || units.length === 0 || !isSwapped(facts, host, world)) return [];
    const [they, work] = units.length === 1 ? ['was', 'it works'] : ['were', 'they work'];
    return [
      {
        part: 'dependents',
        database: '',
        what: `${units.join(', ')} went down with ${host.service.unit} on ${host.alias}, and ${they} started again with it: see there whether ${work}`,
        command: sh`systemctl status ${joined(units.map(quoted), ' ')}`.text,
      },
    ];
  });

/**
 * Custom steps that have run, or begun to, and that this cluster file does not have: somebody else's has them, and with them what they have
 * begun, a pooler that is paused, say.
 */
export const customElsewhere = (facts: ClusterFacts, world: Observations): readonly ToDo[] => {
  const known = new Set<string>(facts.custom.map(({ name }) => name));
  return [...hostsOf(facts), ...facts.outside].flatMap((host): readonly ToDo[] => {
    const names = (hostIn(world, host.alias)?.markers ?? [])
      .filter((mark) => mark.startsWith('custom-'))
      .map((mark) => mark.slice('custom-'.length).split('.')[0] ?? '')
      .filter((name) => !known.has(name));
    return [...new Set(names)].map((name) => ({
      part: 'custom',
      database: '',
      what: `the custom step ${name} has run on ${host.alias}, and this cluster file does not have it: whoever began the window has it, with its undo. Go on with that file; or see to what it has begun by hand`,
      command: '',
    }));
  });
};

/** The hosts on which steps note what they leave undone, in the order in which it is told. */
export const noteHosts = (facts: ClusterFacts): readonly HostFacts[] => [
  ...primariesOf(facts),
  facts.monitor,
];

/** Of these hosts: a pg_wal that was elsewhere, and lies in the data directory. */
const walInside = (hosts: readonly HostFacts[], world: Observations): readonly ToDo[] =>
  hosts.flatMap((host): readonly ToDo[] => {
    const data = hostIn(world, host.alias)?.data;
    if (host.wal === null || data === undefined || !isDataDirectory(data) || data.wal !== undefined)
      return [];
    return [
      {
        part: 'wal',
        database: '',
        what: `pg_wal of ${host.alias} lies in ${host.data}, and was a symbolic link to ${host.wal.now} before the upgrade: a base backup that pg_autoctl takes by itself brings it there. docs/runbook.md, “pg_wal on another disk”, says how to move it`,
        command: '',
      },
    ];
  });

/**
 * A pg_wal that was elsewhere, and lies in the data directory now: pg_autoctl has taken a base backup by itself, behind a failover where pg_rewind
 * refuses, say, and gives pg_basebackup no --waldir. Nothing else tells of it. Asked once the upgrade was verified: before, steps move it.
 * Source: pg_auto_failover, fsm_transition.c, fsm_rewind_or_init, and pgctl.c, pg_basebackup.
 */
export const walCameBack = (facts: ClusterFacts, world: Observations): readonly ToDo[] =>
  hasMarker(facts.monitor, 'final', world) ? walInside(hostsOf(facts), world) : [];

/** What is left to do: noted by steps, and what went down with a service. Null: the primary's host is not seen. */
export const leftToDo = (facts: ClusterFacts, world: Observations): readonly ToDo[] | null =>
  hostIn(world, primaryOf(facts).alias) === null
    ? null
    : [
        ...noteHosts(facts).flatMap((host) => notedOn(host, world)),
        ...wentDown(facts, world),
        ...walCameBack(facts, world),
        ...customElsewhere(facts, world),
      ];

/**
 * The same of a rollback; what the upgrade's steps have noted was of the new version. A secondary whose old directory is gone gets its base backup
 * from `disable maintenance`, which starts it at once, so that no step can move pg_wal between; and where another's directory has taken the old
 * place, pg_wal stays where it is. Told once the node is a secondary of the old version.
 */
export const leftByRollback = (facts: ClusterFacts, world: Observations): readonly ToDo[] => [
  ...walInside(
    nodesOf(facts).filter(({ alias }) => {
      const seen = hostIn(world, alias);
      return (
        seen !== null &&
        autoctlRuns(seen).holds &&
        isMajor(seen.data, facts.oldMajor) &&
        nodeIn(world, alias)?.reported === 'secondary'
      );
    }),
    world,
  ),
  ...customElsewhere(facts, world),
];

/** What is left to do when the run has come so far. Null: it is not known, or there is nothing of the kind. */
export const leftBy = (
  direction: Direction,
  facts: ClusterFacts,
  world: Observations,
): readonly ToDo[] | null => {
  if (direction === 'upgrade') return leftToDo(facts, world);
  return direction === 'rollback' ? leftByRollback(facts, world) : null;
};
