import { type ClusterFacts, type HostFacts, type NodeFacts, primaryOf } from '../../cluster/facts.ts';
import { sh } from '../../cluster/fragment.ts';
import { hostIn, isDataDirectory, nodeIn, type Observations } from '../../cluster/observations.ts';
import {
  acceptsWrites,
  allStopped,
  autoctlRuns,
  autoctlStopped,
  dataIsNew,
  nodeSettled,
  onHost,
  streaming,
  verdictOf,
} from '../language/conditions.ts';
import { hasMarker, walMaintenance, walStays } from '../language/evidence.ts';
import { autoctlProbe, done, half, makeStep, pending } from '../language/make-step.ts';
import type { StepsOf } from '../language/outline.ts';
import type { Condition, PhaseId, Step } from '../language/step.ts';
import { nothingToUndo, undoText } from '../language/undo.ts';
import { ownershipFunctions } from '../shell/ownership.ts';
import { idleFunction, keepFunction, versionFunction } from '../shell/self-checks.ts';
import {
  disableMaintenanceScript,
  serviceLogs,
  serviceUser,
  startScript,
  stopScript,
} from '../shell/service.ts';
import { mark, script } from '../shell/shell.ts';
import { moveWalBackLines, moveWalLines } from '../shell/wal.ts';

/** The new cluster in the host's place has its WAL where it belongs; true where nothing was to be moved. */
const isKept = (host: HostFacts, world: Observations): boolean => {
  const data = hostIn(world, host.alias)?.data;
  return host.wal === null || (data !== undefined && isDataDirectory(data) && data.wal === host.wal.next);
};

const move = (facts: ClusterFacts, phase: PhaseId, host: HostFacts): Step => {
  const next = host.wal?.next ?? '';
  const wal = `${host.data}/pg_wal`;
  return makeStep(facts, {
    id: 'wal',
    phase,
    host,
    as: 'postgres',
    title: 'Move pg_wal beside the old one',
    reason: `pg_wal was a symbolic link to ${host.wal?.now ?? ''}, and stays one: the new WAL goes to ${next}. The old link and its WAL are left as they are.`,
    guide: null,
    deviation: 'In the guide pg_wal is a directory in the data directory from then on.',
    danger: 'changes',
    script: script(sh`
      ${ownershipFunctions(facts)}
      ${idleFunction}
      ${keepFunction}
      ${versionFunction}
      [ "$(version ${host.data})" = ${facts.newMajor} ]
      ${moveWalLines(facts, host)}
    `),
    probe: (world) => {
      const seen = hostIn(world, host.alias);
      if (seen === null) return pending('not seen');
      if (isKept(host, world)) return done(`${wal} leads to ${next}`);
      if (seen.data.kind === 'absent') return pending(`${host.data} is not there`);
      return isDataDirectory(seen.data) && seen.data.wal !== undefined
        ? half(`${wal} leads to ${seen.data.wal}`)
        : pending(`${wal} is a directory`);
    },
    before: [allStopped(host), dataIsNew(facts, host)],
    after: [
      onHost(host.alias, `${wal} leads to ${next}`, (_, world) =>
        verdictOf(isKept(host, world), 'it does not'),
      ),
    ],
    undo: undoText(
      sh`stop the server; rm ${host.data}/pg_wal; mv ${host.wal?.next ?? host.data} ${host.data}/pg_wal`.text,
    ),
  });
};

/** While nothing runs on the new directory: of the monitor and of the primary. */
export const keepWal =
  (host: HostFacts): StepsOf =>
  (facts, phase) =>
    host.wal === null ? [] : [move(facts, phase, host)];

/**
 * In a rollback, between the registration, which takes a base backup and stops what it has started, and the start: a base backup brings pg_wal inside
 * the data directory, and the node had it elsewhere. One that comes back with its own directory has its link still.
 * Source: pg_auto_failover, service_keeper_init.c; seen on the lab with 2.0.
 */
export const keepWalOfRebuilt =
  (node: NodeFacts): StepsOf =>
  (facts, phase) => {
    if (node.wal === null) return [];
    const wal = `${node.data}/pg_wal`;
    const probe = (world: Observations) => {
      const data = hostIn(world, node.alias)?.data;
      if (data !== undefined && isDataDirectory(data) && data.wal !== undefined)
        return done(`${wal} leads to ${data.wal}`);
      return hasMarker(node, walStays, world)
        ? done('pg_wal stays in the data directory')
        : pending(`${wal} is no symbolic link`);
    };
    return [
      makeStep(facts, {
        id: 'wal',
        phase,
        host: node,
        as: 'postgres',
        title: 'Move pg_wal back to its place',
        reason: `pg_wal was a symbolic link to ${node.wal.now}; a base backup puts it into the data directory.`,
        guide: null,
        danger: 'changes',
        script: script(sh`
          ${ownershipFunctions(facts)}
          ${idleFunction}
          ${keepFunction}
          ${moveWalBackLines(facts, node, mark(node, walStays))}
        `),
        probe,
        before: [allStopped(node)],
        after: [
          onHost(node.alias, `${wal} is a symbolic link again`, (_, world) =>
            verdictOf(probe(world).state === 'done', 'it is none'),
          ),
        ],
        undo: undoText(
          sh`stop the server; rm ${node.data}/pg_wal; mv ${node.wal.now} ${node.data}/pg_wal`.text,
        ),
      }),
    ];
  };

/**
 * Of a secondary that has joined: pg_autoctl starts the server on its base backup by itself, so it is stopped once more, in maintenance. No
 * write waits for it.
 */
export const keepWalOfSecondary =
  (node: NodeFacts): StepsOf =>
  (facts, phase) => {
    if (node.wal === null) return [];
    const primary = primaryOf(facts);
    const settled = (world: Observations): boolean => isKept(node, world);
    const common = { phase, host: node, guide: null, danger: 'changes', undo: nothingToUndo } as const;
    const inMaintenance: Condition = nodeSettled(node.alias, ['maintenance']);
    return [
      makeStep(facts, {
        ...common,
        id: 'wal-maintenance',
        as: 'postgres',
        title: 'Enable maintenance for pg_wal',
        reason:
          'pg_basebackup has put pg_wal into the data directory; to move it the server stops for a moment, and no write waits for it.',
        script: script(sh`
          # by it a console that comes back knows that the node had joined
          ${mark(node, walMaintenance)}
          # what it prints and how it exits does not tell: the monitor’s state does
          ${node.newAutoctl} enable maintenance --pgdata ${node.pgdata} || echo "exit code $?: see what the monitor says"
        `),
        probe: (world) => {
          if (settled(world)) return done('pg_wal is in its place');
          const row = nodeIn(world, node.alias);
          if (row?.reported === 'maintenance' && row.assigned === 'maintenance')
            return done('in maintenance');
          if (row?.assigned === 'maintenance') return half(`${row.reported} → maintenance`);
          return pending(row === null ? 'not seen' : `it is ${row.reported}`);
        },
        before: [nodeSettled(node.alias, ['secondary']), acceptsWrites(facts, primary)],
        after: [inMaintenance, acceptsWrites(facts, primary)],
        settleSeconds: 120,
        undo: undoText(`pg_autoctl disable maintenance on ${node.alias}`),
      }),
      makeStep(facts, {
        ...common,
        id: 'wal-stop',
        as: serviceUser(node),
        failureLogs: serviceLogs(facts, node),
        title: 'Stop secondary for pg_wal',
        reason: 'pg_wal is moved while nothing runs there.',
        script: stopScript(facts, node, node.newAutoctl),
        probe: (world) => {
          if (settled(world)) return done('pg_wal is in its place');
          const seen = hostIn(world, node.alias);
          return seen !== null && autoctlStopped(seen).holds ? done('it is stopped') : pending('it runs');
        },
        before: [inMaintenance],
        after: [allStopped(node)],
        undo: undoText('start it again'),
      }),
      move(facts, phase, node),
      makeStep(facts, {
        ...common,
        id: 'wal-start',
        as: serviceUser(node),
        failureLogs: serviceLogs(facts, node),
        title: 'Start secondary again',
        reason: 'It reports to the monitor, in maintenance.',
        script: startScript(facts, node, node.newAutoctl),
        probe: (world) => autoctlProbe(node, world),
        after: [onHost(node.alias, 'pg_autoctl runs', autoctlRuns)],
        settleSeconds: 60,
      }),
      makeStep(facts, {
        ...common,
        id: 'wal-rejoin',
        as: 'postgres',
        failureLogs: serviceLogs(facts, node),
        title: 'Disable maintenance again',
        reason: `It streams from ${primary.alias} again, with the data that it has.`,
        script: disableMaintenanceScript(node, node.newAutoctl),
        probe: (world) => {
          const row = nodeIn(world, node.alias);
          if (row === null || row.assigned === 'maintenance')
            return pending(row === null ? 'not seen' : 'in maintenance');
          const joined = ['secondary', 'primary', 'wait_primary'];
          return joined.includes(row.reported)
            ? done(`it is ${row.reported}`)
            : half(`${row.reported} → ${row.assigned}`);
        },
        before: [onHost(node.alias, 'pg_autoctl runs', autoctlRuns), acceptsWrites(facts, primary)],
        after: [nodeSettled(node.alias, ['secondary']), streaming(primary, node)],
        settleSeconds: 600,
        quietSeconds: 120,
      }),
    ];
  };
